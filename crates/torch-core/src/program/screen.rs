//! What a program's screens look like, and how a pasted message is submitted.

use serde::{Deserialize, Serialize};

/// What a program's screens look like: regular expressions over lines of plain text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScreenRules {
    /// A line that frames the composer; the composer lies between the last two of them.
    pub frame: String,
    /// The prompt before the composer's first line; what it matches is not part of the text.
    pub prompt: String,
    /// The indentation of the composer's further lines.
    pub continuation: String,
    /// Any of these in the last lines: a turn is under way.
    pub busy: Vec<String>,
    /// Any of these in the last lines: a dialog is open.
    pub asking: Vec<String>,
    /// Any of these in the last lines: a usage limit holds it.
    pub limited: Vec<String>,
    /// How many of the last non-empty lines `busy`, `asking` and `limited` are looked for in.
    pub tail_lines: usize,
}

/// How a pasted message is submitted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubmitRules {
    /// Milliseconds between the paste and the Enter that the program needs.
    pub settle_ms: u64,
    /// The tmux name of the key that submits.
    pub key: String,
    /// The longest text that its composer shows whole, in characters, tags included; a longer one goes into a file
    /// even with `--inline`, since what can't be seen can't be verified.
    pub shown_chars: usize,
    /// The most lines that its composer shows whole.
    pub shown_lines: usize,
}
