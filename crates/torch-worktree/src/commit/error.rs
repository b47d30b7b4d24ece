//! Why nothing was committed, with the command that helps.

use std::path::PathBuf;

use torch_process::quote;

use crate::WorktreeError;

/// Why nothing was committed.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Nothing but space.
    #[error("the commit has no message")]
    NoMessage,
    /// No file differs from the last commit.
    #[error("there is nothing to commit in {path:?}")]
    Nothing {
        /// The worktree.
        path: PathBuf,
    },
    /// Another branch than the agent's, or none.
    #[error(
        "{path:?} has {} checked out, and not {}{}",
        named(checked_out.as_deref()),
        named(own.as_deref()),
        begun(prefix.as_deref())
    )]
    OtherBranch {
        /// The worktree.
        path: PathBuf,
        /// What is checked out; `None` is a detached HEAD.
        checked_out: Option<String>,
        /// The agent's own; `None` is a detached HEAD.
        own: Option<String>,
        /// What the names of the agent's other branches begin with.
        prefix: Option<String>,
    },
    /// Files that wait for a person to resolve them.
    #[error("conflicts are left in {}", files.join(", "))]
    Conflicts {
        /// The worktree.
        path: PathBuf,
        /// The files, relative to it; the first ones of many.
        files: Vec<String>,
    },
    /// Repositories within the worktree.
    #[error(
        "{} would be committed as a link to another repository; ignore or remove it, or let a person add it as a submodule",
        folders.join(", ")
    )]
    Nested {
        /// The worktree.
        path: PathBuf,
        /// The folders, relative to it; the first ones of many.
        folders: Vec<String>,
    },
    /// What looks like keys or passwords.
    #[error(
        "what looks like a secret would be committed: {}; take it out, or say in that line that it is none: torch:allow-secret",
        found.join("; ")
    )]
    Secrets {
        /// The worktree.
        path: PathBuf,
        /// Each with its file and line; what it is is masked.
        found: Vec<String>,
    },
    /// A path that can't be committed.
    #[error("{file:?} can't be committed: {why}")]
    File {
        /// As given.
        file: PathBuf,
        /// Why.
        why: &'static str,
    },
    /// git took a file for something that it can't stage: not there, ignored, not readable.
    #[error("git could not stage what was to be committed in {path:?}: {said}")]
    NotStaged {
        /// The worktree.
        path: PathBuf,
        /// git's words.
        said: String,
    },
    /// Another git is at work there, or was killed.
    #[error("another git is at work in {path:?}")]
    Busy {
        /// The worktree.
        path: PathBuf,
    },
    /// A hook said no, or git could not commit.
    #[error("git or a hook of the repository rejected the commit in {path:?}: {said}")]
    Rejected {
        /// The worktree.
        path: PathBuf,
        /// The last lines of what was said.
        said: String,
    },
    /// The worktree can't be worked in.
    #[error(transparent)]
    Worktree(#[from] WorktreeError),
}

impl CommitError {
    /// A command that may be run as it stands to get on, where there is one.
    pub fn hint(&self) -> Option<String> {
        let git = |path: &PathBuf, rest: &str| format!("git -C {} {rest}", quote::shell(path));
        Some(match self {
            Self::NoMessage => "torch commit -m \"what changed, and why\"".to_owned(),
            Self::OtherBranch {
                path,
                own: Some(own),
                ..
            } => git(path, &format!("switch {}", quote::shell(own))),
            Self::OtherBranch { path, .. } => git(path, "switch --detach"),
            Self::Nothing { path }
            | Self::Conflicts { path, .. }
            | Self::Nested { path, .. }
            | Self::Secrets { path, .. }
            | Self::NotStaged { path, .. }
            | Self::Busy { path }
            | Self::Rejected { path, .. } => git(path, "status"),
            Self::Worktree(error) => return error.hint(),
            Self::File { .. } => return None,
        })
    }
}

fn begun(prefix: Option<&str>) -> String {
    prefix
        .map(|prefix| format!(" or one of {prefix}…"))
        .unwrap_or_default()
}

fn named(branch: Option<&str>) -> String {
    branch.map_or_else(
        || "a detached HEAD".to_owned(),
        |name| format!("the branch {name}"),
    )
}
