//! A worktree of torch's own, in which a commit is tested: nobody works in it, and it is gone afterwards.

use std::path::Path;

use crate::call::Call;
use crate::create::Maker;
use crate::locate::locate;
use crate::lock::Lock;
use crate::{Git, Repository, WorktreeError};

/// Which worktree.
#[derive(Debug, Clone, Copy)]
pub struct BenchRequest<'a> {
    /// The project's repository.
    pub repository: &'a Repository,
    /// Where: below the registry, torch's alone.
    pub path: &'a Path,
}

/// Brings the worktree to a commit, full hex, detached; made where it is not there. Files that git ignores stay from one commit to
/// the next, so that a build is not begun anew each time.
///
/// # Errors
/// [`WorktreeError`] where git or the disk refuse.
pub fn check_out_bench(
    git: &Git,
    request: &BenchRequest<'_>,
    commit: &str,
) -> Result<(), WorktreeError> {
    let (repository, path) = (request.repository, request.path);
    let lock = Lock::take(&repository.common_dir)?;
    // What a killed attempt left, in whatever state, is made anew.
    let stands = matches!(locate(repository, path), Ok(Some(located)) if located.files.is_some());
    if stands && moved(git, path, commit).is_ok() {
        return Ok(());
    }
    let maker = Maker::open(git, repository)?;
    maker.discard(path)?;
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(WorktreeError::io("make", parent))?;
    }
    maker.check_out_detached(path, commit)?;
    drop(lock);
    Ok(())
}

fn moved(git: &Git, path: &Path, commit: &str) -> Result<(), WorktreeError> {
    let act = "check a commit out";
    let checkout = ["checkout", "--quiet", "--detach", "--force", commit];
    Call::to_write(git, path).ask(act, checkout)?;
    Call::to_write(git, path).ask(act, ["clean", "-f", "-d", "-q"])?;
    Ok(())
}

/// Removes it, with all that the tests left in it. One that is not there is no error.
///
/// # Errors
/// [`WorktreeError`] where git or the disk refuse.
pub fn remove_bench(git: &Git, request: &BenchRequest<'_>) -> Result<(), WorktreeError> {
    let _lock = Lock::take(&request.repository.common_dir)?;
    Maker::open(git, request.repository)?.discard(request.path)
}
