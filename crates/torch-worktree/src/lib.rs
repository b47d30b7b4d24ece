//! The only crate that links git2 or knows `git`: what a repository is, and the worktrees of its agents.
//!
//! All functions block and take what they need; nothing is global. [`inspect`] says what a project is and whether
//! torch may work in it, [`add`] makes an agent's worktree by a ladder that ends in a detached one,
//! [`remove_created`] undoes that as long as no work lies in it, [`state()`] sums up what was done,
//! [`commit()`] commits it on the agent's behalf. [`remove`] takes a
//! worktree away after [`keep()`] made everything in it safe under a hidden reference; [`kept()`] lists those, [`undelete()`]
//! brings one back, [`expire_kept`] lets old ones go. [`prepare_merge`], [`apply_merge`] and [`settle_merge`] bring a commit into
//! an agent's worktree while it works there; [`radar()`] says which agents change the same files. [`Tips`] and
//! [`moves`] say where all branches stand and which of them moved. [`chain()`] merges many in memory, [`land()`] moves a branch to
//! what came of it. [`open_broker`] makes the repository that agents push to, and [`forward()`] brings on what it took. Repositories are
//! read and small ones checked out with git2; where libgit2 can't do what a repository needs, `git` is run: see [`Engine`].
//! `call.rs` alone puts its commands together, with the repository's own programs switched off.
//!
//! **Invariant:** nothing here forces. A branch that another worktree has is never taken, a directory with
//! anything in it is never written over, and nothing is removed before all of it was kept and read back.

mod add;
mod bring;
mod broker;
mod call;
mod clean;
mod commit;
mod create;
mod disk;
mod engine;
mod error;
mod exclude;
mod filters;
mod gh;
mod git;
mod guard;
mod hook;
mod inspect;
mod integrate;
mod invented;
mod keep;
mod kept;
mod locate;
mod lock;
mod merge;
mod merge_tree;
mod operation;
mod prepare;
mod progress;
mod radar;
mod refs;
mod registration;
mod removal;
mod remove;
mod repair;
mod repository;
pub mod rollback;
mod scan;
mod set_up;
mod state;
#[cfg(test)]
mod tests;
mod undelete;
mod words;

pub use add::{AddRequest, Added, Rung, add, home_branch_of};
pub use bring::{
    Brought, Stand, brought, changes_nothing, give_up_forgotten, give_up_merge, stand,
};
pub use broker::{
    BrokerRequest, FetchRequest, FetchedBranch, ForwardRequest, Forwarded, PushFacts, PushedRef,
    PutBackRequest, RefChange, Remote, Standing, fetch_branches, forward, has_landed, may_push,
    open_broker, push_facts, pushes_to, put_back, remotes, standing,
};
pub use clean::{CleanRequest, Cleaned, clean, why_it_stays};
pub use commit::{CommitError, CommitRequest, Committed, commit};
pub use engine::Engine;
pub use error::WorktreeError;
pub use exclude::{exclude, exclude_in};
pub use gh::{
    GhError, PullRequestOrder, gh_is_there, merge_pull_request, open_pull_request, pull_request,
};
pub use git::Git;
pub use hook::HookRepository;
pub use inspect::{inspect, inspect_busy};
pub use integrate::{
    BenchRequest, ChainConflict, ChainLink, ChainRequest, Chained, LandRequest, Landed, Origin,
    Point, Pushed, Work, WorkCommit, branches_below, chain, check_out_bench, clashes, contains,
    fetch, find_origin, land, point, push, remove_bench, take_away, taken_off, tip_of, work_of,
    work_of_home,
};
pub use keep::{KeepRequest, keep};
pub use kept::{Expiry, Kept, KeptStash, expire_kept, find_kept, kept};
pub use merge::{
    Applied, Busy, Merge, MergeRequest, PreparedMerge, Settled, apply_merge, prepare_merge,
    settle_merge,
};
pub use operation::{Operation, Unfinished};
pub use prepare::prepare_worktree;
pub use progress::{Advice, Progress, progress};
pub use radar::{Overlap, Pair, Radar, RadarRequest, Side, Touched, radar};
pub use refs::{
    HeadAt, Moved, MovesRequest, Owners, StandingsRequest, Tips, branch_not_pushed, graph,
    has_remote, line_counts, made_at, moves, newest, not_pushed, standings,
};
pub use removal::{BranchFate, Removal, RemovalStage, RemoveRequest, remove, remove_with};
pub use remove::{Undone, remove_created};
pub use repair::{looked_for_elsewhere, repair};
pub use repository::Repository;
pub use set_up::{Placed, PortPair, PortPool, Ports, SetUpRequest, set_up, tear_down};
pub use state::{CommitLine, WorktreeState, state};
pub use undelete::{UndeleteRequest, Undeleted, undelete};
