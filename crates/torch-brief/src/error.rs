//! Why a file is no role, and why a briefing can't be rendered.

use crate::engine::TextError;

/// Why a file is no role. [`RoleError::line`] has the line, from 1.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RoleError {
    /// It is no TOML, or has other keys than a role.
    #[error("failed to read it as a role")]
    Syntax {
        /// The line.
        line: usize,
        /// What is wrong.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// A key that has to be there is not, or is empty.
    #[error("it has no `{key}`; {wants}")]
    Missing {
        /// The key.
        key: &'static str,
        /// What belongs there.
        wants: &'static str,
    },
    /// A value that its key does not take.
    #[error("`{key}` is {value:?}; {wants}")]
    Value {
        /// The line.
        line: usize,
        /// The key.
        key: &'static str,
        /// The value, cut.
        value: String,
        /// What it takes.
        wants: String,
    },
    /// A line of text that is no template, or has a variable that torch does not know.
    #[error("a text under `{key}` can't be rendered")]
    Text {
        /// The line.
        line: usize,
        /// The key.
        key: &'static str,
        /// What is wrong.
        #[source]
        source: TextError,
    },
    /// More text than an agent should have to read.
    #[error("it has {words} words; an agent reads all of them, so at most {max}")]
    TooLong {
        /// How many.
        words: usize,
        /// How many there may be.
        max: usize,
    },
}

impl RoleError {
    /// The line in the file, from 1; 1 where the whole is meant.
    pub fn line(&self) -> usize {
        match self {
            Self::Syntax { line, .. } | Self::Value { line, .. } | Self::Text { line, .. } => *line,
            Self::Missing { .. } | Self::TooLong { .. } => 1,
        }
    }
}

/// Why a briefing can't be rendered: a shipped text or a role's line has something that its check let pass.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("failed to render {place} of the briefing for {role}")]
pub struct RenderError {
    /// Whose briefing.
    pub role: String,
    /// The role's key, or `the text`.
    pub place: &'static str,
    /// What is wrong.
    #[source]
    pub source: TextError,
}
