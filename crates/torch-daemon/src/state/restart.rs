//! Ended programs: started again with a breaker, or left alone with one report.

use std::time::Duration;

use serde_json::json;
use torch_api::wire::Stage;
use torch_core::config::RestartPolicy;
use torch_core::plan::{ProgramObserved, WindowObserved};
use torch_core::{AgentId, AgentState, DesiredState, Evidence, Timestamp, Write};

use super::{AgentRun, State, Turn};
use crate::event::{Effect, FailedHow, TimerKey};

/// Restarts of one agent within [`BREAKER_WINDOW`] until it is given up.
pub(crate) const BREAKER_RESTARTS: usize = 3;
/// As [`BREAKER_RESTARTS`].
const BREAKER_WINDOW: Duration = Duration::from_secs(600);
/// The span of the caps.
const HOUR: Duration = Duration::from_secs(3600);
/// The pause before the first, second and third restart within the window.
const BACKOFF: [Duration; BREAKER_RESTARTS] = [
    Duration::ZERO,
    Duration::from_secs(2),
    Duration::from_secs(8),
];
/// How shortly before an orderly end somebody must have typed in the session for it to be a person's doing.
const BY_PERSON: Duration = Duration::from_secs(30);
/// How many lines of a failed program are read for its causes (S2-068).
pub(crate) const LAST_LINES: u32 = 200;

/// An end that is not decided about yet: its last lines are being read, and the panes listed once more, since only a
/// listing younger than the end shows whether a person typed just before it.
#[derive(Debug, Clone)]
pub(crate) struct End {
    pub(crate) state: AgentState,
    pub(crate) how: String,
    /// Whether the program was gone with its pane or its server.
    pub(crate) cause: EndCause,
    /// The first listing that is young enough.
    pub(crate) listing: u64,
    /// The last lines, once they were read.
    pub(crate) lines: Option<String>,
}

/// What ended with the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EndCause {
    /// The program alone.
    Program,
    /// Its pane.
    Pane,
    /// The tmux server.
    Server,
}

/// What becomes of an ended program.
enum Verdict {
    /// It is started again at this time; the number of restarts in the breaker's window, this one included.
    Restart(Timestamp, usize),
    /// It is left alone: why, and whether somebody has to be told that it is given up.
    Leave { why: String, given_up: bool },
}

impl State {
    /// The program of the current launch is gone.
    pub(crate) fn on_program_gone(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        state: AgentState,
        how: &str,
        cause: EndCause,
    ) {
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        if !run.agent.state.is_live() || run.window == WindowObserved::Closing {
            return;
        }
        run.ended = true;
        if run.window == WindowObserved::Live {
            run.window = WindowObserved::Ended;
        }
        run.agent.last_end = Some(how.to_owned());
        let pane = run.agent.pane.filter(|_| cause == EndCause::Program);
        run.end = Some(End {
            state,
            how: how.to_owned(),
            cause,
            listing: self.listing + 1,
            lines: pane.is_none().then(String::new),
        });
        t.push(Effect::CancelTimer(TimerKey::Ready(agent)));
        self.set_state(t, agent, state, Evidence::new("process", how, t.now));
        if let Some(at) = pane {
            t.push(Effect::ReadLastLines {
                agent,
                failed: FailedHow::Ended,
                pane: at.pane,
                lines: LAST_LINES,
            });
        }
        self.agent_gone_for_deliveries(t, agent);
        if self.server.is_some() {
            self.list_panes(t);
        } else {
            self.decide_end(t, agent);
        }
    }

    /// Tells the deliveries to an agent that its program is gone.
    pub(crate) fn agent_gone_for_deliveries(&mut self, t: &mut Turn, agent: AgentId) {
        let flights: Vec<_> = self
            .flights
            .values()
            .filter(|flight| flight.envelope.recipient.agent() == Some(agent))
            .map(|flight| flight.envelope.id)
            .collect();
        for message in flights {
            let Some(flight) = self.flights.get_mut(&message) else {
                continue;
            };
            let step = flight.on_agent_gone(t.now);
            self.apply(t, message, step);
        }
    }

    /// Decides about an ended program once its last lines and a younger listing are there.
    pub(crate) fn decide_end(&mut self, t: &mut Turn, agent: AgentId) {
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        let listed = self.server.is_none()
            || run
                .end
                .as_ref()
                .is_some_and(|end| end.listing <= self.listed);
        let Some(end) = run.end.take_if(|end| listed && end.lines.is_some()) else {
            return;
        };
        let team = run.agent.team;
        let early = !run.agent.briefed;
        let wanted = run.agent.desired == DesiredState::Running
            && self
                .teams
                .get(&team)
                .is_some_and(|team| team.desired == DesiredState::Running);
        if !wanted || self.undos.contains_key(&team) {
            return;
        }
        match self.verdict(agent, &end, t.now) {
            Verdict::Restart(at, nth) => self.restart_later(t, agent, &end, at, nth),
            Verdict::Leave { why, given_up } => {
                self.leave(t, agent, &end, &why, given_up, early);
            }
        }
        self.check_raised(t, team);
        self.check_followed(t, team);
    }

    fn verdict(&self, agent: AgentId, end: &End, now: Timestamp) -> Verdict {
        let leave = |why: String, given_up| Verdict::Leave { why, given_up };
        let run = &self.agents[&agent];
        let config = &self.settings.config;
        let orderly = end.state == AgentState::Exited;
        match config.restart.policy {
            RestartPolicy::Never => {
                return leave("restart.policy is \"never\"".to_owned(), false);
            }
            RestartPolicy::OnFailure if orderly => {
                return leave("restart.policy is \"on-failure\"".to_owned(), false);
            }
            _ => {}
        }
        if (orderly || end.cause == EndCause::Pane) && self.typed_lately(run, now) {
            let why = "somebody at its session ended it".to_owned();
            return leave(why, false);
        }
        if end.cause == EndCause::Server {
            return Verdict::Restart(now, 0);
        }
        let within = |span: Duration| {
            let recent = run.agent.restarts.iter();
            recent.filter(|at| now.since(**at) < span).count()
        };
        let (recent, hour) = (within(BREAKER_WINDOW), within(HOUR));
        if recent >= BREAKER_RESTARTS {
            let why = format!("it was restarted {recent} times in 10 minutes");
            return leave(why, true);
        }
        let cap = config.limits.restarts_per_hour;
        if cap > 0 && hour as u64 >= cap {
            let why =
                format!("it was restarted {hour} times within the hour (limits.restarts_per_hour)");
            return leave(why, true);
        }
        Verdict::Restart(now.after(BACKOFF[recent]), recent + 1)
    }

    /// Whether a person used the session that the agent was in, just now.
    fn typed_lately(&self, run: &AgentRun, now: Timestamp) -> bool {
        let session = run
            .last_session
            .or_else(|| self.teams.get(&run.agent.team)?.session);
        session
            .and_then(|session| self.inputs.get(&session))
            .is_some_and(|at| now.since(*at) < BY_PERSON)
    }

    fn restart_later(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        end: &End,
        at: Timestamp,
        nth: usize,
    ) {
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        run.restart_at = Some(at);
        if end.cause != EndCause::Server {
            run.agent.restarts.push(t.now);
        }
        let (copy, team, role) = (run.agent.clone(), run.agent.team, run.agent.role.clone());
        t.write(Write::PutAgent(Box::new(copy)));
        t.journal(
            "agent.restarting",
            agent,
            json!({"how": end.how, "nth": nth, "at": at}),
        );
        let detail = format!("{}; starting it again", end.how);
        self.progress(t, team, role.as_str(), Stage::Waiting, &detail);
        if end.cause == EndCause::Program || end.cause == EndCause::Pane {
            let lines = end.lines.clone().unwrap_or_default();
            self.notify_restarting(t, agent, &end.how, nth, &lines);
        }
        if at <= t.now {
            self.reconcile(t, team);
        } else {
            t.timer(TimerKey::Restart(agent), at);
        }
    }

    fn leave(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        end: &End,
        why: &str,
        given_up: bool,
        early: bool,
    ) {
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        run.agent.left = Some(why.to_owned());
        run.failure = (early || given_up).then(|| end.how.clone());
        let (copy, team, role) = (run.agent.clone(), run.agent.team, run.agent.role.clone());
        t.write(Write::PutAgent(Box::new(copy)));
        t.journal("agent.left", agent, json!({"how": end.how, "why": why}));
        let lines = end.lines.clone().unwrap_or_default();
        if given_up {
            let detail = format!("given up: {why}; last, {}", end.how);
            let evidence = Evidence::new("process", detail, t.now);
            self.set_state(t, agent, AgentState::Failed, evidence);
            self.notify_given_up(t, agent, &end.how, why, &lines);
        } else {
            self.notify_ended(t, agent, &end.how, why, &lines);
        }
        if early || given_up {
            self.progress(t, team, role.as_str(), Stage::Failed, &end.how);
        }
    }

    /// Restarts count for an hour.
    pub(crate) fn forget_old_restarts(&mut self, t: &Turn, agent: AgentId) {
        if let Some(run) = self.agents.get_mut(&agent) {
            run.agent.restarts.retain(|at| t.now.since(*at) < HOUR);
        }
    }

    /// The time for an agent's restart has come.
    pub(crate) fn on_restart_due(&mut self, t: &mut Turn, agent: AgentId) {
        if let Some(team) = self.agents.get(&agent).map(|run| run.agent.team) {
            self.reconcile(t, team);
        }
    }

    /// An ended or given up agent is wanted again: whatever kept it from being started is forgotten.
    pub(crate) fn forgive(&mut self, t: &mut Turn, agent: AgentId) {
        use torch_core::plan::WorktreeObserved;
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        run.agent.left = None;
        run.agent.restarts.clear();
        run.end = None;
        run.restart_at = None;
        run.failure = None;
        if run.worktree == WorktreeObserved::Failed {
            run.worktree = WorktreeObserved::Absent;
        }
        if run.window == WindowObserved::Failed {
            run.window = WindowObserved::Absent;
        }
        let copy = run.agent.clone();
        t.write(Write::PutAgent(Box::new(copy)));
        t.push(Effect::CancelTimer(TimerKey::Restart(agent)));
    }
}

impl AgentRun {
    /// What is observed of its program, for the plan.
    pub(crate) fn program_observed(&self, now: Timestamp) -> ProgramObserved {
        if !self.ended {
            ProgramObserved::Running
        } else if self.agent.left.is_some() {
            ProgramObserved::Left
        } else if self.end.is_some() || self.restart_at.is_some_and(|at| at > now) {
            ProgramObserved::Waiting
        } else {
            ProgramObserved::Due
        }
    }
}
