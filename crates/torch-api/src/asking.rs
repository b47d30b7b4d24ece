//! Open questions of agents' programs, as `torch pending` shows them.

use serde::{Deserialize, Serialize};
use torch_core::Timestamp;
use torch_core::screen::DialogKind;

/// One open question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuestionView {
    /// Its id, as in `torch approve ID`.
    pub id: String,
    /// The team.
    pub team: String,
    /// The role that asks.
    pub role: String,
    /// Its program.
    pub program: String,
    /// What it is about.
    pub kind: DialogKind,
    /// What it asks.
    pub text: String,
    /// What the dialog shows above its rows, where it was seen.
    pub dialog: Option<String>,
    /// The dialog's rows, where they were seen.
    pub rows: Vec<String>,
    /// The row that approves it once, from 0; without one `torch approve` can't.
    pub approve: Option<usize>,
    /// The row that denies it, from 0.
    pub deny: Option<usize>,
    /// How `torch approve` and `torch deny` answer it.
    pub channel: AnswerChannel,
    /// Since when it is open.
    pub at: Timestamp,
}

/// How an answer goes to a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerChannel {
    /// By keys in its window, under the guard of every key.
    Keys,
    /// Through the program's own interface, by the plugin that torch launched it with; by keys where the plugin does not take it.
    Program,
    /// By torch, which asks itself: nothing is typed anywhere.
    Torch,
}
