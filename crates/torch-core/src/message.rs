//! Messages and their deliveries.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{AgentId, LaunchId, MessageId, RoleName, TeamId, Timestamp};

/// Who wrote a message, derived from the calling process and never from its words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Sender {
    /// A process inside the pane of one of torch's agents.
    Agent {
        /// The agent.
        agent: AgentId,
        /// Its team.
        team: TeamId,
        /// Its role.
        role: RoleName,
    },
    /// A process with a controlling terminal outside every agent's pane.
    Human,
    /// A process without a terminal: cron, CI, an editor's task.
    Script,
    /// Ancestors that could not be read, or a process started by torch's own tmux server.
    Unknown,
    /// torch itself.
    Torch,
}

impl Sender {
    /// The word after `from=` in a tag.
    pub fn label(&self) -> &str {
        match self {
            Self::Agent { role, .. } => role.as_str(),
            Self::Human => "human",
            Self::Script => "script",
            Self::Unknown => "unknown",
            Self::Torch => "torch",
        }
    }
}

/// Where a message goes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Recipient {
    /// An agent's composer.
    Agent {
        /// The agent.
        agent: AgentId,
        /// Its role.
        role: RoleName,
    },
    /// The person's inbox.
    Human,
}

impl Recipient {
    /// The word after `to=` in a tag.
    pub fn label(&self) -> &str {
        match self {
            Self::Agent { role, .. } => role.as_str(),
            Self::Human => "human",
        }
    }

    /// The agent, if it is one.
    pub fn agent(&self) -> Option<AgentId> {
        match self {
            Self::Agent { agent, .. } => Some(*agent),
            Self::Human => None,
        }
    }
}

/// What a message is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// Said by an agent or a person.
    Message,
    /// A role's briefing.
    Briefing,
    /// The hub's copy of a critical message.
    HubCopy,
    /// A completion report (`torch complete`).
    Completion,
    /// torch's own notice.
    Notice,
    /// A planned note that is due (`torch schedule`).
    Scheduled,
    /// The one word that makes an agent go on with the turn which a usage limit ended.
    Continue,
    /// What torch saw of the team, or a question to one that went silent.
    CheckIn,
    /// A standup's question, or what was answered.
    Standup,
}

impl MessageKind {
    /// The word used in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Briefing => "briefing",
            Self::HubCopy => "hub_copy",
            Self::Completion => "completion",
            Self::Notice => "notice",
            Self::Scheduled => "scheduled",
            Self::Continue => "continue",
            Self::CheckIn => "check_in",
            Self::Standup => "standup",
        }
    }
}

/// What the router decided, and by which rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// `deliver`, `reroute` or `refuse`.
    pub decision: Decision,
    /// The rule's name, e.g. `edge.hub`.
    pub rule: String,
    /// The rule in words.
    pub reason: String,
}

impl Verdict {
    /// Whether the text was refused for a word that a rule of the project forbids: then it is shown to nobody.
    pub fn hides_text(&self) -> bool {
        self.decision == Decision::Refuse && self.rule.starts_with("project.forbidden-words-")
    }

    /// A text as it may be shown.
    pub fn shown<'t>(&self, text: &'t str) -> std::borrow::Cow<'t, str> {
        match self.hides_text() {
            true => {
                let length = text.chars().count();
                format!(
                    "({length} characters, not shown: a rule of the project forbids a word of it)"
                )
                .into()
            }
            false => text.into(),
        }
    }
}

/// The router's decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// To the named target.
    Deliver,
    /// To the hub instead.
    Reroute,
    /// To nobody.
    Refuse,
    /// Kept where everybody can read it, and typed into nothing: it needs nobody's turn.
    Record,
}

/// A message as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// Its id.
    pub id: MessageId,
    /// The team it belongs to.
    pub team: TeamId,
    /// When it was accepted.
    pub at: Timestamp,
    /// What it is for.
    pub kind: MessageKind,
    /// Who wrote it.
    pub sender: Sender,
    /// Which rule made the sender who it is.
    pub sender_rule: String,
    /// Where it goes.
    pub recipient: Recipient,
    /// The target as it was written.
    pub target: String,
    /// Its number on this sender → recipient pair, from 1, so that a gap shows.
    pub pair_seq: u64,
    /// The body after cleaning.
    pub body: String,
    /// The body as it came, where cleaning changed it.
    pub original: Option<Vec<u8>>,
    /// What cleaning changed, in words.
    pub cleaned: Vec<String>,
    /// The router's verdict.
    pub verdict: Verdict,
    /// Critical words found in the body.
    pub critical: Vec<String>,
    /// The caller's key, so that a repeated call is one message.
    pub key: Option<String>,
    /// When it is no longer worth delivering.
    pub expires: Option<Timestamp>,
    /// Keep the body in the paste even if it is long.
    pub inline: bool,
    /// It does not wait for the end of a turn where the program can take it into the running one.
    #[serde(default)]
    pub urgent: bool,
    /// The file that holds a long body, in the recipient's inbox folder.
    pub body_file: Option<PathBuf>,
    /// The message this one came from (a hub copy's original).
    pub cause: Option<MessageId>,
}

/// The states of one delivery. Each arrow is one commit: before the act for an intent, after the
/// evidence for the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryState {
    /// Durable, waiting for its turn.
    Queued,
    /// Its turn has come; the pane is being checked.
    Claimed,
    /// It lies ready for a hook of the program, which takes it into the running turn when a tool has ended.
    Offered,
    /// About to paste.
    Pasting,
    /// tmux took the paste.
    Pasted,
    /// The composer shows it; about to press Enter.
    Entering,
    /// tmux took the Enter.
    Entered,
    /// The program has it: its hook, its transcript or its queue shows it.
    Accepted,
    /// It stands in the conversation.
    Consumed,
    /// The model said so.
    Acked,
    /// Waits, for the reason given with it.
    Deferred,
    /// No evidence came in time.
    Uncertain,
    /// Refused by policy.
    Refused,
    /// Its time to live ran out.
    Expired,
    /// Given up or cancelled.
    Dead,
    /// Kept without being typed: an acknowledgement wakes nobody.
    Recorded,
}

impl DeliveryState {
    /// Every state, in the order of a delivery's life.
    pub const ALL: [Self; 16] = [
        Self::Queued,
        Self::Claimed,
        Self::Offered,
        Self::Pasting,
        Self::Pasted,
        Self::Entering,
        Self::Entered,
        Self::Accepted,
        Self::Consumed,
        Self::Acked,
        Self::Deferred,
        Self::Uncertain,
        Self::Refused,
        Self::Expired,
        Self::Dead,
        Self::Recorded,
    ];

    /// The word used in output and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Claimed => "claimed",
            Self::Offered => "offered",
            Self::Pasting => "pasting",
            Self::Pasted => "pasted",
            Self::Entering => "entering",
            Self::Entered => "entered",
            Self::Accepted => "accepted",
            Self::Consumed => "consumed",
            Self::Acked => "acked",
            Self::Deferred => "deferred",
            Self::Uncertain => "uncertain",
            Self::Refused => "refused",
            Self::Expired => "expired",
            Self::Dead => "dead",
            Self::Recorded => "recorded",
        }
    }

    /// Whether nothing more will happen to it by torch's doing.
    pub fn is_final(self) -> bool {
        matches!(
            self,
            Self::Consumed
                | Self::Acked
                | Self::Refused
                | Self::Expired
                | Self::Dead
                | Self::Recorded
        )
    }

    /// Whether the program is proven to have it.
    pub fn is_proven(self) -> bool {
        matches!(self, Self::Accepted | Self::Consumed | Self::Acked)
    }
}

impl fmt::Display for DeliveryState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for DeliveryState {
    type Err = DeliveryStateError;
    fn from_str(text: &str) -> Result<Self, DeliveryStateError> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| DeliveryStateError(text.to_owned()))
    }
}

/// A word that names no [`DeliveryState`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no delivery state")]
pub struct DeliveryStateError(pub String);

/// Why a delivery waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeferReason {
    /// The program is not ready yet.
    Starting,
    /// The agent is in a turn.
    Busy,
    /// A dialog is open.
    Asking,
    /// A usage limit holds the agent.
    Limited,
    /// The composer holds text that torch did not write.
    Draft,
    /// A person scrolls in copy mode.
    CopyMode,
    /// No live agent program in the pane.
    NoAgent,
    /// The pane takes no input, or shares it with others.
    PaneInput,
    /// The screen is none that torch knows.
    UnknownScreen,
    /// The paste did not show up whole.
    NotShown,
    /// A person paused the agent or its team.
    Paused,
    /// The agent has used up its turns of the hour.
    Capped,
    /// The agent's turns fail for want of a login or a key.
    NoLogin,
}

impl DeferReason {
    /// The word used in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Busy => "busy",
            Self::Asking => "asking",
            Self::Limited => "limited",
            Self::Draft => "draft",
            Self::CopyMode => "copy_mode",
            Self::NoAgent => "no_agent",
            Self::PaneInput => "pane_input",
            Self::UnknownScreen => "unknown_screen",
            Self::NotShown => "not_shown",
            Self::Paused => "paused",
            Self::Capped => "capped",
            Self::NoLogin => "no_login",
        }
    }
}

impl fmt::Display for DeferReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One message's way to its recipient, as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The message.
    pub message: MessageId,
    /// Where it stands.
    pub state: DeliveryState,
    /// Why it waits, when deferred.
    pub reason: Option<DeferReason>,
    /// Which try this is, from 1; the tag shows it.
    pub attempt: u32,
    /// Whether an earlier try may have arrived as well.
    pub possible_duplicate: bool,
    /// The launch that the current try was typed into.
    pub launch: Option<LaunchId>,
    /// When it came into this state.
    pub since: Timestamp,
    /// What was seen last, in one line.
    pub evidence: String,
}
