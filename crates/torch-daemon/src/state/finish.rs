//! Completion: an agent's report, the hub's end of the spec, and who waits for it.

use std::time::Duration;

use serde_json::json;
use torch_api::Response;
use torch_api::wire::Stage;
use torch_core::{AgentId, TeamId, TeamPhase, Write};

use super::{State, Turn, WatchKind};
use crate::event::{ConnId, Effect, TimerKey};

/// How long who follows a finished team waits for the end of the turn in which its hub said so.
const LAST_TURN: Duration = Duration::from_secs(10);

impl State {
    /// The hub or an agent reports completion; of this many tasks of the plan, where it names them. A hub's report on tasks
    /// does not end the spec.
    pub(crate) fn note_completion(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        text: &str,
        tasks: usize,
    ) {
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        run.agent.completed = Some(text.to_owned());
        run.agent.completed_at = Some(t.now);
        let (copy, team, role) = (run.agent.clone(), run.agent.team, run.agent.role.clone());
        t.write(Write::PutAgent(Box::new(copy)));
        t.journal("agent.completed", agent, json!({"text": text}));
        self.progress(t, team, role.as_str(), Stage::Complete, text);
        self.end_block(t, agent);
        self.tell_dependants(t, team, &role, text);
        if !role.is_hub() || tasks > 0 {
            return;
        }
        if let Some(team) = self.teams.get_mut(&team) {
            team.phase = TeamPhase::Finished;
            team.finished = Some(t.now);
            team.summary = Some(text.to_owned());
            t.write(Write::PutTeam(Box::new(team.clone())));
            t.journal("team.phase", team.id, json!({"phase": "finished"}));
        }
        self.check_followed(t, team);
    }

    /// Answers who follows a team once it is finished or has no live agent left.
    pub(crate) fn check_followed(&mut self, t: &mut Turn, id: TeamId) {
        let Some(team) = self.teams.get(&id) else {
            return;
        };
        let complete = team.phase == TeamPhase::Finished;
        let any_live = self
            .team_agents(id)
            .iter()
            .filter_map(|id| self.agents.get(id))
            .any(|run| run.agent.state.is_live());
        if !complete && (any_live || team.phase == TeamPhase::Raising) {
            return;
        }
        // The hub reports from within a turn; who follows sees the team after that, if it does not take long.
        let until = team.finished.map(|at| at.after(LAST_TURN));
        if let Some(until) = until.filter(|until| complete && t.now < *until)
            && self.hub_of(id).is_some_and(|(hub, _)| self.in_turn(hub))
        {
            return t.timer(TimerKey::Followed(id), until);
        }
        let conns: Vec<ConnId> = self
            .watchers
            .extract_if(.., |watcher| {
                watcher.team == id && watcher.kind == WatchKind::Follow
            })
            .map(|watcher| watcher.conn)
            .collect();
        for conn in conns {
            let team = Box::new(self.team_view(id, t.now));
            t.reply(conn, Response::Finished { team, complete });
        }
    }

    /// Answers who follows a finished team, now that the turn of this agent, if it is the hub, is over.
    pub(crate) fn check_hub_done(&mut self, t: &mut Turn, agent: AgentId) {
        let Some(run) = self
            .agents
            .get(&agent)
            .filter(|run| run.agent.role.is_hub())
        else {
            return;
        };
        let team = run.agent.team;
        let finished = self
            .teams
            .get(&team)
            .is_some_and(|team| team.phase == TeamPhase::Finished);
        if finished {
            t.push(Effect::CancelTimer(TimerKey::Followed(team)));
            self.check_followed(t, team);
        }
    }
}
