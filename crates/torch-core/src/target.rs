//! Targets as people and agents write them, in any case. Matching is exact, never by prefix.

use std::fmt;
use std::str::FromStr;

use crate::{NameError, PaneId, RoleName};

/// A target of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// `human`.
    Human,
    /// `role` or `role:0`: a role of the caller's own team.
    Role(RoleName),
    /// `session:role`.
    SessionRole {
        /// The team's session.
        session: String,
        /// The role.
        role: RoleName,
    },
    /// `session:3` or `session:3.0`, with the window's index and the pane's.
    SessionIndex {
        /// The team's session; a leading `=` says that it is a session and no role.
        session: String,
        /// The window's index.
        window: u32,
        /// The pane's index in the window.
        pane: Option<u32>,
    },
    /// `session:role.1`.
    SessionRolePane {
        /// The team's session.
        session: String,
        /// The role whose window it is.
        role: RoleName,
        /// The pane's index in the window.
        pane: u32,
    },
    /// `%7`.
    Pane(PaneId),
}

/// A target that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Nothing was given.
    #[error("the target is empty")]
    Empty,
    /// Not one of the forms.
    #[error(
        "the target {0:?} has none of the forms role, role:0, session:role, session:index, session:window.pane and %pane"
    )]
    Form(String),
    /// The role in it is no usable name.
    #[error("the target {target:?} names no role")]
    Role {
        /// The target as written.
        target: String,
        /// What is wrong with the name.
        #[source]
        source: NameError,
    },
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let form = || TargetError::Form(text.chars().take(80).collect());
        if text.is_empty() {
            return Err(TargetError::Empty);
        }
        if text.starts_with('%') {
            return text.parse().map(Self::Pane).map_err(|_| form());
        }
        let role_of = |name: &str| {
            RoleName::parse(name).map_err(|source| TargetError::Role {
                target: text.chars().take(80).collect(),
                source,
            })
        };
        let Some((session, window)) = text.split_once(':') else {
            if text.eq_ignore_ascii_case("human") {
                return Ok(Self::Human);
            }
            return role_of(text).map(Self::Role);
        };
        if session.is_empty() || window.is_empty() || window.contains(':') {
            return Err(form());
        }
        let (window, pane) = match window.rsplit_once('.') {
            Some((window, pane)) => (window, Some(pane.parse::<u32>().map_err(|_| form())?)),
            None => (window, None),
        };
        // Sessions of torch's have names in lower case.
        let session = session.to_ascii_lowercase();
        let exact = session.strip_prefix('=');
        let session_name = exact.unwrap_or(&session).to_owned();
        if let Ok(index) = window.parse::<u32>() {
            return Ok(Self::SessionIndex {
                session,
                window: index,
                pane,
            });
        }
        let role = role_of(window)?;
        Ok(match pane {
            Some(pane) => Self::SessionRolePane {
                session: session_name,
                role,
                pane,
            },
            None => Self::SessionRole {
                session: session_name,
                role,
            },
        })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Human => f.write_str("human"),
            Self::Role(role) => write!(f, "{role}"),
            Self::SessionRole { session, role } => write!(f, "{session}:{role}"),
            Self::SessionIndex {
                session,
                window,
                pane: None,
            } => write!(f, "{session}:{window}"),
            Self::SessionIndex {
                session,
                window,
                pane: Some(pane),
            } => write!(f, "{session}:{window}.{pane}"),
            Self::SessionRolePane {
                session,
                role,
                pane,
            } => write!(f, "{session}:{role}.{pane}"),
            Self::Pane(pane) => write!(f, "{pane}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        for text in [
            "human",
            "developer",
            "app:developer",
            "app:2",
            "app:2.1",
            "app:developer.0",
            "%12",
            "=app:2",
        ] {
            let target: Target = text.parse().expect(text);
            assert_eq!(target.to_string(), text);
        }
    }

    #[test]
    fn names_are_read_in_any_case() {
        for (text, meant) in [
            ("HUMAN", "human"),
            ("PM", "project_manager"),
            ("QA", "tester"),
            ("TEMP-X", "temp-x"),
            ("dev:0", "dev:0"),
            ("PM:0", "pm:0"),
            ("App:Project-Manager", "app:project_manager"),
            ("App:2", "app:2"),
            ("=APP:2.1", "=app:2.1"),
            ("App:QA.1", "app:tester.1"),
        ] {
            let target: Target = text.parse().expect(text);
            assert_eq!(target.to_string(), meant);
        }
    }

    #[test]
    fn hostile_forms_are_refused() {
        for text in [
            "",
            ":",
            "a:",
            ":b",
            "a:b:c",
            "%",
            "%x",
            "a:b.c",
            "#(touch x)",
            "-t",
            "a b",
            "a:#(x)",
            "x\ny",
        ] {
            assert!(text.parse::<Target>().is_err(), "{text:?}");
        }
    }
}
