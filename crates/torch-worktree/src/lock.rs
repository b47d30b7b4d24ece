//! One at a time per repository: a lock file in the common directory, held by torch only while it changes worktrees.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use crate::WorktreeError;

/// A held lock; it ends with this value, and with the process at the latest.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Waits for the lock. Its holder's work is bounded by the deadlines of `git`.
    pub(crate) fn take(common_dir: &Path) -> Result<Self, WorktreeError> {
        let path = common_dir.join("torch.lock");
        let opened = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&path);
        let file = opened.map_err(WorktreeError::io("open the lock file", &path))?;
        file.lock()
            .map_err(WorktreeError::io("lock the file", &path))?;
        Ok(Self { _file: file })
    }
}
