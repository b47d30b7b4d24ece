//! A call's arguments, as the request that they ask for.

mod form;
mod integrate;

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use torch_api::wire::{FailureKind, ScheduleRequest, SendRequest, TeamSelector};
use torch_api::{Body, CommitRequest, Failure, Request};

use crate::tools::Call;

/// The target that is the person.
const PERSON: &str = "human";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SendArgs {
    to: String,
    text: String,
    key: Option<String>,
    #[serde(default)]
    urgent: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TextArgs {
    text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AckArgs {
    id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CommitArgs {
    message: String,
    #[serde(default)]
    paths: Vec<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScheduleArgs {
    minutes: f64,
    note: String,
    to: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatusArgs {}

/// The request that a call asks for; what the daemon judges is left to it.
pub(crate) fn request(call: Call, given: Value, cwd: &Path) -> Result<Request, Failure> {
    Ok(match call {
        Call::Send => {
            let args: SendArgs = read(call, given)?;
            send(args.to, args.text, (args.key, args.urgent), cwd)
        }
        Call::Ask => {
            let args: TextArgs = read(call, given)?;
            send(PERSON.to_owned(), args.text, (None, false), cwd)
        }
        Call::Ack => {
            let AckArgs { id } = read(call, given)?;
            Request::Ack { id }
        }
        Call::Complete => {
            let TextArgs { text } = read(call, given)?;
            Request::Complete { text }
        }
        Call::Commit => {
            let CommitArgs { message, paths } = read(call, given)?;
            Request::Commit(Box::new(CommitRequest {
                team: TeamSelector {
                    name: None,
                    cwd: cwd.to_owned(),
                },
                role: None,
                message,
                paths,
            }))
        }
        Call::Schedule => {
            let args: ScheduleArgs = read(call, given)?;
            Request::Schedule(Box::new(ScheduleRequest {
                after_millis: millis(args.minutes),
                note: Body::Text(args.note),
                target: args.to,
                cwd: cwd.to_owned(),
                check_millis: None,
                cron: None,
                zone: None,
            }))
        }
        Call::Status => {
            let StatusArgs {} = read(call, given)?;
            Request::Status { team: None }
        }
        Call::ReportStatus
        | Call::ReportBlocked
        | Call::ReportUnblocked
        | Call::TaskAssign
        | Call::TaskList
        | Call::StandupAnswer
        | Call::DepsSet
        | Call::DepsList => form::request(call, given, cwd)?,
        Call::IntegrateStart
        | Call::IntegrateStatus
        | Call::IntegrateTests
        | Call::IntegrateReview
        | Call::IntegrateResume
        | Call::IntegrateAbort => integrate::request(call, given, cwd)?,
    })
}

fn send(
    target: String,
    text: String,
    (key, urgent): (Option<String>, bool),
    cwd: &Path,
) -> Request {
    Request::Send(Box::new(SendRequest {
        target,
        body: Body::Text(text),
        key,
        inline: false,
        urgent,
        ttl_seconds: None,
        wait: None,
        wait_millis: 0,
        cwd: cwd.to_owned(),
        pane_hint: None,
    }))
}

/// Minutes in milliseconds; what is no length of time is none, and the daemon says what it takes.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float becomes the nearest integer that there is"
)]
fn millis(minutes: f64) -> u64 {
    (minutes * 60_000.0).round() as u64
}

fn read<T: DeserializeOwned>(call: Call, given: Value) -> Result<T, Failure> {
    serde_json::from_value(given).map_err(|error| unusable(call, &error.to_string()))
}

/// Arguments that make no request, and why.
fn unusable(call: Call, cause: &str) -> Failure {
    Failure {
        kind: FailureKind::Usage,
        error: format!("the arguments of `{}` can't be used", call.name()),
        causes: vec![cause.to_owned()],
        hint: Some(call.takes()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn made(call: Call, given: Value) -> Result<Request, Failure> {
        request(call, given, Path::new("/w"))
    }

    #[test]
    fn arguments_become_requests() {
        let asked = made(Call::Ask, json!({"text": "may I?"})).expect("a request");
        assert!(matches!(asked, Request::Send(send) if send.target == "human"));
        let note = json!({"minutes": 0.5, "note": "look"});
        let planned = made(Call::Schedule, note).expect("a request");
        assert!(
            matches!(planned, Request::Schedule(plan) if plan.after_millis == 30_000 && plan.target.is_none())
        );
        let commit = made(Call::Commit, json!({"message": "m", "paths": ["a"]}));
        assert!(matches!(commit, Ok(Request::Commit(commit)) if commit.paths == [Path::new("a")]));
    }

    #[test]
    fn what_can_be_no_request_is_said() {
        for (call, given, word) in [
            (Call::Send, json!({"to": "x"}), "text"),
            (
                Call::Send,
                json!({"to": "x", "text": "y", "from": "z"}),
                "from",
            ),
            (Call::Commit, json!({"message": 5}), "string"),
            (Call::Status, json!({"team": "x"}), "team"),
            (Call::ReportStatus, json!({"current": "x"}), "eta"),
            (Call::ReportBlocked, json!({"why": "x"}), "why"),
            (Call::DepsSet, json!({"role": "x", "on": "y"}), "sequence"),
        ] {
            let failure = made(call, given).expect_err("no request");
            assert_eq!(failure.kind, FailureKind::Usage);
            assert!(failure.causes[0].contains(word), "{failure:?}");
            let hint = failure.hint.as_deref().unwrap_or_default();
            let begin = format!("the tool `{}` takes ", call.name());
            assert!(hint.starts_with(&begin), "{hint}");
        }
    }
}
