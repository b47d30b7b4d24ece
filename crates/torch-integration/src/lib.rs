//! What becomes of a team's commits: which role's worktree a commit goes to, and when.
//!
//! Pure: commits that were seen, and the time, go in; what is to be done comes out.

mod feature;

pub use feature::feature_key;
