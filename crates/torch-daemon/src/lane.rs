//! Orders of the fast lane, and what came of them: the words between state and host.

use std::path::PathBuf;

use torch_core::lane::LaneMerge;
use torch_core::{RoleName, TeamId};
use torch_integration::lane::{Conflict, Pair};

/// One side of a lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneSide {
    /// The role.
    pub role: RoleName,
    /// The agent's worktree.
    pub worktree: PathBuf,
    /// Its home branch; none where the worktree was made detached.
    pub home: Option<String>,
}

/// What is to be done between two worktrees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneOrder {
    /// The team.
    pub team: TeamId,
    /// Its name.
    pub name: String,
    /// The team's project.
    pub project: PathBuf,
    /// The two agents.
    pub pair: Pair,
    /// Whose commits are brought.
    pub from: LaneSide,
    /// To whom.
    pub to: LaneSide,
    /// A branch on which the two also meet.
    pub meeting: Option<String>,
    /// What is to be done.
    pub act: LaneAct,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LaneAct {
    /// Look at both, and prepare the merge.
    Look,
    /// Bring the recipient's worktree to a merge that was prepared.
    Apply(Box<LaneMerge>),
    /// Find out what became of one that may have been cut off.
    Settle(Box<LaneMerge>),
}

/// What came of an order.
#[derive(Debug)]
pub struct LaneDone {
    /// The team.
    pub team: TeamId,
    /// The two agents.
    pub pair: Pair,
    /// What.
    pub came: LaneCame,
}

/// As [`LaneDone`].
#[derive(Debug)]
pub enum LaneCame {
    /// Both were looked at.
    Looked(LaneSeen),
    /// A merge was applied, or not.
    Applied(LaneEnd),
    /// A merge that may have been cut off is as it was before, or done.
    Settled(LaneEnd),
}

/// What a look found.
#[derive(Debug)]
pub enum LaneSeen {
    /// There is nothing to bring.
    Nothing,
    /// The two are at work on different features, which is said in words.
    OtherFeature(String),
    /// Not now, for this reason.
    Busy(String),
    /// The recipient's worktree moved in between.
    Moved,
    /// git can't merge it by itself.
    Conflict(Conflict),
    /// A merge is prepared.
    Ready(Box<LaneMerge>),
}

/// How a merge ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LaneEnd {
    /// The worktree stands on it, or beyond.
    Done,
    /// The worktree is as it was, and went on to something else or may be merged into again.
    Undone,
    /// The worktree is as it was, and can't be merged into for this reason.
    Busy(String),
    /// What became of it is not known.
    Unknown(String),
}
