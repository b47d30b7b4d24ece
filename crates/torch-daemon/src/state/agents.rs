//! What agents do: spool records, panes and screens become states with evidence.

use serde_json::json;
use torch_api::wire::Stage;
use torch_core::plan::WindowObserved;
use torch_core::program::Signal;
use torch_core::spool::{SpoolEvent, SpoolRecord};
use torch_core::{AgentId, AgentState, Evidence, LaunchId, Write};

use super::restart::{EndCause, LAST_LINES};
use super::{State, Turn};
use crate::event::{Effect, FailedHow, SpoolGap};

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
            if matches!(before, AgentState::Working | AgentState::Retrying) {
                run.worked_until = Some(t.now);
            }
            run.agent.since = t.now;
            run.looks = None;
            run.seen = t.now;
            run.agent.check_ins.state_changed(before, state, t.now);
        }
        run.agent.state = state;
        run.agent.evidence = evidence;
        let copy = run.agent.clone();
        let data = json!({"from": before, "to": state, "source": copy.evidence.source, "detail": copy.evidence.detail, "told": copy.evidence.at});
        t.write(Write::PutAgent(Box::new(copy)));
        if before != state {
            self.credit_state_changed(t, agent);
            self.mind_silence(t, agent, before);
            t.journal("agent.state", agent, data);
            if before == AgentState::Asking {
                self.close_question(t, agent);
            }
            if !matches!(state, AgentState::Asking | AgentState::Working)
                && let Some(run) = self.agents.get_mut(&agent)
            {
                // Outside of a turn nothing is asked by the program's own word.
                run.asked.clear();
            }
            if state.takes_messages() || !state.is_live() {
                self.answer_turn_waiters(t, agent);
                self.check_hub_done(t, agent);
            }
            self.tell_what_changed(t, agent);
            self.lane_agent_changed(t, agent);
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
        run.seen = t.now;
        let team = run.agent.team;
        for record in records.into_iter().filter(|record| record.launch == launch) {
            self.on_record(t, agent, record);
        }
        t.write(Write::SpoolOffset { agent, offset });
        self.reconcile(t, team);
        self.pump(t, agent);
        self.end_if_done(t, agent);
    }

    /// Something that the agent's hooks or its wrapper said may be missing; nothing is concluded from that.
    pub(crate) fn on_spool_gap(
        &mut self,
        t: &mut Turn,
        (agent, launch): (AgentId, LaunchId),
        gap: SpoolGap,
        at: u64,
    ) {
        let run = self.agents.get(&agent);
        if run.is_some_and(|run| run.agent.launch == Some(launch)) {
            let data = json!({"what": gap.to_string(), "at": at});
            t.journal("agent.spool", agent, data);
        }
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
            refused @ SpoolEvent::Refused { .. } => self.on_refused(t, agent, refused),
            SpoolEvent::HandedOver { taken } => self.on_handed_over(t, agent, taken),
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
        let before = run.agent.state;
        self.on_answer_record(t, agent, payload);
        if let Some(signal) = reading.signal {
            self.note_hook(t, agent, signal, at);
        }
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
        let evidence = Evidence::new("hook", reading.evidence.clone(), at);
        // What was asked stays what stands there until something else does: a reminder only says that it is still open.
        let reminded = before == AgentState::Asking && run.agent.question.is_some();
        let starting = before == AgentState::Starting
            || (before == AgentState::Asking && self.is_unbriefed(agent));
        match reading.signal {
            Some(Signal::Asking) if reminded => {}
            // Its first prompt may come after dialogs.
            Some(Signal::Ready) if starting => self.become_ready(t, agent, evidence),
            Some(signal) => {
                if let Some(state) = state_after(signal, before) {
                    self.set_state(t, agent, state, evidence);
                }
            }
            None => {}
        }
        match reading.signal {
            Some(Signal::Prompt) => {
                self.count_turn(t, agent);
                self.on_prompt(t, agent, &reading.text);
            }
            Some(Signal::Asking) => self.on_asking_hook(t, agent, &reading.text, payload),
            Some(Signal::TurnEnded) => self.look_for_share(t, agent),
            Some(signal @ (Signal::Cleared | Signal::Compacted)) => {
                self.restate(t, agent, signal);
            }
            _ => {}
        }
        self.login_signal(t, agent, &reading, at);
        self.credit_hook(t, agent, &reading, (before, at));
        self.recheck_accepted(t, agent);
    }

    /// Whether nothing was said to an agent in this launch.
    pub(super) fn is_unbriefed(&self, agent: AgentId) -> bool {
        let run = self.agents.get(&agent);
        run.is_some_and(|run| run.agent.briefing.is_none())
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
        | Signal::TurnEnded
        | Signal::TurnFailed
        | Signal::Interrupted => Some(AgentState::Idle),
        Signal::Prompt | Signal::Working => Some(AgentState::Working),
        Signal::Asking => Some(AgentState::Asking),
        Signal::Limited => Some(AgentState::Limited),
        Signal::Retrying => Some(AgentState::Retrying),
        // After a compaction a turn may go on: the screen tells.
        Signal::Compacted
        | Signal::Queued
        | Signal::Ended
        | Signal::Continues
        | Signal::ContinueCancelled => None,
    }
}
