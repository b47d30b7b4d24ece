//! What an agent's program tells of itself: its conversation, context, cost and tokens. All of it is shown and nothing of it
//! decides anything.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// The last figures that an agent's program told; what it does not tell is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AgentFigures {
    /// The model's name.
    pub model: Option<String>,
    /// The program's version.
    pub version: Option<String>,
    /// How much of the context window is left, in percent from 0 to 100.
    pub context_left: Option<u8>,
    /// When that was told.
    pub context_at: Option<Timestamp>,
    /// How often the conversation was compacted.
    pub compactions: u32,
    /// What it has cost in millionths of a US dollar: the conversation that is under way.
    pub cost_micros: Option<u64>,
    /// What the conversations before it have cost.
    pub earlier_cost_micros: u64,
    /// Its tokens, but for `open_tokens`.
    pub closed_tokens: TokenFigures,
    /// Those of the answer that was told last or, where its program tells sums, of the conversation: told again, they change.
    pub open_tokens: TokenFigures,
    /// The id of the last figures that were counted, since a program may tell them more than once.
    pub last_tokens_id: String,
    /// The usage limits it told of, by name.
    pub limits: BTreeMap<String, LimitShare>,
    /// The transcript that was read.
    pub transcript: Option<PathBuf>,
    /// How far it was read, in bytes.
    pub transcript_read: u64,
}

impl AgentFigures {
    /// Its tokens so far, in all its conversations.
    pub fn tokens(&self) -> TokenFigures {
        self.closed_tokens.plus(self.open_tokens)
    }

    /// What all its conversations have cost so far, in millionths of a US dollar, where its program tells that.
    pub fn cost(&self) -> Option<u64> {
        match (self.cost_micros, self.earlier_cost_micros) {
            (None, 0) => None,
            (cost, earlier) => Some(cost.unwrap_or(0).saturating_add(earlier)),
        }
    }
}

/// Tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TokenFigures {
    /// Sent, without what a cache held.
    pub input: u64,
    /// Read from a cache.
    pub cache_read: u64,
    /// Written to a cache.
    pub cache_write: u64,
    /// Received.
    pub output: u64,
}

impl TokenFigures {
    /// Whether none were counted.
    pub fn is_zero(&self) -> bool {
        *self == Self::default()
    }

    /// The sum of both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            input: self.input.saturating_add(other.input),
            cache_read: self.cache_read.saturating_add(other.cache_read),
            cache_write: self.cache_write.saturating_add(other.cache_write),
            output: self.output.saturating_add(other.output),
        }
    }
}

/// How much of a usage limit is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitShare {
    /// In thousandths.
    pub used_permille: u32,
    /// When it is reset.
    pub resets_at: Option<Timestamp>,
    /// When that was told.
    pub at: Timestamp,
}
