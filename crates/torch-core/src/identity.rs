//! What the system tells about the process at the other end of a socket.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::{AgentId, Process};

/// What a process carries of its origin beside its ancestors. A mark only ever takes rights away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// Its environment names an agent, as everything does that an agent starts.
    Named(AgentId),
    /// torch has seen it below an agent's pane.
    Agents,
    /// torch's daemon started it, or something that it started did: a commit's hooks, and what they leave behind.
    Daemons,
}

/// One process on the way from a caller up to the first process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ancestor {
    /// The process.
    pub process: Process,
    /// Its name as the kernel keeps it (at most 15 bytes), for texts only.
    pub name: String,
    /// Whether it has a controlling terminal.
    pub terminal: bool,
    /// What it carries of its origin.
    #[serde(default)]
    pub mark: Option<Mark>,
    /// Its current directory, where that could be read.
    #[serde(default)]
    pub cwd: Option<PathBuf>,
}

/// A caller and its ancestors, the caller first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ancestry {
    /// The processes that could be read.
    pub chain: Vec<Ancestor>,
    /// Whether the chain reached the first process without a gap.
    pub complete: bool,
}
