//! The shape of each tool's arguments.

use serde_json::{Value, json};

use super::Call;

/// An argument's name and schema, and whether it must be given.
type Argument = (&'static str, Value, bool);

/// A text that is not empty.
fn text(words: &str) -> Value {
    json!({"type": "string", "minLength": 1, "description": words})
}

/// Texts that are not empty.
fn texts(words: &str) -> Value {
    json!({"type": "array", "items": {"type": "string", "minLength": 1}, "description": words})
}

impl Call {
    /// The arguments: name, schema, whether it must be given.
    pub(super) fn arguments(self) -> Vec<Argument> {
        match self {
            Self::Send => send(),
            Self::Ask => vec![(
                "text",
                text("The question, with what you would do without an answer."),
                true,
            )],
            Self::Ack => vec![("id", text("The message's id, e.g. `m-7k3f9q2a`."), true)],
            Self::Complete => vec![(
                "text",
                text("What was done, which commit, how it was checked."),
                true,
            )],
            Self::Commit => commit(),
            Self::Schedule => schedule(),
            Self::Status
            | Self::DepsList
            | Self::IntegrateStatus
            | Self::IntegrateResume
            | Self::IntegrateAbort => Vec::new(),
            Self::IntegrateStart => vec![(
                "feature",
                text(
                    "What the tag of the stable state is named after. Without it: the feature branch.",
                ),
                false,
            )],
            Self::IntegrateTests => integrate_tests(),
            Self::IntegrateReview => integrate_review(),
            Self::ReportStatus => report_status(),
            Self::ReportBlocked => vec![(
                "text",
                text("What holds you up, what you need, and from whom."),
                true,
            )],
            Self::ReportUnblocked => vec![("text", text("What helped."), true)],
            Self::TaskAssign => task_assign(),
            Self::TaskList => vec![(
                "unacked",
                json!({"type": "boolean", "description": "Only those that nobody has acknowledged."}),
                false,
            )],
            Self::StandupAnswer => vec![(
                "text",
                text("What is completed, what you do now, what blocks you."),
                true,
            )],
            Self::DepsSet => vec![
                ("role", text("The role that waits."), true),
                (
                    "on",
                    texts("The roles whose completion it waits for; an empty list: nobody's."),
                    true,
                ),
            ],
        }
    }
}

fn integrate_tests() -> Vec<Argument> {
    vec![
        (
            "passed",
            json!({"type": "boolean", "description": "Whether the whole suite passed on the integration branch."}),
            true,
        ),
        (
            "note",
            text("What failed, by name; or what was run."),
            false,
        ),
    ]
}

fn integrate_review() -> Vec<Argument> {
    vec![
        (
            "id",
            text("The integration's id, as in the message that asks for it, e.g. `i-7k3f9q2a`."),
            true,
        ),
        (
            "approve",
            json!({"type": "boolean", "description": "True lets it into the parent branch, false gives it up."}),
            true,
        ),
    ]
}

fn report_status() -> Vec<Argument> {
    vec![
        ("current", text("What you are doing now."), true),
        (
            "eta",
            text("When that will be done, in your words, e.g. `30m` or `unknown`."),
            true,
        ),
        (
            "completed",
            texts("What is done since your last status, with commits."),
            false,
        ),
        (
            "blocked",
            text("What holds you up, and from whom you need what. Left out: nothing does."),
            false,
        ),
        (
            "to",
            text("The role that is told. Without it: the orchestrator."),
            false,
        ),
    ]
}

fn task_assign() -> Vec<Argument> {
    let priority = json!({
        "type": "string",
        "enum": ["HIGH", "MED", "LOW"],
        "description": "How soon it is wanted. Without it: MED.",
    });
    vec![
        ("to", text("The role that gets the task."), true),
        (
            "id",
            text("What the task is called in reports: one word, e.g. `T-7`."),
            true,
        ),
        ("title", text("Its title, in one line."), true),
        ("objective", text("What is wanted."), true),
        (
            "criteria",
            json!({
                "type": "array",
                "minItems": 1,
                "items": {"type": "string", "minLength": 1},
                "description": "By what it is known to be done, at least one.",
            }),
            true,
        ),
        ("priority", priority, false),
    ]
}

fn send() -> Vec<Argument> {
    vec![
        (
            "to",
            text("A role of your team, e.g. `orchestrator`, `developer`, `tester`."),
            true,
        ),
        (
            "text",
            text("The message. Plain text or Markdown; long texts are fine."),
            true,
        ),
        (
            "key",
            text(
                "A name of your own for this message: a repeated call with the same key, target and text is the same message. \
                         Give one if you may have to repeat the call.",
            ),
            false,
        ),
        (
            "urgent",
            json!({"type": "boolean", "description":
                        "True only for what can't wait for the end of the recipient's turn: it is then handed into the running turn \
                         where the recipient's program can take it so."}),
            false,
        ),
    ]
}

fn commit() -> Vec<Argument> {
    vec![
        (
            "message",
            text("What changed, and why. The first line is the subject."),
            true,
        ),
        (
            "paths",
            json!({
                "type": "array",
                "items": {"type": "string", "minLength": 1},
                "description": "Files and folders, relative to your worktree. Without them all changes are committed.",
            }),
            false,
        ),
    ]
}

fn schedule() -> Vec<Argument> {
    vec![
        (
            "minutes",
            json!({
                "type": "number",
                "exclusiveMinimum": 0,
                "maximum": 527_040,
                "description": "How far ahead, in minutes; 0.5 is half a minute, 1440 a day.",
            }),
            true,
        ),
        ("note", text("What to look at then."), true),
        (
            "to",
            text("The role it is for. Without it: yourself."),
            false,
        ),
    ]
}
