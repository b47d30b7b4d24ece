//! What agents' transcripts say: prompts that were taken, turns that a person ended, errors, figures.

use std::path::PathBuf;

use torch_core::program::{Signal, fill, fill_variables};
use torch_core::{AgentId, AgentState, DeliveryState, Evidence, LaunchId, Write};
use torch_monitor::SignalReading;
use torch_router::delivery::Proof;
use torch_router::tag;

use super::agents::state_after;
use super::{State, Turn};
use crate::event::Effect;

impl State {
    /// Reads an agent's transcript from here on. What was read of the same one before is not read again.
    pub(crate) fn follow_transcript(&mut self, t: &mut Turn, agent: AgentId, path: PathBuf) {
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        let Some(launch) = run.agent.launch else {
            return;
        };
        let figures = &mut run.agent.figures;
        let known = run.agent.transcript.as_ref() == Some(&path);
        if known && run.following.as_ref() == Some(&(launch, path.clone())) {
            return;
        }
        if figures.transcript.as_ref() != Some(&path) {
            figures.transcript = Some(path.clone());
            figures.transcript_read = 0;
        }
        let offset = figures.transcript_read;
        run.agent.transcript = Some(path.clone());
        run.following = Some((launch, path.clone()));
        t.push(Effect::WatchTranscript {
            agent,
            launch,
            program: run.agent.program.clone(),
            path,
            offset,
        });
    }

    /// Reads the transcript of a program that is ready although no hook said where it lies: its hooks may be switched off.
    pub(crate) fn follow_untold_transcript(&mut self, t: &mut Turn, agent: AgentId) {
        if let Some(path) = self.expected_transcript(agent) {
            self.follow_transcript(t, agent, path);
        }
    }

    fn expected_transcript(&self, agent: AgentId) -> Option<PathBuf> {
        let run = self.agents.get(&agent)?;
        let path = &self.programs.get(&run.agent.program)?.data.transcript.path;
        if run.agent.transcript.is_some() || path.is_empty() {
            return None;
        }
        let worktree = run.agent.worktree.display().to_string();
        let name = worktree.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        let conversation = run.agent.conversation.as_deref()?;
        let places = [
            ("worktree", worktree.as_str()),
            ("worktree-", &name),
            ("conversation", conversation),
        ];
        let team = self.teams.get(&run.agent.team)?;
        fill_variables(&fill(path, &places), &team.env).map(PathBuf::from)
    }

    pub(crate) fn on_told(
        &mut self,
        t: &mut Turn,
        (agent, launch): (AgentId, LaunchId),
        (path, offset): (PathBuf, u64),
        readings: &[SignalReading],
    ) {
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        if run.agent.launch != Some(launch) || run.agent.figures.transcript.as_ref() != Some(&path)
        {
            return;
        }
        run.seen = t.now;
        run.agent.figures.transcript_read = offset;
        let before = run.agent.state;
        for reading in readings {
            let at = reading.at.unwrap_or(t.now).min(t.now);
            self.take_figures(t, agent, &reading.figures, at);
            if let Some(signal) = reading.signal {
                self.on_transcript_signal(t, agent, signal, reading);
            }
        }
        if let Some(run) = self.agents.get(&agent) {
            t.write(Write::PutAgent(Box::new(run.agent.clone())));
            // A message that is being judged has its own time.
            if run.agent.state != before {
                self.pump(t, agent);
            }
        }
    }

    fn on_transcript_signal(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        signal: Signal,
        reading: &SignalReading,
    ) {
        if signal == Signal::Prompt {
            self.on_prompt_in_transcript(t, agent, &reading.text);
        }
        let Some(run) = self.agents.get(&agent) else {
            return;
        };
        let Some(program) = self.programs.get(&run.agent.program) else {
            return;
        };
        // A hook outweighs a transcript: what hooks tell is believed from them alone, and older news is none.
        let at = reading.at.unwrap_or(t.now).min(t.now);
        let before = run.agent.state;
        let hooked = program.hooks.tells(signal);
        self.credit_record(t, agent, signal, reading, (hooked, at));
        let Some(run) = self.agents.get(&agent) else {
            return;
        };
        if hooked || !before.is_live() || at < run.agent.evidence.at {
            return;
        }
        if before == AgentState::Starting {
            return;
        }
        self.login_signal(t, agent, reading, at);
        if let Some(state) = state_after(signal, before) {
            let evidence = Evidence::new("transcript", reading.evidence.clone(), at);
            self.set_state(t, agent, state, evidence);
        }
    }

    /// A prompt stands in the conversation: which of the messages on their way is it? Where a hook tells of prompts it comes
    /// first, with the turn that begins; a transcript that is quicker is looked into again after it.
    fn on_prompt_in_transcript(&mut self, t: &mut Turn, agent: AgentId, prompt: &str) {
        let hooked = self
            .agents
            .get(&agent)
            .and_then(|run| self.programs.get(&run.agent.program))
            .is_some_and(|program| program.hooks.tells(Signal::Prompt));
        let held: Vec<_> = self
            .flights
            .values()
            .filter(|flight| flight.envelope.recipient.agent() == Some(agent))
            .filter(|flight| {
                let accepted = flight.delivery.state == DeliveryState::Accepted;
                !hooked || accepted || flight.was_handed_over()
            })
            .map(|flight| flight.envelope.id)
            .filter(|message| tag::count(prompt, *message) > 0)
            .collect();
        for message in held {
            if let Some(flight) = self.flights.get_mut(&message) {
                let step = flight.on_proof(Proof::Transcript, t.now);
                self.apply(t, message, step);
            }
        }
    }
}
