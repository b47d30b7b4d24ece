//! Who a caller is, from its process and never from its words.

use std::path::Path;

use torch_core::identity::{Ancestor, Ancestry, Mark};
use torch_core::{AgentId, Process, RoleName, Sender, TeamId};

/// A pane of torch's tmux server, as far as identity goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownPane {
    /// The pid of its first process.
    pub pid: u32,
    /// What it is.
    pub owner: PaneOwner,
}

/// Whose pane it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaneOwner {
    /// An agent's.
    Agent {
        /// The agent.
        agent: AgentId,
        /// Its team.
        team: TeamId,
        /// Its role.
        role: RoleName,
    },
    /// Opened by torch for a person (`torch shell`).
    Shell,
    /// Anything else on that server.
    Other,
}

/// The tmux server that torch uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownServer {
    /// Its pid.
    pub pid: u32,
    /// Whether it is torch's own; on the user's server a foreign pane is simply a person's.
    pub owned: bool,
}

/// What is around the callers.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// The panes of the tmux server.
    pub panes: &'a [KnownPane],
    /// The tmux server.
    pub server: Option<KnownServer>,
    /// The daemon itself.
    pub daemon: Option<Process>,
    /// Whether an agent is one of this registry's.
    pub is_agent: &'a dyn Fn(AgentId) -> bool,
    /// Whether a folder lies in an agent's worktree.
    pub is_worktree: &'a dyn Fn(&Path) -> bool,
}

/// Derives the sender and the rule that says so.
///
/// The walk goes from the caller up. It stops at the daemon: that may itself have been started from inside an agent's pane,
/// and what it starts (a commit's hooks) is nobody's.
pub fn identify(caller: &Ancestry, around: Surroundings<'_>) -> (Sender, &'static str) {
    let server = around.server;
    for (height, ancestor) in caller.chain.iter().enumerate() {
        if is_daemons(ancestor, around.daemon) {
            return (
                Sender::Unknown,
                "identity.daemon-child: started by torch's daemon, as a commit's hooks are",
            );
        }
        let pid = ancestor.process.pid;
        if let Some(pane) = around.panes.iter().find(|pane| pane.pid == pid) {
            return match &pane.owner {
                PaneOwner::Agent { agent, team, role } => (
                    Sender::Agent {
                        agent: *agent,
                        team: *team,
                        role: role.clone(),
                    },
                    "identity.agent-pane: an ancestor is the first process of that agent's pane",
                ),
                PaneOwner::Shell => (
                    Sender::Human,
                    "identity.shell-pane: an ancestor is a pane that `torch shell` opened",
                ),
                PaneOwner::Other if server.is_some_and(|server| server.owned) => (
                    Sender::Unknown,
                    "identity.foreign-pane: a pane of torch's tmux server that torch did not open",
                ),
                // What lies above is the user's own server, whoever started that.
                PaneOwner::Other => outside(caller, &caller.chain[..height], around),
            };
        }
        if server.is_some_and(|server| server.pid == pid) {
            return (
                Sender::Unknown,
                "identity.tmux-server: started by the tmux server itself, outside any known pane",
            );
        }
    }
    outside(caller, &caller.chain, around)
}

/// Whether a process is the daemon, or was started by it. A start time of 0 is unknown and equals any.
fn is_daemons(ancestor: &Ancestor, daemon: Option<Process>) -> bool {
    let (process, unknown) = (ancestor.process, |start: u64| start == 0);
    let itself = daemon.is_some_and(|daemon| {
        let same = daemon.start == process.start;
        daemon.pid == process.pid && (same || unknown(daemon.start) || unknown(process.start))
    });
    itself || ancestor.mark == Some(Mark::Daemons)
}

/// A caller that no pane of torch's explains; `own` are the processes that are its own.
fn outside(
    caller: &Ancestry,
    own: &[Ancestor],
    around: Surroundings<'_>,
) -> (Sender, &'static str) {
    let Some(first) = caller.chain.first() else {
        return (
            Sender::Unknown,
            "identity.unreadable: the caller's process could not be read",
        );
    };
    if !caller.complete {
        return (
            Sender::Unknown,
            "identity.unreadable: the caller's ancestors could not be read",
        );
    }
    let agents = |ancestor: &Ancestor| match ancestor.mark {
        Some(Mark::Named(agent)) => (around.is_agent)(agent),
        mark => mark.is_some(),
    };
    if own.iter().any(agents) {
        return (
            Sender::Unknown,
            "identity.left-behind: an agent started it, and it has outlived that agent's pane or left it",
        );
    }
    if first.terminal {
        return (
            Sender::Human,
            "identity.terminal: outside every agent's pane, with a controlling terminal",
        );
    }
    let mut folders = own.iter().filter_map(|ancestor| ancestor.cwd.as_deref());
    if folders.any(around.is_worktree) {
        return (
            Sender::Unknown,
            "identity.agents-worktree: it works in an agent's worktree, outside every pane and without a terminal",
        );
    }
    (
        Sender::Script,
        "identity.script: outside every agent's pane, without a controlling terminal",
    )
}

#[cfg(test)]
#[path = "identity/tests.rs"]
mod tests;
