//! torch's own folder in a project.

use std::path::Path;

use torch_worktree::WorktreeError;

/// Leaves `.torch/` out of what git shows of the repository that a project is; nothing of it is changed but `info/exclude`.
///
/// # Errors
/// [`WorktreeError`] where there is no repository of the user's, or its file can't be replaced.
pub fn exclude(project: &Path) -> Result<(), WorktreeError> {
    torch_worktree::exclude_in(project)
}
