//! What a record knows of the keys that an agent's program is given: their names, never their values.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// The keys of an agent, by the names of their variables.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AgentKeys {
    /// Those that its program was last launched with.
    pub had: Vec<String>,
    /// Those that it had before and was launched without, since a person restarted it so.
    pub lacks: Vec<String>,
    /// The turn that failed for want of a login or a key.
    pub refused: Option<Refusal>,
}

/// A turn that failed for want of a login or a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// When.
    pub since: Timestamp,
    /// The program's words, in one line.
    pub words: String,
    /// Whether another turn has begun since.
    #[serde(default)]
    pub retried: bool,
}
