//! What a briefing is filled with: a team as it is right now.

use serde::Serialize;
use torch_core::RouterMode;
use torch_core::policy::TeamPolicy;

/// What is known of an agent's team when it is briefed. Texts go in as they are: nothing of them is read as a template.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Facts {
    /// The team's name.
    pub team: String,
    /// The project's folder.
    pub project: String,
    /// The spec's file; empty for a team without one.
    pub spec: String,
    /// The agent's worktree.
    pub worktree: String,
    /// Its branch; `None` on a detached HEAD.
    pub branch: Option<String>,
    /// The branch that the team was started on.
    pub base_branch: String,
    /// Everybody in the team, the agent too, in the order of their windows.
    pub members: Vec<Member>,
    /// What its policy is.
    pub policy: TeamPolicy,
    /// Which direct messages the router lets pass.
    pub router: RouterMode,
    /// The roles that the agent may write to directly besides the orchestrator and the project manager.
    pub direct: Vec<String>,
    /// After how many exchanges with one of them the orchestrator decides; 0: no limit.
    pub exchanges: u64,
    /// After how many minutes the orchestrator is told that the agent is still blocked; 0: never.
    pub blocked_minutes: u64,
    /// Whether `scm` and `torch` fail in the shell of its program, which runs in a sandbox without sockets.
    pub closed_shell: bool,
    /// The only task of a temporary agent.
    pub task: Option<String>,
    /// Its part of the plan, as text; empty without one.
    pub plan: String,
    /// What the rules of the project ask of the agent, a line each.
    pub rules: Vec<String>,
    /// The members that these rules keep it from writing to.
    pub barred: Vec<String>,
    /// How its further branches begin, where these rules say so.
    pub branch_prefix: Option<String>,
    /// What is said before everything else, such as where it was before a restart.
    pub before: String,
}

/// One agent of a team, as the others are told of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Member {
    /// Its role.
    pub role: String,
    /// What it is for, in one sentence.
    pub summary: String,
    /// The agent program that plays it; empty where that is not known yet.
    pub program: String,
    /// Its branch; `None` on a detached HEAD.
    pub branch: Option<String>,
}
