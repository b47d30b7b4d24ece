//! What agents do: spool records, panes and screens become states with evidence.

use serde_json::json;
use torch_api::wire::Stage;
use torch_core::plan::WindowObserved;
use torch_core::program::Signal;
use torch_core::screen::ScreenKind;
use torch_core::spool::{SpoolEvent, SpoolRecord};
use torch_core::{AgentId, AgentState, Evidence, LaunchId, Write};
use torch_monitor::Screen;
use torch_router::delivery::{Flight, PaneFitness, Sight};

use super::panes::same_pane;
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
            SpoolEvent::StatusLine { payload } => {
                self.on_status_line(t, agent, &payload, record.at)
            }
        }
    }

    fn on_hook(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        payload: &serde_json::Value,
        at: torch_core::Timestamp,
    ) {
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        let Some(program) = self.programs.get(&run.agent.program) else {
            return;
        };
        let reading = program.hooks.read(payload);
        let (before, team, role) = (run.agent.state, run.agent.team, run.agent.role.clone());
        if let Some(path) = reading.figures.transcript.clone() {
            self.follow_transcript(t, agent, path.into());
        }
        self.take_figures(t, agent, &reading.figures, at);
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        if !before.is_live() {
            // One that was stopped while its window was opened may be wanted again: then this is its transcript.
            let copy = run.agent.clone();
            t.write(Write::PutAgent(Box::new(copy)));
            return;
        }
        if let Some(state) = reading
            .signal
            .and_then(|signal| state_after(signal, before))
        {
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
        match reading.signal {
            Some(Signal::Prompt) => {
                self.count_turn(t, agent);
                self.on_prompt(t, agent, &reading.text);
            }
            Some(Signal::Asking) if before != AgentState::Asking => {
                self.notify_asking(t, agent, &reading.text);
            }
            _ => {}
        }
        self.recheck_accepted(t, agent);
    }

    /// States that no hook ends (Esc fires none) are checked against the screen.
    pub(crate) fn look_at_screens(&mut self, t: &mut Turn) {
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
                if self.flights.get(&message).is_some_and(Flight::is_acting) {
                    // Asked for in an earlier launch, and late: it says nothing of what is under way now.
                    return;
                }
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

/// The state that follows a signal.
pub(super) fn state_after(signal: Signal, before: AgentState) -> Option<AgentState> {
    match signal {
        Signal::Ready if before == AgentState::Starting => Some(AgentState::Ready),
        Signal::Ready
        | Signal::Cleared
        | Signal::Compacted
        | Signal::TurnEnded
        | Signal::TurnFailed
        | Signal::Interrupted => Some(AgentState::Idle),
        Signal::Prompt | Signal::Working => Some(AgentState::Working),
        Signal::Asking => Some(AgentState::Asking),
        Signal::Limited => Some(AgentState::Limited),
        Signal::Retrying => Some(AgentState::Retrying),
        Signal::Queued | Signal::Ended => None,
    }
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
