//! `torch stop`, and what follows a window's end.

use std::path::PathBuf;

use serde_json::json;
use torch_api::wire::{Stage, TeamSelector};
use torch_core::plan::{SessionObserved, WindowObserved};
use torch_core::{
    AgentId, AgentState, DeliveryState, DesiredState, Evidence, TeamId, TeamPhase, Write,
};

use super::{State, Turn, WatchKind};
use crate::event::{ConnId, Effect, TimerKey};
use crate::failure::other;

impl State {
    pub(crate) fn stop(&mut self, t: &mut Turn, conn: ConnId, selector: &TeamSelector) {
        let id = match self.select_team(selector) {
            Ok(team) => team.id,
            Err(failure) => return t.fail(conn, *failure),
        };
        let Some(team) = self.teams.get(&id) else {
            return;
        };
        let name = team.name.clone();
        if team.phase == TeamPhase::Stopped {
            return t.reply(
                conn,
                super::send::done(format!("team {name} was stopped already")),
            );
        }
        self.watch(conn, id, WatchKind::Stop);
        self.begin_stop(t, id);
    }

    /// Stopping is wanted from now on; whoever watches for it is answered when it is done.
    pub(crate) fn begin_stop(&mut self, t: &mut Turn, id: TeamId) {
        let Some(team) = self.teams.get_mut(&id) else {
            return;
        };
        team.desired = DesiredState::Stopped;
        t.write(Write::PutTeam(Box::new(team.clone())));
        t.journal("team.stopping", id, json!({}));
        for agent in self.team_agents(id) {
            if let Some(run) = self.agents.get(&agent)
                && run.agent.state.is_live()
                && run.window != WindowObserved::Live
            {
                self.set_state(
                    t,
                    agent,
                    AgentState::Stopped,
                    Evidence::new("command", "torch stop", t.now),
                );
            }
        }
        if self.is_without_server() {
            // Without a tmux server nothing of the team runs in one.
            for agent in self.team_agents(id) {
                self.window_gone(t, agent, "torch stop");
            }
        }
        self.reconcile(t, id);
        self.check_stopped(t, id);
    }

    pub(crate) fn on_closed(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        result: Result<(), String>,
        log: Option<PathBuf>,
    ) {
        let Some(run) = self.agents.get(&agent) else {
            return;
        };
        let (team, role) = (run.agent.team, run.agent.role.clone());
        let detail = match &result {
            Ok(()) => String::new(),
            Err(error) => error.clone(),
        };
        let why = run.closing_for.clone();
        self.window_gone(t, agent, why.as_deref().unwrap_or("torch stop"));
        t.journal("agent.closed", agent, json!({"error": detail, "log": log}));
        self.progress(t, team, role.as_str(), Stage::Stopped, &detail);
        if self.undos.contains_key(&team) {
            self.undo_agent(t, team, agent);
            return;
        }
        let trouble = (!detail.is_empty()).then_some(detail.as_str());
        self.answer_ended(t, agent, log.as_deref(), trouble);
        self.check_stopped(t, team);
        // It may be wanted again already.
        self.reconcile(t, team);
    }

    /// Notes that an agent has no window any more, because torch closed it.
    pub(crate) fn window_gone(&mut self, t: &mut Turn, agent: AgentId, why: &str) {
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        run.window = WindowObserved::Absent;
        run.agent.pane = None;
        run.agent.launch = None;
        run.agent.process = None;
        run.acting = None;
        run.ended = false;
        run.end = None;
        run.restart_at = None;
        run.closing_for = None;
        run.agent.briefed = false;
        run.agent.last_end = Some(format!("its window was closed ({why})"));
        t.push(Effect::CancelTimer(TimerKey::Ready(agent)));
        self.set_state(
            t,
            agent,
            AgentState::Stopped,
            Evidence::new("command", why, t.now),
        );
        if let Some(run) = self.agents.get(&agent) {
            t.write(Write::PutAgent(Box::new(run.agent.clone())));
        }
        let flights: Vec<_> = self
            .flights
            .values()
            .filter(|flight| flight.envelope.recipient.agent() == Some(agent))
            .map(|flight| (flight.envelope.id, flight.envelope.kind))
            .collect();
        for (message, kind) in flights {
            // The next launch gets a briefing of its own.
            if kind == torch_core::MessageKind::Briefing
                && self.end_untyped(t, message, DeliveryState::Dead, "the agent was stopped")
            {
                continue;
            }
            let Some(flight) = self.flights.get_mut(&message) else {
                continue;
            };
            let step = flight.on_agent_gone(t.now);
            self.apply(t, message, step);
        }
    }

    pub(crate) fn check_stopped(&mut self, t: &mut Turn, id: TeamId) {
        let open = self
            .team_agents(id)
            .iter()
            .filter_map(|id| self.agents.get(id))
            .any(|run| {
                let seen = matches!(
                    run.window,
                    WindowObserved::Live
                        | WindowObserved::Closing
                        | WindowObserved::Opening
                        | WindowObserved::Ended
                );
                seen || self.may_have_window(run)
            });
        let Some(team) = self.teams.get_mut(&id) else {
            return;
        };
        if open || team.desired != DesiredState::Stopped {
            return;
        }
        if team.phase != TeamPhase::Stopped {
            team.phase = TeamPhase::Stopped;
            team.session = None;
            t.write(Write::PutTeam(Box::new(team.clone())));
            t.journal("team.phase", id, json!({"phase": "stopped"}));
        }
        let name = team.name.clone();
        let shells = self
            .panes
            .iter()
            .filter(|pane| pane.session_name == name.as_str() && pane.is_shell && !pane.dead)
            // They end with it.
            .filter(|pane| !pane.is_opened);
        let kept = match shells.count() {
            0 => String::new(),
            n => format!("; its session stays for your own windows in it ({n})"),
        };
        self.sessions.insert(id, SessionObserved::Absent);
        t.push(Effect::EndIdleServer);
        self.check_followed(t, id);
        let of_team = |watcher: &mut super::Watcher| {
            let kinds = matches!(
                watcher.kind,
                WatchKind::Stop | WatchKind::Auto | WatchKind::Resume { .. } | WatchKind::Agent(_)
            );
            watcher.team == id && kinds
        };
        let watchers: Vec<_> = self.watchers.extract_if(.., of_team).collect();
        for watcher in watchers {
            if self.wanted_the_end(&watcher) {
                let text = format!(
                    "team {name} is stopped; worktrees, branches and messages are kept{kept}"
                );
                t.reply(watcher.conn, super::send::done(text));
            } else {
                let hint = format!("torch resume --team {name}");
                let cause = "somebody stopped the team meanwhile";
                let failure = other(&format!("team {name} is stopped"), cause, Some(&hint));
                t.fail(watcher.conn, failure);
            }
        }
    }

    /// Whether a client waits for just this: the team's end, or that of one agent.
    fn wanted_the_end(&self, watcher: &super::Watcher) -> bool {
        match watcher.kind {
            WatchKind::Stop => true,
            WatchKind::Agent(agent) => self
                .agents
                .get(&agent)
                .is_some_and(|run| run.agent.desired == DesiredState::Stopped),
            _ => false,
        }
    }
}
