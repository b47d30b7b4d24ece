//! The steps of a turn: what a scenario may order, and what the built-in play orders besides.

use std::path::PathBuf;

use serde::Deserialize;

/// One thing done in a turn.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Step {
    /// Prints a line of the agent's own.
    Say(String),
    /// Is busy for a while.
    Work(Work),
    /// Runs a command with `sh -c` in the working directory and shows its output.
    Shell(Shell),
    /// Writes a file and commits it.
    Commit(Commit),
    /// Opens the permission dialog; the turn goes on once it is approved and ends if it is refused.
    AskPermission(Tool),
    /// Hits the usage limit, which is reset after a time.
    Limit(Limit),
    /// Ends the program, leaving the screen as it is.
    Crash(Ending),
    /// Leaves a draft in the composer.
    Draft(Draft),
    /// Sends a message with `scm`.
    Scm(Scm),
    /// Is not ended by these signals any more, named without `SIG`.
    Ignore(Vec<String>),
    /// Prints as fast as the terminal takes it.
    Flood(Work),
    /// Reacts to nothing any more.
    Hang,
    /// Hits the limit again that an earlier turn has hit.
    #[serde(skip)]
    StillLimited,
    /// Sends a message of the built-in play, again where that may help.
    #[serde(skip)]
    Send(Send),
    /// Reads what the play needs to know before it can react to a message.
    #[serde(skip)]
    Open(Open),
    /// Writes a file and commits nothing, as a team's policy may ask for.
    #[serde(skip)]
    Keep(Commit),
    /// Says in the team's plan that a task is done; without a plan, nothing.
    #[serde(skip)]
    TaskDone {
        /// The task's id.
        id: String,
        /// What was done.
        words: String,
    },
    /// Looks at a branch for the verification report.
    #[serde(skip)]
    Survey {
        /// The branch or commit.
        branch: String,
    },
    /// Checks that the items' files lie on a branch.
    #[serde(skip)]
    Check {
        /// The branch or commit.
        branch: String,
        /// How many items there should be.
        items: usize,
    },
    /// Reports the work complete with `torch complete`.
    #[serde(skip)]
    Complete(String),
}

/// Is busy.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Work {
    /// For so many milliseconds.
    pub ms: u64,
}

/// Runs a command.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Shell {
    /// The text for `sh -c`.
    pub command: String,
}

/// Writes and commits one file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Commit {
    /// The file, relative to the working directory.
    pub file: PathBuf,
    /// The commit's message.
    pub message: String,
    /// The file's content; the message where none is given.
    #[serde(default)]
    pub content: Option<String>,
}

/// What permission is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tool {
    /// The tool's name.
    pub tool: String,
    /// The command shown in the dialog.
    #[serde(default)]
    pub command: Option<String>,
}

/// Hits the limit.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limit {
    /// It is reset after so many seconds.
    pub seconds: u64,
    /// Whether the program then goes on by itself; else the turn is over.
    #[serde(default = "yes")]
    pub continues: bool,
}

fn yes() -> bool {
    true
}

/// How the program ends itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Ending {
    /// By a signal, named without `SIG`.
    Signal(String),
    /// With an exit status.
    Status(u8),
}

/// Leaves a draft.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Draft {
    /// The text.
    pub text: String,
}

/// Sends a message.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scm {
    /// The target, as `scm` takes it.
    pub to: String,
    /// The body.
    pub text: String,
}

/// A message of the built-in play. `{name}` in the body stands for what an earlier step of the turn found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Send {
    /// The role.
    pub to: String,
    /// The body.
    pub body: String,
    /// The same for every try, and for a message that came twice.
    pub key: String,
    /// Which try this is, from 1.
    pub attempt: u32,
}

/// What to read before reacting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Open {
    /// The prompt's message.
    pub message: crate::play::Message,
    /// The file that holds its body, where the prompt only points to it.
    pub body_file: Option<PathBuf>,
    /// Whether the team's plan is asked for as well: who hands out work needs it.
    pub plan: bool,
}
