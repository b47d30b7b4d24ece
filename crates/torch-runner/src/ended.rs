//! How a program ended, for the record and in words.

use nix::sys::signal::Signal;
use torch_core::spool::SpoolEvent;

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ended {
    /// By itself, with this status.
    Status(i32),
    /// By a signal.
    Signal(Signal),
    /// It never began.
    NotStarted(String),
}

impl Ended {
    /// The words for `{end}`.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Status(status) => format!("exited with status {status}"),
            Self::Signal(signal) => format!("was ended by {signal}"),
            Self::NotStarted(why) => format!("could not be started: {why}"),
        }
    }

    /// The spool event.
    pub(crate) fn event(&self) -> SpoolEvent {
        match self {
            Self::Status(status) => SpoolEvent::Exited {
                status: Some(*status),
                signal: None,
            },
            Self::Signal(signal) => SpoolEvent::Exited {
                status: None,
                signal: Some(*signal as i32),
            },
            Self::NotStarted(why) => SpoolEvent::LaunchFailed { error: why.clone() },
        }
    }
}
