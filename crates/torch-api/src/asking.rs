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
    /// Since when it is open.
    pub at: Timestamp,
}
