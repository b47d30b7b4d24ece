//! What proves that a program has a message: its prompt hook, and its transcript.

use std::time::Duration;

use serde_json::json;
use torch_core::program::{DeliveryGrade, Signal};
use torch_core::screen::reads_as;
use torch_core::{AgentId, DeliveryState, MessageId};
use torch_router::delivery::Proof;
use torch_router::tag;

use super::{State, Turn};
use crate::event::{Effect, TimerKey};

/// The longest pause between two looks into a transcript for an accepted message.
const TRANSCRIPT_LOOK_MAX: Duration = Duration::from_secs(2);

impl State {
    /// The prompt hook fired: which of the messages on their way does it prove?
    pub(crate) fn on_prompt(&mut self, t: &mut Turn, agent: AgentId, prompt: &str) {
        let alone = self
            .agents
            .get(&agent)
            .and_then(|run| self.programs.get(&run.agent.program))
            .is_some_and(|program| !program.transcript.tells(Signal::Prompt));
        // Also one that waits: a paste of it may have stood in the composer, where a person pressed Enter.
        let on_the_way: Vec<MessageId> = self
            .flights
            .values()
            .filter(|flight| flight.envelope.recipient.agent() == Some(agent))
            .map(|flight| flight.envelope.id)
            .collect();
        for message in on_the_way {
            let Some(flight) = self.flights.get_mut(&message) else {
                continue;
            };
            let proof = match tag::count(prompt, message) {
                0 => continue,
                1 if reads_as(prompt, &flight.text) => Proof::Hook,
                _ => Proof::AlteredHook,
            };
            let step = flight.on_proof(proof, t.now);
            self.note_proof(t, message, DeliveryGrade::Hooks);
            self.apply(t, message, step);
            if let (true, Some(flight)) = (alone, self.flights.get_mut(&message)) {
                let step = flight.on_proof(Proof::HookAlone, t.now);
                self.apply(t, message, step);
            }
        }
        if !prompt.contains("[torch m-") {
            self.on_unrecorded_prompt(t, agent, prompt);
        }
    }

    /// A prompt without a tag: a person who is attached may type; anything else went past the router (S2-086).
    fn on_unrecorded_prompt(&mut self, t: &mut Turn, agent: AgentId, prompt: &str) {
        let Some(at) = self.agents.get(&agent).and_then(|run| run.agent.pane) else {
            return;
        };
        let attached = self
            .panes
            .iter()
            .any(|pane| pane.address.pane == at.pane && pane.attached > 0);
        let start: String = prompt.chars().take(200).collect();
        t.journal(
            "input.unrecorded",
            agent,
            json!({"attached": attached, "prompt": start}),
        );
        // What a program says to itself when its usage limit is reset is nobody's doing.
        if !attached && !self.goes_on_by_itself(agent, t.now) {
            self.notify_unrecorded(t, agent, prompt);
        }
    }

    /// Accepted messages are looked for again whenever the agent shows life.
    pub(crate) fn recheck_accepted(&mut self, t: &mut Turn, agent: AgentId) {
        let accepted: Vec<MessageId> = self
            .flights
            .values()
            .filter(|f| {
                f.envelope.recipient.agent() == Some(agent)
                    && f.delivery.state == DeliveryState::Accepted
            })
            .map(|f| f.envelope.id)
            .collect();
        for message in accepted {
            self.look_into_transcript(t, message);
        }
    }

    pub(crate) fn look_into_transcript(&mut self, t: &mut Turn, message: MessageId) {
        let Some(agent) = self.agent_of(message) else {
            return;
        };
        let elsewhere = self.is_typed_elsewhere(message);
        match self.agents.get(&agent).and_then(|run| {
            if elsewhere {
                run.agent.last_transcript.clone()
            } else {
                run.agent.transcript.clone()
            }
        }) {
            Some(path) => t.push(Effect::ReadTranscript { message, path }),
            None => self.on_transcript(t, message, false),
        }
    }

    pub(crate) fn on_transcript(&mut self, t: &mut Turn, message: MessageId, found: bool) {
        let Some(agent) = self.agent_of(message) else {
            return;
        };
        let gone = self.is_typed_elsewhere(message)
            || self
                .agents
                .get(&agent)
                .is_none_or(|run| !run.agent.state.is_live());
        let has_transcript = self
            .agents
            .get(&agent)
            .is_some_and(|run| run.agent.transcript.is_some());
        let Some(flight) = self.flights.get_mut(&message) else {
            return;
        };
        let step = if found {
            flight.on_proof(Proof::Transcript, t.now)
        } else {
            flight.on_no_proof(gone, t.now)
        };
        if found {
            self.note_proof(t, message, DeliveryGrade::Transcript);
        }
        self.apply(t, message, step);
        let accepted = self
            .flights
            .get(&message)
            .is_some_and(|f| f.delivery.state == DeliveryState::Accepted);
        if accepted && has_transcript {
            let looks = self.transcript_looks.entry(message).or_insert(0);
            let pause = Duration::from_millis(5).saturating_mul(1 << (*looks).min(12));
            *looks += 1;
            t.timer(
                TimerKey::Transcript(message),
                t.now.after(pause.min(TRANSCRIPT_LOOK_MAX)),
            );
        }
    }
}
