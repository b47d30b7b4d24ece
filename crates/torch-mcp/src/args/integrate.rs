//! Calls about integrations.

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use torch_api::git::GitRequest;
use torch_api::integrate::{IntegrateOrder, IntegrateRequest};
use torch_api::wire::TeamSelector;
use torch_api::{Failure, Request};

use super::{read, unusable};
use crate::tools::Call;

/// What an integration's id begins with; ids of programs' questions begin otherwise, and are a person's to answer.
const BEGIN: &str = "i-";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StartArgs {
    feature: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TestsArgs {
    passed: bool,
    #[serde(default)]
    note: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReviewArgs {
    id: String,
    approve: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoArgs {}

/// The request of a call about an integration of the team that works in `cwd`. None of them waits for its end, and none names a
/// command, which only a person may.
pub(super) fn request(call: Call, given: Value, cwd: &Path) -> Result<Request, Failure> {
    let order = match call {
        Call::IntegrateStart => {
            let StartArgs { feature } = read(call, given)?;
            IntegrateOrder::Begin {
                until: None,
                no_pull_request: false,
                test: None,
                metrics: None,
                feature,
                wait: false,
            }
        }
        Call::IntegrateTests => {
            let TestsArgs { passed, note } = read(call, given)?;
            IntegrateOrder::Tests { passed, note }
        }
        Call::IntegrateReview => {
            let ReviewArgs { id, approve } = read(call, given)?;
            let id = id.trim().to_ascii_lowercase();
            if !id.starts_with(BEGIN) {
                let cause = format!("{id:?} is no integration's id, which begins with `{BEGIN}`");
                return Err(unusable(call, &cause));
            }
            return Ok(Request::AnswerQuestion { id, approve });
        }
        Call::IntegrateResume => {
            let NoArgs {} = read(call, given)?;
            IntegrateOrder::Resume {
                until: None,
                test: None,
                metrics: None,
                wait: false,
            }
        }
        Call::IntegrateAbort => {
            let NoArgs {} = read(call, given)?;
            IntegrateOrder::Abort { wait: false }
        }
        _ => {
            let NoArgs {} = read(call, given)?;
            IntegrateOrder::List
        }
    };
    let team = TeamSelector {
        name: None,
        cwd: cwd.to_owned(),
    };
    let request = IntegrateRequest { team, order };
    Ok(Request::Git(GitRequest::Integrate(Box::new(request))))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use torch_api::wire::FailureKind;

    use super::*;

    fn made(call: Call, given: Value) -> Result<Request, Failure> {
        super::super::request(call, given, Path::new("/w"))
    }

    #[track_caller]
    fn orders(call: Call, given: Value) -> IntegrateOrder {
        let made = made(call, given);
        let Ok(Request::Git(GitRequest::Integrate(request))) = made else {
            panic!("{made:?}");
        };
        assert_eq!((request.team.name, request.team.cwd), (None, "/w".into()));
        request.order
    }

    #[test]
    fn calls_become_the_requests_of_their_commands() {
        let begun = orders(Call::IntegrateStart, json!({"feature": "login"}));
        let IntegrateOrder::Begin {
            test: None,
            wait: false,
            feature: Some(feature),
            ..
        } = begun
        else {
            panic!("{begun:?}");
        };
        assert_eq!(feature, "login");
        let failed = orders(
            Call::IntegrateTests,
            json!({"passed": false, "note": "two of the parser"}),
        );
        let expect = IntegrateOrder::Tests {
            passed: false,
            note: "two of the parser".to_owned(),
        };
        assert_eq!(failed, expect);
        assert_eq!(
            orders(Call::IntegrateStatus, json!({})),
            IntegrateOrder::List
        );
        assert_eq!(
            orders(Call::IntegrateAbort, json!({})),
            IntegrateOrder::Abort { wait: false }
        );
        assert!(matches!(
            orders(Call::IntegrateResume, json!({})),
            IntegrateOrder::Resume {
                test: None,
                wait: false,
                ..
            }
        ));
        let review = made(
            Call::IntegrateReview,
            json!({"id": " I-7K3F9Q2A", "approve": true}),
        );
        let id = "i-7k3f9q2a".to_owned();
        assert_eq!(review, Ok(Request::AnswerQuestion { id, approve: true }));
    }

    #[test]
    fn a_programs_question_is_not_answered_and_no_command_is_named() {
        for (call, given, word) in [
            (
                Call::IntegrateReview,
                json!({"id": "q-7k3f9q2a", "approve": true}),
                "no integration's id",
            ),
            (
                Call::IntegrateReview,
                json!({"id": "i-7k3f9q2a"}),
                "approve",
            ),
            (Call::IntegrateStart, json!({"test": "make"}), "test"),
            (Call::IntegrateResume, json!({"test": "make"}), "test"),
        ] {
            let failure = made(call, given).expect_err("no request");
            assert_eq!(failure.kind, FailureKind::Usage);
            assert!(failure.causes[0].contains(word), "{failure:?}");
        }
    }
}
