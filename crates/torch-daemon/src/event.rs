//! Everything that can happen to the daemon, and everything it can do: two closed enums.
//!
//! [`crate::state::State::handle`] turns one into the other without IO. The host commits all
//! [`Effect::Write`]s of a turn in one transaction before it executes any other effect of it.

mod cause;
mod errors;
mod facts;
mod gap;
mod orders;
mod query;
mod reader;

use std::collections::BTreeMap;
use std::path::PathBuf;

use torch_api::roster::AgentRequest;
use torch_api::wire::AutoRequest;
use torch_api::{Failure, Request, Response};
use torch_core::git_activity::{RefMove, Standing};
use torch_core::identity::Ancestry;
use torch_core::project_rules::ProjectRules;
use torch_core::spool::SpoolRecord;
use torch_core::{
    AgentId, Delivery, Drift, Envelope, LaunchId, MessageId, PaneId, Process, RoleName, SessionId,
    TeamId, Timestamp, Write,
};
use torch_monitor::SignalReading;
use torch_router::delivery::{Outcome, Withdrawal};

use crate::project_files::ProjectRulesError;

pub use errors::{KeyError, LookError, OfferError, PasteError};
pub use facts::{
    AddedWorktree, FailedHow, FileRequest, Keys, Known, Made, OpenFailure, OpenedWindow, PaneFact,
    ProbeFact, ProbeFor, ProjectFacts, SessionFacts, SpecFacts, WindowFacts, WorkFacts,
};
pub use gap::SpoolGap;
pub use orders::{
    AnswerFile, AnswerFileDone, AnswerFileOrder, AnswerFileOutcome, InboxFile, Offer, OpenIn,
    OpenWindow, PaneRecord, Resume, TypingGuard,
};
pub use query::Query;
pub use reader::Reader;

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
    /// The next look at a dialog that is being answered.
    Answer(AgentId),
    /// When an agent's ended program may be started again.
    Restart(AgentId),
    /// When an agent's turns of the last hour allow another one.
    Turns(AgentId),
    /// When an agent is woken whose usage limit is reset.
    Wake(AgentId),
    /// The next look whether an agent is to be told or asked something.
    CheckIn(AgentId),
    /// The time after which an agent that ended its turn without a report counts as silent.
    Silence(AgentId),
    /// When the answers to a team's standup are waited for no longer.
    Standup(TeamId),
    /// The next look after a team's pushes.
    Pushes(TeamId),
    /// The next try to start the tmux server.
    Server,
    /// How long who follows a finished team waits for the end of its hub's turn.
    Followed(TeamId),
    /// When a team's fast lane has something to look at, or to say.
    Lane(TeamId),
    /// When the project manager is told what there is to merge.
    LaneCycle(TeamId),
    /// When the hub is told that an agent is still blocked.
    Blocked(AgentId),
    /// When a team's agents hear what has changed of what they were told.
    Stated(TeamId),
    /// When the next open violation expires.
    Violations,
    /// The end of what a team's integration waits for.
    Integration(TeamId),
    /// The next planned note.
    Schedules,
    /// The next look at all panes.
    Panes,
    /// The host's own next look at its socket and its lock.
    Upkeep,
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
    /// A file in an agent's outbox asks.
    File {
        /// Where the answer goes.
        conn: ConnId,
        /// Whose outbox.
        agent: AgentId,
        /// What it says.
        file: Box<FileRequest>,
    },
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
    /// Something of an agent's spool may be missing; told once of each launch.
    SpoolGap {
        /// The agent.
        agent: AgentId,
        /// The launch whose spool it is.
        launch: LaunchId,
        /// What.
        gap: SpoolGap,
        /// Where, in bytes from its beginning.
        at: u64,
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
    /// The tmux server's process lives, and it does not answer: what runs in it goes on.
    TmuxSilent {
        /// What was tried.
        error: String,
        /// Its pid.
        pid: u32,
    },
    /// The registry needs a person: a full disk, a backup that could not be made.
    Trouble {
        /// What, and what to run.
        text: String,
    },
    /// All panes of the server.
    Panes {
        /// Which [`Effect::ListPanes`] this answers.
        listing: u64,
        /// The panes; empty when there is no server.
        panes: Vec<PaneFact>,
    },
    /// What a team's tmux session keeps of its agents' keys.
    KeysRecalled {
        /// The team.
        team: TeamId,
        /// The keys.
        keys: Keys,
    },
    /// A look at a pane; `Err` is what kept it from being taken.
    Probed {
        /// The agent.
        agent: AgentId,
        /// Why it was taken.
        purpose: ProbeFor,
        /// What was seen.
        result: Result<Box<ProbeFact>, LookError>,
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
        result: Result<Outcome, PasteError>,
    },
    /// An Enter ended.
    Pressed {
        /// The message.
        message: MessageId,
        /// How.
        result: Result<Outcome, KeyError>,
    },
    /// A message lies ready for its agent's hook, or could not be laid so.
    Offered {
        /// The message.
        message: MessageId,
        /// Why not.
        result: Result<(), OfferError>,
    },
    /// A message was to be taken back from there.
    Withdrawn {
        /// The message.
        message: MessageId,
        /// What became of it.
        withdrawal: Withdrawal,
    },
    /// An answer's file was laid or taken back.
    AnswerFile(AnswerFileDone),
    /// An agent's transcript grew.
    Told {
        /// Whose.
        agent: AgentId,
        /// In which launch.
        launch: LaunchId,
        /// The transcript.
        path: PathBuf,
        /// How far it has been read now, in bytes.
        offset: u64,
        /// What its new records mean.
        readings: Vec<SignalReading>,
    },
    /// A key for an open question was pressed, or not.
    KeyPressed {
        /// Whose question.
        agent: AgentId,
        /// How.
        result: Result<Outcome, KeyError>,
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
    /// Worktrees were removed or brought back, or not.
    Worktrees(Box<crate::worktrees::Outcome>),
    /// An order of the fast lane was carried out.
    Lane(Box<crate::lane::LaneDone>),
    /// An act of an integration ended.
    Integrated {
        /// Whose.
        team: TeamId,
        /// Which.
        id: torch_core::IntegrationId,
        /// What came of it.
        found: Box<torch_integration::integrate::Found>,
    },
    /// What came of an order for a broker.
    Broker(Box<crate::broker::Outcome>),
    /// The files in which a project states its rules were read.
    RulesRead {
        /// Whose project's.
        team: TeamId,
        /// The rules; what is wrong with a file otherwise, with its name and line.
        result: Result<Box<ProjectRules>, ProjectRulesError>,
    },
    /// An agent's worktree was looked at for the rules; `None` when it could not be.
    TreeSeen {
        /// Whose.
        agent: AgentId,
        /// What was seen.
        work: Option<Box<WorkFacts>>,
    },
    /// A team's repository was read for the first time.
    RefsKnown {
        /// The team.
        team: TeamId,
        /// Where the branches stand: commits in full hex by full name.
        tips: BTreeMap<String, String>,
    },
    /// Branches of a team's repository were made, moved or deleted; each move is told once, also over a restart.
    RefsMoved {
        /// The team.
        team: TeamId,
        /// What moved, by name.
        moves: Vec<RefMove>,
    },
    /// Commits appeared in a team's repository that no branch led to before; each is told once, also over a restart.
    Committed {
        /// The team.
        team: TeamId,
        /// The commits, the oldest of a branch first.
        made: Vec<Made>,
    },
    /// How the branches of a team's agents stand to the parent and to the remotes changed.
    Standings {
        /// The team.
        team: TeamId,
        /// All of them.
        standings: Vec<Standing>,
    },
    /// `gh` was asked for the pull request of an agent's branch.
    RequestSeen {
        /// Whose.
        agent: AgentId,
        /// The branch.
        branch: String,
        /// It, where there is one; `Err` where there is no `gh` or it can't tell.
        result: Result<Option<torch_core::git_activity::PullRequest>, ()>,
    },
    /// The work of a team's agents was compared; `None` when it could not be.
    Overlaps {
        /// The team.
        team: TeamId,
        /// Where it conflicts.
        clashes: Option<Vec<crate::state::Clash>>,
    },
    /// A window was opened, or not.
    Opened {
        /// Whose.
        agent: AgentId,
        /// For which launch.
        launch: LaunchId,
        /// Where.
        result: Result<OpenedWindow, OpenFailure>,
    },
    /// A window was closed and what ran in it ended.
    Closed {
        /// Whose.
        agent: AgentId,
        /// Processes that would not end, or the error.
        result: Result<(), String>,
        /// Where its screen was saved.
        log: Option<PathBuf>,
    },
    /// An agent's worktree was looked at; `None` when it could not be.
    WorkSeen {
        /// Whose.
        agent: AgentId,
        /// In which launch it is to be briefed.
        launch: LaunchId,
        /// What was seen.
        work: Option<Box<WorkFacts>>,
    },
    /// A session was looked at before an agent becomes a guest in it.
    SessionSeen {
        /// The connection that asked.
        conn: ConnId,
        /// What it asked.
        request: Box<AgentRequest>,
        /// What was found.
        result: Result<Box<SessionFacts>, Box<Failure>>,
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
    /// The wall clock was set, or the machine slept. The host says so before anything else of a turn, and has moved the
    /// timers by [`TimerKey::moved_by`].
    ClockMoved(Drift),
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
