//! Calls that make forms: reports, tasks, dependencies, the answer to a standup.

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use torch_api::rules::{RulesRequest, StatusReport};
use torch_api::wire::TeamSelector;
use torch_api::{Failure, Request};
use torch_core::RoleName;
use torch_core::form::{Priority, TaskForm};

use super::{TextArgs, read, send, unusable};
use crate::tools::Call;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatusReportArgs {
    current: String,
    eta: String,
    #[serde(default)]
    completed: Vec<String>,
    blocked: Option<String>,
    to: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AssignArgs {
    to: String,
    id: String,
    title: String,
    objective: String,
    criteria: Vec<String>,
    priority: Option<Priority>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TaskListArgs {
    #[serde(default)]
    unacked: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DepsSetArgs {
    role: String,
    on: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DepsListArgs {}

/// The request of a call that makes a form.
pub(super) fn request(call: Call, given: Value, cwd: &Path) -> Result<Request, Failure> {
    let team = || TeamSelector {
        name: None,
        cwd: cwd.to_owned(),
    };
    Ok(rules(match call {
        Call::ReportStatus => {
            let args: StatusReportArgs = read(call, given)?;
            RulesRequest::Status(StatusReport {
                completed: args.completed,
                current: args.current,
                blocked: args.blocked,
                eta: args.eta,
                to: args.to,
                cwd: cwd.to_owned(),
            })
        }
        Call::ReportBlocked | Call::ReportUnblocked => {
            let TextArgs { text } = read(call, given)?;
            if text.trim().is_empty() {
                return Err(unusable(call, "the text is empty"));
            }
            let word = match call {
                Call::ReportBlocked => "BLOCKED",
                _ => "UNBLOCKED",
            };
            let text = format!("{word}: {}", text.trim());
            return Ok(send(RoleName::HUB.to_owned(), text, (None, false), cwd));
        }
        Call::TaskAssign => {
            let args: AssignArgs = read(call, given)?;
            let form = TaskForm {
                id: args.id,
                title: args.title,
                assigned_to: args.to.clone(),
                objective: args.objective,
                criteria: args.criteria,
                priority: args.priority.unwrap_or(Priority::Med),
            };
            let text = form
                .written()
                .map_err(|error| unusable(call, &error.to_string()))?;
            return Ok(send(args.to, text, (None, false), cwd));
        }
        Call::TaskList => {
            let TaskListArgs { unacked } = read(call, given)?;
            RulesRequest::Assignments {
                team: None,
                unacked,
            }
        }
        Call::StandupAnswer => {
            let TextArgs { text } = read(call, given)?;
            return Ok(Request::AnswerStandup { text });
        }
        Call::DepsSet => {
            let DepsSetArgs { role, on } = read(call, given)?;
            let team = team();
            RulesRequest::SetDependencies { team, role, on }
        }
        _ => {
            let DepsListArgs {} = read(call, given)?;
            RulesRequest::Dependencies { team: team() }
        }
    }))
}

fn rules(request: RulesRequest) -> Request {
    Request::Rules(Box::new(request))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use torch_api::Body;
    use torch_api::wire::FailureKind;

    use super::*;

    fn made(call: Call, given: Value) -> Result<Request, Failure> {
        super::super::request(call, given, Path::new("/w"))
    }

    #[track_caller]
    fn sends(call: Call, given: Value, to: &str, text: &str) {
        let made = made(call, given);
        let Ok(Request::Send(send)) = made else {
            panic!("{made:?}");
        };
        assert_eq!(send.target, to);
        assert_eq!(send.body, Body::Text(text.to_owned()));
    }

    #[test]
    fn forms_become_the_requests_of_their_commands() {
        let given = json!({"current": "the parser", "eta": "30m", "completed": ["the lexer"], "blocked": "no key"});
        let Ok(Request::Rules(rules)) = made(Call::ReportStatus, given) else {
            panic!("a request");
        };
        let RulesRequest::Status(report) = *rules else {
            panic!("a status");
        };
        assert_eq!(report.completed, ["the lexer"]);
        assert_eq!(report.blocked.as_deref(), Some("no key"));
        assert_eq!((report.to, report.cwd), (None, "/w".into()));
        sends(
            Call::ReportBlocked,
            json!({"text": "no database\n"}),
            "orchestrator",
            "BLOCKED: no database",
        );
        sends(
            Call::ReportUnblocked,
            json!({"text": "it came"}),
            "orchestrator",
            "UNBLOCKED: it came",
        );
        sends(
            Call::TaskAssign,
            json!({"to": "developer", "id": "T-7", "title": "The parser", "objective": "read all", "criteria": ["a", "b"],
                "priority": "HIGH"}),
            "developer",
            "TASK T-7: The parser\nAssigned to: developer\nObjective: read all\nSuccess Criteria:\n- a\n- b\nPriority: HIGH",
        );
        let answer = made(Call::StandupAnswer, json!({"text": "now: x"})).ok();
        let text = "now: x".to_owned();
        assert_eq!(answer, Some(Request::AnswerStandup { text }));
        let list = made(Call::TaskList, json!({"unacked": true}));
        assert!(format!("{list:?}").contains("unacked: true"), "{list:?}");
        let deps = made(
            Call::DepsSet,
            json!({"role": "tester", "on": ["developer"]}),
        );
        assert!(format!("{deps:?}").contains("SetDependencies"), "{deps:?}");
        assert!(made(Call::DepsList, json!({})).is_ok());
    }

    #[test]
    fn a_form_that_is_none_is_refused() {
        let task = |id: &str, criteria: Value| json!({"to": "developer", "id": id, "title": "t", "objective": "o", "criteria": criteria});
        for (call, given, word) in [
            (
                Call::TaskAssign,
                task("T 7", json!(["a"])),
                "TASK ID: title",
            ),
            (Call::TaskAssign, task("T7", json!([])), "Success Criteria"),
            (Call::ReportBlocked, json!({"text": "  "}), "empty"),
        ] {
            let failure = made(call, given).expect_err("no form");
            assert_eq!(failure.kind, FailureKind::Usage);
            assert!(failure.causes[0].contains(word), "{failure:?}");
        }
    }
}
