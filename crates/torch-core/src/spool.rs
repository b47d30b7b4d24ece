//! The spool: one JSON line per record, appended by hooks and the wrapper, read by the daemon.
//!
//! A hook never waits for the daemon: its line is on disk before anything else happens.

use serde::{Deserialize, Serialize};

use crate::hand_over::HandOver;
use crate::{LaunchId, Process, Timestamp};

/// The longest line, in bytes: twice the most that is read of a hook's input. No writer of torch's makes a longer one, and the reader
/// passes over whatever is.
pub const LINE_MAX: usize = 32 << 20;

/// One line of a spool file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpoolRecord {
    /// When it was written.
    pub at: Timestamp,
    /// The launch it belongs to; records of an earlier launch change nothing.
    pub launch: LaunchId,
    /// What happened.
    pub event: SpoolEvent,
}

/// What a spool record says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SpoolEvent {
    /// The wrapper started the program.
    Started {
        /// The program's process.
        process: Process,
    },
    /// The wrapper could not start the program.
    LaunchFailed {
        /// Why.
        error: String,
    },
    /// The program ended.
    Exited {
        /// Its exit status, if it ended by itself.
        status: Option<i32>,
        /// The signal that ended it.
        signal: Option<i32>,
    },
    /// The program's own hook fired, with the JSON it gave on standard input
    /// (Claude Code's fields: `hook_event_name`, `session_id`, `transcript_path`, `prompt`, …).
    Hook {
        /// The hook's JSON.
        payload: serde_json::Value,
    },
    /// A hook handed a message into the running turn: its text is written and the program was there to read it.
    HandedOver {
        /// Which.
        taken: HandOver,
    },
    /// The agent's git, or its program before it ran a command, was kept from something.
    Refused {
        /// The rule: `git.force-push`, `git.secret`, `commit.forbidden`.
        rule: String,
        /// What was tried: the branch, the command, the file and line; no secret stands in it.
        evidence: String,
        /// What to do instead.
        remedy: String,
        /// The branch, tag or file that it is about, by its short name; none: no single one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        target: Option<String>,
        /// Whether it was told of only, and done.
        #[serde(default)]
        warned: bool,
    },
    /// The program drew its status line, with the JSON it gave for it.
    StatusLine {
        /// That JSON.
        payload: serde_json::Value,
    },
}
