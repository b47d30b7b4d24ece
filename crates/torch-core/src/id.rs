//! Identifiers: ULIDs in a newtype each, so that an agent's id can't be taken for a team's.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use ulid::Ulid;

/// An identifier that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an id (26 characters of Crockford base32)")]
pub struct IdError(pub String);

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Ulid);

        impl $name {
            /// Builds an id from a time in milliseconds since the epoch and 80 random bits.
            pub fn new(millis: u64, random: u128) -> Self {
                Self(Ulid::from_parts(millis, random))
            }

            /// The time part, milliseconds since the epoch.
            pub fn millis(self) -> u64 {
                self.0.timestamp_ms()
            }

            /// The last 8 base32 characters in lower case: what people and tags show.
            pub fn short(self) -> String {
                self.0.to_string()[18..].to_ascii_lowercase()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Ulid::from_string(text).map(Self).map_err(|_| IdError(text.to_owned()))
            }
        }
    };
}

id!(
    /// A team: one project's agents in one tmux session.
    TeamId
);
id!(
    /// An agent: one role of one team, for as long as the team exists.
    AgentId
);
id!(
    /// One start of an agent's program; the pane option `@torch_live` carries it while the program lives.
    LaunchId
);
id!(
    /// A message; shown as `m-` and the last 8 characters.
    MessageId
);

id!(
    /// A planned note; shown as `s-` and the last 8 characters.
    ScheduleId
);

id!(
    /// A violation of a rule; shown as `v-` and the last 8 characters.
    ViolationId
);

id!(
    /// An integration; shown as `i-` and the last 8 characters.
    IntegrationId
);

impl IntegrationId {
    /// The form in listings: `i-7k3f9q2a`.
    pub fn tag(self) -> String {
        format!("i-{}", self.short())
    }
}

id!(
    /// A rollback; shown as `r-` and the last 8 characters.
    RollbackId
);

impl RollbackId {
    /// The form in listings: `r-7k3f9q2a`.
    pub fn tag(self) -> String {
        format!("r-{}", self.short())
    }
}

id!(
    /// A push that the broker took; shown as `p-` and the last 8 characters.
    PushId
);

impl PushId {
    /// The form in listings: `p-7k3f9q2a`.
    pub fn tag(self) -> String {
        format!("p-{}", self.short())
    }
}

impl ViolationId {
    /// The form in listings: `v-7k3f9q2a`.
    pub fn tag(self) -> String {
        format!("v-{}", self.short())
    }
}

impl ScheduleId {
    /// The form in listings: `s-7k3f9q2a`.
    pub fn tag(self) -> String {
        format!("s-{}", self.short())
    }
}

impl MessageId {
    /// The form in tags and listings: `m-7k3f9q2a`.
    pub fn tag(self) -> String {
        format!("m-{}", self.short())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_form_is_the_random_end() {
        let id = MessageId::new(1_700_000_000_000, 0x1234_5678_9abc_def0);
        let text = id.to_string();
        assert_eq!(text.len(), 26);
        assert_eq!(id.tag(), format!("m-{}", text[18..].to_ascii_lowercase()));
        assert_eq!(text.parse::<MessageId>(), Ok(id));
        assert!("nonsense".parse::<MessageId>().is_err());
    }
}
