//! What an integration does to a repository: looking what there is, merging it in memory, and moving branches.
//!
//! Every act here may be done again after a kill, and comes to the same: merge commits have the time of their integration, so that
//! the same merges have the same ids; a branch is moved from where it was last seen and from nowhere else; and a worktree is
//! only ever brought along by [`crate::apply_merge`]'s way, which touches nothing that is not committed.

mod bench;
mod chain;
mod land;
mod remote;
mod work;

pub use bench::{BenchRequest, check_out_bench, remove_bench};
pub use chain::{ChainConflict, ChainLink, ChainRequest, Chained, chain, clashes};
#[cfg(test)]
pub(crate) use land::land_with;
pub use land::{LandRequest, Landed, Point, land, point, take_away};
pub(crate) use remote::remote_of;
pub use remote::{Origin, Pushed, fetch, find_origin, push};
pub use work::{
    Work, WorkCommit, branches_below, contains, taken_off, tip_of, work_of, work_of_home,
};
