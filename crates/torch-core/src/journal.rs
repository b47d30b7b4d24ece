//! The event journal: what happened, to what, and because of what.

use serde::{Deserialize, Serialize};

/// One event to be appended; the store adds number, time and hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalEntry {
    /// What happened: `message.accepted`, `delivery.pasting`, `agent.state`, `team.created`, …
    pub kind: String,
    /// To what: the id of a message, an agent or a team.
    pub subject: String,
    /// Because of what: `request human`, `hook UserPromptSubmit`, `timer submit`, …
    pub cause: String,
    /// The particulars.
    pub data: serde_json::Value,
}

impl JournalEntry {
    /// An entry without particulars.
    pub fn new(kind: &str, subject: impl ToString, cause: impl Into<String>) -> Self {
        Self {
            kind: kind.to_owned(),
            subject: subject.to_string(),
            cause: cause.into(),
            data: serde_json::Value::Null,
        }
    }

    /// The same entry with particulars.
    #[must_use]
    pub fn with(mut self, data: serde_json::Value) -> Self {
        self.data = data;
        self
    }
}
