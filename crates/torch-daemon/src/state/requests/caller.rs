//! Who calls, by what the state knows of panes, worktrees and itself.

use std::path::Path;

use torch_core::identity::Ancestry;
use torch_core::{Process, Team};
use torch_router::identity::{Surroundings, identify};

use super::{Caller, State};

impl State {
    /// Who calls, and the rule that says so.
    pub fn caller(&self, peer: &Ancestry) -> Caller {
        let in_worktree = |folder: &Path| {
            self.agents.values().any(|run| {
                // A guest may work in the project itself, as a person's scripts do.
                let own = |team: &Team| team.project != run.agent.worktree;
                folder.starts_with(&run.agent.worktree)
                    && self.teams.get(&run.agent.team).is_none_or(own)
            })
        };
        let around = Surroundings {
            panes: &self.known_panes,
            server: self.server,
            // While it lives, no other process has its pid.
            daemon: Some(Process {
                pid: self.settings.pid,
                start: 0,
            }),
            is_agent: &|agent| self.agents.contains_key(&agent),
            is_worktree: &in_worktree,
        };
        identify(peer, around)
    }
}
