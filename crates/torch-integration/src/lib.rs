//! What becomes of a team's commits: which role's worktree a commit goes to, and when; and how all of them get into the parent branch.
//!
//! Pure: commits that were seen, and the time, go in; what is to be done comes out. [`feature_key`] says which branches belong
//! together; [`integrate`] is the state machine of an integration.

mod branch;
mod feature;
pub mod forbidden;
pub mod integrate;
pub mod lane;
pub mod last_good;
pub mod late;
mod message;
pub mod secret;

pub use branch::{better_name, branch_prefix};
pub use feature::feature_key;
pub use message::is_meaningless;
