//! `torch schedule --check`: a test note that must come up and arrive.

use std::time::Duration;

use serde_json::json;
use torch_api::view::{MessageView, ScheduleView};
use torch_api::{Body, Response};
use torch_core::DeliveryState;

use super::super::JsonArgs;
use super::request;
use crate::connect;
use crate::error::{CommandError, ErrorKind, Outcome};
use crate::exit;
use crate::output;
use crate::place::Place;
use crate::render::schedule;

/// How far ahead the test note is planned.
const AHEAD: Duration = Duration::from_secs(1);
/// What it says.
const NOTE: &str =
    "this is a test by torch schedule --check; it arrived, and there is nothing to do";

/// Runs the check.
pub(super) fn run(place: &Place, target: Option<String>, timeout: u64, json: JsonArgs) -> Outcome {
    let mut client = connect::connect(place)?;
    let note = Body::Text(NOTE.to_owned());
    let millis = timeout.saturating_mul(1_000);
    client.send(&request(place, AHEAD, note, target, Some(millis)))?;
    let mut planned: Option<Box<ScheduleView>> = None;
    loop {
        match client.receive()? {
            Response::Scheduled(view) => planned = Some(view),
            Response::Failed(failure) => return Err(failure.into()),
            Response::Sent { message, reached } => {
                let Some(planned) = planned else {
                    return Err(CommandError::unexpected(&Response::Sent {
                        message,
                        reached,
                    }));
                };
                return verdict(&planned, &message, reached, timeout, json);
            }
            other => return Err(CommandError::unexpected(&other)),
        }
    }
}

fn verdict(
    planned: &ScheduleView,
    message: &MessageView,
    reached: bool,
    timeout: u64,
    json: JsonArgs,
) -> Outcome {
    if json.json {
        let late = message.at.since(planned.due).as_millis();
        let late = u64::try_from(late).unwrap_or(u64::MAX);
        output::json(&json!({
            "works": reached, "late_ms": late, "schedule": planned, "message": message,
        }))?;
    } else if reached {
        output::data(&schedule::works(planned, message))?;
    }
    if reached {
        return Ok(exit::OK);
    }
    let text = format!(
        "the test note for {} came up, and was not proven to have arrived within {timeout} s",
        planned.to
    );
    let kind = match message.state {
        // Something else ended it.
        state if state.is_final() && state != DeliveryState::Dead => ErrorKind::Other,
        _ => ErrorKind::Timeout,
    };
    Err(CommandError::new(kind, text)
        .cause(message.evidence.clone())
        .hint(format!("torch why {}", planned.to)))
}
