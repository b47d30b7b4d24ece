//! What remotes are known to have, and so what is not pushed. There is no second definition: lists, deadlines and landings ask here.
//!
//! A repository notes what its remotes have below `refs/remotes`. What an agent pushed into a team's broker is noted there too, before
//! the remote has it; [`Withheld`] says where that is so, and what the remote has instead.

use std::collections::BTreeSet;
use std::path::Path;

use torch_core::git_activity::{NotPushed, Withheld};
use torch_process::quote;

use super::{Graph, Tips, by_git};
use crate::git::failed;
use crate::integrate::remote_of;
use crate::{Git, WorktreeError};

impl Tips {
    /// The commits that remotes are known to have, full hex.
    pub(super) fn on_remotes<'a>(&'a self, withheld: &'a [Withheld]) -> BTreeSet<&'a str> {
        let notes = self.refs.iter();
        let notes = notes.filter(|(name, _)| name.starts_with("refs/remotes/"));
        notes
            .filter_map(|(name, commit)| there(name, commit, withheld))
            .collect()
    }
}

/// Where a remote's branch is known to stand that is noted to stand at `commit`; `None`: the remote has no such branch.
fn there<'a>(name: &str, commit: &'a str, withheld: &'a [Withheld]) -> Option<&'a str> {
    let mut at = commit;
    // Pushes that wait stand upon each other; a push that leads back to where one began is no way out.
    for _ in 0..=withheld.len() {
        let waiting = |one: &&Withheld| one.note == name && one.pushed == at;
        match withheld.iter().find(waiting) {
            Some(one) => at = one.there.as_deref()?,
            None => return Some(at),
        }
    }
    None
}

/// Whether a repository has a remote.
///
/// # Errors
/// [`WorktreeError`] when the repository can't be read.
pub fn has_remote(git: &Git, common_dir: &Path) -> Result<bool, WorktreeError> {
    Graph::open(git, common_dir).has_remote()
}

/// How many commits below this one no remote has; `None` where the repository has no remote.
///
/// # Errors
/// [`WorktreeError`] when the repository can't be read.
pub fn not_pushed(
    git: &Git,
    common_dir: &Path,
    commit: &str,
    withheld: &[Withheld],
) -> Result<Option<u64>, WorktreeError> {
    let graph = Graph::open(git, common_dir);
    if !graph.has_remote()? {
        return Ok(None);
    }
    let tips = Tips::read(git, common_dir)?;
    let hidden: Vec<&str> = tips.on_remotes(withheld).into_iter().collect();
    graph.count(commit, &hidden).map(|(count, _)| Some(count))
}

/// What the remote of a branch does not have of it under the name that it goes there by; `None` where it has all, where there is no
/// such branch, or no remote that it belongs to.
///
/// # Errors
/// [`WorktreeError`] when the repository can't be read.
pub fn branch_not_pushed(
    git: &Git,
    common_dir: &Path,
    branch: &str,
    withheld: &[Withheld],
) -> Result<Option<NotPushed>, WorktreeError> {
    let act = "look where a branch is pushed to";
    let full = format!("refs/heads/{branch}");
    let format =
        "--format=%(objectname)%00%(upstream)%00%(upstream:remotename)%00%(upstream:remoteref)";
    let listed = git
        .read(common_dir, ["for-each-ref", format, &full])
        .map_err(failed(act, common_dir))?;
    let listed = listed.success_or_error().map_err(failed(act, common_dir))?;
    let listed = listed.text();
    let Some(line) = listed.lines().next() else {
        return Ok(None);
    };
    let fields: Vec<&str> = line.split('\0').collect();
    let [commit, upstream, own, theirs] = fields[..] else {
        return Ok(None);
    };
    let theirs = theirs.strip_prefix("refs/heads/").unwrap_or_default();
    let tracked = upstream.starts_with("refs/remotes/") && !theirs.is_empty();
    let (note, remote, theirs) = match tracked {
        true => (upstream.to_owned(), own.to_owned(), theirs),
        false => match remote_of(git, common_dir, branch)? {
            Some(remote) => (format!("refs/remotes/{remote}/{branch}"), remote, branch),
            None => return Ok(None),
        },
    };
    let tips = Tips::read(git, common_dir)?;
    let noted = tips.refs.get(&note);
    let known = noted.and_then(|commit| there(&note, commit, withheld));
    let hidden: Vec<&str> = known.into_iter().collect();
    let (commits, _) = Graph::open(git, common_dir).count(commit, &hidden)?;
    let spec = match theirs == branch {
        true => branch.to_owned(),
        false => format!("{branch}:{theirs}"),
    };
    let word = |word: &str| quote::shell(word);
    Ok((commits > 0).then(|| NotPushed {
        commits,
        push: format!("git push {} {}", word(&remote), word(&spec)),
        remote,
    }))
}

impl Graph<'_> {
    /// Whether a remote is configured.
    pub(super) fn has_remote(&self) -> Result<bool, WorktreeError> {
        self.ask(
            |repository| Ok(!repository.remotes()?.is_empty()),
            by_git::has_remote,
        )
    }
}
