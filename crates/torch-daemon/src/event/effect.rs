//! What the daemon can do.

use std::path::PathBuf;

use torch_api::Response;
use torch_api::roster::AgentRequest;
use torch_api::wire::AutoRequest;
use torch_core::{
    AgentId, LaunchId, MessageId, PaneId, Process, RoleName, SessionId, TeamId, Timestamp, Write,
};

use super::{
    AnswerFile, ConnId, FailedHow, InboxFile, Offer, OpenWindow, PaneRecord, ProbeFor, Query,
    TimerKey, TypingGuard,
};

/// What to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Make durable, before anything else of this turn.
    Write(Write),
    /// Answer a client.
    Reply {
        /// Its connection.
        conn: ConnId,
        /// The answer.
        response: Response,
    },
    /// Answer a client from the store or from a pane.
    Answer {
        /// Its connection.
        conn: ConnId,
        /// What it wants.
        query: Query,
    },
    /// Set or move a timer.
    Timer {
        /// Which.
        key: TimerKey,
        /// For when.
        at: Timestamp,
    },
    /// Take a timer off.
    CancelTimer(TimerKey),
    /// Look at a project and a spec.
    Inspect {
        /// For whom.
        conn: ConnId,
        /// What was asked.
        request: Box<AutoRequest>,
    },
    /// Make a worktree.
    AddWorktree {
        /// Whose.
        agent: AgentId,
        /// The role, part of the branch's name.
        role: RoleName,
        /// The project.
        project: PathBuf,
        /// The starting branch's name, `HEAD` when detached.
        base_branch: String,
        /// The commit to start from.
        base_commit: String,
        /// Where.
        path: PathBuf,
    },
    /// Take a worktree away that a cancelled `auto` made, unless it holds work.
    UndoWorktree {
        /// Whose.
        agent: AgentId,
        /// Its team.
        team: TeamId,
        /// Where.
        path: PathBuf,
        /// The commit it was made at.
        base_commit: String,
    },
    /// Look at worktrees, remove them or bring one back.
    Worktrees {
        /// For whom.
        conn: ConnId,
        /// What is to be done.
        order: Box<crate::worktrees::Order>,
    },
    /// Look at two worktrees of the fast lane, or merge.
    Lane(Box<crate::lane::LaneOrder>),
    /// Do an act of an integration.
    Integrate {
        /// Whose.
        team: TeamId,
        /// Which.
        job: Box<crate::integrate::Job>,
    },
    /// End the command that runs for a team's integration, if one does; the act under way ends with it.
    EndIntegrationCommand {
        /// Whose.
        team: TeamId,
    },
    /// Make a team's broker, look into it, or forward from it.
    Broker(Box<crate::broker::Order>),
    /// Open an agent's window.
    Open(Box<OpenWindow>),
    /// Close an agent's pane, with it its window unless a person has split it, and end everything that ran there.
    Close {
        /// Whose.
        agent: AgentId,
        /// The pane.
        pane: PaneId,
        /// Its first process.
        pid: u32,
        /// The agent's program.
        process: Option<Process>,
        /// What is saved first.
        record: Option<PaneRecord>,
    },
    /// Start the tmux server that running teams need.
    StartServer,
    /// Look at what an agent has done.
    LookAtWork {
        /// Whose.
        agent: AgentId,
        /// In which launch it is to be briefed.
        launch: LaunchId,
        /// The project.
        project: PathBuf,
        /// Its worktree.
        worktree: PathBuf,
        /// The commit its team started from.
        base_commit: String,
    },
    /// Look at an agent's worktree for the rules about commits and branches.
    LookAtTree {
        /// Whose.
        agent: AgentId,
        /// The project.
        project: PathBuf,
        /// Its worktree.
        worktree: PathBuf,
        /// The commit its team started from.
        base_commit: String,
    },
    /// Ask `gh` for the pull request of an agent's branch.
    LookForRequest {
        /// Whose.
        agent: AgentId,
        /// The repository's common git directory.
        common_dir: PathBuf,
        /// The remote.
        remote: String,
        /// The branch there.
        branch: String,
    },
    /// Compare the work of a team's agents.
    LookForOverlaps {
        /// The team.
        team: TeamId,
        /// The branch that the work is for, or a commit.
        parent: String,
        /// The agents.
        agents: Vec<crate::worktrees::Registered>,
    },
    /// Look at a session before an agent becomes a guest in it.
    LookAtSession {
        /// For whom.
        conn: ConnId,
        /// What was asked.
        request: Box<AgentRequest>,
    },
    /// Look at a pane.
    Probe {
        /// Whose.
        agent: AgentId,
        /// Why.
        purpose: ProbeFor,
        /// The pane.
        pane: PaneId,
        /// The program's process.
        process: Option<Process>,
    },
    /// Read the last lines of a failed agent's pane, to say what went wrong.
    ReadLastLines {
        /// Whose.
        agent: AgentId,
        /// What failed.
        failed: FailedHow,
        /// The pane.
        pane: PaneId,
        /// How many lines.
        lines: u32,
    },
    /// Paste a message.
    Paste {
        /// The message.
        message: MessageId,
        /// Under these conditions.
        guard: TypingGuard,
        /// The text.
        text: String,
        /// Its body's file, written first.
        inbox: Option<InboxFile>,
    },
    /// Press the submitting key.
    Press {
        /// The message.
        message: MessageId,
        /// Under these conditions.
        guard: TypingGuard,
        /// The key's tmux name.
        key: String,
        /// How a line of the screen must end.
        line_end: Option<String>,
    },
    /// Lay a message ready for its agent's hook, unless the hook took it already.
    Offer {
        /// Which, and where.
        offer: Offer,
        /// What the hook prints.
        text: String,
        /// Its body's file, written first.
        inbox: Option<InboxFile>,
    },
    /// Take a message back that lies ready.
    Withdraw(Offer),
    /// Lay an answer ready for the program's plugin, or take it back.
    AnswerFile(AnswerFile),
    /// Press a key for an open question, by a person's order.
    PressKey {
        /// Whose question.
        agent: AgentId,
        /// Under these conditions.
        guard: TypingGuard,
        /// The key's tmux name.
        key: String,
        /// The dialog's lines, which must stand on the screen in the same moment.
        lines: Vec<String>,
    },
    /// Search a transcript for a message.
    ReadTranscript {
        /// The message.
        message: MessageId,
        /// The transcript.
        path: PathBuf,
    },
    /// List all panes.
    ListPanes {
        /// Its number, so that a pane opened after the request is not missed in the answer.
        listing: u64,
    },
    /// End torch's own tmux server if nothing but torch's keeper is left in it.
    EndIdleServer,
    /// Read a team's keys from its tmux session, where an earlier daemon kept them.
    RecallKeys {
        /// The team.
        team: TeamId,
        /// Its session.
        session: SessionId,
        /// The variables: names, or beginnings of names with a `*` behind.
        names: Vec<String>,
    },
    /// Close a pane of torch's making that no agent lives in, if its program has ended.
    DropDeadPane {
        /// The pane.
        pane: PaneId,
    },
    /// Remove what the registry's `run` folder keeps of an agent that is no more.
    ForgetAgent(AgentId),
    /// Watch an agent's spool from this offset on.
    WatchSpool {
        /// Whose.
        agent: AgentId,
        /// Of which launch.
        launch: LaunchId,
        /// Bytes already taken in.
        offset: u64,
    },
    /// Read a transcript whenever it grows.
    WatchTranscript {
        /// Whose.
        agent: AgentId,
        /// In which launch.
        launch: LaunchId,
        /// The program that writes it.
        program: String,
        /// The transcript.
        path: PathBuf,
        /// Bytes already taken in.
        offset: u64,
    },
    /// End the daemon after the answers are out.
    Shutdown,
}
