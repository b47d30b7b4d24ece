//! What is asked and shown of a team's git.

mod activity;

use serde::{Deserialize, Serialize};

pub use lane::{LaneMergedView, LanePairView, LaneSwitch, LaneView, LaneWaitingView};

use crate::broker::{BrokerRequest, BrokerResponse};
use crate::integrate::{IntegrateRequest, IntegrationPreview, IntegrationView};
use crate::wire::TeamSelector;

mod lane;
pub use activity::{
    AlertView, BranchView, DeadlineView, EntryView, HealthView, LogFilter, ParentCommit, RiskLevel,
    RiskRow, RiskView, SharedView, Unread,
};

/// A question about a team's git.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum GitRequest {
    /// Which roles change the same files now. Answers [`GitResponse::Radar`].
    Radar {
        /// Which team.
        team: TeamSelector,
    },
    /// How the fast lane stands. Answers [`GitResponse::Lane`].
    Lane {
        /// Which team.
        team: TeamSelector,
    },
    /// Switches the fast lane, or has it look at every pair now; a person, the hub or the project manager. Answers
    /// [`GitResponse::Lane`].
    SwitchLane {
        /// Which team.
        team: TeamSelector,
        /// What is wanted.
        to: LaneSwitch,
    },
    /// How the branches of a team's agents stand. Answers [`GitResponse::Health`].
    Health {
        /// Which team.
        team: TeamSelector,
    },
    /// Whose work is hardest to bring together. Answers [`GitResponse::Risk`].
    Risk {
        /// Which team.
        team: TeamSelector,
    },
    /// What was committed and pushed, the newest first. Answers [`GitResponse::Log`].
    Log(LogFilter),
    /// A team's integration. Answers as [`crate::integrate::IntegrateOrder`] says.
    Integrate(Box<IntegrateRequest>),
    /// About its broker. Answers [`GitResponse::Broker`].
    Broker(BrokerRequest),
}

/// The answer to a [`GitRequest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum GitResponse {
    /// What the radar saw.
    Radar(RadarView),
    /// How the fast lane stands.
    Lane(LaneView),
    /// How branches stand.
    Health(Box<HealthView>),
    /// Whose work is hardest to bring together.
    Risk(RiskView),
    /// What was committed and pushed.
    Log {
        /// The newest first.
        entries: Vec<EntryView>,
        /// Whether there are older ones that were asked for.
        more: bool,
        /// Since when nothing new is seen, and why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unread: Option<Unread>,
    },
    /// An integration as it stands.
    Integration(Box<IntegrationView>),
    /// Integrations, the newest first.
    Integrations {
        /// All of them.
        integrations: Vec<IntegrationView>,
    },
    /// What one would do.
    Preview(Box<IntegrationPreview>),
    /// Of its broker.
    Broker(BrokerResponse),
}

/// Which roles change the same files now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RadarView {
    /// The team's name.
    pub team: String,
    /// The branch that the work is for.
    pub parent: String,
    /// Its newest commit, full hex.
    pub parent_commit: String,
    /// What each role changes.
    pub roles: Vec<TouchedView>,
    /// The files that two or more roles change, by path.
    pub overlaps: Vec<OverlapView>,
}

/// What one role changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TouchedView {
    /// The role.
    pub role: String,
    /// How many files differ from where it left the parent branch; none where its worktree can't be looked at.
    pub files: Option<usize>,
    /// How many of them have changes that are not committed.
    pub uncommitted: usize,
    /// The files in which it conflicts with the parent branch as it is now.
    pub conflicts: Vec<String>,
    /// Why its worktree was not looked at.
    pub problem: Option<String>,
}

/// A file that two or more roles change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverlapView {
    /// Its path in the repository; bytes that are not UTF-8 are shown as U+FFFD.
    pub path: String,
    /// The pairs of roles that change it.
    pub pairs: Vec<PairView>,
}

/// Two roles that change one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairView {
    /// The two.
    pub roles: [String; 2],
    /// Whether git could not merge the file by itself.
    pub conflict: bool,
    /// Those of the two that have changes of it that are not committed.
    pub uncommitted: Vec<String>,
    /// Where both change it or stand directly beside each other: lines of their common base, first and last, from 1.
    pub lines: Vec<(u32, u32)>,
}
