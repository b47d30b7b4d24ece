//! What a line says.

use rmcp::RoleServer;
use rmcp::model::ErrorCode;
use rmcp::service::RxJsonRpcMessage;
use serde_json::Value;
use torch_core::lenient;

use super::LINE_MAX;
use super::id::IdScan;

/// A line as it was read.
pub(super) enum Read {
    /// A message.
    Message(Box<RxJsonRpcMessage<RoleServer>>),
    /// Nothing that wants an answer.
    Nothing,
    /// What can't be read, and its id as far as that can.
    Fault(Option<Value>, Fault),
}

/// Why a request can't be read, as its sender is told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    #[error(
        "the request is a line of more than {} MB, the most that torch reads: put the text into a file and send its path",
        LINE_MAX >> 20
    )]
    TooLong,
    #[error("the line is not JSON that torch reads: {0}")]
    NoJson(String),
    #[error("the line is no JSON-RPC message that torch knows: {0}")]
    NoMessage(String),
}

impl Fault {
    /// Its code, as JSON-RPC 2.0 has them.
    pub(super) fn code(&self) -> i32 {
        match self {
            Self::NoJson(_) => ErrorCode::PARSE_ERROR.0,
            Self::TooLong | Self::NoMessage(_) => ErrorCode::INVALID_REQUEST.0,
        }
    }
}

/// Reads a line. A text that was cut within an emoji is a message still, with U+FFFD at its end.
pub(super) fn read(line: &[u8]) -> Read {
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
    if line.trim_ascii().is_empty() {
        return Read::Nothing;
    }
    let error = match serde_json::from_slice(line) {
        Ok(message) => return Read::Message(Box::new(message)),
        Err(error) => error,
    };
    let Some(value) = lenient::parse(line) else {
        let mut scan = IdScan::default();
        scan.read(line);
        return Read::Fault(scan.id(), Fault::NoJson(error.to_string()));
    };
    if !wants_an_answer(&value) {
        // One that torch knows otherwise, but for its text.
        return serde_json::from_value(value)
            .map_or(Read::Nothing, |message| Read::Message(Box::new(message)));
    }
    let id = value.get("id").filter(|id| is_id(id)).cloned();
    match serde_json::from_value(value) {
        Ok(message) => Read::Message(Box::new(message)),
        Err(error) => Read::Fault(id, Fault::NoMessage(error.to_string())),
    }
}

fn is_id(id: &Value) -> bool {
    id.is_i64() || id.is_u64() || id.is_string()
}

/// Whether it is anything but a notification or an answer: those are never answered.
fn wants_an_answer(value: &Value) -> bool {
    let notifies = value.get("method").is_some() && value.get("id").is_none();
    let answers = value.get("method").is_none()
        && (value.get("result").is_some() || value.get("error").is_some());
    !notifies && !answers
}
