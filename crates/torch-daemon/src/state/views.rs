//! What is shown of teams, agents and the daemon.

use torch_api::view::{CapsView, DaemonView};
use torch_api::wire::TeamSelector;
use torch_api::{AgentView, TeamView};
use torch_core::{AgentId, AgentState, DeliveryState, TeamId, Timestamp};

use super::{State, Turn};
use crate::event::{ConnId, Effect, Query};
use crate::view;

impl State {
    pub(crate) fn daemon_view(&self) -> DaemonView {
        DaemonView {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: self.settings.pid,
            started: self.settings.started,
            home: self.settings.home.clone(),
            tmux_socket: self.settings.tmux_socket.clone(),
            tmux_version: self.tmux_version.clone(),
            tmux_silent: self.silent.map(|(since, _)| since),
        }
    }

    pub(crate) fn team_view(&self, id: TeamId, now: Timestamp) -> TeamView {
        let agents = self
            .team_agents(id)
            .into_iter()
            .map(|agent| self.agent_view(agent, now))
            .collect();
        let suspended = self.is_suspended(id);
        let team = &self.teams[&id];
        let mut view = view::team(team, suspended, agents, &self.settings.tmux_socket);
        view::add_planned(&mut view, team, &self.planned_notes(|row| row.team == id));
        if let Some(next) = &mut view.next_scheduled {
            next.held = self.note_held(&next.ulid, now);
        }
        view.rules_trouble = self.rules_trouble(id);
        view.rules_held = self.rules_held_line(id);
        let broker = self.has_broker(id).then(|| self.push_level(id));
        view.pushes = broker.map(|(level, _)| level);
        view.rules_silence = self.rules_silence(id);
        view.against_policy = self.against_policy(id);
        view.open_violations = self.count_open_violations(id);
        view.blocked = self.blocked_roles(id);
        view.integration = self.integration_line(id);
        view.unread = self.unread(id);
        view.caps = Some(self.caps());
        view.tasks = self.plans.get(&id).map(torch_core::TaskPlan::count);
        view.to_do_again = self
            .plans
            .get(&id)
            .map(view::to_do_again)
            .unwrap_or_default();
        view
    }

    /// What one agent may use up.
    pub(crate) fn caps(&self) -> CapsView {
        let limits = &self.settings.config.limits;
        CapsView {
            turns_per_hour: limits.turns_per_hour,
            restarts_per_hour: limits.restarts_per_hour,
        }
    }

    pub(crate) fn agent_view(&self, id: AgentId, now: Timestamp) -> AgentView {
        let run = &self.agents[&id];
        let mut view = view::agent(&run.agent, run.queue.len() as u64);
        view.held = self.held_briefing(id);
        view.capped = self.capped(id, now);
        view.enforcement = self.git_enforcement(id);
        // Its home branch is where it began; agents rename branches and switch.
        let standing = self.activity.standings.get(&id);
        if let Some(standing) = standing.filter(|_| run.agent.worktree_ready) {
            view.branch.clone_from(&standing.branch);
        }
        if let Some(pane) = self.place(run) {
            let team = self.teams.get(&run.agent.team);
            let elsewhere = team.is_none_or(|team| team.name.as_str() != pane.session_name);
            view.window = pane.window_index;
            view.session = elsewhere.then(|| pane.session_name.clone());
        }
        view
    }

    pub(crate) fn why(&mut self, t: &mut Turn, conn: ConnId, team: &TeamSelector, role: &str) {
        match self.find_agent(team, role) {
            Ok(agent) => {
                let view = Box::new(self.agent_view(agent, t.now));
                let mut waits_for = self.waits_for(agent, t.now);
                waits_for.extend(self.planned_line(agent, t.now));
                t.push(Effect::Answer {
                    conn,
                    query: Query::Why {
                        agent,
                        view,
                        waits_for,
                        rules: self.rules_held_for(agent),
                    },
                });
            }
            Err(failure) => t.fail(conn, *failure),
        }
    }

    /// What torch waits for before something happens with this agent.
    fn waits_for(&self, agent: AgentId, now: Timestamp) -> Vec<String> {
        let Some(run) = self.agents.get(&agent) else {
            return Vec::new();
        };
        let left = run.agent.left.as_deref();
        let mut lines = vec![match run.agent.state {
            _ if self.is_suspended(run.agent.team) => {
                "a person: the machine was restarted; `torch resume` brings the team back"
                    .to_owned()
            }
            _ if self.is_paused(agent) => {
                "a person: it is paused; `torch unpause` lets messages through again".to_owned()
            }
            AgentState::Starting => {
                "its SessionStart hook, or the deadline for becoming ready".to_owned()
            }
            AgentState::Working => {
                "its turn's end (Stop hook), or two looks that agree on an idle prompt".to_owned()
            }
            AgentState::Asking => self.answerer(agent),
            AgentState::Limited => "its usage limit's reset".to_owned(),
            AgentState::Ready | AgentState::Idle => {
                let wanted = self.wants_login(agent);
                let wanted = wanted.or_else(|| self.wants_person(agent));
                let wanted = wanted.or_else(|| self.cap_over(agent, now));
                wanted.unwrap_or_else(|| "nothing: it takes messages".to_owned())
            }
            AgentState::Retrying | AgentState::Unknown => {
                "a hook or a screen that says what it is doing".to_owned()
            }
            AgentState::Exited | AgentState::Crashed | AgentState::Failed | AgentState::Stopped => {
                match (left, run.restart_at.filter(|_| run.ended)) {
                    (Some(_), _) if self.is_keyless(agent) => {
                        format!("a person: {}", self.key_hint(agent))
                    }
                    (Some(why), _) => format!(
                        "a person: it is left alone because {why}; `torch agent restart {}` starts it",
                        run.agent.role
                    ),
                    (None, Some(at)) => format!("its restart, in {} s", at.since(now).as_secs()),
                    (None, None) => match self.was_ended(agent) {
                        Some(words) => format!("a person: {words}"),
                        None => "a person: `torch resume` starts it again".to_owned(),
                    },
                }
            }
        }];
        lines.extend(self.limit_chain(agent, now));
        lines.extend(self.cap_chain(agent, now));
        for message in &run.queue {
            let Some(flight) = self.flights.get(message) else {
                continue;
            };
            let delivery = &flight.delivery;
            let reason = match (delivery.state, delivery.reason) {
                (DeliveryState::Deferred, Some(reason)) => {
                    format!("deferred ({reason}): {}", delivery.evidence)
                }
                (state, _) => format!("{state} {}", delivery.evidence),
            };
            lines.push(format!(
                "{} from {}: {}",
                message.tag(),
                flight.envelope.sender.label(),
                reason.trim()
            ));
        }
        lines
    }
}
