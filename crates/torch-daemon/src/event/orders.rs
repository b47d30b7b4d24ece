//! What is to be done, in full: the particulars of [`super::Effect`]s.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::OfferError;
use torch_core::hand_over::HandOver;
use torch_core::launch::LaunchSpec;
use torch_core::{
    AgentId, LaunchId, PaneAddress, PaneId, Process, RoleName, SessionId, SessionName,
};

/// Where a window is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpenIn {
    /// In a new session of this name, or in the one that is there.
    NewSession(SessionName),
    /// In this session of its team; at its end if the index is taken. It may have ended since: then in a new one of the
    /// name.
    Session(SessionId, SessionName),
    /// In this session, which is somebody else's.
    Guest(SessionId),
    /// In the pane that it had.
    Pane(PaneAddress),
}

/// What is saved of a pane before it is closed or used again (S2-190).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaneRecord {
    /// The pane.
    pub pane: PaneId,
    /// Its team's name, part of the file's.
    pub team: String,
    /// Its role, part of the file's name.
    pub role: RoleName,
    /// Because of what it is closed.
    pub why: String,
    /// The agent's own last report.
    pub completed: Option<String>,
    /// What went wrong.
    pub issues: Vec<String>,
    /// What whoever goes on has to know.
    pub handoff: Vec<String>,
    /// The project.
    pub project: PathBuf,
    /// The agent's worktree.
    pub worktree: PathBuf,
    /// The commit its team started from.
    pub base_commit: String,
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

/// A message in a launch's hand-over folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// For whom.
    pub agent: AgentId,
    /// In which launch.
    pub launch: LaunchId,
    /// Which message, and which try of it.
    pub hand_over: HandOver,
}

/// What is to be done with an answer in a launch's folder of answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerFile {
    /// Whose question.
    pub agent: AgentId,
    /// In which launch.
    pub launch: LaunchId,
    /// The question's id.
    pub question: String,
    /// What.
    pub order: AnswerFileOrder,
}

/// An order about an answer's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnswerFileOrder {
    /// This is laid ready.
    Lay(String),
    /// It is taken back.
    Withdraw,
}

/// What became of an order about an answer's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerFileDone {
    /// Whose question.
    pub agent: AgentId,
    /// The question's id.
    pub question: String,
    /// What.
    pub outcome: AnswerFileOutcome,
}

/// How an order about an answer's file ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnswerFileOutcome {
    /// It lies ready.
    Laid,
    /// It could not be laid.
    NotLaid(OfferError),
    /// It was taken back: nobody has it.
    Withdrawn,
    /// The plugin took it, or nobody can tell.
    Taken,
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

/// How a program goes on with a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resume {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// The conversation's id.
    pub conversation: String,
    /// Its transcript: without it there is nothing to go on with.
    pub transcript: PathBuf,
}

/// Everything needed to open an agent's window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenWindow {
    /// Whose.
    pub agent: AgentId,
    /// Its role, the window's name.
    pub role: RoleName,
    /// The window's index; without one it is put behind the others.
    pub index: Option<u32>,
    /// Where.
    pub open_in: OpenIn,
    /// The wrapper's orders, written to `launch.json`.
    pub spec: LaunchSpec,
    /// How its program goes on with the conversation that it had, if that is still there.
    pub resume: Option<Resume>,
    /// Variables that no file may hold.
    pub secrets: BTreeMap<String, String>,
    /// The files that the program reads at its start, by their names in the launch's folder.
    pub files: Vec<(String, String)>,
    /// The program of the launch before, ended first if it still runs.
    pub before: Option<Process>,
    /// What is saved of the pane first.
    pub record: Option<PaneRecord>,
}
