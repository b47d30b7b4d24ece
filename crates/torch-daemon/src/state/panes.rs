//! What is seen of panes, sessions and windows: each listing becomes what is observed of the agents.

use torch_core::plan::{SessionObserved, WindowObserved};
use torch_core::{AgentId, AgentState, PaneAddress, TeamPhase, Write};
use torch_router::identity::{KnownPane, PaneOwner};

use super::restart::EndCause;
use super::{AgentRun, State, Turn};
use crate::event::{Effect, OpenedWindow, PaneFact};

impl State {
    pub(crate) fn on_panes(&mut self, t: &mut Turn, listing: u64, panes: Vec<PaneFact>) {
        self.ticks += 1;
        self.listed = self.listed.max(listing);
        self.panes = panes;
        for pane in self.panes.iter().filter(|pane| pane.attached > 0) {
            self.inputs.insert(pane.address.session, pane.input);
        }
        self.refresh_known_panes();
        let agents: Vec<AgentId> = self.agents.keys().copied().collect();
        let first = self.just_connected;
        for agent in &agents {
            self.observe_pane(t, *agent, listing);
        }
        if first {
            self.recall_keys(t);
        }
        self.watch_rules(t);
        // All windows are known now; only then may anything be opened.
        self.just_connected = false;
        for agent in agents {
            if first && self.agents[&agent].agent.launch.is_some() {
                self.conclude_end(t, agent);
            }
            self.decide_end(t, agent);
            self.forget_old_restarts(t, agent);
            if first {
                // Messages that waited for the server, or for this daemon.
                self.pump(t, agent);
            }
        }
        let teams: Vec<_> = self.teams.keys().copied().collect();
        for team in teams {
            self.observe_session(team);
            self.reconcile(t, team);
            if first {
                self.check_raised(t, team);
            }
            if first && self.teams[&team].phase != TeamPhase::Stopped {
                self.check_stopped(t, team);
            }
        }
        self.drop_dead_panes(t);
        self.look_at_screens(t);
        self.answer_namings(t);
    }

    /// Panes that were opened for agents which live elsewhere now, and whose programs have ended.
    fn drop_dead_panes(&mut self, t: &mut Turn) {
        let stray = |pane: &&PaneFact| {
            let run = pane.agent.and_then(|agent| self.agents.get(&agent));
            let settled = |run: &super::AgentRun| {
                let own = [run.agent.pane, run.reopening].into_iter().flatten();
                !matches!(
                    run.window,
                    WindowObserved::Opening | WindowObserved::Closing
                ) && own.map(|at| at.pane).all(|own| own != pane.address.pane)
            };
            pane.dead && run.is_some_and(settled)
        };
        for pane in self.panes.iter().filter(stray) {
            t.push(Effect::DropDeadPane {
                pane: pane.address.pane,
            });
        }
    }

    pub(crate) fn refresh_known_panes(&mut self) {
        let owner = |pane: &PaneFact| {
            let run = self
                .agents
                .values()
                .find(|run| run.agent.pane.is_some_and(|at| at.pid == pane.address.pid));
            match run {
                Some(run) => PaneOwner::Agent {
                    agent: run.agent.id,
                    team: run.agent.team,
                    role: run.agent.role.clone(),
                },
                None if pane.is_shell => PaneOwner::Shell,
                None => PaneOwner::Other,
            }
        };
        let mut known: Vec<KnownPane> = self
            .panes
            .iter()
            .map(|pane| KnownPane {
                pid: pane.address.pid,
                owner: owner(pane),
            })
            .collect();
        // A pane opened since the last listing is known from its opening.
        for run in self.agents.values() {
            if let Some(address) = run.agent.pane
                && !known.iter().any(|pane| pane.pid == address.pid)
            {
                let owner = PaneOwner::Agent {
                    agent: run.agent.id,
                    team: run.agent.team,
                    role: run.agent.role.clone(),
                };
                known.push(KnownPane {
                    pid: address.pid,
                    owner,
                });
            }
        }
        self.known_panes = known;
    }

    fn observe_pane(&mut self, t: &mut Turn, agent: AgentId, listing: u64) {
        let Some(run) = self.agents.get(&agent) else {
            return;
        };
        let Some(at) = run.agent.pane else {
            return self.adopt_pane(t, agent);
        };
        if !matches!(run.window, WindowObserved::Live | WindowObserved::Ended) {
            return;
        }
        let seen = self.panes.iter().find(|pane| same_pane(pane, at));
        match seen {
            Some(pane) if pane.dead => self.on_program_gone(
                t,
                agent,
                AgentState::Crashed,
                "the pane's first process was killed",
                EndCause::Program,
            ),
            Some(pane) => {
                let address = pane.address;
                if let Some(run) = self.agents.get_mut(&agent) {
                    run.agent.pane = Some(address);
                    run.last_session = Some(address.session);
                }
            }
            // A listing asked for before the window was open can't show it.
            None if listing <= run.opened_in => {}
            None => {
                let cause = self.cause_of_lost_pane();
                let how = match cause {
                    EndCause::Server => "the tmux server ended",
                    _ => "its pane is gone",
                };
                self.lose_window(t, agent);
                // The hang-up of its pane may be known before the pane's end.
                if let Some(run) = self.agents.get_mut(&agent)
                    && let Some(end) = run.end.as_mut()
                    && end.cause == EndCause::Program
                {
                    end.cause = cause;
                    end.how = how.to_owned();
                    end.lines.get_or_insert_default();
                    run.agent.last_end = Some(how.to_owned());
                }
                self.on_program_gone(t, agent, AgentState::Crashed, how, cause);
            }
        }
    }

    /// Whether windows may be there that no listing has shown yet.
    pub(crate) fn is_unseen(&self) -> bool {
        self.unheard || self.silent.is_some() || self.just_connected && self.server.is_some()
    }

    /// Whether it is known that no server runs, and so no window is there.
    pub(crate) fn is_without_server(&self) -> bool {
        self.server.is_none() && !self.is_unseen()
    }

    /// Whether a window that an earlier daemon ordered may be there, since no listing has come yet.
    pub(crate) fn may_have_window(&self, run: &AgentRun) -> bool {
        self.is_unseen() && run.window == WindowObserved::Absent && run.agent.launch.is_some()
    }

    /// Notes that an agent has no window any more.
    pub(crate) fn lose_window(&mut self, t: &mut Turn, agent: AgentId) {
        if let Some(run) = self.agents.get_mut(&agent) {
            run.window = WindowObserved::Absent;
            run.agent.pane = None;
            let copy = run.agent.clone();
            t.write(Write::PutAgent(Box::new(copy)));
        }
    }

    /// A window that was opened just before the daemon ended carries its launch's mark; one whose program has ended since
    /// still carries the agent's, and is used again.
    fn adopt_pane(&mut self, t: &mut Turn, agent: AgentId) {
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        let Some(launch) = run.agent.launch else {
            return;
        };
        // One whose program has ended is none: a person who runs something else in its pane leaves the mark on it.
        let ended = run.ended && run.agent.state != AgentState::Stopped;
        if run.window != WindowObserved::Absent || ended {
            return;
        }
        let own = |pane: &&PaneFact| pane.agent == Some(agent) && !pane.is_shell;
        let ours = |pane: &&PaneFact| own(pane) && pane.live == Some(launch);
        if let Some(address) = self.panes.iter().find(ours).map(|pane| pane.address) {
            return self.on_opened(t, agent, launch, Ok(OpenedWindow::begun(address)));
        }
        // The mark stays on a pane in which a person runs something else.
        let held = |pane: &&PaneFact| own(pane) && pane.wrapper;
        let left = self.panes.iter().find(held).map(|pane| pane.address);
        // Later on it may be one that is just being closed.
        let Some(address) = left.filter(|_| self.just_connected) else {
            return;
        };
        if run.ended {
            run.agent.pane = Some(address);
            run.last_session = Some(address.session);
            run.window = WindowObserved::Ended;
            let copy = run.agent.clone();
            t.write(Write::PutAgent(Box::new(copy)));
        } else {
            self.on_opened(t, agent, launch, Ok(OpenedWindow::begun(address)));
            let how = "the program ended while no daemon ran";
            self.on_program_gone(t, agent, AgentState::Crashed, how, EndCause::Program);
        }
    }

    fn observe_session(&mut self, team: torch_core::TeamId) {
        let Some(id) = self.teams.get(&team).and_then(|team| team.session) else {
            return;
        };
        let there = self.panes.iter().any(|pane| pane.address.session == id);
        let seen = self.sessions.entry(team).or_insert(SessionObserved::Absent);
        if *seen == SessionObserved::Present && !there {
            *seen = SessionObserved::Absent;
            if let Some(team) = self.teams.get_mut(&team) {
                team.session = None;
            }
        }
    }
}

/// Whether a listed pane is the one that an agent was started in: the pid guards against a reused id.
pub(crate) fn same_pane(pane: &PaneFact, at: PaneAddress) -> bool {
    pane.address.pane == at.pane && pane.address.pid == at.pid
}
