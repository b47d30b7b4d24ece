//! Mending the ways between a repository and worktrees that were moved by hand.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::git::failed;
use crate::lock::Lock;
use crate::{Git, Repository, WorktreeError};

/// Mends what `git worktree repair` can: worktrees that were moved to these places, and those that lost their way to a
/// repository that was moved. Nothing is removed. What was mended is returned, in git's words.
///
/// # Errors
/// [`WorktreeError::Git`] when git refuses, e.g. as one of the places is no worktree.
pub fn repair(
    git: &Git,
    repository: &Repository,
    places: &[PathBuf],
) -> Result<Vec<String>, WorktreeError> {
    let _lock = Lock::take(&repository.common_dir)?;
    let root: &Path = &repository.root;
    let mut args: Vec<OsString> = ["worktree", "repair", "--"].map(OsString::from).into();
    args.extend(places.iter().map(|place| place.clone().into_os_string()));
    let output = git
        .write(root, args)
        .and_then(torch_process::Output::success_or_error)
        .map_err(failed("repair worktrees", root))?;
    let said = format!("{}\n{}", output.text(), output.error_text());
    Ok(said
        .lines()
        .filter(|line| line.starts_with("repair: "))
        .map(str::to_owned)
        .collect())
}
