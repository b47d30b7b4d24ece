//! Requests about which agents a team has and which of them run.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use torch_core::AgentState;

use crate::wire::TeamSelector;

/// What `torch resume` asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResumeRequest {
    /// Which team.
    pub team: TeamSelector,
    /// Only say what would be done.
    pub status_only: bool,
    /// Brief every agent again, the live ones too.
    pub rebrief_all: bool,
    /// Roles to add to the team, as written.
    pub add_roles: Vec<String>,
    /// Variables of the caller that agent programs take and that no file may hold.
    #[serde(default)]
    pub secrets: BTreeMap<String, String>,
    /// The files of roles that are the caller's own or the project's, by name.
    #[serde(default)]
    pub role_files: BTreeMap<String, String>,
}

/// What `torch agent` asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentRequest {
    /// Which team; with [`AgentAct::Add`]'s `session` only what the project's team is looked for by.
    pub team: TeamSelector,
    /// What to do.
    pub act: AgentAct,
    /// The caller's environment, cut to the allow-list by the client; used where a team is made.
    pub env: BTreeMap<String, String>,
    /// Variables of the caller that agent programs take and that no file may hold.
    #[serde(default)]
    pub secrets: BTreeMap<String, String>,
    /// The files of roles that are the caller's own or the project's, by name.
    #[serde(default)]
    pub role_files: BTreeMap<String, String>,
}

/// What is done with one agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum AgentAct {
    /// A role more, or one that was ended again.
    Add {
        /// The role as written.
        role: String,
        /// Its program; none = the team's own, else the configured one.
        program: Option<String>,
        /// A tmux session that torch did not make, by name: the agent gets a window in it.
        session: Option<String>,
    },
    /// A temporary agent for one task.
    Temp {
        /// What it is for, part of its role's name: `temp-PURPOSE`.
        purpose: String,
        /// The task.
        task: String,
        /// Its program, as for `Add`.
        program: Option<String>,
    },
    /// Its screen is saved and its window closed; worktree, branch and messages stay.
    End {
        /// The role as written.
        role: String,
    },
    /// Its program is ended and started again, and the agent briefed with where it was.
    Restart {
        /// The role as written.
        role: String,
    },
}

/// A team as `torch resume` sees it: what is wanted, what is, and what would be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResumeView {
    /// The team's name.
    pub team: String,
    /// The project.
    pub project: PathBuf,
    /// As in [`crate::TeamView`].
    pub phase: String,
    /// `running` or `stopped`.
    pub desired: String,
    /// Whether the machine was restarted since the team last ran.
    pub rebooted: bool,
    /// The tmux server: `running`, `gone`, or `not asked` where no daemon runs.
    pub tmux: String,
    /// The agents in the order of their windows.
    pub agents: Vec<ResumeAgentView>,
}

/// One agent of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResumeAgentView {
    /// Its role.
    pub role: String,
    /// `running`, or `ended` after `torch agent end`.
    pub desired: String,
    /// What was last observed of it.
    pub state: AgentState,
    /// `active`, `exhausted` or `dead`.
    pub class: String,
    /// Why torch believes that, in one line.
    pub evidence: String,
    /// Messages that wait for it.
    pub waiting: u64,
    /// `keep`, `brief`, `re-brief`, `restart`, `start`, `wait` or `leave`.
    pub action: String,
    /// Why.
    pub why: String,
}

/// A window whose name is another than its role's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowRename {
    /// Its role, the name it gets.
    pub role: String,
    /// Its tmux id, `@3`.
    pub window: String,
    /// Its name now.
    pub name: String,
}
