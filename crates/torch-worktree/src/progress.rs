//! How far the work in a worktree is, seen from the branch that it is to go into, and what had better be done with it.

use std::path::Path;
use std::time::Duration;

use git2::Oid;
use serde::{Deserialize, Serialize};
use torch_core::Timestamp;
use torch_core::git_activity::Withheld;

use crate::call::Call;
use crate::git::failed;
use crate::locate::{Located, locate};
use crate::refs::not_pushed;
use crate::{Git, Repository, WorktreeError, WorktreeState};

/// Without a commit for this long a worktree is stale.
const STALE: Duration = Duration::from_secs(7 * 86_400);

/// Without a commit for this long it had better be removed.
const OLD: Duration = Duration::from_secs(14 * 86_400);

/// How far the work is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// When the commit that is checked out was made.
    pub last_commit: Timestamp,
    /// How many commits here the other branch does not have.
    pub ahead: u64,
    /// How many commits of the other branch are not here.
    pub behind: u64,
    /// How many commits no remote has; `None` where there is no remote.
    pub unpushed: Option<u64>,
    /// What is under way, in words: `a merge`.
    pub operation: Option<String>,
}

/// Measures the work in the worktree at `path` against `parent`, a branch in full or a commit: by libgit2, which starts no process, and
/// by `git` where that can't. `withheld` is what remotes do not have yet.
///
/// # Errors
/// [`WorktreeError`] when git can't read the worktree or the parent.
pub fn progress(
    git: &Git,
    repository: &Repository,
    path: &Path,
    parent: &str,
    withheld: &[Withheld],
) -> Result<Progress, WorktreeError> {
    let located = locate(repository, path)?;
    let operation = located
        .as_ref()
        .and_then(Located::operation)
        .map(|operation| operation.to_string());
    let folder = located.as_ref().map_or(path, |found| &found.git_dir);
    let (head, measured) = match by_libgit2(folder, parent) {
        Ok(measured) => measured,
        Err(error) => {
            tracing::debug!(at = %path.display(), %error, "git is asked instead of libgit2");
            by_git(git, path, located.as_ref(), parent)?
        }
    };
    Ok(Progress {
        unpushed: not_pushed(git, &repository.common_dir, &head, withheld)?,
        operation,
        ..measured
    })
}

/// Where it stands, in full hex, and the rest without what is not pushed and what is under way.
fn by_libgit2(folder: &Path, parent: &str) -> Result<(String, Progress), git2::Error> {
    let repository = git2::Repository::open(folder)?;
    let head = repository.head()?.peel_to_commit()?;
    let other = match repository.find_reference(parent) {
        Ok(branch) => branch.peel_to_commit()?.id(),
        Err(_) => repository.find_commit(Oid::from_str(parent)?)?.id(),
    };
    let (ahead, behind) = repository.graph_ahead_behind(head.id(), other)?;
    let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let seconds = u64::try_from(head.time().seconds()).unwrap_or_default();
    let measured = Progress {
        last_commit: Timestamp(seconds.saturating_mul(1000)),
        ahead: number(ahead),
        behind: number(behind),
        unpushed: None,
        operation: None,
    };
    Ok((head.id().to_string(), measured))
}

/// Likewise.
fn by_git(
    git: &Git,
    path: &Path,
    located: Option<&Located>,
    parent: &str,
) -> Result<(String, Progress), WorktreeError> {
    let call = || {
        let call = Call::to_read(git, path);
        match located {
            Some(found) => call.of(&found.git_dir, path),
            None => call,
        }
    };
    let ask = |args: &[&str]| call().ask("measure the work", args.iter().copied());
    let answer = |answer: String| WorktreeError::Answer {
        act: "measure the work",
        path: path.to_owned(),
        answer,
    };
    let number = |text: &str| text.parse::<u64>().map_err(|_| answer(text.to_owned()));
    let time = ask(&["log", "-1", "--format=%ct", "HEAD", "--"])?.text();
    let range = format!("{parent}...HEAD");
    let sides = ask(&["rev-list", "--left-right", "--count", &range, "--"])?.text();
    let (behind, ahead) = sides
        .split_once('\t')
        .ok_or_else(|| answer(sides.clone()))?;
    let head = ask(&["rev-parse", "--verify", "HEAD^{commit}"])?.text();
    let measured = Progress {
        last_commit: Timestamp(number(&time)?.saturating_mul(1000)),
        ahead: number(ahead)?,
        behind: number(behind)?,
        unpushed: None,
        operation: None,
    };
    Ok((head, measured))
}

/// What had better be done with a worktree that nobody has committed in for a week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Advice {
    /// There are changes that are not committed.
    CommitOrStash,
    /// There are commits that no remote has.
    Push,
    /// For two weeks nothing has happened.
    Remove,
    /// The branch that it is to go into has moved on.
    Rebase,
    /// It waits for somebody who looks at it.
    ReviewAndMerge,
    /// All of it is in the branch that it was to go into.
    Clean,
}

impl Advice {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::CommitOrStash => "commit or stash",
            Self::Push => "push",
            Self::Remove => "remove (torch undelete brings it back)",
            Self::Rebase => "rebase",
            Self::ReviewAndMerge => "review and merge",
            Self::Clean => "merged (torch worktree clean)",
        }
    }

    /// What to do at this time, the first that applies; `None` for one that is worked in.
    pub fn of(state: &WorktreeState, progress: &Progress, now: Timestamp) -> Option<Self> {
        let age = now.0.saturating_sub(progress.last_commit.0);
        let is_over = |limit: Duration| u128::from(age) >= limit.as_millis();
        if !is_over(STALE) {
            return None;
        }
        Some(if state.dirty {
            Self::CommitOrStash
        } else if progress.ahead == 0 {
            Self::Clean
        } else if progress.unpushed.is_some_and(|count| count > 0) {
            Self::Push
        } else if is_over(OLD) {
            Self::Remove
        } else if progress.behind > 0 {
            Self::Rebase
        } else {
            Self::ReviewAndMerge
        })
    }
}

/// Why a worktree is not one that [`crate::clean`] removes.
pub(crate) fn commits_missing(
    git: &Git,
    repository: &Repository,
    commit: &str,
    parent: &str,
) -> Result<u64, WorktreeError> {
    let range = format!("{parent}..{commit}");
    let root = &repository.root;
    let counted = Call::to_read(git, root)
        .run(["rev-list", "--count", &range, "--"])
        .map_err(failed("count commits", root))?;
    let text = counted
        .success_or_error()
        .map_err(failed("count commits", root))?
        .text();
    text.parse().map_err(|_| WorktreeError::Answer {
        act: "count commits",
        path: root.to_owned(),
        answer: text.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_advice_that_applies_is_given() {
        let day = 86_400_000;
        let now = Timestamp(100 * day);
        let check = |days: u64, dirty: bool, (ahead, behind): (u64, u64), unpushed, expect| {
            let state = WorktreeState {
                branch: None,
                head: String::new(),
                head_at: None,
                dirty,
                changed: 0,
                untracked: 0,
                files: Vec::new(),
                ahead: 0,
                commits: Vec::new(),
            };
            let progress = Progress {
                last_commit: Timestamp(now.0 - days * day),
                ahead,
                behind,
                unpushed,
                operation: None,
            };
            assert_eq!(Advice::of(&state, &progress, now), expect, "{progress:?}");
        };
        check(6, true, (1, 1), Some(1), None);
        check(7, true, (1, 1), Some(1), Some(Advice::CommitOrStash));
        check(7, false, (0, 3), Some(0), Some(Advice::Clean));
        check(15, false, (1, 1), Some(1), Some(Advice::Push));
        check(14, false, (1, 1), Some(0), Some(Advice::Remove));
        check(8, false, (1, 1), None, Some(Advice::Rebase));
        check(8, false, (1, 0), None, Some(Advice::ReviewAndMerge));
    }
}
