//! How firmly something that agents must not do is held back.

use serde::{Deserialize, Serialize};

/// How firmly something that agents must not do is held back. What an agent's own programs ask first is advice, whoever wrote
/// them: an agent can leave them out. Only what the operating system or another machine refuses is prevented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Enforcement {
    /// By words alone.
    #[default]
    None,
    /// By hooks in the agent's own git and program: an agent that means to can go round them.
    Advice,
    /// By something that the agent has no way round.
    Prevented,
}

impl Enforcement {
    /// The word used in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Advice => "advice",
            Self::Prevented => "prevented",
        }
    }
}
