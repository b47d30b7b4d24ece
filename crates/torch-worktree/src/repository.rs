//! What is known of a project's repository.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::Engine;

/// A project's repository as [`crate::inspect`] found it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repository {
    /// The top level of the worktree that the project directory lies in, canonical.
    pub root: PathBuf,
    /// The main worktree's top level, canonical: `root` itself, unless that is a linked worktree. Absent where the
    /// common directory belongs to a bare repository.
    pub main: Option<PathBuf>,
    /// The repository's common git directory, canonical.
    pub common_dir: PathBuf,
    /// The branch that is checked out in `root`, without `refs/heads/`; `HEAD` when none is.
    pub base_branch: String,
    /// The commit that is checked out in `root`, full lower-case hex.
    pub head: String,
    /// The number of files of that commit.
    pub files: u64,
    /// What one more worktree needs on disk, in bytes: files and folders in whole blocks, and what git and torch keep for
    /// each. Filters, which may make files larger, are not counted.
    pub worktree_bytes: u64,
    /// What checks the files out, and why.
    pub engine: Engine,
}

impl Repository {
    /// The name that stands for the branch when none is checked out.
    pub const DETACHED: &'static str = "HEAD";

    /// Whether no branch is checked out.
    pub fn is_detached(&self) -> bool {
        self.base_branch == Self::DETACHED
    }

    /// Whether the project directory lies in a linked worktree.
    pub fn is_linked(&self) -> bool {
        self.main.as_ref() != Some(&self.root)
    }
}
