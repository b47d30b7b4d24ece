//! What the fake model answers: speech with tool calls, a failure, or nothing at all.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An answer, independent of the API in which it is given.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// The model speaks, thinks, calls tools.
    Speech(Speech),
    /// An HTTP error.
    Failure(Failure),
    /// The request is accepted and never answered.
    Hang,
}

impl Answer {
    /// A text at once.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Speech(Speech::text(text))
    }

    /// One or several tool calls in one answer.
    pub fn calls(calls: impl IntoIterator<Item = ToolCall>) -> Self {
        Self::Speech(Speech {
            calls: calls.into_iter().collect(),
            ..Speech::default()
        })
    }
}

impl From<Speech> for Answer {
    fn from(speech: Speech) -> Self {
        Self::Speech(speech)
    }
}

/// What a model says in one turn, and how fast.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Speech {
    /// Its thinking, piece by piece.
    pub thinking: Vec<String>,
    /// Its text, piece by piece; nothing where it only calls tools.
    pub text: Vec<String>,
    /// The tools it calls, after the text.
    pub calls: Vec<ToolCall>,
    /// Why it stops; an answer with calls always stops for them.
    pub stop: Stop,
    /// The input tokens that the answer reports; otherwise a quarter of the request's bytes.
    pub input_tokens: Option<u64>,
    /// How much of the account's allowance is used, as the answer's headers say.
    pub quota: Option<Quota>,
    /// How long nothing comes after the headers.
    pub wait: Duration,
    /// The pause before each piece of thinking and text.
    pub pace: Duration,
    /// Whether the request is parked until [`crate::model::FakeModel::release`], before any header.
    pub gated: bool,
    /// Whether the connection is cut before the end.
    pub cut: bool,
}

impl Speech {
    /// A text at once.
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            text: vec![text.into()],
            ..Self::default()
        }
    }

    /// The same with tool calls after the text.
    #[must_use]
    pub fn then(mut self, calls: impl IntoIterator<Item = ToolCall>) -> Self {
        self.calls.extend(calls);
        self
    }

    /// The same with the text in words, spread evenly over `duration`.
    #[must_use]
    pub fn over(mut self, duration: Duration) -> Self {
        let text = self.text.concat();
        self.text = text.split_inclusive(' ').map(str::to_owned).collect();
        let pieces = self.text.len() + self.thinking.len();
        self.pace = duration / u32::try_from(pieces.max(1)).unwrap_or(u32::MAX);
        self
    }
}

/// One call of a tool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The tool's name, as the program offers it.
    pub name: String,
    /// Its input: an object, or a text for a custom tool of OpenAI's Responses (`apply_patch`).
    pub input: Value,
}

impl ToolCall {
    /// A call by name.
    pub fn new(name: impl Into<String>, input: Value) -> Self {
        Self {
            name: name.into(),
            input,
        }
    }
}

/// Why a model stops.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Stop {
    /// It is done.
    #[default]
    Done,
    /// It declines.
    Refusal,
    /// Its output limit is reached.
    Length,
}

/// The allowance that a limit or a warning speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// Five hours (`5h`); elsewhere called a session.
    FiveHours,
    /// A week (`7d`).
    Week,
    /// A week of Opus (`opus`).
    Opus,
    /// A week of Sonnet (`sonnet`).
    Sonnet,
    /// Five hours, in an organization that has switched further usage off (`org`).
    Organization,
}

impl Window {
    /// Its word in a scenario.
    pub fn word(self) -> &'static str {
        match self {
            Self::FiveHours => "5h",
            Self::Week => "7d",
            Self::Opus => "opus",
            Self::Sonnet => "sonnet",
            Self::Organization => "org",
        }
    }

    /// The window of a scenario's word.
    pub fn named(word: &str) -> Option<Self> {
        let all = [
            Self::FiveHours,
            Self::Week,
            Self::Opus,
            Self::Sonnet,
            Self::Organization,
        ];
        all.into_iter().find(|window| window.word() == word)
    }

    /// Whether it lasts hours, not days.
    pub fn is_short(self) -> bool {
        matches!(self, Self::FiveHours | Self::Organization)
    }
}

/// How much of an allowance is used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quota {
    /// Which allowance.
    pub window: Window,
    /// The used part, 0 to 1.
    pub used: f64,
    /// When it is given anew, from now.
    pub resets_in: Duration,
}

/// An HTTP error; each API words it in its own way.
#[derive(Debug, Clone, PartialEq)]
pub enum Failure {
    /// A usage limit is reached: 429, with all that the API says of it.
    Limit(Quota),
    /// Too many requests: 429 that passes by itself.
    TooManyRequests {
        /// When to try again.
        retry_after: Duration,
    },
    /// The service is overloaded: 529, or 503 where the API knows no 529.
    Overloaded,
    /// The key is wrong: 401.
    Unauthorized,
    /// The account has no credit left.
    NoCredit,
    /// The conversation is longer than the model takes.
    TooLong,
    /// Any status with any message.
    Status {
        /// The status.
        code: u16,
        /// The message.
        message: String,
    },
    /// 429 with exactly this body.
    Raw429(Value),
}
