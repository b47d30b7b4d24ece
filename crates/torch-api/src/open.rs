//! A project's own windows beside its agent's: a shell, and its development server.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use torch_core::PaneAddress;

use crate::wire::TeamSelector;

/// What is opened in a team's session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowRequest {
    /// Which team.
    pub team: TeamSelector,
    /// What for.
    pub kind: WindowKind,
    /// How long a new one is watched until it is said how it goes, in milliseconds; 0: not at all.
    pub watch_millis: u64,
}

/// What a window is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum WindowKind {
    /// The person's own shell in the project's folder; its window is named `shell`.
    Shell,
    /// A command in the project's folder; its window is named `server`.
    Server {
        /// The program and its arguments; no shell is involved.
        argv: Vec<String>,
    },
}

impl WindowKind {
    /// The window's name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Shell => "shell",
            Self::Server { .. } => "server",
        }
    }
}

/// How a window goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowView {
    /// Its name.
    pub name: String,
    /// The folder that it works in.
    pub cwd: PathBuf,
    /// Where it is.
    pub pane: PaneAddress,
    /// Whether it was there already.
    pub existed: bool,
    /// How its command goes.
    pub state: WindowState,
    /// The ports that its processes listen on.
    pub ports: Vec<u16>,
    /// Its last lines, at most 20.
    pub lines: Vec<String>,
    /// What its last 200 lines say about why it failed: what to look at, and the line that says so.
    pub causes: Vec<(String, String)>,
}

/// How a window's command goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WindowState {
    /// It was not watched.
    Opened,
    /// A port is listened on.
    Listening,
    /// It lives, and listens on no port that is seen.
    Running,
    /// It has ended.
    Ended,
}
