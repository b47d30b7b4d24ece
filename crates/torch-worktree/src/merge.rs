//! Merging a commit into an agent's worktree while its agent works there.
//!
//! [`prepare_merge`] makes the merge commit without touching anything that the agent sees, and pins it by a hidden reference.
//! [`apply_merge`] brings the worktree to it, under git's own lock of the index. A process that is killed in between leaves a
//! worktree that [`settle_merge`] finishes or takes back, whichever is possible; nothing that an agent wrote is lost either way.
//! Conflicts and changed files are answers, not errors: nothing is done then. No hook and no merge driver of the repository is run.

mod apply;
mod settle;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::call::{Call, zero_terminated};
use crate::git::failed;
use crate::locate::{Located, locate, main};
use crate::lock::Lock;
use crate::words::shown;
use crate::{Git, Operation, Repository, WorktreeError, merge_tree};

pub(crate) use apply::Step;
pub use apply::apply_merge;
#[cfg(test)]
pub(crate) use apply::apply_with;
pub(crate) use apply::{apply_any, apply_beside};
pub use settle::settle_merge;
pub(crate) use settle::{settle_any, settle_beside};

/// Where pinned merge commits stand.
pub(crate) const PINS: &str = "refs/torch/merge/";

/// The folder in a worktree's git directory in which a merge is put together.
const DESK: &str = "torch-merge";

/// Which files must be as they were committed before a worktree is brought to another commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clean {
    /// All that git knows.
    All,
    /// Those that it changes; others keep their changes, staged or not.
    Touched,
}

/// A merge that is wanted.
#[derive(Debug)]
pub struct MergeRequest<'a> {
    /// The project's repository.
    pub repository: &'a Repository,
    /// The agent's worktree.
    pub worktree: &'a Path,
    /// The commit that is merged into it, full hex.
    pub theirs: &'a str,
    /// The merge commit's message.
    pub message: &'a str,
    /// What the pin is called: a role. One merge at a time stands under it.
    pub label: &'a str,
}

/// What came of a wish to merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PreparedMerge {
    /// The worktree has the commit already.
    UpToDate,
    /// Not now.
    Busy(Busy),
    /// git can't merge these files by itself. Nothing was touched.
    Conflict {
        /// Their paths; bytes that are not UTF-8 are shown as U+FFFD.
        files: Vec<String>,
    },
    /// May be applied.
    Ready(Merge),
}

/// Why a worktree can't be merged into now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "busy", rename_all = "snake_case")]
pub enum Busy {
    /// An operation of git is under way, which is named.
    Operation {
        /// As `git status` calls it: "a rebase".
        what: String,
    },
    /// Files that git knows have changes.
    Changes {
        /// Their paths.
        files: Vec<String>,
    },
    /// Files that git does not know, or ignores, stand where the merge would put others.
    InTheWay {
        /// Their paths.
        files: Vec<String>,
    },
    /// Another process of git holds the index.
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// The worktree stands on another commit or branch than the merge was prepared for.
    Moved,
}

/// A merge that was prepared; kept by the caller until it is applied or settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merge {
    /// The branch that is checked out; `None` for a detached worktree.
    pub branch: Option<String>,
    /// The commit on which the worktree stands, full hex.
    pub from: String,
    /// The commit to which it goes, full hex: `theirs` itself where the worktree has nothing of its own.
    pub commit: String,
    /// The hidden reference that keeps it.
    pub pin: String,
}

/// What came of applying a merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applied {
    /// The worktree stands on the merge.
    Done,
    /// Nothing was done.
    Busy(Busy),
}

/// What was found of a merge whose process may have been killed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// The worktree stands on the merge, or beyond.
    Done,
    /// The worktree is as it was before; the merge may be applied.
    Pending,
    /// The agent has gone on to something else meanwhile; the merge was dropped.
    Dropped,
    /// It can't be settled now.
    Busy(Busy),
}

/// Makes the merge commit and pins it; the worktree stays as it is.
///
/// # Errors
/// [`WorktreeError`] where the worktree or the commit can't be read, or git is older than 2.40.
pub fn prepare_merge(
    git: &Git,
    request: &MergeRequest<'_>,
) -> Result<PreparedMerge, WorktreeError> {
    check_id(request.theirs)?;
    let tree = Tree::open(git, request.repository, request.worktree)?;
    if let Some(busy) = tree.busy()? {
        return Ok(PreparedMerge::Busy(busy));
    }
    let (head, branch) = (tree.head()?, tree.branch()?);
    if tree.is_ancestor(request.theirs, &head)? {
        return Ok(PreparedMerge::UpToDate);
    }
    let commit = if tree.is_ancestor(&head, request.theirs)? {
        request.theirs.to_owned()
    } else {
        match tree.merged(&head, request)? {
            Ok(commit) => commit,
            Err(files) => return Ok(PreparedMerge::Conflict { files }),
        }
    };
    if let Some(busy) = tree.in_the_way(&head, &commit)? {
        return Ok(PreparedMerge::Busy(busy));
    }
    let pin = format!("{PINS}{}", request.label);
    tree.call()
        .ask("pin a merge", ["update-ref", &pin, &commit])?;
    Ok(PreparedMerge::Ready(Merge {
        branch,
        from: head,
        commit,
        pin,
    }))
}

/// Why a worktree can't be brought to a commit now, if it can't.
pub(crate) fn busy_at(
    git: &Git,
    repository: &Repository,
    (worktree, clean): (&Path, Clean),
    merge: &Merge,
) -> Result<Option<Busy>, WorktreeError> {
    let tree = Tree::open_any(git, repository, worktree)?;
    if tree.head()? != merge.from || tree.branch()? != merge.branch {
        return Ok(Some(Busy::Moved));
    }
    match tree.busy_for(merge, clean)? {
        Some(busy) => Ok(Some(busy)),
        None => tree.in_the_way(&merge.from, &merge.commit),
    }
}

fn check_id(id: &str) -> Result<(), WorktreeError> {
    if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(WorktreeError::NotACommit {
            commit: id.to_owned(),
        });
    }
    Ok(())
}

/// A file that differs between two commits.
struct Differing {
    path: Vec<u8>,
    /// Whether the first one has it.
    before: bool,
}

/// A worktree that is merged into; no other process of torch writes in it meanwhile.
struct Tree<'a> {
    git: &'a Git,
    path: &'a Path,
    located: Located,
    _lock: Lock,
}

impl<'a> Tree<'a> {
    fn open(git: &'a Git, repository: &Repository, path: &'a Path) -> Result<Self, WorktreeError> {
        let located = locate(repository, path)?.filter(|located| located.files.is_some());
        let located = located.ok_or_else(|| WorktreeError::NoDirectory {
            path: path.to_owned(),
        })?;
        Self::at(git, path, located)
    }

    /// As [`Self::open`]; the project's own worktree is one as well.
    fn open_any(
        git: &'a Git,
        repository: &Repository,
        path: &'a Path,
    ) -> Result<Self, WorktreeError> {
        if repository.main.as_deref() == Some(path) {
            return Self::at(git, path, main(repository, path));
        }
        // A linked one may be where the team was started.
        let other = repository.main.clone().unwrap_or_default();
        let from_elsewhere = Repository {
            root: other,
            ..repository.clone()
        };
        Self::open(git, &from_elsewhere, path)
    }

    fn at(git: &'a Git, path: &'a Path, located: Located) -> Result<Self, WorktreeError> {
        Ok(Self {
            _lock: Lock::take(&located.git_dir)?,
            git,
            path,
            located,
        })
    }

    fn call(&self) -> Call {
        self.located.call(self.git)
    }

    fn index_lock(&self) -> PathBuf {
        self.located.git_dir.join("index.lock")
    }

    fn head(&self) -> Result<String, WorktreeError> {
        let args = ["rev-parse", "--verify", "HEAD^{commit}"];
        Ok(self.call().ask("read HEAD", args)?.text())
    }

    fn branch(&self) -> Result<Option<String>, WorktreeError> {
        let output = self
            .call()
            .run(["symbolic-ref", "--quiet", "--short", "HEAD"])
            .map_err(failed("read HEAD", self.path))?;
        Ok(output.success().then(|| output.text()))
    }

    fn is_ancestor(&self, older: &str, newer: &str) -> Result<bool, WorktreeError> {
        let act = "compare commits";
        let output = self
            .call()
            .run(["merge-base", "--is-ancestor", older, newer])
            .map_err(failed(act, self.path))?;
        match output.status.code() {
            Some(1) => Ok(false),
            _ => output
                .success_or_error()
                .map(|_| true)
                .map_err(failed(act, self.path)),
        }
    }

    /// Why nothing may be merged here now.
    fn busy(&self) -> Result<Option<Busy>, WorktreeError> {
        if let Some(operation) = self.located.operation() {
            return Ok(Some(Busy::operation(operation)));
        }
        let lock = self.index_lock();
        if lock.exists() {
            return Ok(Some(Busy::Locked { path: lock }));
        }
        let changes = self.changed()?;
        let files: Vec<String> = changes.iter().map(|path| shown(path)).collect();
        Ok((!files.is_empty()).then_some(Busy::Changes { files }))
    }

    /// Why it can't be brought to this commit now.
    fn busy_for(&self, merge: &Merge, clean: Clean) -> Result<Option<Busy>, WorktreeError> {
        let busy = self.busy()?;
        if clean == Clean::All || !matches!(busy, Some(Busy::Changes { .. })) {
            return Ok(busy);
        }
        let changed = self.changed()?;
        let between = self.between(&merge.from, &merge.commit)?;
        let touched = between.iter().filter(|file| changed.contains(&file.path));
        let files: Vec<String> = touched.map(|file| shown(&file.path)).collect();
        Ok((!files.is_empty()).then_some(Busy::Changes { files }))
    }

    /// The files that git knows and that have changes, staged or not.
    fn changed(&self) -> Result<BTreeSet<Vec<u8>>, WorktreeError> {
        let args = [
            "status",
            "--porcelain=v1",
            "-z",
            "--untracked-files=no",
            "--no-renames",
        ];
        let output = self.call().ask("read the status", args)?;
        let entries = zero_terminated(&output.stdout).filter_map(|entry| entry.get(3..));
        Ok(entries.map(<[u8]>::to_vec).collect())
    }

    /// The files that differ between two commits.
    fn between(&self, from: &str, to: &str) -> Result<Vec<Differing>, WorktreeError> {
        let args = [
            "diff-tree",
            "-r",
            "-z",
            "--name-status",
            "--no-renames",
            from,
            to,
        ];
        let output = self.call().ask("compare commits", args)?;
        let mut words = zero_terminated(&output.stdout);
        let mut found = Vec::new();
        while let (Some(letter), Some(path)) = (words.next(), words.next()) {
            found.push(Differing {
                path: path.to_vec(),
                before: letter != b"A",
            });
        }
        Ok(found)
    }

    /// Files without history that stand where the merge adds others.
    fn in_the_way(&self, from: &str, to: &str) -> Result<Option<Busy>, WorktreeError> {
        let between = self.between(from, to)?;
        let added = between.iter().filter(|file| !file.before);
        let there = added.filter(|file| self.place(&file.path).symlink_metadata().is_ok());
        let files: Vec<_> = there.map(|file| shown(&file.path)).collect();
        Ok((!files.is_empty()).then_some(Busy::InTheWay { files }))
    }

    fn place(&self, path: &[u8]) -> PathBuf {
        self.path.join(OsStr::from_bytes(path))
    }

    /// A commit that merges theirs into `head`, or the files in conflict.
    fn merged(
        &self,
        head: &str,
        request: &MergeRequest<'_>,
    ) -> Result<Result<String, Vec<String>>, WorktreeError> {
        let ends = (head, request.theirs);
        let tree = match merge_tree::merged(self.call(), self.path, &[], ends)? {
            Ok(tree) => tree,
            Err(files) => return Ok(Err(files)),
        };
        let args = [
            "commit-tree",
            "-p",
            head,
            "-p",
            request.theirs,
            "-F",
            "-",
            &tree,
        ];
        let call = self.call().stdin(request.message.as_bytes());
        Ok(Ok(call.ask("write a merge commit", args)?.text()))
    }

    /// Lets the pinned commit go; a branch has it, or nobody wants it.
    fn unpin(&self, merge: &Merge) -> Result<(), WorktreeError> {
        let args = ["update-ref", "-d", &merge.pin, &merge.commit];
        let output = self
            .call()
            .run(args)
            .map_err(failed("let a pinned merge go", self.path))?;
        if !output.success() {
            // Another merge stands under the same name by now.
            tracing::debug!(pin = merge.pin, said = output.error_text(), "not let go");
        }
        Ok(())
    }
}

impl Busy {
    fn operation(operation: Operation) -> Self {
        Self::Operation {
            what: operation.to_string(),
        }
    }
}
