//! What the wrapper in a pane is told: one JSON file per launch, written by the daemon.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::{AgentId, LaunchId, Process, RoleName};

/// The wrapper's orders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaunchSpec {
    /// The agent.
    pub agent: AgentId,
    /// This start of it.
    pub launch: LaunchId,
    /// Its role, for the words on the screen.
    pub role: RoleName,
    /// The program and its arguments; no shell is involved.
    pub argv: Vec<String>,
    /// The whole environment of the program, but for `TERM`, `TMUX` and `TMUX_PANE`, which come from the pane.
    pub env: BTreeMap<String, String>,
    /// Variables that the program takes from the pane's environment if they are there: secrets, which no file holds.
    #[serde(default)]
    pub inherit: Vec<String>,
    /// The program's working directory.
    pub cwd: PathBuf,
    /// The spool file that the wrapper and the hooks append to.
    pub spool: PathBuf,
    /// What to run once the program has ended, `{pane}` standing for the pane's id: it clears the pane's live mark.
    pub on_exit: Vec<String>,
    /// What to print when the program has ended, `{end}` standing for how it ended.
    pub farewell: String,
}

/// What the process above a command of an integration tells of itself in a file, as JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandRecord {
    /// That process.
    pub process: Process,
    /// The command's exit status, once it ended by itself; 128 and the signal's number where a signal ended it.
    #[serde(default)]
    pub exit: Option<u8>,
}
