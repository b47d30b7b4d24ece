//! How a team's fast lane stands.

use serde::{Deserialize, Serialize};
use torch_core::Timestamp;

/// What is wanted of a fast lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LaneSwitch {
    /// That it merges.
    On,
    /// That it leaves everything as it is.
    Off,
    /// That it looks at every pair now, if it is on.
    Sync,
}

/// How a team's fast lane stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneView {
    /// The team's name.
    pub team: String,
    /// Whether it is on.
    pub on: bool,
    /// Why it is off: who switched it off, or what.
    pub off: Option<String>,
    /// The pairs of agents between whom it leads.
    pub pairs: Vec<LanePairView>,
    /// Whether the project manager is told instead what there is to merge, every 15 minutes: no pair is in the team.
    pub hub_cycle: bool,
}

/// One pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LanePairView {
    /// Whose commits are brought.
    pub from: String,
    /// To whom.
    pub to: String,
    /// Within how many seconds.
    pub within_seconds: u64,
    /// A branch on which the two also meet.
    pub branch: Option<String>,
    /// What waits.
    pub waiting: Option<LaneWaitingView>,
    /// The last merge.
    pub last: Option<LaneMergedView>,
}

/// What waits to be merged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneWaitingView {
    /// Since when.
    pub since: Timestamp,
    /// Until when it is to be merged; none where it waits without a deadline: for another feature, for a conflict, for a worktree that a
    /// person keeps closed.
    #[serde(default)]
    pub due: Option<Timestamp>,
    /// Why it waits.
    pub why: String,
    /// The files in conflict.
    pub conflict: Vec<String>,
    /// Whether the project manager was told that it is late.
    pub late: bool,
}

/// A merge that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneMergedView {
    /// When.
    pub at: Timestamp,
    /// Where the worktree stood then, full hex.
    pub commit: String,
    /// The newest commit that was brought, shortened, with its subject.
    pub subject: String,
    /// How many commits were brought, without merges.
    pub commits: usize,
    /// How long after the first of them was seen, in milliseconds.
    pub took_millis: u64,
}
