//! Everything that can happen to the daemon, and everything it can do: two closed enums.
//!
//! [`crate::state::State::handle`] turns one into the other without IO. The host commits all
//! [`Effect::Write`]s of a turn in one transaction before it executes any other effect of it.

mod cause;
mod effect;
mod errors;
mod facts;
mod gap;
mod orders;
mod query;
mod reader;
mod timer;

use std::collections::BTreeMap;
use std::path::PathBuf;

use torch_api::roster::AgentRequest;
use torch_api::wire::AutoRequest;
use torch_api::{Failure, Request};
use torch_core::git_activity::{RefMove, Standing};
use torch_core::identity::Ancestry;
use torch_core::project_rules::ProjectRules;
use torch_core::spool::SpoolRecord;
use torch_core::{AgentId, Delivery, Drift, Envelope, LaunchId, MessageId, TeamId};
use torch_monitor::SignalReading;
use torch_router::delivery::{Outcome, Withdrawal};

use crate::project_files::ProjectRulesError;

pub use effect::Effect;
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
pub use timer::TimerKey;

/// A client's connection, numbered from 1 in one daemon's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(pub u64);

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
    /// The configuration of a watched repository was written.
    RepositoryConfig {
        /// The common git directory.
        common_dir: PathBuf,
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
    /// A team's repository can't be read, or can again, or for another reason than before.
    RefsRead {
        /// The team.
        team: TeamId,
        /// Why not.
        trouble: Option<String>,
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
