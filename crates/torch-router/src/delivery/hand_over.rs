//! Handing a message into a running turn, without typing: it lies ready for the program's hook, which takes it when a tool
//! has ended. Until then torch can take it back, and types it as usual.

use std::fmt;

use torch_core::{DeferReason, DeliveryState, Timestamp};

use super::{Act, Flight, Patience, Step};

/// What became of a message that torch wanted back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Withdrawal {
    /// It lay ready still, and does not any more.
    Withdrawn,
    /// The hook had taken it, or nobody can tell.
    Taken,
    /// It does not lie there.
    Missing,
    /// It lies there still: nothing in its folder can be renamed now.
    Stuck,
}

impl Flight {
    /// Whether it lies ready for the program's hook.
    pub fn is_offered(&self) -> bool {
        self.delivery.state == DeliveryState::Offered
    }

    /// Whether this try went, or may have gone, through the program's hook.
    pub fn was_handed_over(&self) -> bool {
        self.handed_over
    }

    /// Whether it can be laid ready: nothing of it may stand in the composer.
    pub fn may_be_offered(&self) -> bool {
        use DeliveryState::{Claimed, Deferred, Queued};
        let waits = matches!(self.delivery.state, Queued | Claimed | Deferred);
        waits && !self.pasted && !self.spent && !self.acting && !self.never_offered
    }

    /// It is to be laid ready for the program's hook.
    pub fn offer(&mut self, why: &str, now: Timestamp) -> Step {
        self.handed_over = true;
        self.laid = false;
        let evidence = format!("{why}: it lies ready for the hook at the end of the next tool");
        self.pass(DeliveryState::Offered, &evidence, now, Act::Offer)
    }

    /// Another daemon had it to be laid ready; whether it does is not known. Laying it again does no harm.
    pub fn offer_again(&mut self) -> Step {
        Step::only(if self.laid { Act::None } else { Act::Offer })
    }

    /// It lies ready.
    pub fn on_offered(&mut self) -> Step {
        self.laid |= self.is_offered();
        Step::only(Act::None)
    }

    /// It could not be laid ready: it waits for the turn's end.
    pub fn on_not_offered(&mut self, error: &dyn fmt::Display, now: Timestamp) -> Step {
        if !self.is_offered() {
            return Step::only(Act::None);
        }
        self.never_offered = true;
        self.not_handed_over();
        let evidence = format!("in a turn, and it could not be laid ready: {error}");
        self.wait_for(DeferReason::Busy, &evidence, now, Act::None)
    }

    /// The hook says that it printed it, while the program was there to read it.
    pub fn on_taken(&mut self, attempt: u32, patience: &Patience, now: Timestamp) -> Step {
        if !self.is_offered() || attempt != self.delivery.attempt {
            return Step::only(Act::None);
        }
        self.pass(
            DeliveryState::Entered,
            "its hook handed it over when a tool had ended",
            now,
            Act::AwaitProof(patience.evidence),
        )
    }

    /// It is wanted back: the turn is over, or nothing may go to the agent now.
    pub fn withdraw(&self) -> Step {
        Step::only(if self.is_offered() {
            Act::Withdraw
        } else {
            Act::None
        })
    }

    /// What became of it.
    pub fn on_withdrawn(&mut self, withdrawal: Withdrawal, now: Timestamp) -> Step {
        if !self.is_offered() {
            return Step::only(Act::None);
        }
        if withdrawal == Withdrawal::Stuck {
            return Step::only(Act::ProbeAfter(super::RECHECK_MAX));
        }
        // One that was laid and is nowhere was not taken back by anybody who says so.
        let taken = match withdrawal {
            Withdrawal::Withdrawn | Withdrawal::Stuck => false,
            Withdrawal::Taken => true,
            Withdrawal::Missing => self.laid,
        };
        if taken {
            return self.pass(
                DeliveryState::Uncertain,
                "a hook took it, and nothing shows yet that the program read it",
                now,
                Act::ReadTranscript,
            );
        }
        self.not_handed_over();
        self.pass(
            DeliveryState::Queued,
            "no hook took it before the turn was over",
            now,
            Act::None,
        )
    }

    fn not_handed_over(&mut self) {
        self.handed_over = false;
        self.laid = false;
        // Nothing of this try went to the program.
        self.delivery.launch = None;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use torch_core::LaunchId;
    use torch_core::screen::{Composer, ScreenKind, ScreenReading};

    use super::super::tests::queued;
    use super::super::{Outcome, PaneFitness, Proof, REDELIVER_AFTER, Sight};
    use super::*;

    const T0: Timestamp = Timestamp(1_800_000_000_000);

    fn flight() -> Flight {
        queued(T0)
    }

    /// One that lies ready, as the daemon has it.
    fn offered() -> Flight {
        let mut flight = flight();
        flight.defer(DeferReason::Busy, "in a turn", T0);
        assert!(flight.may_be_offered());
        assert_eq!(flight.offer("urgent", T0).act, Act::Offer);
        flight.delivery.launch = Some(LaunchId::new(1, 1));
        flight.on_offered();
        flight
    }

    fn idle() -> Sight {
        Sight {
            fitness: PaneFitness::Fit,
            reading: ScreenReading {
                kind: ScreenKind::Prompt,
                composer: Some(Composer::default()),
                ..ScreenReading::default()
            },
            fingerprint: 1,
        }
    }

    #[test]
    fn a_hook_takes_it_and_the_transcript_proves_it() {
        let mut flight = offered();
        assert_eq!(flight.on_taken(2, &Patience::default(), T0).act, Act::None);
        let step = flight.on_taken(1, &Patience::default(), T0);
        assert!(matches!(step.act, Act::AwaitProof(_)), "{step:?}");
        let step = flight.on_proof(Proof::Transcript, T0);
        assert_eq!(flight.delivery.state, DeliveryState::Consumed, "{step:?}");
        assert_eq!(flight.delivery.attempt, 1);
    }

    #[test]
    fn the_transcript_may_be_quicker_than_the_hooks_own_word() {
        let mut flight = offered();
        flight.on_proof(Proof::Transcript, T0);
        assert_eq!(flight.on_taken(1, &Patience::default(), T0).passed, []);
        assert_eq!(flight.on_withdrawn(Withdrawal::Taken, T0).passed, []);
        assert_eq!(flight.delivery.state, DeliveryState::Consumed);
    }

    #[test]
    fn one_that_nobody_took_is_typed_as_the_same_try() {
        for missing in [false, true] {
            let mut flight = if missing {
                // Another daemon was to lay it, and ended before.
                let mut flight = flight();
                flight.offer("urgent", T0);
                flight
            } else {
                offered()
            };
            assert_eq!(flight.withdraw().act, Act::Withdraw);
            let outcome = match missing {
                true => Withdrawal::Missing,
                false => Withdrawal::Withdrawn,
            };
            flight.on_withdrawn(outcome, T0);
            assert_eq!(flight.delivery.state, DeliveryState::Queued);
            assert_eq!(flight.delivery.launch, None, "nothing went to a program");
            flight.claim(T0);
            let step = flight.on_sight(&idle(), &Patience::default(), T0);
            assert_eq!(step.act, Act::Paste);
            assert_eq!(flight.delivery.attempt, 1);
        }
    }

    #[test]
    fn one_that_was_taken_without_a_trace_is_another_try_after_a_while() {
        for outcome in [Withdrawal::Taken, Withdrawal::Missing] {
            let mut flight = offered();
            let step = flight.on_withdrawn(outcome, T0);
            assert_eq!(step.act, Act::ReadTranscript, "{outcome:?}");
            assert_eq!(
                flight.on_no_proof(false, T0).act,
                Act::ProbeAfter(REDELIVER_AFTER)
            );
            let later = T0.after(REDELIVER_AFTER);
            flight.on_no_proof(false, later);
            assert_eq!(flight.delivery.state, DeliveryState::Queued);
            assert_eq!(
                (flight.delivery.attempt, flight.delivery.possible_duplicate),
                (2, true)
            );
            assert!(flight.text.contains(" try=2]"));
            assert!(!flight.was_handed_over());
        }
    }

    #[test]
    fn one_that_can_not_be_taken_back_is_not_sent_another_way() {
        let mut flight = offered();
        let step = flight.on_withdrawn(Withdrawal::Stuck, T0);
        assert!(matches!(step.act, Act::ProbeAfter(_)), "{step:?}");
        assert!(flight.is_offered() && step.passed.is_empty());
        flight.on_withdrawn(Withdrawal::Withdrawn, T0);
        assert_eq!(
            (flight.delivery.state, flight.delivery.attempt),
            (DeliveryState::Queued, 1)
        );
    }

    #[test]
    fn what_may_stand_in_the_composer_is_not_handed_over_too() {
        let mut flight = flight();
        flight.claim(T0);
        flight.on_sight(&idle(), &Patience::default(), T0);
        assert!(!flight.may_be_offered(), "a paste is ordered");
        flight.on_pasted(Outcome::Applied, T0);
        flight.defer(DeferReason::Busy, "in a turn", T0);
        assert!(!flight.may_be_offered(), "a paste may come up still");
    }

    #[test]
    fn what_could_not_be_laid_ready_waits_for_the_turns_end() {
        let mut flight = flight();
        flight.offer("urgent", T0);
        flight.on_not_offered(&"no space left", T0);
        assert_eq!(flight.delivery.reason, Some(DeferReason::Busy));
        assert!(!flight.may_be_offered(), "not again and again");
    }

    #[test]
    fn a_program_that_ends_leaves_it_to_the_folder() {
        let mut flight = offered();
        assert_eq!(flight.on_agent_gone(T0).act, Act::Withdraw);
        assert_eq!(
            flight.on_timer(T0.after(Duration::from_secs(60))).act,
            Act::None
        );
    }
}
