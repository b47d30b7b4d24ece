//! What clients want that the state alone can't answer.

use std::collections::BTreeMap;
use std::path::PathBuf;

use torch_core::{AgentId, MessageId, PaneAddress, PaneId, SessionId, WindowId};

use super::Reader;

/// What a client wants that the state alone can't answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Query {
    /// Messages.
    Messages(torch_api::wire::MessageFilter, Reader),
    /// What was committed and pushed.
    GitLog {
        /// The team's name.
        team: String,
        /// What is wanted.
        filter: Box<torch_api::git::LogFilter>,
        /// What is answered where the journal never named the role: the team has none of that name.
        unknown: Option<Box<torch_api::Failure>>,
        /// Since when nothing new is seen, and why.
        unread: Option<Box<torch_api::git::Unread>>,
    },
    /// The numbers of the newest messages.
    Stats {
        /// Of one team.
        team: Option<String>,
        /// How many messages at most.
        limit: u32,
    },
    /// Violations.
    Violations(torch_api::rules::ViolationFilter, Reader),
    /// Assignments.
    Assignments {
        /// Of one team.
        team: Option<String>,
        /// Only those that nobody acknowledged.
        unacked: bool,
    },
    /// A team's integrations.
    Integrations {
        /// Whose.
        team: torch_core::TeamId,
        /// Its name.
        name: String,
    },
    /// What became of a team's pushes.
    Pushes {
        /// The team.
        team: torch_core::TeamId,
        /// How many at most, the newest ones.
        limit: usize,
    },
    /// The person's inbox.
    Inbox {
        /// Also what was read.
        all: bool,
        /// Mark it read.
        mark_read: bool,
    },
    /// One message.
    Message(String, Reader),
    /// One message's journal.
    Trace(String, Reader),
    /// Whether the turn that a settled message began is over, or why there was none.
    TurnOf(String, Reader),
    /// What happened to agents' usage limits, with what was put together already.
    Credit {
        /// The agents, in the order of the view's.
        agents: Vec<AgentId>,
        /// The view without the history.
        view: Box<torch_api::credit::CreditView>,
    },
    /// One agent's state history, with what was put together already.
    Why {
        /// The agent.
        agent: AgentId,
        /// The answer without its history.
        view: Box<torch_api::AgentView>,
        /// What torch waits for.
        waits_for: Vec<String>,
        /// What of the rules about it a person has not accepted.
        rules: Vec<String>,
    },
    /// The journal's chain.
    Audit,
    /// Archive and remove what is old.
    Gc {
        /// Only say what that would be.
        dry_run: bool,
    },
    /// A message as sent, with its delivery now.
    Sent {
        /// The message.
        message: MessageId,
        /// Whether the awaited state was reached.
        reached: bool,
        /// What holds up the message that it stands behind.
        behind: Option<torch_core::DeferReason>,
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
    /// Say that an agent has no pane, and where its last screen was saved.
    SavedScreen {
        /// The role.
        role: torch_core::RoleName,
        /// The team's name.
        team: String,
        /// What to run where no screen was saved.
        hint: String,
    },
    /// Give windows their roles' names again.
    RenameWindows {
        /// What the client is told.
        renames: Vec<torch_api::roster::WindowRename>,
        /// The windows and their names.
        orders: Vec<(WindowId, String)>,
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
    /// The project's shell or server.
    Window {
        /// The session.
        session: SessionId,
        /// The window that is there already.
        existing: Option<PaneAddress>,
        /// The project's folder.
        cwd: PathBuf,
        /// Its environment.
        env: BTreeMap<String, String>,
        /// What was asked.
        request: Box<torch_api::WindowRequest>,
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
