//! Who a caller is, from its process and never from its words.

use torch_core::identity::Ancestry;
use torch_core::{AgentId, RoleName, Sender, TeamId};

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

/// Derives the sender and the rule that says so.
pub fn identify(
    caller: &Ancestry,
    panes: &[KnownPane],
    server: Option<KnownServer>,
) -> (Sender, &'static str) {
    for ancestor in &caller.chain {
        let pid = ancestor.process.pid;
        if let Some(pane) = panes.iter().find(|pane| pane.pid == pid) {
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
                PaneOwner::Other => continue_outside(caller),
            };
        }
        if server.is_some_and(|server| server.pid == pid) {
            return (
                Sender::Unknown,
                "identity.tmux-server: started by the tmux server itself, outside any known pane",
            );
        }
    }
    continue_outside(caller)
}

fn continue_outside(caller: &Ancestry) -> (Sender, &'static str) {
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
    if first.terminal {
        (
            Sender::Human,
            "identity.terminal: outside every agent's pane, with a controlling terminal",
        )
    } else {
        (
            Sender::Script,
            "identity.script: outside every agent's pane, without a controlling terminal",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use torch_core::Process;
    use torch_core::identity::Ancestor;

    fn caller(pids: &[u32], terminal: bool, complete: bool) -> Ancestry {
        let chain = pids
            .iter()
            .map(|pid| Ancestor {
                process: Process {
                    pid: *pid,
                    start: 1,
                },
                name: "x".into(),
                terminal,
            })
            .collect();
        Ancestry { chain, complete }
    }

    fn panes() -> Vec<KnownPane> {
        let agent = PaneOwner::Agent {
            agent: AgentId::new(1, 1),
            team: TeamId::new(1, 1),
            role: RoleName::parse("developer").expect("a role"),
        };
        vec![
            KnownPane {
                pid: 10,
                owner: agent,
            },
            KnownPane {
                pid: 20,
                owner: PaneOwner::Shell,
            },
            KnownPane {
                pid: 30,
                owner: PaneOwner::Other,
            },
        ]
    }

    fn check(pids: &[u32], terminal: bool, complete: bool, owned: bool, label: &str, rule: &str) {
        let server = Some(KnownServer { pid: 5, owned });
        let (sender, why) = identify(&caller(pids, terminal, complete), &panes(), server);
        assert_eq!(sender.label(), label, "{pids:?}");
        assert!(why.starts_with(rule), "{why}");
    }

    #[test]
    fn the_process_tells_who_calls() {
        check(
            &[99, 11, 10, 5, 1],
            true,
            true,
            true,
            "developer",
            "identity.agent-pane",
        );
        check(
            &[99, 20, 5, 1],
            true,
            true,
            true,
            "human",
            "identity.shell-pane",
        );
        check(
            &[99, 30, 5, 1],
            true,
            true,
            true,
            "unknown",
            "identity.foreign-pane",
        );
        check(
            &[99, 30, 5, 1],
            true,
            true,
            false,
            "human",
            "identity.terminal",
        );
        check(
            &[99, 5, 1],
            false,
            true,
            true,
            "unknown",
            "identity.tmux-server",
        );
        check(&[99, 98, 1], true, true, true, "human", "identity.terminal");
        check(&[99, 1], false, true, true, "script", "identity.script");
        check(&[99], true, false, true, "unknown", "identity.unreadable");
        check(&[], true, false, true, "unknown", "identity.unreadable");
    }
}
