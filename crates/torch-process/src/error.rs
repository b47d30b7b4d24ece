//! Why a process could not be run.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

/// Why a process could not be run, or how it failed.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// Its working directory is no directory.
    #[error("the directory {cwd:?}, in which to run {program}, does not exist")]
    Directory {
        /// The program.
        program: String,
        /// The directory.
        cwd: PathBuf,
    },
    /// An argv without a program.
    #[error("the command to run is empty")]
    Empty,
    /// The system refused to start it.
    #[error("failed to start `{command}`")]
    Spawn {
        /// The command.
        command: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It ran longer than it may, and was ended with its whole process group.
    #[error("`{command}` did not end within {deadline:?} and was ended")]
    Deadline {
        /// The command.
        command: String,
        /// How long it had.
        deadline: Duration,
        /// The end of its standard error.
        stderr: String,
    },
    /// It wrote more than [`crate::OUTPUT_MAX`], and was ended with its whole process group.
    #[error("`{command}` wrote more than {limit} bytes and was ended")]
    TooMuchOutput {
        /// The command.
        command: String,
        /// The most it may write to one stream.
        limit: usize,
    },
    /// Its caller no longer waits for it, and it was ended.
    #[error("`{command}` was given up and ended")]
    Cancelled {
        /// The command.
        command: String,
    },
    /// It ended with another status than 0.
    #[error("`{command}` failed ({status}){}{stderr}", if stderr.is_empty() { "" } else { ": " })]
    Failed {
        /// The command.
        command: String,
        /// How it ended.
        status: ExitStatus,
        /// The end of its standard error.
        stderr: String,
    },
    /// Its pipes or its status could not be read.
    #[error("failed to follow `{command}`")]
    Follow {
        /// The command.
        command: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Its log file could not be opened.
    #[error("failed to open the log file {path:?}")]
    Log {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It closed its standard output, or ended, before it had written a line.
    #[error("`{command}` ended before it was ready")]
    EndedEarly {
        /// The command.
        command: String,
    },
    /// It wrote no line in time.
    #[error("`{command}` was not ready within {deadline:?}")]
    NotReady {
        /// The command.
        command: String,
        /// How long it had.
        deadline: Duration,
    },
    /// This process could not leave its session.
    #[error("failed to become the leader of a new session")]
    Session(#[source] io::Error),
}
