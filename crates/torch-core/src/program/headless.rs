//! How a program is asked one question without a terminal.

use serde::{Deserialize, Serialize};

/// One call that answers on standard output and ends. The question comes on standard input, the directory is empty, and the
/// arguments must leave the program no tool to use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadlessRules {
    /// The program and its arguments; `{program}` is the program's path.
    pub argv: Vec<String>,
    /// A JSON pointer to the answer in what it prints: `/result`. Empty: all of it is the answer.
    #[serde(default)]
    pub answer: String,
    /// How long it may take, in seconds.
    #[serde(default = "patience")]
    pub seconds: u64,
}

/// Long enough for a model to think about a long spec.
fn patience() -> u64 {
    300
}
