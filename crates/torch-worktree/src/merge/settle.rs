//! Finding out what a merge left whose process was killed, and ending it.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use super::apply::Desk;
use super::{Clean, Merge, Settled, Tree};
use crate::call::zero_terminated;
use crate::git::failed;
use crate::words::shown;
use crate::{Git, Repository, WorktreeError};

/// Finishes a merge or takes it back, whichever is possible, so that the worktree is as before it or as after it.
///
/// Files that torch had half written are known by their bytes: those of the one commit, of the other, or the beginning of the
/// new ones. A file with anything else in it belongs to the agent, and stays.
///
/// # Errors
/// [`WorktreeError`] where the worktree can't be read or written.
pub fn settle_merge(
    git: &Git,
    repository: &Repository,
    worktree: &Path,
    merge: &Merge,
) -> Result<Settled, WorktreeError> {
    let tree = Tree::open(git, repository, worktree)?;
    settled(&tree, Clean::All, merge)
}

/// [`settle_merge`] in any worktree, the project's own included.
pub(crate) fn settle_any(
    git: &Git,
    repository: &Repository,
    worktree: &Path,
    merge: &Merge,
) -> Result<Settled, WorktreeError> {
    settle_beside(git, repository, (worktree, Clean::All), merge)
}

/// [`settle_any`] where some files may have changes.
pub(crate) fn settle_beside(
    git: &Git,
    repository: &Repository,
    (worktree, clean): (&Path, Clean),
    merge: &Merge,
) -> Result<Settled, WorktreeError> {
    settled(&Tree::open_any(git, repository, worktree)?, clean, merge)
}

fn settled(tree: &Tree<'_>, clean: Clean, merge: &Merge) -> Result<Settled, WorktreeError> {
    let desk = Desk::of(tree);
    let head = tree.head()?;
    if tree.is_ancestor(&merge.commit, &head)? {
        if desk.is_locked() && head == merge.commit {
            tree.finish(&desk, merge, clean)?;
        }
        desk.clear()?;
        tree.unpin(merge)?;
        return Ok(Settled::Done);
    }
    if desk.is_locked() {
        tree.take_back(&desk, merge)?;
    }
    desk.clear()?;
    if head != merge.from || tree.branch()? != merge.branch {
        tree.unpin(merge)?;
        return Ok(Settled::Dropped);
    }
    Ok(match tree.busy_for(merge, clean)? {
        Some(busy) => Settled::Busy(busy),
        None => Settled::Pending,
    })
}

/// A file that differs between the commits of a merge, with its line of an index (as `git update-index -z --index-info` takes it) in
/// each of both; none: it is not there.
struct Entry {
    path: Vec<u8>,
    old: Option<Vec<u8>>,
    new: Option<Vec<u8>>,
}

impl Tree<'_> {
    /// The branch has moved, and the index may not have.
    fn finish(&self, desk: &Desk, merge: &Merge, clean: Clean) -> Result<(), WorktreeError> {
        if !desk.index.exists() {
            // It has taken its place already.
            return desk.unlock();
        }
        let call = || self.call().env("GIT_INDEX_FILE", &desk.index);
        if clean == Clean::Touched {
            // Others may be staged: those that it changes must be as in the commit.
            let args = ["diff-index", "--cached", "--name-only", "-z", &merge.commit];
            let output = call().ask("read the index", args)?;
            let other: Vec<_> = zero_terminated(&output.stdout).collect();
            let between = self.between(&merge.from, &merge.commit)?;
            if between
                .iter()
                .all(|file| !other.contains(&file.path.as_slice()))
            {
                return desk.replace();
            }
        }
        let tree = call().ask("read the index", ["write-tree"])?.text();
        let args = [
            "rev-parse",
            "--verify",
            &format!("{}^{{tree}}", merge.commit),
        ];
        if tree == self.call().ask("read a commit", args)?.text() {
            return desk.replace();
        }
        // Nobody but torch writes it; it is said rather than believed.
        Err(WorktreeError::Answer {
            act: "finish a merge",
            path: self.path.to_owned(),
            answer: format!("the index that was prepared holds {tree}"),
        })
    }

    /// The branch has not moved: files that are not as before are put back.
    pub(super) fn take_back(&self, desk: &Desk, merge: &Merge) -> Result<(), WorktreeError> {
        let mut back = Vec::new();
        let entries = self.entries(merge)?;
        let side = |side: fn(&Entry) -> Option<&Vec<u8>>| {
            let paths = entries.iter().filter_map(side);
            self.unlike(desk, paths.flatten().copied().collect())
        };
        let unlike_old = side(|entry| entry.old.as_ref())?;
        let unlike_new = side(|entry| entry.new.as_ref())?;
        for Entry { path, old, new } in &entries {
            let place = self.place(path);
            let is_there = fs::symlink_metadata(&place).is_ok();
            let as_before = match old {
                Some(_) => !unlike_old.contains(path),
                None => !is_there,
            };
            if as_before {
                continue;
            }
            let torchs = !is_there
                || match new {
                    None => false,
                    Some(_) if !unlike_new.contains(path) => true,
                    // It may have been about to be written.
                    Some(_) => {
                        let there = bytes(&place)?.unwrap_or_default();
                        self.file(&merge.commit, path)?.starts_with(&there)
                    }
                };
            if !torchs {
                tracing::warn!(
                    file = shown(path),
                    "changed while a merge was killed; it stays"
                );
            } else if old.is_some() {
                back.extend_from_slice(path);
                back.push(0);
            } else {
                fs::remove_file(&place).map_err(WorktreeError::io("remove", &place))?;
            }
        }
        if !back.is_empty() {
            let call = || self.call().env("GIT_INDEX_FILE", &desk.index);
            call().ask("read a commit", ["read-tree", "--reset", &merge.from])?;
            let args = ["checkout-index", "-f", "-z", "--stdin"];
            call().stdin(back).ask("put files back", args)?;
        }
        Ok(())
    }

    /// The files that differ between both commits of a merge; what git keeps no files of (submodules) aside.
    fn entries(&self, merge: &Merge) -> Result<Vec<Entry>, WorktreeError> {
        let args = [
            "diff-tree",
            "-r",
            "-z",
            "--raw",
            "--no-abbrev",
            "--no-renames",
            &merge.from,
            &merge.commit,
        ];
        let output = self.call().ask("compare commits", args)?;
        let mut words = zero_terminated(&output.stdout);
        let mut entries = Vec::new();
        // `:MODE MODE ID ID LETTER`, and the path.
        while let (Some(change), Some(path)) = (words.next(), words.next()) {
            let fields: Vec<&[u8]> = change[1..].split(|&byte| byte == b' ').collect();
            let [old_mode, new_mode, old, new, _] = fields[..] else {
                continue;
            };
            let line = |mode: &[u8], id: &[u8]| {
                let is_file = !matches!(mode, b"000000" | b"160000");
                is_file.then(|| [mode, b" ", id, b"\t", path, b"\0"].concat())
            };
            let entry = Entry {
                path: path.to_vec(),
                old: line(old_mode, old),
                new: line(new_mode, new),
            };
            if entry.old.is_some() || entry.new.is_some() {
                entries.push(entry);
            }
        }
        Ok(entries)
    }

    /// Which of these lines of an index are not so in the worktree. However many there are, git is asked once.
    fn unlike(&self, desk: &Desk, lines: Vec<u8>) -> Result<BTreeSet<Vec<u8>>, WorktreeError> {
        let call = || self.call().env("GIT_INDEX_FILE", &desk.index);
        call().ask("empty the index", ["read-tree", "--empty"])?;
        let args = ["update-index", "-z", "--index-info"];
        call().stdin(lines).ask("write an index", args)?;
        // Its status only says whether there are any.
        let refresh = ["update-index", "-q", "--refresh"];
        let refreshed = call().run(refresh);
        refreshed.map_err(failed("compare files", self.path))?;
        let args = ["diff-files", "-z", "--name-only"];
        let output = call().ask("compare files", args)?;
        Ok(zero_terminated(&output.stdout)
            .map(<[u8]>::to_vec)
            .collect())
    }

    /// A file of a commit as a checkout writes it.
    fn file(&self, commit: &str, path: &[u8]) -> Result<Vec<u8>, WorktreeError> {
        use std::os::unix::ffi::OsStringExt as _;
        let mut name = format!("{commit}:").into_bytes();
        name.extend_from_slice(path);
        let name = std::ffi::OsString::from_vec(name);
        let args = ["cat-file".into(), "--filters".into(), name];
        Ok(self.call().ask("read a file of a commit", args)?.stdout)
    }
}

/// What lies at a path: the bytes of a file, the target of a link; `None` for nothing.
fn bytes(path: &Path) -> Result<Option<Vec<u8>>, WorktreeError> {
    let read = WorktreeError::io("read", path);
    match fs::symlink_metadata(path) {
        Err(_) => Ok(None),
        Ok(found) if found.is_symlink() => {
            let target = fs::read_link(path).map_err(read)?;
            Ok(Some(target.as_os_str().as_bytes().to_vec()))
        }
        Ok(_) => fs::read(path).map(Some).map_err(read),
    }
}
