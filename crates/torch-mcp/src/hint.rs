//! Hints of the daemon, which are commands, as what a model can do that has only the tools.

use crate::tools::Call;

/// The commands that a tool stands for, the longer ones first.
const TOOLS: [(&str, Call); 22] = [
    ("torch integrate --list", Call::IntegrateStatus),
    ("torch integrate --tests", Call::IntegrateTests),
    ("torch integrate --resume", Call::IntegrateResume),
    ("torch integrate --abort", Call::IntegrateAbort),
    ("torch integrate", Call::IntegrateStart),
    ("torch approve i-", Call::IntegrateReview),
    ("torch deny i-", Call::IntegrateReview),
    ("torch report status", Call::ReportStatus),
    ("torch report blocked", Call::ReportBlocked),
    ("torch report unblocked", Call::ReportUnblocked),
    ("torch task assign", Call::TaskAssign),
    ("torch task list", Call::TaskList),
    ("torch standup answer", Call::StandupAnswer),
    ("torch deps set", Call::DepsSet),
    ("torch deps list", Call::DepsList),
    ("torch complete", Call::Complete),
    ("torch commit", Call::Commit),
    ("torch status", Call::Status),
    ("torch ack", Call::Ack),
    ("scm human", Call::Ask),
    ("torch schedule", Call::Schedule),
    ("scm", Call::Send),
];

/// What no tool does, though its command begins like one that a tool does.
const NOT: [&str; 6] = [
    "torch integrate --dry-run",
    "torch integrate --resume --test",
    "torch schedule list",
    "torch schedule cancel",
    "torch schedule --",
    "scm --",
];

/// A hint in terms of the tools; of what none of them does it is said that it takes a shell.
pub(crate) fn for_tools(hint: &str) -> String {
    let command = hint.trim();
    let is = |begin: &str| {
        command
            .strip_prefix(begin)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(' ') || begin.ends_with('-'))
    };
    let is_command = is("torch") || is("scm");
    let tool = TOOLS.into_iter().find(|(begin, _)| is(begin));
    match tool.filter(|_| !NOT.iter().any(|begin| is(begin))) {
        Some((_, Call::Send)) => {
            let to = command.split_whitespace().nth(1).unwrap_or("orchestrator");
            format!("call the tool `send` with to={to:?}")
        }
        Some((_, call)) => format!("call the tool `{}`", call.name()),
        None if is_command => {
            format!("no tool does this; a person, or a shell that reaches torch, can: {command}")
        }
        None => hint.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_becomes_its_tool() {
        for (hint, expect) in [
            ("torch status", "call the tool `status`"),
            (
                "torch complete \"what was done\"",
                "call the tool `complete`",
            ),
            (
                "scm orchestrator --stdin <<'EOF'\nwhat you need, and why\nEOF",
                "call the tool `send` with to=\"orchestrator\"",
            ),
            ("scm human \"may I?\"", "call the tool `ask`"),
            (
                "torch report status --current x",
                "call the tool `report_status`",
            ),
            ("torch schedule 30 \"look\"", "call the tool `schedule`"),
            (
                "torch schedule list",
                "no tool does this; a person, or a shell that reaches torch, can: torch schedule list",
            ),
            (
                "torch integrate --no-wait",
                "call the tool `integrate_start`",
            ),
            ("torch integrate --list", "call the tool `integrate_status`"),
            (
                "torch approve i-7k3f9q2a",
                "call the tool `integrate_review`",
            ),
            (
                "torch approve q-7k3f9q2a",
                "no tool does this; a person, or a shell that reaches torch, can: torch approve q-7k3f9q2a",
            ),
            (
                "torch statusline",
                "no tool does this; a person, or a shell that reaches torch, can: torch statusline",
            ),
            (
                "the tool `send` takes to, text",
                "the tool `send` takes to, text",
            ),
            ("ls *.md", "ls *.md"),
        ] {
            assert_eq!(for_tools(hint), expect, "{hint}");
        }
    }

    #[test]
    fn every_tool_has_its_command() {
        for call in Call::ALL {
            assert!(
                TOOLS.iter().any(|(_, known)| *known == call),
                "{}",
                call.name()
            );
        }
    }
}
