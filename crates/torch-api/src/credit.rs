//! Usage limits as `torch credit` shows them.

use serde::{Deserialize, Serialize};
use torch_core::{AgentState, Timestamp};

use crate::JournalView;

/// All agents' usage limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreditView {
    /// By account: agents of one program and login share their limits.
    pub accounts: Vec<AccountView>,
    /// By agent, in the order of teams and windows.
    pub agents: Vec<AgentCreditView>,
}

/// How an agent stands to its limits; the worse, the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CreditState {
    /// Nothing tells.
    Unknown,
    /// Its program told how much is used, and it is not all.
    Ok,
    /// At its pace a limit is used up within ten minutes.
    Approaching,
    /// A limit was reset; what comes of one message shows whether it is over.
    Waking,
    /// A limit holds it.
    Exhausted,
}

impl CreditState {
    /// The word used in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Ok => "ok",
            Self::Approaching => "approaching",
            Self::Waking => "waking",
            Self::Exhausted => "exhausted",
        }
    }
}

/// One account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountView {
    /// The program, and the folder that its login lies in where it has one.
    pub account: String,
    /// The program.
    pub program: String,
    /// Its agents as `team:role`.
    pub agents: Vec<String>,
    /// The state of the agent that is worst off.
    pub state: CreditState,
    /// The next reset that any of them waits for or was told of.
    pub next_reset: Option<Timestamp>,
    /// The newest that was told of each limit.
    pub limits: Vec<ShareView>,
}

/// How much of a limit is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareView {
    /// Which: `five_hour`, `weekly`, …
    pub limit: String,
    /// Whole percents.
    pub used_percent: u32,
    /// When that was told.
    pub told: Timestamp,
    /// When it is reset, if that was told.
    pub resets_at: Option<Timestamp>,
    /// It was reset since: the share is that of a window that is over.
    pub over: bool,
    /// Whether it was called nearly used up.
    pub approaching: bool,
}

/// One agent's limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentCreditView {
    /// Its team.
    pub team: String,
    /// Its role.
    pub role: String,
    /// Its program.
    pub program: String,
    /// Its account.
    pub account: String,
    /// What it is doing.
    pub agent_state: AgentState,
    /// How it stands to its limits.
    pub state: CreditState,
    /// What its program told of its limits.
    pub limits: Vec<ShareView>,
    /// The limit that holds it.
    pub held: Option<HeldView>,
    /// It hit no limit itself: what holds it is another agent's of its account, in words.
    #[serde(default)]
    pub held_with_account: Option<String>,
    /// Messages waiting for it.
    pub waiting: u64,
    /// The last reset of a limit that held it.
    pub last_reset: Option<Timestamp>,
    /// When torch woke it last: the message that did was proven then.
    pub last_wake: Option<Timestamp>,
    /// The next reset as far as it is known.
    pub next_reset: Option<Timestamp>,
    /// What tells that: `transcript`, `status line`, `account`, `text` or `estimate`.
    pub next_reset_from: Option<String>,
    /// What happened to its limits, newest first.
    pub history: Vec<JournalView>,
}

/// A limit that holds an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldView {
    /// Which.
    pub limit: String,
    /// When it was hit.
    pub since: Timestamp,
    /// The program's words.
    pub said: String,
    /// What told of it: `hook`, `transcript` or `screen`.
    pub source: String,
    /// When it is reset.
    pub resets_at: Option<Timestamp>,
    /// What tells that: as [`AgentCreditView::next_reset_from`].
    pub reset_from: Option<String>,
    /// Nothing told it: a window's length after its beginning, or after the limit was hit.
    pub estimate: bool,
    /// The zone that it was told in.
    pub zone: Option<String>,
    /// It was told in a zone that nobody knows, and read in the team's own.
    pub zone_assumed: bool,
    /// No time brings it back.
    pub needs_person: bool,
    /// Whether it ended a turn, which is to be gone on with.
    pub interrupted: bool,
    /// Whether its program said that it goes on by itself.
    pub automatic: bool,
    /// How often in a row it was hit.
    pub hits: u32,
    /// When torch wakes it, if nothing happens before.
    pub wake_at: Option<Timestamp>,
    /// In words: `limited until 14:02 (Europe/London)`.
    pub text: String,
}
