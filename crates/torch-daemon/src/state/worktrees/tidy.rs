//! Worktrees that people add, and those whose work is done.

use std::path::PathBuf;

use serde_json::json;
use torch_api::Response;
use torch_core::plan::WorktreeObserved;
use torch_core::{AgentId, RoleName, TeamId, Write};

use super::order_worktrees;
use crate::event::ConnId;
use crate::failure::usage;
use crate::state::{State, Turn};
use crate::worktrees::{HomeBranch, Order, Removed};

impl State {
    /// Orders a worktree that no team has.
    pub(super) fn worktree_add(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        project: PathBuf,
        name: &str,
    ) {
        let Ok(name) = RoleName::parse(name) else {
            let error = format!("{name:?} is no name for a worktree");
            let cause = "a name has up to 32 of a-z, 0-9, _ and -";
            return t.fail(conn, usage(&error, cause, Some("torch worktree add login")));
        };
        let known = self.all_worktrees();
        order_worktrees(
            t,
            conn,
            Order::Add {
                project,
                name,
                known,
            },
        );
    }

    /// Has those looked at whose agents don't run, and removes the ones whose work is done. Until that is known no agent
    /// starts in them.
    pub(super) fn worktree_clean(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        team: Option<&str>,
        (branch, dry_run): (HomeBranch, bool),
    ) {
        let teams: Vec<TeamId> = self
            .teams
            .values()
            .filter(|found| team.is_none_or(|name| found.name.as_str() == name))
            .map(|found| found.id)
            .collect();
        if let (Some(name), true) = (team, teams.is_empty()) {
            return t.fail(conn, *self.no_team(name));
        }
        let agents: Vec<AgentId> = teams
            .into_iter()
            .flat_map(|team| self.team_agents(team))
            .filter(|agent| {
                let run = self.agents.get(agent);
                let stands = run.is_some_and(|run| run.worktree == WorktreeObserved::Present);
                stands && self.removable(*agent).is_ok()
            })
            .collect();
        let registered = agents.iter().filter_map(|agent| self.registered(*agent));
        let registered = registered.collect();
        if !dry_run {
            for agent in &agents {
                self.hold_worktree(t, *agent);
            }
        }
        let order = Order::Clean {
            agents: registered,
            others_than: team.is_none().then(|| self.all_worktrees()),
            branch,
            now: (!dry_run).then_some(t.now),
        };
        order_worktrees(t, conn, order);
    }

    /// Should the daemon end before the outcome is known, the next start takes up a worktree that still stands.
    fn hold_worktree(&mut self, t: &mut Turn, agent: AgentId) {
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        run.worktree = WorktreeObserved::Pending;
        run.agent.worktree_ready = false;
        let row = run.agent.clone();
        let data = json!({"path": row.worktree});
        t.write(Write::PutAgent(Box::new(row)));
        t.journal("worktree.cleaning", agent, data);
    }

    /// Notes what became of each, and answers with all.
    pub(super) fn on_cleaned(&mut self, t: &mut Turn, conn: ConnId, results: Vec<Removed>) {
        for removed in &results {
            self.note_removed(t, removed);
        }
        let worktrees = results.into_iter().map(|removed| removed.view).collect();
        t.reply(conn, Response::WorktreesRemoved { worktrees });
    }

    fn all_worktrees(&self) -> Vec<PathBuf> {
        let all = self.agents.values();
        all.map(|run| run.agent.worktree.clone()).collect()
    }
}
