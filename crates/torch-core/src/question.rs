//! A question that an agent's program has open: a permission, a trust dialog, a question of the model.

use serde::{Deserialize, Serialize};

use crate::screen::DialogKind;
use crate::{LaunchId, Timestamp};

/// An open question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Its id, as in `torch approve ID`: `q-` and six characters.
    pub id: String,
    /// What it is about.
    pub kind: DialogKind,
    /// What it asks, in words.
    pub text: String,
    /// What the dialog on the screen shows above its rows, once it was seen.
    #[serde(default)]
    pub dialog: Option<String>,
    /// Its rows, once they were seen.
    #[serde(default)]
    pub rows: Vec<String>,
    /// The row that approves it once.
    #[serde(default)]
    pub approve: Option<usize>,
    /// The row that denies it.
    #[serde(default)]
    pub deny: Option<usize>,
    /// The program's own id of it, where it can be answered without a key.
    #[serde(default)]
    pub asked: Option<String>,
    /// Since when it is open.
    pub at: Timestamp,
}

/// The name of a launch's folder of answers, beside its spool.
pub fn answers_folder(launch: LaunchId) -> String {
    format!("answers-{launch}")
}

/// The name of an answer's file while it lies ready for the program.
pub fn ready_answer(question: &str) -> String {
    format!("{question}.ready")
}

/// Its name once it was taken.
pub fn taken_answer(question: &str) -> String {
    format!("{question}.taken")
}
