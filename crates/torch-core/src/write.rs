//! What can be made durable. All writes of one turn of the loop are one transaction.

use serde::{Deserialize, Serialize};

use crate::journal::JournalEntry;
use crate::{Agent, AgentId, Delivery, Envelope, LedgerRecord, Schedule, TaskPlan, Team, TeamId};

/// One durable change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Write {
    /// Inserts or replaces a team.
    PutTeam(Box<Team>),
    /// Inserts or replaces an agent.
    PutAgent(Box<Agent>),
    /// Inserts a message; its id must be new.
    PutMessage(Box<Envelope>),
    /// Inserts or replaces the delivery of a message.
    PutDelivery(Box<Delivery>),
    /// Inserts or replaces a planned note.
    PutSchedule(Box<Schedule>),
    /// Inserts or replaces a record of the ledger.
    PutLedger(Box<LedgerRecord>),
    /// Inserts or replaces a team's plan.
    PutPlan {
        /// The team.
        team: TeamId,
        /// The whole plan.
        plan: Box<TaskPlan>,
    },
    /// How far an agent's spool file has been read, in bytes.
    SpoolOffset {
        /// The agent.
        agent: AgentId,
        /// Bytes taken in.
        offset: u64,
    },
    /// Marks a person's message as read.
    ReadInbox {
        /// The message.
        message: crate::MessageId,
    },
    /// Forgets a team that never came to run, with its agents; messages stay.
    RemoveTeam(TeamId),
    /// Appends to the journal.
    Journal(JournalEntry),
}
