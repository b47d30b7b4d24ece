//! torch-worktree.
