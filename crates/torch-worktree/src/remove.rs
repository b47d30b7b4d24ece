//! Undoing an [`crate::add`] of the same run, as long as no work lies in it.

use crate::create::Maker;
use crate::lock::Lock;
use crate::{Added, Git, Repository, Rung, WorktreeError};

/// What became of a worktree that was to be undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undone {
    /// It is gone, and so is the branch that was made for it.
    Removed,
    /// It stays, with its branch.
    Kept {
        /// Why.
        why: String,
    },
}

/// Removes a worktree that this run has made, and the branch that was made for it, unless there is work in it:
/// changed or new files (ignored ones aside), or a commit. Then both stay.
///
/// # Errors
/// [`WorktreeError`] when the worktree can't be read, or a branch without work can't be deleted.
pub fn remove_created(
    git: &Git,
    repository: &Repository,
    added: &Added,
) -> Result<Undone, WorktreeError> {
    let kept = |why: &str| {
        Ok(Undone::Kept {
            why: why.to_owned(),
        })
    };
    if added.rung == Rung::Kept {
        return kept("it was there before");
    }
    let _lock = Lock::take(&repository.common_dir)?;
    let state = crate::state(git, repository, &added.path, &added.start)?;
    if state.dirty {
        return kept("it has changes that are not committed");
    }
    if state.head != added.start {
        return kept("it has new commits");
    }
    if state.branch != added.branch {
        return kept("another branch is checked out in it");
    }
    let maker = Maker::open(git, repository)?;
    // git looks for changes once more, so that nothing written since is lost.
    if let Err(error) = maker.remove(&added.path) {
        tracing::info!(path = ?added.path, ?error, "worktree not removed");
        return kept("git refuses to remove it");
    }
    if let Some(branch) = added.branch.as_deref().filter(|_| added.made_branch) {
        maker.delete_branch(branch, &added.start)?;
    }
    Ok(Undone::Removed)
}
