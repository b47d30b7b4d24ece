//! From what is desired and observed to effects: the one path for start, restart and stop.

use serde_json::json;
use torch_api::wire::Stage;
use torch_core::plan::{
    Action, AgentObserved, BriefingObserved, SessionObserved, TeamObserved, WorktreeObserved, plan,
};
use torch_core::{
    AgentId, AgentState, DesiredState, Evidence, MessageId, TeamId, Timestamp, Write,
};

use super::{State, Turn};
use crate::event::{AddedWorktree, Effect};

impl State {
    /// Asks [`plan`] what a team needs and does it.
    pub(crate) fn reconcile(&mut self, t: &mut Turn, team: TeamId) {
        let Some(desired) = self.teams.get(&team).map(|team| team.desired) else {
            return;
        };
        let held = self.is_suspended(team) && desired == DesiredState::Running;
        // Without a listing nobody knows which windows an earlier daemon has opened.
        let unseen = self.server.is_none() || self.just_connected || self.silent.is_some();
        let recalling = self.recalling.contains(&team);
        if unseen || recalling || self.undos.contains_key(&team) || held {
            return;
        }
        for action in self.next_actions(t, team, desired) {
            match action {
                Action::AddWorktree(agent) => self.add_worktree(t, agent),
                Action::OpenSession(agent) | Action::OpenWindow(agent) | Action::Restart(agent) => {
                    self.open(t, agent);
                }
                Action::Brief(agent) => self.brief(t, agent),
                Action::CloseWindow(agent) => self.close(t, agent),
            }
        }
    }

    /// What a team needs. Agents whose keys are gone are left alone first, which may make it another plan.
    fn next_actions(&mut self, t: &mut Turn, team: TeamId, desired: DesiredState) -> Vec<Action> {
        let mut left = Vec::new();
        let actions = loop {
            let actions = plan(desired, &self.observed(team, t.now));
            let keyless = self.keyless(&actions);
            if keyless.is_empty() {
                break actions;
            }
            for agent in &keyless {
                self.leave_keyless(t, *agent);
            }
            left.extend(keyless);
        };
        if !left.is_empty() {
            self.tell_keyless(t, team, &left);
        }
        actions
    }

    fn observed(&self, team: TeamId, now: Timestamp) -> TeamObserved {
        let agents = self
            .team_agents(team)
            .iter()
            .filter_map(|id| self.agents.get(id))
            .map(|run| AgentObserved {
                agent: run.agent.id,
                worktree: run.worktree,
                window: run.window,
                briefing: if run.agent.briefing.is_some() || run.briefing_asked {
                    BriefingObserved::Sent
                } else {
                    BriefingObserved::Absent
                },
                takes_messages: run.agent.state.takes_messages(),
                program: run.program_observed(now),
                desired: run.agent.desired,
                guest: run.agent.guest_in.is_some(),
            })
            .collect();
        TeamObserved {
            session: self
                .sessions
                .get(&team)
                .copied()
                .unwrap_or(SessionObserved::Absent),
            agents,
        }
    }

    fn add_worktree(&mut self, t: &mut Turn, agent: AgentId) {
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        let Some(team) = self.teams.get(&run.agent.team) else {
            return;
        };
        run.worktree = WorktreeObserved::Pending;
        t.push(Effect::AddWorktree {
            agent,
            role: run.agent.role.clone(),
            project: team.project.clone(),
            base_branch: team.base_branch.clone(),
            base_commit: team.base_commit.clone(),
            path: run.agent.worktree.clone(),
        });
    }

    pub(crate) fn on_worktree_added(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        result: Result<AddedWorktree, torch_api::Failure>,
    ) {
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        let (team, role) = (run.agent.team, run.agent.role.clone());
        match result {
            Ok(added) => {
                run.worktree = WorktreeObserved::Present;
                run.worktree_created = added.created;
                run.agent.worktree_ready = true;
                run.agent.worktree.clone_from(&added.path);
                run.agent.branch.clone_from(&added.branch);
                let copy = run.agent.clone();
                t.write(Write::PutAgent(Box::new(copy)));
                t.journal(
                    "worktree.added",
                    agent,
                    json!({"path": added.path, "branch": added.branch, "rung": added.rung}),
                );
                let detail = format!(
                    "{} ({})",
                    added.branch.as_deref().unwrap_or("detached"),
                    added.rung
                );
                self.progress(t, team, role.as_str(), Stage::Worktree, &detail);
                self.lane_joined(t, team);
            }
            Err(failure) => {
                run.worktree = WorktreeObserved::Failed;
                run.agent.left = Some("its worktree could not be made".to_owned());
                let how = [vec![failure.error.clone()], failure.causes.clone()]
                    .concat()
                    .join(": ");
                run.failure = Some(how.clone());
                // It may have failed in the same way before, which is no other state.
                let copy = run.agent.clone();
                t.write(Write::PutAgent(Box::new(copy)));
                self.set_state(
                    t,
                    agent,
                    AgentState::Failed,
                    Evidence::new("command", how.clone(), t.now),
                );
                self.progress(t, team, role.as_str(), Stage::Failed, &how);
                self.check_raised(t, team);
            }
        }
        if self.undos.contains_key(&team) {
            self.undo_agent(t, team, agent);
            return;
        }
        self.reconcile(t, team);
    }

    /// The briefing is proven to have arrived.
    pub(crate) fn on_briefed(&mut self, t: &mut Turn, agent: AgentId, message: MessageId) {
        let launch = self.flights.get(&message).map(|f| f.delivery.launch);
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        // A launch before this one had another briefing.
        if launch != Some(run.agent.launch) {
            return;
        }
        if run.agent.briefed
            || run
                .agent
                .briefing
                .is_some_and(|briefing| briefing != message)
        {
            return;
        }
        run.agent.briefed = true;
        run.agent.briefing = Some(message);
        let (copy, team, role) = (run.agent.clone(), run.agent.team, run.agent.role.clone());
        t.write(Write::PutAgent(Box::new(copy)));
        self.progress(t, team, role.as_str(), Stage::Briefed, &message.tag());
        self.set_up_check_ins(t, agent);
        self.check_raised(t, team);
    }
}
