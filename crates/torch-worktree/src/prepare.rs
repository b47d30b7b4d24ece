//! torch's own folders in an agent's worktree.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;

use crate::WorktreeError;

/// Makes `.torch/inbox` and `.torch/outbox` in a worktree, readable by their owner alone (mode 700).
///
/// # Errors
/// [`WorktreeError::NotADirectory`] when a symbolic link or a file stands in their place (a repository may bring
/// one), [`WorktreeError::Io`] when they can't be made.
pub fn prepare_worktree(path: &Path) -> Result<(), WorktreeError> {
    let top = path.join(".torch");
    for folder in [&top, &top.join("inbox"), &top.join("outbox")] {
        make(folder)?;
    }
    Ok(())
}

fn make(folder: &Path) -> Result<(), WorktreeError> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(WorktreeError::io("make the directory", folder)(error)),
    }
    let found = fs::symlink_metadata(folder).map_err(WorktreeError::io("look at", folder))?;
    if !found.is_dir() {
        return Err(WorktreeError::NotADirectory {
            path: folder.to_owned(),
        });
    }
    if found.permissions().mode() & 0o777 == 0o700 {
        return Ok(());
    }
    fs::set_permissions(folder, Permissions::from_mode(0o700))
        .map_err(WorktreeError::io("set the permissions of", folder))
}
