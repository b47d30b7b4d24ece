//! The tools: their names, and each as a client gets it.

mod arguments;
mod description;

use std::sync::Arc;

use rmcp::model::{Tool, ToolAnnotations};
use serde_json::Map;

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
    ReportStatus,
    ReportBlocked,
    ReportUnblocked,
    TaskAssign,
    TaskList,
    StandupAnswer,
    DepsSet,
    DepsList,
    IntegrateStart,
    IntegrateStatus,
    IntegrateTests,
    IntegrateReview,
    IntegrateResume,
    IntegrateAbort,
}

impl Call {
    /// In the order in which they are listed.
    pub(crate) const ALL: [Self; 21] = [
        Self::Send,
        Self::Ask,
        Self::Ack,
        Self::Complete,
        Self::Commit,
        Self::Schedule,
        Self::Status,
        Self::ReportStatus,
        Self::ReportBlocked,
        Self::ReportUnblocked,
        Self::TaskAssign,
        Self::TaskList,
        Self::StandupAnswer,
        Self::DepsSet,
        Self::DepsList,
        Self::IntegrateStart,
        Self::IntegrateStatus,
        Self::IntegrateTests,
        Self::IntegrateReview,
        Self::IntegrateResume,
        Self::IntegrateAbort,
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
            Self::ReportStatus => "report_status",
            Self::ReportBlocked => "report_blocked",
            Self::ReportUnblocked => "report_unblocked",
            Self::TaskAssign => "task_assign",
            Self::TaskList => "task_list",
            Self::StandupAnswer => "standup_answer",
            Self::DepsSet => "deps_set",
            Self::DepsList => "deps_list",
            Self::IntegrateStart => "integrate_start",
            Self::IntegrateStatus => "integrate_status",
            Self::IntegrateTests => "integrate_tests",
            Self::IntegrateReview => "integrate_review",
            Self::IntegrateResume => "integrate_resume",
            Self::IntegrateAbort => "integrate_abort",
        }
    }

    /// What it takes, in words: `the tool send takes to, text, key (if wanted)`.
    pub(crate) fn takes(self) -> String {
        let names = self
            .arguments()
            .into_iter()
            .map(|(name, _, must)| match must {
                true => name.to_owned(),
                false => format!("{name} (if wanted)"),
            });
        match names.collect::<Vec<_>>() {
            none if none.is_empty() => format!("the tool `{}` takes no arguments", self.name()),
            names => format!("the tool `{}` takes {}", self.name(), names.join(", ")),
        }
    }

    /// The tool of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|call| call.name() == name)
    }
}

/// The names of all tools, in the order in which they are listed.
pub fn names() -> impl Iterator<Item = &'static str> {
    Call::ALL.into_iter().map(Call::name)
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
    let reads = matches!(
        call,
        Call::Status | Call::TaskList | Call::DepsList | Call::IntegrateStatus
    );
    let repeats = matches!(
        call,
        Call::Ack | Call::Commit | Call::DepsSet | Call::IntegrateStart
    );
    let annotations = ToolAnnotations::new()
        .read_only(reads)
        .destructive(false)
        .idempotent(reads || repeats)
        .open_world(false);
    Tool::new(call.name(), call.description(), Arc::new(schema)).with_annotations(annotations)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

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
