//! After the Enter: what proves that the program has the message, and what to do in doubt.

use std::time::Duration;

use torch_core::{DeferReason, DeliveryState, Timestamp};

use super::{
    Act, Flight, Notice, PaneFitness, Patience, Proof, REDELIVER_AFTER, STALE_SCREEN, Sight, Step,
    TRIES_MAX,
};

/// The first pause before a covered composer is looked at again.
const DOUBT_FIRST: Duration = Duration::from_millis(250);

impl Flight {
    /// Something shows that the program has the message.
    pub fn on_proof(&mut self, proof: Proof, now: Timestamp) -> Step {
        let state = self.delivery.state;
        if state.is_final() {
            return Step::only(Act::None);
        }
        self.redeliver_at = None;
        match proof {
            Proof::Transcript => {
                let evidence = if self.handed_over {
                    "the transcript holds it, handed over within a turn"
                } else {
                    "the transcript holds it as a prompt"
                };
                self.pass(DeliveryState::Consumed, evidence, now, Act::None)
            }
            Proof::HookAlone => self.pass(
                DeliveryState::Consumed,
                "the prompt hook fired with it; this program keeps no transcript that torch reads",
                now,
                Act::None,
            ),
            Proof::Screen => self.pass(
                DeliveryState::Consumed,
                "unconfirmed: the screen shows it in the conversation, and this program tells nothing by itself",
                now,
                Act::None,
            ),
            Proof::Hook | Proof::AlteredHook if state == DeliveryState::Accepted => {
                Step::only(Act::ReadTranscript)
            }
            Proof::Hook => self.pass(
                DeliveryState::Accepted,
                "the prompt hook fired with it",
                now,
                Act::ReadTranscript,
            ),
            Proof::AlteredHook => {
                let evidence =
                    "the prompt hook fired with it, altered: other text was submitted with it";
                self.pass(DeliveryState::Accepted, evidence, now, Act::ReadTranscript)
            }
        }
    }

    /// The transcript was read and does not hold it (yet).
    pub fn on_no_proof(&mut self, agent_gone: bool, now: Timestamp) -> Step {
        match self.delivery.state {
            DeliveryState::Accepted if agent_gone => self.redeliver(
                "the program ended before it took the message into its conversation",
                now,
            ),
            DeliveryState::Entering | DeliveryState::Entered | DeliveryState::Uncertain
                if agent_gone =>
            {
                self.redeliver(
                    "the program ended, and nothing shows that it had the message",
                    now,
                )
            }
            DeliveryState::Uncertain => match self.redeliver_at {
                Some(at) if now >= at => self.redeliver("no trace in composer or transcript", now),
                Some(at) => Step::only(Act::ProbeAfter(at.since(now))),
                None => {
                    self.redeliver_at = Some(now.after(REDELIVER_AFTER));
                    Step::only(Act::ProbeAfter(REDELIVER_AFTER))
                }
            },
            _ => Step::only(Act::None),
        }
    }

    /// A person wants it looked at anew: nothing of it is on its way into a screen that stands still.
    pub fn look_anew(&mut self) {
        self.stale_screen = None;
    }

    /// Another program is started in place of the one that this may have been typed into: its composer is gone with it.
    pub fn composer_gone(&mut self) {
        self.pasted = false;
        self.seen_whole = None;
        self.entered = None;
        self.stale_screen = None;
    }

    /// The program is gone from its pane.
    pub fn on_agent_gone(&mut self, now: Timestamp) -> Step {
        match self.delivery.state {
            DeliveryState::Accepted
            | DeliveryState::Entering
            | DeliveryState::Entered
            | DeliveryState::Uncertain => Step::only(Act::ReadTranscript),
            DeliveryState::Offered => self.withdraw(),
            state if state.is_final() => Step::only(Act::None),
            _ => {
                self.composer_gone();
                let how = "the agent program ended";
                self.wait_for(DeferReason::NoAgent, how, now, Act::None)
            }
        }
    }

    /// The time set by [`Act::ProbeAfter`] or [`Act::AwaitProof`] is over.
    pub fn on_timer(&mut self, now: Timestamp) -> Step {
        match self.delivery.state {
            DeliveryState::Entered => self.pass(
                DeliveryState::Uncertain,
                "no evidence in time",
                now,
                Act::Probe,
            ),
            DeliveryState::Offered | DeliveryState::Accepted => Step::only(Act::None),
            state if state.is_final() => Step::only(Act::None),
            _ => Step::only(Act::Probe),
        }
    }

    /// A look at the pane while it is open whether the Enter was taken.
    pub(super) fn settle_doubt(
        &mut self,
        sight: &Sight,
        patience: &Patience,
        now: Timestamp,
    ) -> Step {
        if sight.fitness == PaneFitness::NoAgent {
            return Step::only(Act::ReadTranscript);
        }
        // While a dialog, a mode or a running turn covers the composer, nothing can be told.
        let covered = matches!(sight.fitness, PaneFitness::Mode { .. });
        let Some(composer) = self.open_composer(sight).filter(|_| !covered) else {
            let pause = self.backoff(DOUBT_FIRST);
            return Step::only(Act::ProbeAfter(pause));
        };
        if self.shows_whole(composer) {
            return match self.too_early(sight, patience, now) {
                Some(act) => Step::only(act),
                None => self.enter(composer, sight, patience, now),
            };
        }
        if composer.contains(&format!("[torch {}", self.envelope.id.tag())) {
            let evidence = "it stands in the composer with other text";
            let pause = self.backoff(DOUBT_FIRST);
            let mut step =
                self.wait_for(DeferReason::NotShown, evidence, now, Act::ProbeAfter(pause));
            step.notice = self.tell(Notice::NotShown);
            return step;
        }
        if self.delivery.state == DeliveryState::Uncertain {
            return Step::only(Act::ReadTranscript);
        }
        self.pass(
            DeliveryState::Uncertain,
            "the composer does not hold it any more",
            now,
            Act::ReadTranscript,
        )
    }

    /// What to wait for before an Enter whose text still stands there may count as lost: the evidence has its time, whatever
    /// caused this look, and a screen that has not changed since is the one from before.
    fn too_early(&mut self, sight: &Sight, patience: &Patience, now: Timestamp) -> Option<Act> {
        let entered = self.entered?;
        let waited = now.since(entered.at);
        if self.delivery.state == DeliveryState::Entered && waited < patience.evidence {
            return Some(Act::AwaitProof(patience.evidence - waited));
        }
        let stale = entered.screen == sight.fingerprint && waited < STALE_SCREEN;
        stale.then(|| Act::ProbeAfter(self.backoff(DOUBT_FIRST)))
    }

    fn redeliver(&mut self, evidence: &str, now: Timestamp) -> Step {
        self.redeliver_at = None;
        self.pasted = false;
        self.seen_whole = None;
        self.entered = None;
        self.stale_screen = None;
        self.enters = 0;
        self.doubt = false;
        self.doubts += 1;
        if self.doubts >= TRIES_MAX {
            let tries = self.delivery.attempt;
            let evidence = format!("{evidence}; given up after {tries} tries");
            let mut step = self.pass(DeliveryState::Dead, &evidence, now, Act::None);
            step.notice = self.tell(Notice::GivenUp);
            return step;
        }
        self.next_try();
        let evidence = format!(
            "{evidence}; try {} may be a duplicate",
            self.delivery.attempt
        );
        self.pass(DeliveryState::Queued, &evidence, now, Act::None)
    }

    /// What is pasted from now on can be told from what was pasted before.
    pub(super) fn next_try(&mut self) {
        self.spent = false;
        self.handed_over = false;
        self.laid = false;
        self.delivery.launch = None;
        let old = crate::tag::opening(&self.envelope, self.delivery.attempt);
        self.delivery.attempt += 1;
        self.delivery.possible_duplicate = true;
        let new = crate::tag::opening(&self.envelope, self.delivery.attempt);
        self.text = self.text.replacen(&old, &new, 1);
    }
}
