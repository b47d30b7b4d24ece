//! The one error of every command: what failed, why, and what to do about it.

use std::error::Error;
use std::io;

use torch_api::ClientError;
use torch_api::wire::{Failure, FailureKind};

use crate::exit;

/// What ends a command: its exit code.
pub type Outcome = Result<u8, CommandError>;

/// Why a command failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandError {
    /// What kind of failure; it decides the exit code.
    pub kind: ErrorKind,
    /// What was tried, with the value.
    pub message: String,
    /// Why it failed, outermost first.
    pub causes: Vec<String>,
    /// What to run or change; a command stands as it is to be run.
    pub hints: Vec<String>,
    /// Whether the daemon went away in the middle of it: whether it did what was asked is not known.
    pub broken: bool,
}

/// The kinds of failure that scripts can tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// Any other failure.
    Other,
    /// Bad arguments or no such target.
    Usage,
    /// Not reached in time.
    Timeout,
    /// Refused by policy.
    Refused,
    /// No daemon.
    Unreachable,
    /// The shell of an agent's program may not connect to the daemon.
    Sandboxed,
    /// Ctrl-C.
    Interrupted,
    /// Whoever read the output has closed it; nothing is printed and nothing is wrong.
    Pipe,
}

impl ErrorKind {
    /// The word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Other => "other",
            Self::Usage => "usage",
            Self::Timeout => "timeout",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Sandboxed => "sandboxed",
            Self::Interrupted => "interrupted",
            Self::Pipe => "pipe",
        }
    }

    /// The documented exit code.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Other => exit::FAILURE,
            Self::Usage => exit::USAGE,
            Self::Timeout => exit::TIMEOUT,
            Self::Refused => exit::REFUSED,
            Self::Unreachable | Self::Sandboxed => exit::UNREACHABLE,
            Self::Interrupted => exit::INTERRUPTED,
            Self::Pipe => exit::OK,
        }
    }
}

impl CommandError {
    /// A failure of this kind.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            causes: Vec::new(),
            hints: Vec::new(),
            broken: false,
        }
    }

    /// Bad arguments, or something given that can't be used.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, message)
    }

    /// Any other failure.
    pub fn other(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Other, message)
    }

    /// The same failure because of `source` and its own sources.
    #[must_use]
    pub fn because(mut self, source: &dyn Error) -> Self {
        let mut next = Some(source);
        while let Some(error) = next {
            self.causes.push(error.to_string());
            next = error.source();
        }
        self
    }

    /// The same failure with a cause in words.
    #[must_use]
    pub fn cause(mut self, text: impl Into<String>) -> Self {
        self.causes.push(text.into());
        self
    }

    /// The same failure with a hint.
    #[must_use]
    pub fn hint(mut self, text: impl Into<String>) -> Self {
        self.hints.push(text.into());
        self
    }

    /// A failure to write the output: a closed pipe ends the command quietly.
    pub fn output(source: &io::Error) -> Self {
        if source.kind() == io::ErrorKind::BrokenPipe {
            return Self::new(ErrorKind::Pipe, "the output was closed");
        }
        Self::other("failed to write the output").because(source)
    }

    /// An answer that does not belong to the request.
    pub fn unexpected(response: &torch_api::Response) -> Self {
        let name = serde_json::to_value(response).ok();
        let name = name
            .as_ref()
            .and_then(|value| value.get("response")?.as_str());
        Self::other(format!(
            "the daemon gave an answer that was not asked for: {}",
            name.unwrap_or("nameless")
        ))
        .hint("torch daemon stop && torch daemon start")
    }
}

impl From<Failure> for CommandError {
    fn from(failure: Failure) -> Self {
        Self {
            kind: match failure.kind {
                FailureKind::Other => ErrorKind::Other,
                FailureKind::Usage => ErrorKind::Usage,
                FailureKind::Timeout => ErrorKind::Timeout,
                FailureKind::Refused => ErrorKind::Refused,
            },
            message: failure.error,
            causes: failure.causes,
            hints: failure.hint.into_iter().collect(),
            broken: false,
        }
    }
}

impl From<Box<Failure>> for CommandError {
    fn from(failure: Box<Failure>) -> Self {
        (*failure).into()
    }
}

impl From<ClientError> for CommandError {
    fn from(error: ClientError) -> Self {
        if crate::sandbox::forbids(&error) {
            return crate::sandbox::refused(&error);
        }
        if let ClientError::Io(source) = &error
            && matches!(
                source.kind(),
                io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
            )
        {
            let text = "the daemon is there and did not answer in time";
            return Self::new(ErrorKind::Unreachable, text).hint("torch doctor");
        }
        let mut failed = Self::new(ErrorKind::Unreachable, error.to_string());
        failed.broken = matches!(error, ClientError::Closed | ClientError::Io(_));
        let failed = match error.source() {
            Some(source) => failed.because(source),
            None => failed,
        };
        match error {
            ClientError::Protocol { .. } => failed
                .hint("use the newer torch, the one that started the daemon: torch daemon status"),
            _ => failed.hint("torch doctor"),
        }
    }
}

impl From<torch_process::ProcessError> for CommandError {
    fn from(error: torch_process::ProcessError) -> Self {
        let failed = Self::other(error.to_string());
        match error.source() {
            Some(source) => failed.because(source),
            None => failed,
        }
    }
}
