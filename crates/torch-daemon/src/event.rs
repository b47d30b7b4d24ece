//! Everything that can happen to the daemon, and everything it can do: two closed enums.
//!
//! [`crate::state::State::handle`] turns one into the other without IO. The host commits all
//! [`Effect::Write`]s of a turn in one transaction before it executes any other effect of it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use torch_api::wire::AutoRequest;
use torch_api::{Failure, Request, Response};
use torch_core::identity::Ancestry;
use torch_core::launch::LaunchSpec;
use torch_core::spool::SpoolRecord;
use torch_core::{
    AgentId, Delivery, Envelope, LaunchId, MessageId, PaneAddress, PaneId, Process, RoleName,
    SessionId, SessionName, TeamId, Timestamp, WindowId, Write,
};
use torch_router::delivery::Outcome;

/// A client's connection, numbered from 1 in one daemon's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(pub u64);

/// What a timer is for; setting a key again moves it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum TimerKey {
    /// The next look at a delivery, or the end of its wait for proof.
    Delivery(MessageId),
    /// The next look for an accepted message in the transcript.
    Transcript(MessageId),
    /// A message's time to live.
    Expiry(MessageId),
    /// A client's wait for a message.
    Wait(ConnId),
    /// How long an agent may take to become ready in this launch.
    Ready(AgentId),
    /// The second look at an agent whose prompt is up although no hook said that its turn is over.
    Look(AgentId),
    /// The next look at all panes.
    Panes,
    /// The host's own next look at its socket and its lock.
    Upkeep,
}

/// One pane of the tmux server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaneFact {
    /// Its ids and the pid of its first process.
    pub address: PaneAddress,
    /// Its session's name.
    pub session_name: String,
    /// Its window's index.
    pub window_index: u32,
    /// Its index in the window.
    pub pane_index: u32,
    /// Whether its first process ended.
    pub dead: bool,
    /// Whether a mode (copy, clock, tree) is on.
    pub in_mode: bool,
    /// Whether its input is off or shared with others.
    pub no_input: bool,
    /// Clients that show its session.
    pub attached: u32,
    /// The launch whose program lives in it (`@torch_live`).
    pub live: Option<LaunchId>,
    /// The agent it was opened for (`@torch_agent`).
    pub agent: Option<AgentId>,
    /// Whether `torch shell` opened it.
    pub is_shell: bool,
}

/// One look at a pane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeFact {
    /// The pane, if it is still there.
    pub pane: Option<PaneFact>,
    /// `capture-pane -p -e` of the visible screen.
    pub screen: Vec<u8>,
    /// Whether the agent program's process lives.
    pub process_alive: bool,
}

/// Why a look is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProbeFor {
    /// For a delivery.
    Delivery(MessageId),
    /// To see what the agent is doing.
    State,
}

/// What an earlier call with the same key made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The message.
    pub message: MessageId,
    /// Its target as written.
    pub target: String,
    /// Its text as kept, which the router may have put words around.
    pub body: String,
}

/// How an agent failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FailedHow {
    /// It did not become ready in time.
    NotReady,
    /// Its program ended, in words.
    Ended(String),
}

/// A project as git sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectFacts {
    /// The top of its main worktree, canonical.
    pub root: PathBuf,
    /// Its common git directory, canonical.
    pub common_dir: PathBuf,
    /// The checked-out branch, absent on a detached HEAD.
    pub branch: Option<String>,
    /// The commit checked out, full hex.
    pub head: String,
    /// Bytes of one checked-out worktree.
    pub worktree_bytes: u64,
    /// The names of the sessions that the tmux server has, where it was asked: none of them can be the team's.
    pub sessions: Vec<String>,
}

/// A spec as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecFacts {
    /// Its file, canonical.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
    /// Lower-case hex.
    pub sha256: String,
}

/// A worktree as made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddedWorktree {
    /// Its path.
    pub path: PathBuf,
    /// Its branch, absent where HEAD is detached.
    pub branch: Option<String>,
    /// How it was got, in words: `new branch`, `branch reused`, …
    pub rung: String,
    /// Whether this call made it, so that a cancelled `auto` may take it away again.
    pub created: bool,
}

/// What happened.
#[derive(Debug)]
pub enum Event {
    /// A client asks.
    Request {
        /// Its connection.
        conn: ConnId,
        /// Its process and ancestors.
        peer: Ancestry,
        /// What it asks.
        request: Request,
        /// What an earlier call with the same key made, looked up by the host.
        known: Option<Known>,
    },
    /// A client is gone.
    Disconnected(ConnId),
    /// An agent's spool grew.
    Spool {
        /// The agent.
        agent: AgentId,
        /// The launch whose spool it is; each has a file of its own.
        launch: LaunchId,
        /// How far it has been read now, in bytes.
        offset: u64,
        /// The new records.
        records: Vec<SpoolRecord>,
    },
    /// The tmux server was reached.
    TmuxUp {
        /// Its version.
        version: String,
        /// Its pid.
        pid: u32,
    },
    /// The tmux server is gone or can't be reached.
    TmuxDown {
        /// Why.
        error: String,
    },
    /// All panes of the server.
    Panes {
        /// Which [`Effect::ListPanes`] this answers.
        listing: u64,
        /// The panes; empty when there is no server.
        panes: Vec<PaneFact>,
    },
    /// A look at a pane; `Err` is what kept it from being taken.
    Probed {
        /// The agent.
        agent: AgentId,
        /// Why it was taken.
        purpose: ProbeFor,
        /// What was seen.
        result: Result<ProbeFact, String>,
    },
    /// The last lines of an agent that failed; `None` when they could not be had.
    LastLines {
        /// The agent.
        agent: AgentId,
        /// What failed.
        failed: FailedHow,
        /// Plain text, oldest line first.
        lines: Option<String>,
    },
    /// A paste ended.
    Pasted {
        /// The message.
        message: MessageId,
        /// How.
        result: Result<Outcome, String>,
    },
    /// An Enter ended.
    Pressed {
        /// The message.
        message: MessageId,
        /// How.
        result: Result<Outcome, String>,
    },
    /// The transcript was searched for a message.
    Transcript {
        /// The message.
        message: MessageId,
        /// Whether a prompt record holds it.
        found: bool,
    },
    /// A project and a spec were looked at for `torch auto`.
    Inspected {
        /// The connection that asked.
        conn: ConnId,
        /// What it asked.
        request: Box<AutoRequest>,
        /// What was found.
        result: Result<(ProjectFacts, SpecFacts), Failure>,
    },
    /// A worktree was made, or not.
    WorktreeAdded {
        /// Whose.
        agent: AgentId,
        /// How.
        result: Result<AddedWorktree, Failure>,
    },
    /// A worktree of a cancelled `torch auto` was taken away, or kept with a reason.
    WorktreeUndone {
        /// Whose.
        agent: AgentId,
        /// Its team.
        team: TeamId,
        /// `None` when it is gone, else why it was kept.
        kept: Option<String>,
    },
    /// A window was opened, or not.
    Opened {
        /// Whose.
        agent: AgentId,
        /// For which launch.
        launch: LaunchId,
        /// Where.
        result: Result<PaneAddress, String>,
    },
    /// A window was closed and what ran in it ended.
    Closed {
        /// Whose.
        agent: AgentId,
        /// Processes that would not end, or the error.
        result: Result<(), String>,
    },
    /// A message that was given up or has expired is wanted again.
    Revived {
        /// Who wants it.
        conn: ConnId,
        /// The message.
        envelope: Box<Envelope>,
        /// Its delivery.
        delivery: Box<Delivery>,
    },
    /// A timer's time has come.
    Timer(TimerKey),
}

/// Where a window is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpenIn {
    /// In a new session of this name.
    NewSession(SessionName),
    /// In the team's session.
    Session(SessionId),
}

/// The conditions under which something may be typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TypingGuard {
    /// The pane.
    pub pane: PaneId,
    /// The pid of its first process.
    pub pid: u32,
    /// Its live mark.
    pub launch: LaunchId,
}

/// A long body's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxFile {
    /// The recipient's worktree.
    pub worktree: PathBuf,
    /// The file, relative to it.
    pub file: PathBuf,
    /// What it holds.
    pub body: String,
}

/// Everything needed to open an agent's window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenWindow {
    /// Whose.
    pub agent: AgentId,
    /// Its role, the window's name.
    pub role: RoleName,
    /// The window's index.
    pub index: u32,
    /// Where.
    pub open_in: OpenIn,
    /// The wrapper's orders, written to `launch.json`.
    pub spec: LaunchSpec,
    /// The program's settings with torch's hooks, written to `settings.json`.
    pub settings: serde_json::Value,
}

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
    /// Open an agent's window.
    Open(Box<OpenWindow>),
    /// Close an agent's window and end everything in it.
    Close {
        /// Whose.
        agent: AgentId,
        /// The window.
        window: WindowId,
        /// Its first process.
        pid: u32,
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
    /// End the daemon after the answers are out.
    Shutdown,
}

/// What a client wants that the state alone can't answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Query {
    /// Messages.
    Messages(torch_api::wire::MessageFilter),
    /// The person's inbox.
    Inbox {
        /// Also what was read.
        all: bool,
        /// Mark it read.
        mark_read: bool,
    },
    /// One message.
    Message(String),
    /// One message's journal.
    Trace(String),
    /// One agent's state history, with what was put together already.
    Why {
        /// The agent.
        agent: AgentId,
        /// The answer without its history.
        view: Box<torch_api::AgentView>,
        /// What torch waits for.
        waits_for: Vec<String>,
    },
    /// The journal's chain.
    Audit,
    /// A message as sent, with its delivery now.
    Sent {
        /// The message.
        message: MessageId,
        /// Whether the awaited state was reached.
        reached: bool,
    },
    /// Acknowledge a message that is settled already.
    Ack {
        /// Its short id.
        id: String,
        /// Who says so.
        agent: AgentId,
    },
    /// Take up a message again that is settled, or say why not.
    Revive {
        /// Its short id.
        id: String,
    },
    /// Say why a message that is settled already can't be cancelled.
    Settled {
        /// Its short id.
        id: String,
        /// What was asked for, e.g. `cancelled`.
        verb: &'static str,
    },
    /// The last lines of a pane.
    Lines {
        /// The pane.
        pane: PaneId,
        /// How many.
        lines: u32,
    },
    /// How to attach.
    Attach {
        /// The session.
        session: SessionId,
        /// The window to show.
        window: Option<WindowId>,
        /// The caller's `TMUX`.
        tmux: Option<String>,
    },
    /// A person's shell in a worktree.
    Shell {
        /// The session.
        session: SessionId,
        /// The window's name.
        name: String,
        /// Where.
        cwd: PathBuf,
        /// Its environment.
        env: BTreeMap<String, String>,
        /// The caller's `TMUX`.
        tmux: Option<String>,
    },
}
