//! What goes over the socket.

mod request;
mod response;

use serde::{Deserialize, Serialize};

pub use crate::failure::{Failure, FailureKind};
pub use request::{
    AutoRequest, MessageFilter, Request, ScheduleRequest, SendRequest, TeamSelector,
};
pub use response::{GcKind, Response, Stage};

/// The protocol's number; a change that an older peer can't read raises it.
pub const PROTOCOL: u32 = 1;

/// The largest message body accepted, in bytes.
pub const BODY_MAX: usize = 8 * 1024 * 1024;

/// The first line of either side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// [`PROTOCOL`] of the writer.
    pub protocol: u32,
    /// The writer's version, `1.2.3`.
    pub version: String,
    /// The writer's pid.
    pub pid: u32,
}

impl Hello {
    /// This build's greeting.
    pub fn ours() -> Self {
        Self {
            protocol: PROTOCOL,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
        }
    }
}

/// A message body: text, or bytes that are not valid UTF-8, in base64.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Body {
    /// Valid UTF-8.
    Text(String),
    /// Anything else, base64.
    Bytes(String),
}

/// The exit code when the daemon can't be reached and can't be started (sysexits' `EX_TEMPFAIL`).
pub const EXIT_UNREACHABLE: u8 = 75;

impl Body {
    /// Wraps bytes: as text where they are valid UTF-8.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            Ok(text) => Self::Text(text),
            Err(invalid) => {
                use base64::Engine as _;
                Self::Bytes(base64::engine::general_purpose::STANDARD.encode(invalid.as_bytes()))
            }
        }
    }

    /// The bytes; `None` if the base64 is broken.
    pub fn into_bytes(self) -> Option<Vec<u8>> {
        match self {
            Self::Text(text) => Some(text.into_bytes()),
            Self::Bytes(encoded) => {
                use base64::Engine as _;
                base64::engine::general_purpose::STANDARD
                    .decode(encoded)
                    .ok()
            }
        }
    }
}
