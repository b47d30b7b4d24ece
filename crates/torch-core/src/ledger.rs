//! What the rules of communication keep: violations, assignments, blocks, dependencies, the rules of projects and what agents
//! were told of them, each one record of the ledger.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::broker::{Broker, Push};
use crate::form::Priority;
use crate::git_activity::{AgentActivity, KnownRefs};
use crate::integration::Integration;
use crate::lane::LanePair;
use crate::project_rules::RulesInForce;
use crate::rollback::Rollback;
use crate::{AgentId, MessageId, RoleName, TeamId, Timestamp, ViolationId};

/// How much a violation matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// A matter of form; nothing was held back.
    Low,
    /// A message took another way, or was not taken.
    Medium,
    /// Somebody tried what no agent may.
    High,
}

impl Severity {
    /// The word used in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// Where a violation stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum ViolationState {
    /// Nobody did anything about it yet.
    Open,
    /// It is settled.
    Resolved {
        /// By whom, or by what: `human`, `orchestrator`, `m-7k3f9q2a`.
        by: String,
        /// When.
        at: Timestamp,
    },
    /// It was not repeated for a day.
    Expired {
        /// When that was noticed.
        at: Timestamp,
    },
}

impl ViolationState {
    /// The word used in output.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Resolved { .. } => "resolved",
            Self::Expired { .. } => "expired",
        }
    }
}

/// A rule that somebody broke.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// Its id.
    pub id: ViolationId,
    /// The team.
    pub team: TeamId,
    /// Who broke it.
    pub agent: AgentId,
    /// Its role.
    pub role: RoleName,
    /// Whom it wrote to, as far as it got: a role, `human`, or the target as written. What it did with git: the branch, tag or file.
    pub to: String,
    /// The rule.
    pub rule: String,
    /// How much it matters.
    pub severity: Severity,
    /// What was seen: the message's beginning, a count.
    pub evidence: String,
    /// The message, where one was kept.
    pub message: Option<MessageId>,
    /// What to do instead.
    pub remedy: String,
    /// When it was first seen.
    pub at: Timestamp,
    /// When it was last seen.
    pub last: Timestamp,
    /// How often.
    pub count: u64,
    /// Where it stands.
    pub status: ViolationState,
}

/// A TASK that an agent was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    /// The message that said so.
    pub message: MessageId,
    /// The team.
    pub team: TeamId,
    /// The task's id, as its giver wrote it.
    pub task: String,
    /// What it is called.
    pub title: String,
    /// How soon it is wanted.
    pub priority: Priority,
    /// Who gave it.
    pub from: String,
    /// Who has it.
    pub agent: AgentId,
    /// Its role.
    pub role: RoleName,
    /// When it was given.
    pub at: Timestamp,
    /// When its agent acknowledged it.
    pub acked: Option<Timestamp>,
}

/// An agent that said it is blocked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// The agent.
    pub agent: AgentId,
    /// Its role.
    pub role: RoleName,
    /// The team.
    pub team: TeamId,
    /// Since when.
    pub since: Timestamp,
    /// By what, in its words.
    pub text: String,
    /// When the hub was told that it lasts.
    pub escalated: Option<Timestamp>,
    /// When it was over.
    pub ended: Option<Timestamp>,
}

/// Whose completion a role waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dependencies {
    /// The team.
    pub team: TeamId,
    /// The role that waits.
    pub role: RoleName,
    /// For whom; empty once they were taken away.
    pub on: Vec<RoleName>,
    /// When they were set.
    pub at: Timestamp,
}

/// What an agent was told last of whom it writes to and of its project's rules, by its briefing or by a later word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stated {
    /// The agent.
    pub agent: AgentId,
    /// The team.
    pub team: TeamId,
    /// When.
    pub at: Timestamp,
    /// The roles that it may write to directly, besides the orchestrator and the project manager.
    pub direct: Vec<String>,
    /// Exchanges in a thread; 0: no limit.
    pub exchanges: u64,
    /// Minutes after which it says that it is blocked; 0: no time.
    pub blocked_minutes: u64,
    /// The rules that concern it, in words, by their names.
    pub rules: BTreeMap<String, String>,
}

/// One record of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum LedgerRecord {
    /// A violation.
    Violation(Violation),
    /// What an agent was told.
    Stated(Box<Stated>),
    /// An assignment.
    Assignment(Assignment),
    /// A block.
    Block(Block),
    /// A role's dependencies.
    Dependencies(Dependencies),
    /// The rules of a team's project.
    Rules(Box<RulesInForce>),
    /// Where a team's branches stood last.
    Refs(Box<KnownRefs>),
    /// What was seen of an agent's work with git.
    Activity(Box<AgentActivity>),
    /// An integration.
    Integration(Box<Integration>),
    /// A rollback.
    Rollback(Box<Rollback>),
    /// A team's broker.
    Broker(Box<Broker>),
    /// A push that a broker took.
    Push(Box<Push>),
    /// Two agents between whom the fast lane leads.
    Lane(Box<LanePair>),
}

impl LedgerRecord {
    /// What tells it from all others; the same record under the same key replaces what was there.
    pub fn key(&self) -> String {
        match self {
            Self::Violation(row) => row.id.to_string(),
            Self::Stated(row) => format!("{}/stated", row.agent),
            Self::Assignment(row) => row.message.to_string(),
            Self::Block(row) => format!("{}/{}", row.agent, row.since.0),
            Self::Dependencies(row) => format!("{}/{}", row.team, row.role),
            Self::Rules(row) => format!("{}/rules/{}", row.team, row.since.0),
            Self::Refs(row) => format!("{}/refs", row.team),
            Self::Activity(row) => format!("{}/activity", row.agent),
            Self::Integration(row) => row.id.to_string(),
            Self::Rollback(row) => row.id.to_string(),
            Self::Broker(row) => format!("{}/broker", row.team),
            Self::Push(row) => row.id.to_string(),
            Self::Lane(row) => row.key(),
        }
    }

    /// The word for its kind, as the store and the journal have it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Violation(_) => "violation",
            Self::Stated(_) => "stated",
            Self::Assignment(_) => "assignment",
            Self::Block(_) => "block",
            Self::Dependencies(_) => "dependencies",
            Self::Rules(_) => "rules",
            Self::Refs(_) => "refs",
            Self::Activity(_) => "activity",
            Self::Integration(_) => "integration",
            Self::Rollback(_) => "rollback",
            Self::Broker(_) => "broker",
            Self::Push(_) => "push",
            Self::Lane(_) => "lane",
        }
    }

    /// Its team.
    pub fn team(&self) -> TeamId {
        match self {
            Self::Violation(row) => row.team,
            Self::Stated(row) => row.team,
            Self::Assignment(row) => row.team,
            Self::Block(row) => row.team,
            Self::Dependencies(row) => row.team,
            Self::Rules(row) => row.team,
            Self::Refs(row) => row.team,
            Self::Activity(row) => row.team,
            Self::Integration(row) => row.team,
            Self::Rollback(row) => row.team,
            Self::Broker(row) => row.team,
            Self::Push(row) => row.team,
            Self::Lane(row) => row.team,
        }
    }

    /// When it began.
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Violation(row) => row.at,
            Self::Stated(row) => row.at,
            Self::Assignment(row) => row.at,
            Self::Block(row) => row.since,
            Self::Dependencies(row) => row.at,
            Self::Rules(row) => row.since,
            Self::Refs(row) => row.at,
            Self::Activity(row) => row.since,
            Self::Integration(row) => row.at,
            Self::Rollback(row) => row.at,
            Self::Broker(row) => row.since,
            Self::Push(row) => row.at,
            Self::Lane(row) => row.at,
        }
    }

    /// Whether a daemon that starts has to know of it.
    pub fn is_open(&self) -> bool {
        match self {
            Self::Violation(row) => row.status == ViolationState::Open,
            // It goes with its team.
            Self::Stated(_) => true,
            Self::Assignment(row) => row.acked.is_none(),
            Self::Block(row) => row.ended.is_none(),
            Self::Dependencies(row) => !row.on.is_empty(),
            Self::Rules(row) => row.until.is_none(),
            Self::Refs(_) | Self::Activity(_) => true,
            Self::Integration(row) => row.is_open(),
            Self::Rollback(row) => row.is_open(),
            Self::Broker(row) => row.until.is_none(),
            // The last merge is shown as long as the team is there.
            Self::Lane(_) => true,
            Self::Push(row) => row.undo || row.state.settled().is_none(),
        }
    }
}
