//! Deliveries: which message is under way to which agent, and what its machine asks for.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;
use torch_core::plan::WindowObserved;
use torch_core::program::DeliveryGrade;
use torch_core::{AgentId, AgentState, DeferReason, DeliveryState, MessageId, MessageKind, Write};
use torch_router::delivery::{Act, Flight, Outcome, Patience, Step};

use super::programs::Program;
use super::{State, Turn};
use crate::event::{Effect, InboxFile, KeyError, PasteError, ProbeFor, TimerKey, TypingGuard};

/// How many consumed messages an agent's turns can be waited for by.
const CONSUMED_KEPT: usize = 64;

/// How long after the Enter the screen of a program that tells nothing is looked at.
const SCREEN_EVIDENCE: Duration = Duration::from_millis(300);

impl State {
    /// Gives the agent's first waiting message its turn, if the agent waits for input.
    pub(crate) fn pump(&mut self, t: &mut Turn, agent: AgentId) {
        let Some(run) = self.agents.get(&agent) else {
            return;
        };
        let Some(&head) = run.queue.front() else {
            return;
        };
        if run.acting.is_some() {
            return;
        }
        if self.is_typed_elsewhere(head) {
            return self.judge_typed_elsewhere(t, head);
        }
        let Some(run) = self.agents.get(&agent) else {
            return;
        };
        let reason = match run.agent.state {
            AgentState::Asking => Some(DeferReason::Asking),
            AgentState::Limited => Some(DeferReason::Limited),
            AgentState::Working => Some(DeferReason::Busy),
            state if !state.is_live() => Some(DeferReason::NoAgent),
            _ => None,
        };
        let ended = self
            .was_ended(agent)
            .filter(|_| reason == Some(DeferReason::NoAgent));
        let limit = self
            .limit_words(agent)
            .filter(|_| reason == Some(DeferReason::Limited));
        let evidence = ended
            .or(limit)
            .unwrap_or_else(|| run.agent.evidence.detail.clone());
        let ready = run.agent.state.takes_messages()
            && run.window == WindowObserved::Live
            && !self.waits_for_briefing(agent, head);
        if self.hand_over(t, agent, head, reason) {
            return;
        }
        let Some(flight) = self.flights.get_mut(&head) else {
            return;
        };
        if let Some(reason) = reason {
            if flight.is_typed() {
                return;
            }
            let step = flight.defer(reason, &evidence, t.now);
            self.apply(t, head, step);
            self.time_hand_over(t, agent, head);
        } else if ready {
            // What is typed already goes on to its end: half a message is never left in a composer.
            let held = if flight.is_typed() {
                None
            } else {
                self.held(t, agent)
            };
            let Some(flight) = self.flights.get_mut(&head) else {
                return;
            };
            let step = match held {
                Some((reason, why)) => flight.defer(reason, &why, t.now),
                None => flight.claim(t.now),
            };
            self.apply(t, head, step);
        }
    }

    /// Whether a message must wait because the agent is not briefed in this launch, or its briefing is being put together.
    pub(crate) fn waits_for_briefing(&self, agent: AgentId, message: MessageId) -> bool {
        let owed = self.agents.get(&agent).is_some_and(|run| {
            run.agent.launch.is_some() && (run.agent.briefing.is_none() || run.briefing_asked)
        });
        let may_go =
            |flight: &Flight| flight.is_typed() || flight.envelope.kind == MessageKind::Briefing;
        owed && !self.flights.get(&message).is_some_and(may_go)
    }

    /// Whether nothing of a message may be typed now, though a look at its agent's pane was begun: the agent, a person or a
    /// briefing came in between.
    pub(crate) fn must_wait(&mut self, t: &mut Turn, agent: AgentId, message: MessageId) -> bool {
        if self.flights.get(&message).is_none_or(Flight::is_typed) {
            return false;
        }
        let turn = self.agents.get(&agent).is_some_and(|run| {
            run.agent.state.takes_messages() && run.queue.front() == Some(&message)
        });
        !turn || self.waits_for_briefing(agent, message) || self.held(t, agent).is_some()
    }

    /// Makes a step durable and turns its act into an effect.
    pub(crate) fn apply(&mut self, t: &mut Turn, message: MessageId, step: Step) {
        let Some(flight) = self.flights.get_mut(&message) else {
            return;
        };
        let Some(agent) = flight.envelope.recipient.agent() else {
            return;
        };
        for (state, evidence) in &step.passed {
            if matches!(state, DeliveryState::Pasting | DeliveryState::Offered) {
                flight.delivery.launch = self.agents.get(&agent).and_then(|run| run.agent.launch);
            }
            let data = json!({"attempt": flight.delivery.attempt, "evidence": evidence});
            t.journal(&format!("delivery.{state}"), message, data);
        }
        let delivery = flight.delivery.clone();
        let (cause, kind) = (flight.envelope.cause, flight.envelope.kind);
        if !step.passed.is_empty() {
            t.write(Write::PutDelivery(Box::new(delivery.clone())));
            t.push(Effect::CancelTimer(TimerKey::Delivery(message)));
        }
        self.act(t, message, agent, step.act);
        if let Some(notice) = step.notice {
            self.notify_delivery(t, message, agent, notice);
        }
        if !step.passed.is_empty() {
            self.note_doubt(t, message, agent);
            self.after_delivery_change(t, message, agent, delivery.state, (cause, kind));
        }
    }

    fn act(&mut self, t: &mut Turn, message: MessageId, agent: AgentId, act: Act) {
        let paused = self.is_paused(agent);
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        let guard = run
            .agent
            .pane
            .zip(run.agent.launch)
            .map(|(address, launch)| TypingGuard {
                pane: address.pane,
                pid: address.pid,
                launch,
            });
        let timer = TimerKey::Delivery(message);
        match (act, guard) {
            (Act::None, _) => {}
            (Act::ProbeAfter(pause) | Act::AwaitProof(pause), _) => {
                t.timer(timer, t.now.after(pause))
            }
            (Act::ReadTranscript, _) => self.look_into_transcript(t, message),
            (Act::Offer, _) => self.push_offer(t, agent, message),
            (Act::Withdraw, _) => self.push_withdraw(t, agent, message),
            (Act::Probe | Act::Paste | Act::Press { .. }, None) => {
                let Some(flight) = self.flights.get_mut(&message) else {
                    return;
                };
                if flight.is_typed() {
                    // What was typed is judged by what it left behind, never typed again as if it had not been.
                    let step = flight.on_agent_gone(t.now);
                    return self.apply(t, message, step);
                }
                let step = flight.defer(DeferReason::NoAgent, "the agent has no pane", t.now);
                self.apply(t, message, step);
            }
            (Act::Probe, Some(guard)) => {
                run.acting = Some(message);
                let purpose = ProbeFor::Delivery(message);
                t.push(Effect::Probe {
                    agent,
                    purpose,
                    pane: guard.pane,
                    process: run.agent.process,
                });
            }
            // Its pause came while no daemon ran, between the intent and the paste.
            (Act::Paste, Some(_)) if paused => {
                let Some(flight) = self.flights.get_mut(&message) else {
                    return;
                };
                let step = flight.defer(DeferReason::Paused, super::pause::PAUSED, t.now);
                self.apply(t, message, step);
            }
            (Act::Paste, Some(guard)) => {
                run.acting = Some(message);
                let worktree = run.agent.worktree.clone();
                let Some(flight) = self.flights.get(&message) else {
                    return;
                };
                let inbox = inbox_file(flight, worktree);
                t.push(Effect::Paste {
                    message,
                    guard,
                    text: flight.text.clone(),
                    inbox,
                });
            }
            (Act::Press { line_end }, Some(guard)) => {
                run.acting = Some(message);
                let key = self
                    .programs
                    .get(&run.agent.program)
                    .map_or("Enter", |p| p.data.submit.key.as_str());
                t.push(Effect::Press {
                    message,
                    guard,
                    key: key.to_owned(),
                    line_end,
                });
            }
        }
    }

    /// What a delivery's new state means for the queue, for who waits, and for the agent.
    fn after_delivery_change(
        &mut self,
        t: &mut Turn,
        message: MessageId,
        agent: AgentId,
        state: DeliveryState,
        (_, kind): (Option<MessageId>, MessageKind),
    ) {
        let consumed = self
            .flights
            .get(&message)
            .filter(|_| state == DeliveryState::Consumed)
            .map(|flight| flight.delivery.clone());
        self.answer_waiters(t, message, state);
        self.settle_turn_waiters(t, message, agent, state);
        if state.is_proven() {
            self.wake_proven(t, agent, message);
        }
        if state.is_proven() && kind == MessageKind::Briefing {
            self.on_briefed(t, agent, message);
        }
        if kind == MessageKind::Briefing && self.held_briefing(agent).is_some() {
            let team = self.agents.get(&agent).map(|run| run.agent.team);
            team.into_iter().for_each(|team| self.check_raised(t, team));
        }
        if state == DeliveryState::Queued && self.is_not_wanted_any_more(t, message) {
            return;
        }
        let blocks = self.flights.get(&message).is_some_and(Flight::blocks_queue);
        if state.is_final() {
            self.flights.remove(&message);
            self.transcript_looks.remove(&message);
            t.push(Effect::CancelTimer(TimerKey::Expiry(message)));
        }
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        if let Some(delivery) = consumed {
            run.consumed.push_back(delivery);
            if run.consumed.len() > CONSUMED_KEPT {
                run.consumed.pop_front();
            }
        }
        if state == DeliveryState::Queued && !run.queue.contains(&message) {
            run.queue.push_front(message);
        }
        if !blocks {
            run.queue.retain(|queued| *queued != message);
            self.pump(t, agent);
        } else if state == DeliveryState::Queued {
            self.pump(t, agent);
        }
    }

    pub(crate) fn patience(&self, agent: AgentId) -> Patience {
        let config = &self.settings.config.delivery;
        let program = self
            .agents
            .get(&agent)
            .and_then(|run| self.programs.get(&run.agent.program));
        let settle = program.map_or(0, |program| program.data.submit.settle_ms);
        // Where nothing will be told, the screen is looked at soon.
        let told = program.is_none_or(|program| program.data.grade() != DeliveryGrade::Screen);
        let evidence = match told {
            true => Duration::from_secs(config.submit_timeout_seconds),
            false => SCREEN_EVIDENCE,
        };
        Patience {
            copy_mode: Duration::from_secs(config.copy_mode_wait_seconds),
            draft_notice: Duration::from_secs(config.draft_notice_seconds),
            evidence,
            settle: Duration::from_millis(settle),
        }
    }

    pub(crate) fn on_pasted(
        &mut self,
        t: &mut Turn,
        message: MessageId,
        result: Result<Outcome, PasteError>,
    ) {
        self.acted(t, message);
        if self.is_typed_elsewhere(message) {
            return self.judge_typed_elsewhere(t, message);
        }
        let Some(flight) = self.flights.get_mut(&message) else {
            return;
        };
        let step = match result {
            Ok(outcome) => flight.on_pasted(outcome, t.now),
            Err(error) => flight.on_paste_failed(error.is_begun(), &error.to_string(), t.now),
        };
        self.apply_and_recheck(t, message, step);
    }

    pub(crate) fn on_pressed(
        &mut self,
        t: &mut Turn,
        message: MessageId,
        result: Result<Outcome, KeyError>,
    ) {
        self.acted(t, message);
        let Some(agent) = self.agent_of(message) else {
            return;
        };
        if self.is_typed_elsewhere(message) {
            return self.judge_typed_elsewhere(t, message);
        }
        let patience = self.patience(agent);
        let Some(flight) = self.flights.get_mut(&message) else {
            return;
        };
        let step = match result {
            Ok(outcome) => flight.on_pressed(outcome, &patience, t.now),
            // The Enter may have been pressed: treat it so and look for evidence.
            Err(_) => flight.on_pressed(Outcome::Applied, &patience, t.now),
        };
        self.apply(t, message, step);
    }

    /// Applies a step that may have left the delivery deferred without a timer.
    fn apply_and_recheck(&mut self, t: &mut Turn, message: MessageId, step: Step) {
        let idle = step.act == Act::None;
        self.apply(t, message, step);
        let deferred = self
            .flights
            .get(&message)
            .is_some_and(|f| f.delivery.state == DeliveryState::Deferred);
        if idle && deferred {
            t.timer(
                TimerKey::Delivery(message),
                t.now.after(Duration::from_secs(1)),
            );
        }
    }

    pub(crate) fn on_delivery_timer(&mut self, t: &mut Turn, message: MessageId) {
        let Some(agent) = self.agent_of(message) else {
            return;
        };
        if self.is_typed_elsewhere(message) {
            return self.judge_typed_elsewhere(t, message);
        }
        let Some(run) = self.agents.get(&agent) else {
            return;
        };
        let Some(flight) = self.flights.get_mut(&message) else {
            return;
        };
        if flight.is_offered() {
            return self.pump(t, agent);
        }
        // Whoever is not first waits for its turn; a state change of the agent calls it again.
        let first = run.queue.front() == Some(&message);
        if run.acting.is_some() || (!first && !flight.is_typed()) {
            return;
        }
        if self.waits_for_briefing(agent, message) {
            return;
        }
        let Some(run) = self.agents.get(&agent) else {
            return;
        };
        let Some(flight) = self.flights.get_mut(&message) else {
            return;
        };
        if !flight.is_typed()
            && (!run.agent.state.takes_messages() || self.held(t, agent).is_some())
        {
            self.pump(t, agent);
            return;
        }
        let Some(flight) = self.flights.get_mut(&message) else {
            return;
        };
        let step = flight.on_timer(t.now);
        self.apply(t, message, step);
    }

    /// Whether a message was typed into a program, or laid ready for its hook, that has been replaced since.
    pub(crate) fn is_typed_elsewhere(&self, message: MessageId) -> bool {
        let Some(flight) = self.flights.get(&message) else {
            return false;
        };
        let launch = flight
            .envelope
            .recipient
            .agent()
            .and_then(|agent| self.agents.get(&agent))
            .and_then(|run| run.agent.launch);
        let went = flight.is_typed() || flight.is_offered();
        went && flight.delivery.launch.is_some() && flight.delivery.launch != launch
    }

    /// The program that a message was typed into is no more: its transcript decides, or the message goes out again.
    fn judge_typed_elsewhere(&mut self, t: &mut Turn, message: MessageId) {
        let Some(flight) = self.flights.get_mut(&message) else {
            return;
        };
        let step = flight.on_agent_gone(t.now);
        self.apply_and_recheck(t, message, step);
    }

    /// A message's time to live is over: it expires unless it is typed already.
    pub(crate) fn expire(&mut self, t: &mut Turn, message: MessageId) {
        if self.withdraw_offered(t, message) {
            return;
        }
        self.end_untyped(
            t,
            message,
            DeliveryState::Expired,
            "its time to live is over",
        );
    }

    /// Ends a delivery that was not typed yet; whether it could.
    pub(crate) fn end_untyped(
        &mut self,
        t: &mut Turn,
        message: MessageId,
        state: DeliveryState,
        why: &str,
    ) -> bool {
        let Some(flight) = self.flights.get_mut(&message) else {
            return false;
        };
        if flight.is_typed() || flight.is_offered() || flight.may_stand_in_composer() {
            return false;
        }
        flight.delivery.state = state;
        flight.delivery.reason = None;
        flight.delivery.since = t.now;
        why.clone_into(&mut flight.delivery.evidence);
        let step = Step {
            passed: vec![(state, why.to_owned())],
            act: Act::None,
            notice: None,
        };
        self.apply(t, message, step);
        true
    }

    /// The program of whoever a message is for.
    pub(crate) fn program_for(&self, message: MessageId) -> Option<&Program> {
        let run = self.agents.get(&self.agent_of(message)?)?;
        self.programs.get(&run.agent.program)
    }

    pub(crate) fn agent_of(&self, message: MessageId) -> Option<AgentId> {
        self.flights
            .get(&message)
            .and_then(|flight| flight.envelope.recipient.agent())
    }

    /// An act on a pane has ended. Its message may be through already, proven before tmux answered: then the next one,
    /// which could not begin while the act was under way, has its turn now.
    pub(crate) fn acted(&mut self, t: &mut Turn, message: MessageId) {
        let mut free = None;
        for (agent, run) in &mut self.agents {
            if run.acting == Some(message) {
                run.acting = None;
                free = (run.queue.front() != Some(&message)).then_some(*agent);
            }
        }
        if let Some(agent) = free {
            self.pump(t, agent);
        }
    }
}

/// The file that holds a long body, named so that a repeat writes the same file.
pub(crate) fn inbox_file(flight: &Flight, worktree: PathBuf) -> Option<InboxFile> {
    let envelope = &flight.envelope;
    let file = envelope.body_file.clone()?;
    Some(InboxFile {
        worktree,
        file,
        body: envelope.body.clone(),
    })
}
