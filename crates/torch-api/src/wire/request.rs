//! What clients ask for.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use torch_core::config::ProjectRouter;
use torch_core::lane::TeamLane;
use torch_core::policy::TeamPolicy;
use torch_core::{DeliveryState, RouterMode};

use super::Body;
#[cfg(doc)]
use super::{FailureKind, Response};
use crate::choice::ChoiceView;
use crate::commit::CommitRequest;
use crate::roster::{AgentRequest, ResumeRequest};
use crate::rules::RulesRequest;
use crate::worktree::CleanScope;

/// How a person's command says which team it means.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamSelector {
    /// The team's name, if given.
    pub name: Option<String>,
    /// The caller's working directory.
    pub cwd: PathBuf,
}

/// What a client asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "snake_case")]
pub enum Request {
    /// Answers [`Response::Daemon`].
    Ping,
    /// Ends the daemon; teams go on. Answers [`Response::Done`].
    Shutdown,
    /// Raises a team, or with `dry_run` prints the plan. Answers [`Response::Progress`] and at last
    /// [`Response::Raised`] or [`Response::Planned`].
    Auto(Box<AutoRequest>),
    /// On a connection with an unfinished [`Request::Auto`]: undo it. On one with an unfinished wait: forget it.
    Cancel,
    /// Follows a team to its end: [`Response::Progress`], at last [`Response::Finished`].
    Follow {
        /// Which team.
        team: TeamSelector,
    },
    /// Sends a message. Answers [`Response::Sent`], with `wait` once the state is reached or the time is over.
    Send(Box<SendRequest>),
    /// The calling agent reports that its task, or as the hub that the spec, is complete. Answers [`Response::Sent`].
    Complete {
        /// What was done.
        text: String,
    },
    /// The calling agent confirms that it acted on a message. Answers [`Response::Done`].
    Ack {
        /// The message's id, with or without `m-`.
        id: String,
    },
    /// Commits what was changed in an agent's worktree. Answers [`Response::Committed`].
    Commit(Box<CommitRequest>),
    /// Answers [`Response::Status`].
    Status {
        /// One team by name; all teams without it.
        team: Option<String>,
    },
    /// Ends a team's agents. Answers [`Response::Progress`] and [`Response::Done`].
    Stop {
        /// Which team.
        team: TeamSelector,
    },
    /// How to attach to a team's session. Answers [`Response::Attach`].
    Attach {
        /// Which team.
        team: TeamSelector,
        /// A role whose window to show.
        role: Option<String>,
        /// The caller's `TMUX` variable, so that a client inside torch's own server switches instead of nesting.
        tmux: Option<String>,
    },
    /// A window of torch's server with the user's own shell in a role's worktree. Answers [`Response::Attach`].
    Shell {
        /// Which team.
        team: TeamSelector,
        /// Whose worktree.
        role: String,
        /// The caller's `TMUX` variable.
        tmux: Option<String>,
    },
    /// Opens the project's shell or server in a team's session, or finds it there. Answers [`Response::Window`].
    Window(Box<crate::open::WindowRequest>),
    /// Asks each member of a team how it stands; the answers become one message. Answers [`Response::Done`].
    Standup {
        /// Which team.
        team: TeamSelector,
        /// How long the answers are waited for, in milliseconds; none = as configured.
        wait_millis: Option<u64>,
    },
    /// The calling agent answers the standup that is under way. Answers [`Response::Done`].
    AnswerStandup {
        /// The answer.
        text: String,
    },
    /// The last lines of a pane. Answers [`Response::Lines`].
    Logs {
        /// Which team.
        team: TeamSelector,
        /// A target: a role or any other form.
        target: String,
        /// How many lines at most, 1 to 50,000.
        lines: u32,
    },
    /// Answers [`Response::Messages`].
    Messages(MessageFilter),
    /// Where messages are slow, what the policy did, and what the hub sees. Answers [`Response::Stats`].
    Stats {
        /// Of one team; without one, of all.
        team: Option<String>,
        /// How many of the newest messages are counted at most.
        limit: u32,
    },
    /// One message with its body. Answers [`Response::Message`].
    Message {
        /// Its id, with or without `m-`, or the whole ULID.
        id: String,
    },
    /// What happened to a message. Answers [`Response::Trace`].
    Trace {
        /// Its id.
        id: String,
    },
    /// Waits until a message is consumed, and then until the turn that it began has ended: its recipient has been
    /// working since and is ready or idle again, or its program is gone. Answers [`Response::Done`], or
    /// [`Response::Failed`]: [`FailureKind::Usage`] without such a message or for one in the person's inbox,
    /// [`FailureKind::Timeout`], [`FailureKind::Other`] when the message ended without a turn.
    AwaitTurn {
        /// The message's id.
        id: String,
        /// How long to wait, in milliseconds.
        wait_millis: u64,
    },
    /// Delivers a message again that is deferred, uncertain or dead. Answers [`Response::Done`].
    Retry {
        /// Its id.
        id: String,
    },
    /// Gives up a message that was not typed yet. Answers [`Response::Done`].
    CancelMessage {
        /// Its id.
        id: String,
    },
    /// Plans a note for later. Answers [`Response::Scheduled`]; with `check` at last [`Response::Sent`].
    Schedule(Box<ScheduleRequest>),
    /// A team's plan is shown or changed. Answers [`Response::Tasks`].
    Tasks(Box<crate::task::TasksRequest>),
    /// The agents' usage limits. Answers [`Response::Credit`].
    Credit {
        /// Only this team's.
        team: Option<String>,
    },
    /// What was seen of each agent program in use. Answers [`Response::Observed`].
    Observed,
    /// torch's MCP server says that what follows on this connection is a tool's call, or that its client has listed the tools.
    /// Answers [`Response::Done`].
    ThroughMcp {
        /// What the client calls itself, where it has listed the tools.
        listed_by: Option<String>,
    },
    /// The notes whose time has not come. Answers [`Response::Schedules`].
    Schedules {
        /// Of one team by name; of the calling agent's team, or of all teams, without it.
        team: Option<String>,
    },
    /// Takes a planned note back. Answers [`Response::Done`].
    CancelSchedule {
        /// Its id, with or without `s-`.
        id: String,
    },
    /// Why torch believes an agent's state. Answers [`Response::Why`].
    Why {
        /// Which team.
        team: TeamSelector,
        /// The role.
        role: String,
    },
    /// What a person must see. Answers [`Response::Messages`].
    Inbox {
        /// Also what was read before.
        all: bool,
        /// Mark what is answered as read.
        mark_read: bool,
    },
    /// Checks the journal's hash chain. Answers [`Response::Audit`].
    AuditVerify,
    /// Brings a team back to what is wanted of it. Answers [`Response::Progress`] and at last [`Response::Raised`];
    /// with `status_only` [`Response::Resume`], and changes nothing.
    Resume(Box<ResumeRequest>),
    /// Adds, ends or restarts one agent. Answers [`Response::Progress`] and at last [`Response::Done`].
    Agent(Box<AgentRequest>),
    /// Types nothing more into a team's agents, or one of them, until it is taken back. Answers [`Response::Done`].
    Pause {
        /// Which team.
        team: TeamSelector,
        /// One role of it.
        role: Option<String>,
        /// Whether it is paused from now on.
        paused: bool,
    },
    /// Says that the usage limits that hold a team's agents, or one of them, are over: each is woken now instead of at its
    /// reset. Answers [`Response::Done`].
    Wake {
        /// Which team.
        team: TeamSelector,
        /// One role of it.
        role: Option<String>,
    },
    /// The open questions of agents' programs. Answers [`Response::Pending`].
    Pending {
        /// Which team.
        team: TeamSelector,
        /// Those of all teams.
        all: bool,
    },
    /// Answers an open question. Answers [`Response::Done`] once its program took the answer, or its dialog is gone.
    AnswerQuestion {
        /// Its id.
        id: String,
        /// Whether it is approved, once; else it is denied.
        approve: bool,
    },
    /// Removes a stopped team with its worktrees and home branches; what was in them is kept under hidden references.
    /// Answers [`Response::WorktreesRemoved`], and leaves the team where one could not be removed.
    Purge {
        /// Which team.
        team: TeamSelector,
        /// Change nothing: answer [`Response::Worktrees`] with what would be removed; the team may run.
        dry_run: bool,
    },
    /// Gives the windows of a team their roles' names again. Answers [`Response::Windows`].
    RenameWindows {
        /// Which team.
        team: TeamSelector,
        /// Only say which.
        dry_run: bool,
    },
    /// The agents' worktrees, and those of the registry that belong to no team any more. Answers
    /// [`Response::Worktrees`].
    WorktreeList {
        /// Of one team by name, and then no others.
        team: Option<String>,
    },
    /// Keeps everything in a worktree under a hidden reference and removes it. Answers [`Response::WorktreesRemoved`] with
    /// one entry.
    WorktreeRemove {
        /// Which team.
        team: TeamSelector,
        /// The role; or the absolute path of a worktree of the registry that belongs to no team any more.
        role: String,
        /// Whether the home branch is deleted too; its tip is kept.
        branch: bool,
        /// Change nothing: answer [`Response::Worktrees`] with what would be removed, or why it can't be.
        dry_run: bool,
    },
    /// Makes a worktree that no team has, with a branch of its own. Answers [`Response::Worktrees`] with it.
    WorktreeAdd {
        /// A directory of the project, absolute.
        project: PathBuf,
        /// Its name, of which the branch and the folder are made.
        name: String,
    },
    /// Removes the worktrees whose work is done: merged, nothing in them that is not saved, and no agent running there.
    /// Answers [`Response::WorktreesRemoved`] with all that were looked at.
    WorktreeClean {
        /// Which are looked at.
        scope: CleanScope,
        /// Whether their branches, which are merged, are deleted too.
        branch: bool,
        /// Change nothing: only say what would be removed.
        dry_run: bool,
    },
    /// Mends worktrees that were moved by hand, or whose project was. Answers [`Response::WorktreesRepaired`].
    WorktreeRepair {
        /// A directory of the project, absolute.
        project: PathBuf,
        /// Where worktrees are now, absolute; besides those that the registry knows.
        places: Vec<PathBuf>,
    },
    /// What is kept of removed worktrees, newest first. Answers [`Response::Kept`].
    KeptList {
        /// Whose project; without a name, where the caller is.
        team: TeamSelector,
        /// Of one role.
        role: Option<String>,
    },
    /// Brings a removed worktree back. Answers [`Response::Undeleted`].
    Undelete {
        /// Whose project; without a name, where the caller is.
        team: TeamSelector,
        /// A role, whose newest is meant, or a reference: `developer/20261121T061412.345Z`.
        what: String,
        /// Where to, absolute; where it was without it.
        to: Option<PathBuf>,
    },
    /// The rules of communication: violations, forms, assignments, dependencies. Answers as [`RulesRequest`] says, with
    /// [`Response::Rules`] for what is listed.
    Rules(Box<RulesRequest>),
    /// A question about a team's git. Answers [`Response::Git`].
    Git(crate::git::GitRequest),
    /// Work is taken back. Answers [`Response::Rollback`].
    Rollback(Box<crate::rollback::RollbackRequest>),
    /// Archives and removes what is older than the configured retention. Answers [`Response::Gc`].
    Gc {
        /// Only say what that would be.
        dry_run: bool,
    },
}

impl Request {
    /// The request's name, as in its JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Ping => "ping",
            Self::Shutdown => "shutdown",
            Self::Auto(_) => "auto",
            Self::Cancel => "cancel",
            Self::Follow { .. } => "follow",
            Self::Send(_) => "send",
            Self::Complete { .. } => "complete",
            Self::Ack { .. } => "ack",
            Self::Commit(_) => "commit",
            Self::Status { .. } => "status",
            Self::Stop { .. } => "stop",
            Self::Attach { .. } => "attach",
            Self::Shell { .. } => "shell",
            Self::Window(_) => "window",
            Self::Standup { .. } => "standup",
            Self::AnswerStandup { .. } => "answer_standup",
            Self::Logs { .. } => "logs",
            Self::Messages(_) => "messages",
            Self::Stats { .. } => "stats",
            Self::Message { .. } => "message",
            Self::Trace { .. } => "trace",
            Self::AwaitTurn { .. } => "await_turn",
            Self::Retry { .. } => "retry",
            Self::CancelMessage { .. } => "cancel_message",
            Self::Schedule(_) => "schedule",
            Self::Tasks(_) => "tasks",
            Self::Credit { .. } => "credit",
            Self::Observed => "observed",
            Self::ThroughMcp { .. } => "through_mcp",
            Self::Schedules { .. } => "schedules",
            Self::CancelSchedule { .. } => "cancel_schedule",
            Self::Why { .. } => "why",
            Self::Inbox { .. } => "inbox",
            Self::AuditVerify => "audit_verify",
            Self::Resume(_) => "resume",
            Self::Agent(_) => "agent",
            Self::Pause { .. } => "pause",
            Self::Wake { .. } => "wake",
            Self::Pending { .. } => "pending",
            Self::AnswerQuestion { .. } => "answer_question",
            Self::Purge { .. } => "purge",
            Self::RenameWindows { .. } => "rename_windows",
            Self::WorktreeList { .. } => "worktree_list",
            Self::WorktreeRemove { .. } => "worktree_remove",
            Self::WorktreeAdd { .. } => "worktree_add",
            Self::WorktreeClean { .. } => "worktree_clean",
            Self::WorktreeRepair { .. } => "worktree_repair",
            Self::KeptList { .. } => "kept_list",
            Self::Undelete { .. } => "undelete",
            Self::Rules(_) => "rules",
            Self::Git(_) => "git",
            Self::Rollback(_) => "rollback",
            Self::Gc { .. } => "gc",
        }
    }
}

/// What `torch auto` asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutoRequest {
    /// The project's directory, absolute.
    pub project: PathBuf,
    /// The spec's file, absolute.
    pub spec: PathBuf,
    /// Roles as written; empty = the default five.
    pub roles: Vec<String>,
    /// Why these roles, where the client chose them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choice: Option<Box<ChoiceView>>,
    /// Agent programs as written: `NAME` for all roles, `ROLE=NAME` for one; none = configured, or the best that is installed.
    pub agents: Vec<String>,
    /// Only answer the plan.
    pub dry_run: bool,
    /// Which direct messages pass, by the project's config; none = by the daemon's.
    #[serde(default)]
    pub router: Option<RouterMode>,
    /// What the project's config says of the router's limits, which are tightened by it.
    #[serde(default, skip_serializing_if = "ProjectRouter::is_silent")]
    pub limits: ProjectRouter,
    /// What its agents do with git and who lets work in, by the project's config; none = by the daemon's.
    #[serde(default)]
    pub policy: Option<TeamPolicy>,
    /// Which roles' commits go to which others' worktrees, and whether they do.
    #[serde(default, skip_serializing_if = "TeamLane::is_silent")]
    pub lane: TeamLane,
    /// The files of roles that are the caller's own or the project's, by name; those of the team's roles are kept with it.
    #[serde(default)]
    pub role_files: BTreeMap<String, String>,
    /// One agent that owns the project: no spec, and no orchestrator is added.
    #[serde(default)]
    pub alone: bool,
    /// Type nothing into the agents until somebody says `torch unpause`.
    #[serde(default)]
    pub paused: bool,
    /// The answer of an agent program that was asked to better the plan of the spec.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refined: Option<String>,
    /// A file that scripts the demo agents, absolute.
    pub scenario: Option<PathBuf>,
    /// The caller's environment, cut to the allow-list by the client.
    pub env: BTreeMap<String, String>,
    /// Variables of the caller that agent programs take and that no file may hold.
    #[serde(default)]
    pub secrets: BTreeMap<String, String>,
}

/// What `scm` asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendRequest {
    /// The target as written.
    pub target: String,
    /// The body.
    pub body: Body,
    /// A repeated call with the same key is the same message.
    pub key: Option<String>,
    /// Keep a long body (up to 16 KB) in the paste.
    pub inline: bool,
    /// Hand it into a running turn rather than wait for its end, where the program can take it so.
    #[serde(default)]
    pub urgent: bool,
    /// Seconds until it is no longer worth delivering.
    pub ttl_seconds: Option<u64>,
    /// Wait for this state.
    pub wait: Option<DeliveryState>,
    /// How long to wait, in milliseconds.
    pub wait_millis: u64,
    /// The caller's working directory.
    pub cwd: PathBuf,
    /// The caller's `TMUX_PANE`, a hint for error texts only.
    pub pane_hint: Option<String>,
}

/// What `torch schedule` asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleRequest {
    /// How far ahead, in milliseconds.
    pub after_millis: u64,
    /// The note.
    pub note: Body,
    /// For whom, as written; none = the calling agent, or for others the hub of the team of `cwd`.
    pub target: Option<String>,
    /// The caller's working directory.
    pub cwd: PathBuf,
    /// The self-check: answer once the note has fired and is proven to have arrived, at the latest after so many
    /// milliseconds, and leave nothing behind. An agent's own check is taken by this answer while the agent is in a turn.
    pub check_millis: Option<u64>,
    /// A cron expression of five fields: the note comes again and again, and `after_millis` counts for nothing.
    #[serde(default)]
    pub cron: Option<String>,
    /// The IANA name of the zone that the expression is read in; none = the daemon's own.
    #[serde(default)]
    pub zone: Option<String>,
}

/// Which messages to list, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageFilter {
    /// Of one team.
    pub team: Option<String>,
    /// To or from this role.
    pub role: Option<String>,
    /// In this state.
    pub state: Option<DeliveryState>,
    /// At most this many.
    pub limit: u32,
}
