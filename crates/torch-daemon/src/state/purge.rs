//! `torch stop --purge`: a stopped team goes for good, its work stays under hidden references.

use serde_json::json;
use torch_api::Failure;
use torch_api::wire::TeamSelector;
use torch_core::{AgentId, DeliveryState, TeamId, TeamPhase, Write};

use super::{State, Turn};
use crate::event::{ConnId, Effect};
use crate::failure::other;
use crate::worktrees::{HomeBranch, Order};

/// The reason that is noted with what is kept.
const PURGE: &str = "torch stop --purge";

impl State {
    /// Removes a stopped team with its worktrees and home branches; a dry run only looks at them, also while it runs.
    pub(crate) fn purge(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        selector: &TeamSelector,
        dry_run: bool,
    ) {
        let found = match dry_run {
            true => self.select_team(selector).map(|team| team.id),
            false => self.purgeable(selector),
        };
        let (team, agents) = match found {
            Ok(team) => (team, self.team_agents(team)),
            Err(failure) => return t.fail(conn, *failure),
        };
        if dry_run {
            let agents = agents
                .iter()
                .filter_map(|agent| self.registered(*agent))
                .collect();
            let order = Order::List {
                work: std::collections::BTreeMap::new(),
                agents,
                others_than: None,
            };
            return super::worktrees::order_worktrees(t, conn, order);
        }
        match self.give_up_integration(t, team, PURGE) {
            // Its branch and its bench go first; the purge goes on once they have.
            Ok(true) => {
                if let Some(before) = self.purges_later.insert(team, conn) {
                    let error = "what comes of the purge is not told here";
                    let cause = "it was asked for again, and is told there";
                    t.fail(before, other(error, cause, Some("torch status")));
                }
                self.advance_integration(t, team);
            }
            Ok(false) => self.purge_now(t, conn, (team, agents)),
            Err(failure) => t.fail(conn, *failure),
        }
    }

    fn purge_now(&mut self, t: &mut Turn, conn: ConnId, (team, agents): (TeamId, Vec<AgentId>)) {
        t.journal("team.purging", team, json!({}));
        self.purges.insert(conn, team);
        self.remove_worktrees(t, conn, &agents, (HomeBranch::Goes, PURGE));
    }

    /// The integration that a purge waited for is over.
    pub(super) fn go_on_purging(&mut self, t: &mut Turn, team: TeamId) {
        let Some(conn) = self.purges_later.remove(&team) else {
            return;
        };
        let selector = TeamSelector {
            name: self.name_of(team),
            cwd: std::path::PathBuf::from("/"),
        };
        // It may run again by now.
        match self.purgeable(&selector) {
            Ok(team) => {
                let agents = self.team_agents(team);
                self.purge_now(t, conn, (team, agents));
            }
            Err(failure) => t.fail(conn, *failure),
        }
    }

    /// A stopped team, none of whose agents keeps its worktree from being removed.
    fn purgeable(&self, selector: &TeamSelector) -> Result<TeamId, Box<Failure>> {
        let team = self.select_team(selector)?;
        if team.phase != TeamPhase::Stopped {
            let hint = format!("torch stop --team {} --purge", team.name);
            return Err(Box::new(other(
                &format!("team {} is not stopped", team.name),
                "a team is purged once its agents have ended",
                Some(&hint),
            )));
        }
        for agent in self.team_agents(team.id) {
            self.removable(agent)?;
        }
        Ok(team.id)
    }

    /// The worktrees of a purge were removed, or some were not: then the team stays.
    pub(crate) fn on_purged(&mut self, t: &mut Turn, conn: ConnId, all_removed: bool) {
        let Some(team) = self.purges.remove(&conn).filter(|_| all_removed) else {
            return;
        };
        self.drop_team(t, team, "the team was purged");
        t.journal("team.removed", team, json!({"why": PURGE}));
    }

    /// Forgets a team with its agents; its messages stay, and those that wait are given up.
    pub(crate) fn drop_team(&mut self, t: &mut Turn, team: TeamId, why: &str) {
        let agents = self.team_agents(team);
        for agent in &agents {
            let queued: Vec<_> = self
                .agents
                .get(agent)
                .map(|run| run.queue.iter().copied().collect())
                .unwrap_or_default();
            for message in queued {
                self.end_untyped(t, message, DeliveryState::Dead, why);
            }
            self.agents.remove(agent);
            self.rules.stating.forget(*agent);
            t.push(Effect::ForgetAgent(*agent));
        }
        let gone = |agent: Option<AgentId>| agent.is_some_and(|agent| agents.contains(&agent));
        self.flights
            .retain(|_, flight| !gone(flight.envelope.recipient.agent()));
        self.teams.remove(&team);
        self.sessions.remove(&team);
        self.plans.remove(&team);
        self.fresh_teams.remove(&team);
        t.write(Write::RemoveTeam(team));
        t.push(Effect::EndIdleServer);
    }
}
