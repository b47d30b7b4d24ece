//! How an open question is answered through the program's own interface, without a key.

use serde::{Deserialize, Serialize};

/// How a program's question is answered without a key: torch lays the answer into a folder of the launch (`{answers}`), and what
/// torch brought into the program (a plugin) takes it by renaming it, gives it through the program's own interface, and tells by a
/// hook what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerRules {
    /// JSON pointer to the program's own id of a question, in the hooks' records that mean `asking`. A question without one is
    /// answered by keys.
    pub question: String,
    /// JSON pointer to that id in the record which says that the question is not open any more.
    pub closed: String,
    /// What is laid ready to approve a question once, where `{json:question}` is its id in the program and `{json:answer}` its id in torch.
    pub approve: String,
    /// What is laid ready to deny it.
    pub deny: String,
    /// JSON pointer to the question's id in torch, in the record that says what became of an answer.
    pub answer: String,
    /// JSON pointer to what became of it in that record: an [`AnswerOutcome`].
    pub outcome: String,
    /// JSON pointer to why, in words.
    pub detail: String,
}

/// What became of an answer, in the plugin's own word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerOutcome {
    /// The program took it.
    Given,
    /// The program has no such question open.
    Gone,
    /// It could not be given: whether the program took it is not known.
    Failed,
}
