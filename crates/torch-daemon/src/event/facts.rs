//! What was seen of the world: the particulars of [`super::Event`]s.

use std::collections::BTreeMap;
use std::path::PathBuf;

use torch_api::{Failure, Request};
use torch_core::project_rules::ProjectRules;
use torch_core::{AgentId, LaunchId, MessageId, PaneAddress, SessionId, Timestamp};

use crate::project_files::ProjectRulesError;

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
    /// Whether its first process was started as torch's wrapper; what a person respawned in it was not.
    pub wrapper: bool,
    /// Whether a person's shell was opened in it, by `torch shell` or `torch open`.
    pub is_shell: bool,
    /// Whether `torch open` opened it: the project's shell, or its server.
    pub is_opened: bool,
    /// Its window's name.
    pub window_name: String,
    /// When a client last sent a key to its session or was attached to it, to the second.
    pub input: Timestamp,
}

/// One look at a pane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeFact {
    /// The pane, if it is still there.
    pub pane: Option<PaneFact>,
    /// The title that the program set.
    pub title: String,
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
    /// To answer its open question.
    Answer,
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

/// A file in an agent's outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRequest {
    /// Its name, as it may be shown.
    pub name: String,
    /// What tells it from every other file: `outbox-` and a hash of its agent, name, inode, time and content.
    pub key: String,
    /// What it asks for, or why nothing can be made of it.
    pub request: Result<Request, Box<Failure>>,
}

/// Variables that hold keys; what is written of them for a log is their names.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Keys(pub BTreeMap<String, String>);

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// How an agent failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailedHow {
    /// It did not become ready in time.
    NotReady,
    /// Its program ended.
    Ended,
}

/// What an agent has done in its worktree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkFacts {
    /// The commit that is checked out, full hex.
    pub head: String,
    /// When that commit was made, in whole seconds; `None` where git does not say.
    pub head_at: Option<Timestamp>,
    /// The branch that is checked out.
    pub branch: Option<String>,
    /// How many commits lie between the team's base and there.
    pub ahead: usize,
    /// The newest of them, newest first: short id and subject.
    pub commits: Vec<String>,
    /// Whether a file is changed, added or new.
    pub dirty: bool,
    /// How many files are.
    pub changed: usize,
    /// Checkpoint files (`ROLE_CHECKPOINT_*.md`) in the worktree, newest first.
    pub checkpoints: Vec<String>,
}

/// A tmux session that torch did not make, as it was looked at before an agent becomes a guest in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionFacts {
    /// The session.
    pub session: SessionId,
    /// Its windows, in order.
    pub windows: Vec<WindowFacts>,
    /// The project that its panes work in.
    pub project: ProjectFacts,
}

/// One window of such a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowFacts {
    /// Its index.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// The working directory of its first pane.
    pub cwd: PathBuf,
    /// The last lines of its first pane.
    pub lines: String,
}

/// A window that was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedWindow {
    /// Where.
    pub address: PaneAddress,
    /// The conversation that its program goes on with; absent where it begins a new one.
    pub resumed: Option<String>,
}

impl OpenedWindow {
    /// One of which nobody knows more than where it is.
    pub fn begun(address: PaneAddress) -> Self {
        Self {
            address,
            resumed: None,
        }
    }
}

/// Why a window could not be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenFailure {
    /// In words.
    pub error: String,
    /// Whether the worktree is not there.
    pub no_directory: bool,
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
    /// The names of the agent programs that are installed where the caller looks for programs.
    pub installed: Vec<String>,
    /// The names of the sessions that the tmux server has, where it was asked: none of them can be the team's.
    pub sessions: Vec<String>,
    /// What its files state, or what is wrong with them; `None` where nobody looked. So its rules hold from the first message on.
    pub rules: Option<Result<Box<ProjectRules>, ProjectRulesError>>,
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

impl SpecFacts {
    /// What stands for the spec of a team that has none.
    pub fn none() -> Self {
        Self {
            path: PathBuf::new(),
            text: String::new(),
            sha256: String::new(),
        }
    }
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

/// A commit that is new to a team's repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Whose worktree had its branch checked out; `None` for a person's, and for what a fetch brought.
    pub agent: Option<torch_core::AgentId>,
    /// The branch that it appeared on first, by its full name; `HEAD` of a detached worktree.
    pub branch: String,
    /// It.
    pub commit: torch_core::git_activity::CommitFact,
    /// Whether it took the place of others: an amended commit, a rebase.
    pub rewritten: bool,
}
