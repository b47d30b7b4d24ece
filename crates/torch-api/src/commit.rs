//! A commit in an agent's worktree: what is asked for, and what was made.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::wire::TeamSelector;

/// The longest message of a commit, in bytes.
pub const COMMIT_MESSAGE_MAX: usize = 64 * 1024;

/// What `torch commit` asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitRequest {
    /// Which team, where a role is named, and the caller's working directory.
    pub team: TeamSelector,
    /// Whose worktree; none: the calling agent's, and for a person the one that holds the working directory.
    #[serde(default)]
    pub role: Option<String>,
    /// The commit's message.
    pub message: String,
    /// Files and folders, absolute or relative to the worktree; empty: all changes.
    #[serde(default)]
    pub paths: Vec<PathBuf>,
}

/// A commit as it was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitView {
    /// The role whose worktree it was made in.
    pub role: String,
    /// Its id, full hex.
    pub id: String,
    /// Its id as short as git shows it.
    pub short: String,
    /// The first line of its message.
    pub subject: String,
    /// The branch it is on; none on a detached HEAD.
    pub branch: Option<String>,
    /// The worktree.
    pub worktree: PathBuf,
    /// How many files it changed.
    pub files: u64,
    /// Lines added.
    pub insertions: u64,
    /// Lines removed.
    pub deletions: u64,
    /// Whether it was there already: nothing has changed since, and the last commit has this message and author.
    pub already: bool,
}
