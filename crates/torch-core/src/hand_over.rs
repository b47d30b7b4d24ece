//! The hand-over of a message into a running turn: a file in the launch's hand-over folder, which the program's hook takes
//! when a tool has ended, and which torch can take back as long as it has not.
//!
//! Taking is renaming: whoever renames the file has it, the hook or torch, and never both.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{LaunchId, MessageId};

/// What ends the name of a message that lies ready.
const READY: &str = ".ready";
/// What ends the name of one that the hook took.
const TAKEN: &str = ".taken";

/// One message in a hand-over folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct HandOver {
    /// The message.
    pub message: MessageId,
    /// Which try.
    pub attempt: u32,
}

impl HandOver {
    /// The name of its file while it lies ready.
    pub fn ready(self) -> String {
        format!("{self}{READY}")
    }

    /// The name of its file once the hook took it.
    pub fn taken(self) -> String {
        format!("{self}{TAKEN}")
    }

    /// The one that lies ready under this name.
    pub fn from_ready(name: &str) -> Option<Self> {
        let (message, attempt) = name.strip_suffix(READY)?.split_once('-')?;
        Some(Self {
            message: message.parse().ok()?,
            attempt: attempt.parse().ok()?,
        })
    }
}

impl fmt::Display for HandOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.message, self.attempt)
    }
}

/// The name of a launch's hand-over folder, beside its spool. It stays as long as the agent is known: what was taken from it
/// may have to be told after another launch.
pub fn folder(launch: LaunchId) -> String {
    format!("hand-over-{launch}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_which_message_and_which_try() {
        let one = HandOver {
            message: MessageId::new(7, 8),
            attempt: 2,
        };
        assert_eq!(HandOver::from_ready(&one.ready()), Some(one));
        for other in [
            one.taken().as_str(),
            &format!("{}.partial", one.ready()),
            "nonsense.ready",
            "x-1.ready",
        ] {
            assert_eq!(HandOver::from_ready(other), None, "{other}");
        }
    }
}
