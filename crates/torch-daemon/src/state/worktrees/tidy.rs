//! Worktrees that people add, and those whose work is done.

use std::path::PathBuf;

use serde_json::json;
use torch_api::Response;
use torch_api::worktree::CleanScope;
use torch_core::plan::WorktreeObserved;
use torch_core::{AgentId, RoleName, TeamId, Write};

use super::order_worktrees;
use crate::event::ConnId;
use crate::failure::usage;
use crate::state::{State, Turn};
use crate::worktrees::{Cleaning, Order, Removed};

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

    /// Has worktrees cleaned away; whose repository a directory lies in, the host knows.
    pub(super) fn worktree_clean(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        scope: CleanScope,
        clean: Cleaning,
    ) {
        match scope {
            CleanScope::Repository { directory } => {
                order_worktrees(t, conn, Order::FindToClean { directory, clean });
            }
            CleanScope::Team { name } => {
                let team = self.teams.values().find(|team| team.name.as_str() == name);
                match team.map(|team| team.id) {
                    Some(team) => self.clean(t, conn, (&[team], None, None), clean),
                    None => t.fail(conn, *self.no_team(&name)),
                }
            }
            CleanScope::All => {
                let teams: Vec<TeamId> = self.teams.keys().copied().collect();
                let known = Some(self.all_worktrees());
                self.clean(t, conn, (&teams, known, None), clean);
            }
        }
    }

    /// Has the worktrees of one repository cleaned away: its teams' ones, and those that no team has.
    pub(super) fn clean_within(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        common_dir: PathBuf,
        clean: Cleaning,
    ) {
        let teams = self.teams.values();
        let teams = teams.filter(|team| team.common_dir == common_dir);
        let teams: Vec<TeamId> = teams.map(|team| team.id).collect();
        let known = Some(self.all_worktrees());
        self.clean(t, conn, (&teams, known, Some(common_dir)), clean);
    }

    /// Has those of these teams looked at whose agents don't run, and where others can be told from `others_than`, the
    /// others, too; removes the ones whose work is done. Until that is known no agent starts in them.
    fn clean(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        (teams, others_than, within): (&[TeamId], Option<Vec<PathBuf>>, Option<PathBuf>),
        Cleaning { branch, dry_run }: Cleaning,
    ) {
        let agents: Vec<AgentId> = teams
            .iter()
            .flat_map(|team| self.team_agents(*team))
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
            others_than,
            within,
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

    /// Has those mended that were moved by hand, also back to where they belong.
    pub(super) fn worktree_repair(
        &self,
        t: &mut Turn,
        conn: ConnId,
        project: PathBuf,
        places: Vec<PathBuf>,
    ) {
        let known = self.all_worktrees();
        let order = Order::Repair {
            project,
            places,
            known,
        };
        order_worktrees(t, conn, order);
    }

    fn all_worktrees(&self) -> Vec<PathBuf> {
        let all = self.agents.values();
        all.map(|run| run.agent.worktree.clone()).collect()
    }
}
