//! What agents do: spool records, panes and screens become states with evidence.

use serde_json::json;
use torch_api::wire::Stage;
use torch_core::plan::{SessionObserved, WindowObserved};
use torch_core::screen::ScreenKind;
use torch_core::spool::{SpoolEvent, SpoolRecord};
use torch_core::{AgentId, AgentState, Evidence, LaunchId, PaneAddress, Write};
use torch_monitor::{HookEvent, Screen, read_hook};
use torch_router::delivery::{PaneFitness, Sight};
use torch_router::identity::{KnownPane, PaneOwner};

use super::restart::{EndCause, LAST_LINES};
use super::{PANES_EVERY, State, Turn};
use crate::event::{Effect, FailedHow, PaneFact, ProbeFact, ProbeFor, TimerKey};

/// How many agreeing looks at an idle prompt outweigh a hook that said otherwise.
const AGREEING_LOOKS: u32 = 2;
/// How long after the first look that shows an idle prompt the second one comes.
const SECOND_LOOK: std::time::Duration = std::time::Duration::from_millis(300);
/// A working agent without waiting messages is looked at every so many listings.
const WORKING_LOOK_EVERY: u64 = 5;

impl State {
    /// Sets an agent's state, makes it durable and tells who cares.
    pub(crate) fn set_state(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        state: AgentState,
        evidence: Evidence,
    ) {
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        let before = run.agent.state;
        if before == state
            && evidence.source == run.agent.evidence.source
            && evidence.detail == run.agent.evidence.detail
        {
            return;
        }
        if before != state {
            run.agent.since = t.now;
            run.prompt_looks = 0;
        }
        run.agent.state = state;
        run.agent.evidence = evidence;
        let copy = run.agent.clone();
        let data = json!({"from": before, "to": state, "source": copy.evidence.source, "detail": copy.evidence.detail});
        t.write(Write::PutAgent(Box::new(copy)));
        if before != state {
            t.journal("agent.state", agent, data);
            if state.takes_messages() || !state.is_live() {
                self.answer_turn_waiters(t, agent);
                self.check_hub_done(t, agent);
            }
        }
    }

    pub(crate) fn on_spool(
        &mut self,
        t: &mut Turn,
        (agent, launch): (AgentId, LaunchId),
        offset: u64,
        records: Vec<SpoolRecord>,
    ) {
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        if run.agent.launch != Some(launch) {
            return;
        }
        if run.window == WindowObserved::Opening {
            // The program may be quicker than tmux's answer; its records wait until the pane is known.
            run.early.push((offset, records));
            return;
        }
        let team = run.agent.team;
        for record in records.into_iter().filter(|record| record.launch == launch) {
            self.on_record(t, agent, record);
        }
        t.write(Write::SpoolOffset { agent, offset });
        self.reconcile(t, team);
        self.pump(t, agent);
        self.end_if_done(t, agent);
    }

    fn on_record(&mut self, t: &mut Turn, agent: AgentId, record: SpoolRecord) {
        match record.event {
            SpoolEvent::Started { process } => {
                let Some(run) = self.agents.get_mut(&agent) else {
                    return;
                };
                run.agent.process = Some(process);
                let (team, role) = (run.agent.team, run.agent.role.clone());
                let evidence = Evidence::new(
                    "process",
                    format!("the program runs as pid {}", process.pid),
                    record.at,
                );
                let state = run.agent.state;
                self.set_state(t, agent, state, evidence);
                self.progress(
                    t,
                    team,
                    role.as_str(),
                    Stage::Starting,
                    &format!("pid {}", process.pid),
                );
            }
            SpoolEvent::LaunchFailed { error } => {
                self.on_program_gone(
                    t,
                    agent,
                    AgentState::Crashed,
                    &format!("the program could not be started: {error}"),
                    EndCause::Program,
                );
            }
            SpoolEvent::Exited { status, signal } => {
                let (state, how) = match (status, signal) {
                    (Some(0), _) => (
                        AgentState::Exited,
                        "the program ended with status 0".to_owned(),
                    ),
                    (Some(status), _) => (
                        AgentState::Crashed,
                        format!("the program ended with status {status}"),
                    ),
                    (None, Some(signal)) => (
                        AgentState::Crashed,
                        format!("the program was ended by signal {signal}"),
                    ),
                    (None, None) => (AgentState::Crashed, "the program ended".to_owned()),
                };
                self.on_program_gone(t, agent, state, &how, EndCause::Program);
            }
            SpoolEvent::Hook { payload } => self.on_hook(t, agent, &payload, record.at),
        }
    }

    fn on_hook(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        payload: &serde_json::Value,
        at: torch_core::Timestamp,
    ) {
        let reading = read_hook(payload);
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        let (before, team, role) = (run.agent.state, run.agent.team, run.agent.role.clone());
        if !before.is_live() {
            return;
        }
        if let Some(path) = reading.transcript {
            run.agent.transcript = Some(path.into());
        }
        if let Some(state) = reading.state {
            // A SessionStart after `/clear` or compaction is no new beginning.
            let state = if state == AgentState::Ready && before != AgentState::Starting {
                AgentState::Idle
            } else {
                state
            };
            self.set_state(
                t,
                agent,
                state,
                Evidence::new("hook", reading.evidence.clone(), at),
            );
            if before == AgentState::Starting && state != AgentState::Starting {
                t.push(Effect::CancelTimer(TimerKey::Ready(agent)));
                self.progress(t, team, role.as_str(), Stage::Ready, "its prompt is up");
            }
        }
        if let HookEvent::PromptTaken(prompt) = &reading.event {
            self.count_turn(t, agent);
            self.on_prompt(t, agent, prompt);
        }
        if let HookEvent::Asking(what) = &reading.event
            && before != AgentState::Asking
        {
            self.notify_asking(t, agent, what);
        }
        self.recheck_accepted(t, agent);
    }

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
        // All windows are known now; only then may anything be opened.
        self.just_connected = false;
        for agent in agents {
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
            return self.on_opened(t, agent, launch, Ok(address));
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
            self.on_opened(t, agent, launch, Ok(address));
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

    /// States that no hook ends (Esc fires none) are checked against the screen.
    fn look_at_screens(&mut self, t: &mut Turn) {
        let ticks = self.ticks;
        let due = |run: &&super::AgentRun| match run.agent.state {
            // A limit ends with a hook: its screen has a usable composer all the while.
            AgentState::Asking | AgentState::Retrying | AgentState::Unknown => true,
            AgentState::Working => {
                !run.queue.is_empty() || ticks.is_multiple_of(WORKING_LOOK_EVERY)
            }
            _ => false,
        };
        let agents: Vec<AgentId> = self
            .agents
            .values()
            .filter(due)
            .map(|run| run.agent.id)
            .collect();
        for agent in agents {
            self.look_at_screen(t, agent);
        }
    }

    /// Looks at an agent's screen to see what it is doing, unless a look is under way.
    pub(crate) fn look_at_screen(&mut self, t: &mut Turn, agent: AgentId) {
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        let Some(at) = run.agent.pane else { return };
        if !run.looking && run.window == WindowObserved::Live {
            run.looking = true;
            t.push(Effect::Probe {
                agent,
                purpose: ProbeFor::State,
                pane: at.pane,
                process: run.agent.process,
            });
        }
    }

    pub(crate) fn on_probed(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        purpose: ProbeFor,
        result: Result<Box<ProbeFact>, String>,
    ) {
        match purpose {
            ProbeFor::Delivery(message) => {
                self.acted(t, message);
                let patience = self.patience(agent);
                let sight = match result {
                    Ok(fact) => self.sight(agent, &fact),
                    Err(_) => None,
                };
                if self.must_wait(t, agent, message) {
                    return self.pump(t, agent);
                }
                let Some(flight) = self.flights.get_mut(&message) else {
                    return;
                };
                let step = match sight {
                    Some(sight) => flight.on_sight(&sight, &patience, t.now),
                    None => {
                        t.timer(TimerKey::Delivery(message), t.now.after(PANES_EVERY));
                        return;
                    }
                };
                self.apply(t, message, step);
            }
            ProbeFor::State => self.on_state_look(t, agent, result),
        }
    }

    fn on_state_look(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        result: Result<Box<ProbeFact>, String>,
    ) {
        let sight = result.ok().and_then(|fact| self.sight(agent, &fact));
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        run.looking = false;
        let Some(sight) = sight.filter(|sight| sight.fitness == PaneFitness::Fit) else {
            return;
        };
        if sight.reading.kind != ScreenKind::Prompt {
            run.prompt_looks = 0;
            return;
        }
        run.prompt_looks += 1;
        if run.prompt_looks < AGREEING_LOOKS {
            t.timer(TimerKey::Look(agent), t.now.after(SECOND_LOOK));
        } else {
            let detail = format!("{AGREEING_LOOKS} looks agree: {}", sight.reading.evidence);
            self.set_state(
                t,
                agent,
                AgentState::Idle,
                Evidence::new("screen", detail, t.now),
            );
            self.pump(t, agent);
        }
    }

    /// What a look means, by the program's rules.
    pub(crate) fn sight(&self, agent: AgentId, fact: &ProbeFact) -> Option<Sight> {
        let run = self.agents.get(&agent)?;
        let program = self.programs.get(&run.agent.program)?;
        let screen = Screen::parse(&fact.screen);
        let fitness = match (&fact.pane, run.agent.pane) {
            (Some(pane), Some(at)) if same_pane(pane, at) => {
                fitness(pane, run.agent.launch, fact.process_alive)
            }
            _ => PaneFitness::NoAgent,
        };
        let fingerprint = screen
            .text()
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
            });
        Some(Sight {
            fitness,
            reading: program.rules.read(&screen),
            fingerprint,
        })
    }

    pub(crate) fn on_not_ready(&mut self, t: &mut Turn, agent: AgentId) {
        let Some(run) = self.agents.get(&agent) else {
            return;
        };
        if run.agent.state != AgentState::Starting {
            return;
        }
        match run.agent.pane {
            Some(at) => t.push(Effect::ReadLastLines {
                agent,
                failed: FailedHow::NotReady,
                pane: at.pane,
                lines: LAST_LINES,
            }),
            None => self.on_last_lines(t, agent, FailedHow::NotReady, None),
        }
    }

    /// A failed agent's last lines are read, so that it can be told with its screen and a likely cause.
    pub(crate) fn on_last_lines(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        failed: FailedHow,
        lines: Option<String>,
    ) {
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        let text = lines.unwrap_or_else(|| "(its screen could not be read)".to_owned());
        let how = match failed {
            FailedHow::Ended => {
                if let Some(end) = run.end.as_mut() {
                    end.lines = Some(text);
                }
                return self.decide_end(t, agent);
            }
            FailedHow::NotReady if run.agent.state != AgentState::Starting => return,
            FailedHow::NotReady => {
                let seconds = t.now.since(run.agent.since).as_secs();
                format!("not ready after {seconds} s")
            }
        };
        let (team, role) = (run.agent.team, run.agent.role.clone());
        run.failure = Some(how.clone());
        let evidence = Evidence::new("screen", how.clone(), t.now);
        self.set_state(t, agent, AgentState::Starting, evidence);
        self.progress(t, team, role.as_str(), Stage::Failed, &how);
        self.notify_not_ready(t, agent, &how, &text);
        self.check_raised(t, team);
    }
}

/// Whether a listed pane is the one that an agent was started in: the pid guards against a reused id.
pub(crate) fn same_pane(pane: &PaneFact, at: PaneAddress) -> bool {
    pane.address.pane == at.pane && pane.address.pid == at.pid
}

fn fitness(pane: &PaneFact, launch: Option<LaunchId>, process_alive: bool) -> PaneFitness {
    if pane.dead || !process_alive || pane.live.is_none() || pane.live != launch {
        PaneFitness::NoAgent
    } else if pane.no_input {
        PaneFitness::NoInput
    } else if pane.in_mode {
        PaneFitness::Mode {
            attached: pane.attached > 0,
        }
    } else {
        PaneFitness::Fit
    }
}
