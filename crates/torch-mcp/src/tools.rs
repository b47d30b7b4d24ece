//! The tools: their names, what a model is told of each, and the shape of their arguments.

use std::sync::Arc;

use rmcp::model::{Tool, ToolAnnotations};
use serde_json::{Map, Value, json};

/// One of the tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    Send,
    Ask,
    Ack,
    Complete,
    Commit,
    Schedule,
    Status,
}

impl Call {
    /// In the order in which they are listed.
    pub(crate) const ALL: [Self; 7] = [
        Self::Send,
        Self::Ask,
        Self::Ack,
        Self::Complete,
        Self::Commit,
        Self::Schedule,
        Self::Status,
    ];

    /// The name that the client calls it by.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Ask => "ask",
            Self::Ack => "ack",
            Self::Complete => "complete",
            Self::Commit => "commit",
            Self::Schedule => "schedule",
            Self::Status => "status",
        }
    }

    /// The tool of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|call| call.name() == name)
    }

    fn description(self) -> &'static str {
        match self {
            Self::Send => {
                "Send a message to another agent of your team. It is stored at once, checked against the team's rules, and typed into \
                 the recipient's program as soon as that is ready; you need not wait. Roles other than the orchestrator and the \
                 project manager usually write to the orchestrator; the answer says if your message was re-routed. One topic per \
                 message: what you need, from whom, by when. Send nothing that only says thanks."
            }
            Self::Ask => {
                "Ask the person who runs this team a question, or report what only a person can decide. It lies in their inbox; the call \
                 returns at once with the message's id. An answer comes later as a message to you: go on with other work meanwhile."
            }
            Self::Ack => {
                "Confirm that you have acted on a message that you received, by the id in its tag (m-7k3f9q2a). Only this proves to its \
                 sender that it was acted on."
            }
            Self::Complete => {
                "Report that your task is finished: what was done, which commit, how it was checked, with figures and names. Begin with \
                 the id of the plan's task, where you have one (`T3 done: …`): that ends this task. Without an id, from the orchestrator, \
                 it ends the whole spec, so call it there once, when every item is met and integrated."
            }
            Self::Commit => {
                "Commit the changes in your worktree on your own branch, with your role as the author. For where `git commit` does not \
                 work in your sandbox. All changes but ignored files, or only the given paths. The repository's hooks run. Refused: \
                 nothing to commit, conflicts, a merge or rebase under way, another branch than yours."
            }
            Self::Schedule => {
                "Plan a note to yourself for later: it comes back to you as a message after that many minutes, whatever happens to the \
                 machine meanwhile. The orchestrator and the project manager may plan notes for others."
            }
            Self::Status => {
                "Show your team: each agent's role, what it is doing, and how many messages wait for it. Costs nothing and changes nothing."
            }
        }
    }

    /// The arguments: name, schema, whether it must be given.
    fn arguments(self) -> Vec<(&'static str, Value, bool)> {
        let text = |words: &str| json!({"type": "string", "minLength": 1, "description": words});
        match self {
            Self::Send => vec![
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
            ],
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
            Self::Commit => vec![
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
            ],
            Self::Schedule => vec![
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
            ],
            Self::Status => Vec::new(),
        }
    }
}

/// All tools.
pub(crate) fn all() -> Vec<Tool> {
    Call::ALL.into_iter().map(tool).collect()
}

/// One tool as the client gets it.
pub(crate) fn tool(call: Call) -> Tool {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (name, schema, must) in call.arguments() {
        properties.insert(name.to_owned(), schema);
        if must {
            required.push(name);
        }
    }
    let mut schema = Map::new();
    schema.insert("type".to_owned(), "object".into());
    schema.insert("properties".to_owned(), properties.into());
    schema.insert("required".to_owned(), required.into());
    schema.insert("additionalProperties".to_owned(), false.into());
    let annotations = ToolAnnotations::new()
        .read_only(call == Call::Status)
        .destructive(false)
        .idempotent(matches!(call, Call::Status | Call::Ack | Call::Commit))
        .open_world(false);
    Tool::new(call.name(), call.description(), Arc::new(schema)).with_annotations(annotations)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_says_what_it_takes() {
        for tool in all() {
            let schema = Value::Object(tool.input_schema.as_ref().clone());
            assert_eq!(schema["additionalProperties"], false, "{}", tool.name);
            let properties = schema["properties"].as_object().expect("properties");
            for (name, property) in properties {
                let words = property["description"].as_str().unwrap_or_default();
                assert!(words.ends_with('.'), "{}.{name}: {words}", tool.name);
            }
            for name in schema["required"].as_array().expect("a list") {
                let name = name.as_str().expect("a name");
                assert!(properties.contains_key(name), "{}.{name}", tool.name);
            }
            let told = tool.description.expect("a description");
            assert!(told.len() > 80, "{}: {told}", tool.name);
        }
        assert_eq!(Call::named("send"), Some(Call::Send));
        assert_eq!(Call::named("Send"), None);
    }
}
