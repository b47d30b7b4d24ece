//! How an answer looks in each API: a pure function from an answer to a status, headers and a body.

mod chat;
mod gemini;
mod limit;
mod messages;
mod responses;

use std::time::Duration;

use serde_json::Value;
use torch_core::Timestamp;

use super::answer::{Failure, Speech};
use super::request::{Api, ModelRequest};

/// What a renderer needs to know besides the answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setting<'a> {
    /// The present.
    pub(super) now: Timestamp,
    /// Makes the ids of this answer unlike those of all others.
    pub(super) tag: &'a str,
    /// The model that answers.
    pub(super) model: &'a str,
    /// The input tokens, where the answer says nothing else.
    pub(super) input_tokens: u64,
}

/// An HTTP answer.
#[derive(Debug, PartialEq)]
pub(super) struct Rendered {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Body,
}

/// Its body.
#[derive(Debug, PartialEq)]
pub(super) enum Body {
    /// JSON, sent whole after `wait`; cut there and then where `cut` is set.
    Whole {
        wait: Duration,
        json: Value,
        cut: bool,
    },
    /// Server-sent events.
    Stream(Vec<Frame>),
}

/// A piece of a stream.
#[derive(Debug, PartialEq)]
pub(super) enum Frame {
    /// An event, as it goes over the wire.
    Event(String),
    /// Nothing for so long.
    Pause(Duration),
    /// The connection is cut here.
    Cut,
}

/// The answer to `request`.
pub(super) fn speech(request: &ModelRequest, speech: &Speech, setting: &Setting<'_>) -> Rendered {
    let body = if request.streamed {
        let mut tape = Tape::default();
        tape.pause(speech.wait);
        match request.api {
            Api::Messages => messages::stream(speech, setting, &mut tape),
            Api::Responses => responses::stream(speech, setting, &mut tape),
            Api::Chat => chat::stream(speech, setting, &mut tape),
            _ => gemini::stream(speech, setting, &mut tape),
        }
        Body::Stream(tape.frames)
    } else {
        let json = match request.api {
            Api::Messages => messages::whole(speech, setting),
            Api::Responses => responses::whole(speech, setting),
            Api::Chat => chat::whole(speech, setting),
            _ => gemini::whole(speech, setting),
        };
        let pieces = speech.thinking.len() + speech.text.len();
        Body::Whole {
            wait: speech.wait + speech.pace * u32::try_from(pieces).unwrap_or(u32::MAX),
            json,
            cut: speech.cut,
        }
    };
    Rendered {
        status: 200,
        headers: speech
            .quota
            .map(|quota| limit::headers(request.api, quota, setting.now))
            .unwrap_or_default(),
        body,
    }
}

/// The error that `request` gets.
pub(super) fn failure(request: &ModelRequest, failure: &Failure, now: Timestamp) -> Rendered {
    let (status, headers, json) = match failure {
        Failure::Limit(quota) => limit::reached(request.api, *quota, now),
        Failure::Raw429(body) => (429, Vec::new(), body.clone()),
        other => {
            let (status, kind, message) = wording(other);
            let headers = match other {
                Failure::TooManyRequests { retry_after } => {
                    vec![("retry-after".to_owned(), retry_after.as_secs().to_string())]
                }
                _ => Vec::new(),
            };
            (status, headers, error(request.api, status, kind, &message))
        }
    };
    Rendered {
        status,
        headers,
        body: Body::Whole {
            wait: Duration::ZERO,
            json,
            cut: false,
        },
    }
}

/// Status, type and message of the failures that need nothing else.
fn wording(failure: &Failure) -> (u16, &'static str, String) {
    let (status, kind, message) = match failure {
        Failure::TooManyRequests { .. } => (
            429,
            "rate_limit_error",
            "This request would exceed your organization's rate limit of 50,000 input tokens per minute.",
        ),
        Failure::Overloaded => (529, "overloaded_error", "Overloaded"),
        Failure::Unauthorized => (401, "authentication_error", "invalid x-api-key"),
        Failure::NoCredit => (
            400,
            "invalid_request_error",
            "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.",
        ),
        Failure::TooLong => (
            400,
            "invalid_request_error",
            "prompt is too long: 208310 tokens > 200000 maximum",
        ),
        Failure::Status { code, message } => return (*code, "api_error", message.clone()),
        Failure::Limit(_) | Failure::Raw429(_) => (429, "rate_limit_error", "Limit"),
    };
    (status, kind, message.to_owned())
}

/// An error as the API words it.
fn error(api: Api, status: u16, kind: &str, message: &str) -> Value {
    match api {
        Api::Messages | Api::Count | Api::Models | Api::Other => messages::error(kind, message),
        Api::Responses | Api::Chat => responses::error(kind, message),
        Api::Gemini => gemini::error(status, message),
    }
}

/// The stream as it is put together.
#[derive(Debug, Default)]
struct Tape {
    frames: Vec<Frame>,
}

impl Tape {
    /// An event with a name, which is also in its data as `type`.
    fn typed(&mut self, data: &Value) {
        let name = data["type"].as_str().unwrap_or_default();
        self.push(format!("event: {name}\ndata: {data}\n\n"));
    }

    /// An event without a name.
    fn data(&mut self, data: &Value) {
        self.push(format!("data: {data}\n\n"));
    }

    fn push(&mut self, event: String) {
        self.frames.push(Frame::Event(event));
    }

    fn pause(&mut self, duration: Duration) {
        if !duration.is_zero() {
            self.frames.push(Frame::Pause(duration));
        }
    }

    fn cut(&mut self) {
        self.frames.push(Frame::Cut);
    }
}

/// How many output tokens an answer has, by and large.
fn output_tokens(speech: &Speech) -> u64 {
    let pieces = speech.thinking.len() + speech.text.len() + 10 * speech.calls.len();
    u64::try_from(pieces).unwrap_or(u64::MAX).max(1)
}
