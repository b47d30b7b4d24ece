//! A team: one project's agents in one tmux session.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::config::ProjectRouter;
use crate::lane::TeamLane;
use crate::matrix::Matrix;
use crate::policy::TeamPolicy;
use crate::standup::Standup;
use crate::supervision::Supervision;
use crate::{SessionId, SessionName, TeamId, Timestamp};

/// What the user wants of a team, or of one agent in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum DesiredState {
    /// It runs.
    #[default]
    Running,
    /// It does not run; worktrees, branches and messages stay.
    Stopped,
}

/// How far a team has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TeamPhase {
    /// Being raised: not every agent is briefed yet.
    Raising,
    /// All agents were briefed.
    Running,
    /// The hub reported the spec complete.
    Finished,
    /// Stopped by a person.
    Stopped,
}

/// Which direct messages the router lets pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum RouterMode {
    /// Hub and project manager only; anything else goes to the hub instead.
    Strict,
    /// Also the edges of the team's communication matrix; anything else goes to the hub instead.
    #[default]
    Matrix,
    /// Everything passes and is recorded.
    Open,
}

impl RouterMode {
    /// The word used in output and in the config.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Matrix => "matrix",
            Self::Open => "open",
        }
    }
}

/// One team as the registry keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Team {
    /// Its id.
    pub id: TeamId,
    /// Its name, which is its tmux session's name.
    pub name: SessionName,
    /// The project's main worktree, canonical.
    pub project: PathBuf,
    /// The repository's common git directory, canonical.
    pub common_dir: PathBuf,
    /// The spec, canonical.
    pub spec: PathBuf,
    /// SHA-256 of the spec when the team was made, lower-case hex.
    pub spec_sha256: String,
    /// The branch that was checked out when the team was made: the only one work may be merged back to.
    pub base_branch: String,
    /// The commit that branch pointed to.
    pub base_commit: String,
    /// What the user wants.
    pub desired: DesiredState,
    /// How far it has come.
    pub phase: TeamPhase,
    /// Which messages pass.
    pub router: RouterMode,
    /// The agents' environment: `PATH` and an allow-list taken from the caller of `torch auto`.
    pub env: BTreeMap<String, String>,
    /// The tmux session, while there is one.
    pub session: Option<SessionId>,
    /// When it was made.
    pub created: Timestamp,
    /// When the hub reported the spec complete.
    pub finished: Option<Timestamp>,
    /// The hub's closing words.
    pub summary: Option<String>,
    /// Whether a person paused it: nothing is typed into any of its agents meanwhile.
    #[serde(default)]
    pub paused: bool,
    /// The boot of the machine in which a person last wanted it to run. In another one it stays suspended.
    #[serde(default)]
    pub boot: Option<String>,
    /// The boot in which a person was told that it is suspended.
    #[serde(default)]
    pub told_suspended: Option<String>,
    /// What its agents do with git, and who lets work in.
    #[serde(default)]
    pub policy: TeamPolicy,
    /// The communication matrix of the template that it was made from; none: the router's settings name one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matrix: Option<Matrix>,
    /// What the project's own file said of the router's limits when the team was started; it tightens the user's.
    #[serde(default)]
    pub limits: ProjectRouter,
    /// The files of roles that torch does not ship, or not so, by the role's name: as they were when an agent was added.
    #[serde(default)]
    pub role_files: BTreeMap<String, String>,
    /// The standup that is under way.
    #[serde(default)]
    pub standup: Option<Standup>,
    /// What torch's own words to its agents cost.
    #[serde(default)]
    pub supervision: Supervision,
    /// Which roles' commits torch merges into which others' worktrees.
    #[serde(default)]
    pub lane: TeamLane,
}
