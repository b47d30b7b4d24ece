//! Why work can't be taken back, with the command that helps.

use std::path::PathBuf;

use torch_process::quote;

use crate::{Busy, WorktreeError};

/// Why work can't be taken back.
#[derive(Debug, thiserror::Error)]
pub enum RollbackError {
    /// The repository can't be read or written.
    #[error(transparent)]
    Repository(#[from] WorktreeError),
    /// No such branch.
    #[error("there is no branch {branch:?} in {root:?}")]
    NoBranch {
        /// Its name.
        branch: String,
        /// The repository.
        root: PathBuf,
    },
    /// Nothing of this name is a commit.
    #[error("{name:?} is no commit in {root:?}")]
    NoCommit {
        /// As given.
        name: String,
        /// The repository.
        root: PathBuf,
    },
    /// The branch does not have it.
    #[error("the commit {commit} is not in {branch}")]
    NotIn {
        /// The commit.
        commit: String,
        /// The branch.
        branch: String,
    },
    /// git can't do it by itself.
    #[error("{commit} ({subject:?}) conflicts with what came after it in {}", files.join(", "))]
    Conflict {
        /// The commit, short.
        commit: String,
        /// The first line of its message.
        subject: String,
        /// The files; bytes that are not UTF-8 are U+FFFD.
        files: Vec<String>,
    },
    /// What was to be taken back is not there any more.
    #[error("nothing of it is left in {branch}: it was taken back already")]
    Nothing {
        /// The branch.
        branch: String,
    },
    /// The files are as they were.
    #[error("{} already as in {commit}", if files.len() == 1 { format!("{} is", files[0]) } else { format!("{} are", files.join(", ")) })]
    Same {
        /// As given.
        files: Vec<String>,
        /// The commit, short.
        commit: String,
    },
    /// More than can be looked through by anybody.
    #[error("{count} commits would be taken back one by one, more than {most}")]
    TooMany {
        /// How many.
        count: usize,
        /// The most.
        most: usize,
    },
    /// Neither the worktree nor the commit has it.
    #[error("neither the worktree nor the commit {commit} has a file {file:?}")]
    NoFile {
        /// As given.
        file: String,
        /// The commit, short.
        commit: String,
    },
    /// It lies elsewhere.
    #[error("{file:?} does not lie in the worktree {path:?}")]
    Outside {
        /// As given.
        file: PathBuf,
        /// The worktree.
        path: PathBuf,
    },
    /// Files that are to be restored hold work that no commit has.
    #[error("{} in {path:?} has changes that are not committed", files.join(", "))]
    Uncommitted {
        /// The worktree.
        path: PathBuf,
        /// The files.
        files: Vec<String>,
    },
    /// The worktree that has the branch checked out can't be brought along now.
    #[error("{path:?}, where it is checked out, {}", state(busy))]
    Busy {
        /// The worktree.
        path: PathBuf,
        /// Why.
        busy: Busy,
    },
    /// A rebase or the like comes back to it.
    #[error("a rebase or bisection in {path:?} comes back to {branch}")]
    Returns {
        /// The branch.
        branch: String,
        /// The worktree.
        path: PathBuf,
    },
    /// Somebody committed meanwhile.
    #[error("{what} has moved meanwhile")]
    Moved {
        /// The branch, or the worktree.
        what: String,
    },
    /// A branch of the name that is to be made is there.
    #[error("there is another branch {branch:?} already")]
    Taken {
        /// Its name.
        branch: String,
    },
}

fn state(busy: &Busy) -> String {
    match busy {
        Busy::Operation { what } => format!("has {what} under way"),
        Busy::Changes { files } => format!(
            "has {} with changes that are not committed: {}",
            crate::words::count(files.len(), "file"),
            crate::words::some(files)
        ),
        Busy::InTheWay { files } => {
            format!(
                "has files that git does not know where others would be put: {}",
                files.join(", ")
            )
        }
        Busy::Locked { path } => format!("is being written by another git ({})", path.display()),
        Busy::Moved => "has moved meanwhile".to_owned(),
    }
}

impl RollbackError {
    /// A command that a person may run as it stands to get on, where there is one.
    pub fn hint(&self) -> Option<String> {
        let git = |path: &PathBuf, rest: &str| format!("git -C {} {rest}", quote::shell(path));
        Some(match self {
            Self::Repository(error) => return error.hint(),
            Self::NoBranch { root, .. } => git(root, "branch --list"),
            Self::NoCommit { root, .. } => git(root, "log --oneline -20"),
            Self::Busy { path, busy } => match busy {
                Busy::Changes { .. } => git(path, "stash"),
                Busy::InTheWay { .. } => git(path, "stash --include-untracked"),
                _ => git(path, "status"),
            },
            Self::Returns { path, .. } | Self::Uncommitted { path, .. } => git(path, "status"),
            Self::Conflict { .. } => "torch rollback revert --to-last-good".to_owned(),
            Self::TooMany { .. } => "torch rollback branch".to_owned(),
            Self::NotIn { .. } | Self::Nothing { .. } | Self::Moved { .. } => {
                "torch rollback plan".to_owned()
            }
            Self::Taken { branch } => format!("git branch --list {branch}"),
            Self::Same { .. } | Self::NoFile { .. } | Self::Outside { .. } => return None,
        })
    }
}
