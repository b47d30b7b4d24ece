//! tmux's ids. They are unique during one server's life only, so an address carries the pane's pid too.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A tmux id that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a tmux id of the form `{sigil}<number>`")]
pub struct TmuxIdError {
    /// What was given.
    pub text: String,
    /// `$`, `@` or `%`.
    pub sigil: char,
}

macro_rules! tmux_id {
    ($(#[$doc:meta])* $name:ident, $sigil:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(pub u32);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}{}", $sigil, self.0)
            }
        }

        impl FromStr for $name {
            type Err = TmuxIdError;
            fn from_str(text: &str) -> Result<Self, TmuxIdError> {
                text.strip_prefix($sigil)
                    .filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
                    .and_then(|digits| digits.parse().ok())
                    .map(Self)
                    .ok_or_else(|| TmuxIdError { text: text.to_owned(), sigil: $sigil })
            }
        }

        impl TryFrom<String> for $name {
            type Error = TmuxIdError;
            fn try_from(text: String) -> Result<Self, TmuxIdError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.to_string()
            }
        }
    };
}

tmux_id!(
    /// A tmux session id, `$1`.
    SessionId,
    '$'
);
tmux_id!(
    /// A tmux window id, `@2`.
    WindowId,
    '@'
);
tmux_id!(
    /// A tmux pane id, `%3`.
    PaneId,
    '%'
);

/// Where an agent's pane is: ids of one server's life, with the pid of the pane's first process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PaneAddress {
    /// The session that holds the window.
    pub session: SessionId,
    /// The window.
    pub window: WindowId,
    /// The pane.
    pub pane: PaneId,
    /// The pid of the pane's first process (torch's wrapper).
    pub pid: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_strictly() {
        assert_eq!("%12".parse(), Ok(PaneId(12)));
        assert!("%".parse::<PaneId>().is_err());
        assert!("%+1".parse::<PaneId>().is_err());
        assert!("@1".parse::<PaneId>().is_err());
        assert_eq!(SessionId(4).to_string(), "$4");
    }
}
