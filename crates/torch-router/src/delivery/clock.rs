//! What a delivery does with a clock that was set and with a machine that slept: nothing early, nothing late.

use torch_core::{DeliveryState, Drift, LaunchId, Timestamp};

use super::Flight;

impl Flight {
    /// Taken up again by another daemon: the present phase begins anew, since nobody knows what happened to the clock.
    pub fn resume(&mut self, now: Timestamp) {
        self.phase_since = now;
        // The Enter that was ordered may be pressed still.
        self.doubt = matches!(
            self.delivery.state,
            DeliveryState::Entering | DeliveryState::Entered | DeliveryState::Uncertain
        );
    }

    /// Taken up again by another daemon, for an agent that runs in this launch: a paste that was ordered in it may stand in
    /// its composer, or come up in it, since tmux may get to an order after the daemon that gave it has ended. One that was
    /// ordered in an earlier launch may have been submitted there by a person.
    pub fn resume_in(&mut self, launch: Option<LaunchId>) {
        use DeliveryState::{Deferred, Entered, Entering, Pasted, Pasting, Uncertain};
        let same = launch.is_some() && self.delivery.launch == launch;
        let ordered = matches!(
            self.delivery.state,
            Deferred | Pasting | Pasted | Entering | Entered | Uncertain
        );
        self.pasted = same && ordered;
        self.spent = self.delivery.launch.is_some() && ordered;
    }

    /// The wall clock was set, or the machine slept: what runs keeps its remaining time. Patience and pauses count time
    /// awake, the time to live counts real time.
    pub fn clock_moved(&mut self, drift: Drift) {
        let (awake, real) = (drift.awake(), drift.real());
        self.phase_since = self.phase_since.moved(awake);
        for at in [&mut self.seen_whole, &mut self.redeliver_at] {
            *at = at.map(|at| at.moved(awake));
        }
        if let Some(entered) = &mut self.entered {
            entered.at = entered.at.moved(awake);
        }
        self.envelope.expires = self.envelope.expires.map(|at| at.moved(real));
        self.delivery.since = self.delivery.since.moved(real);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use torch_core::Delivery;
    use torch_core::screen::{Composer, ScreenKind, ScreenReading};

    use super::super::tests::envelope;
    use super::super::{Act, Notice, Outcome, PaneFitness, Patience, Sight};
    use super::*;

    const HOUR: u64 = 3_600_000;

    fn flight(now: Timestamp) -> Flight {
        let mut envelope = envelope("hello there");
        envelope.expires = Some(now.after(Duration::from_secs(600)));
        let delivery = Delivery {
            message: envelope.id,
            state: DeliveryState::Queued,
            reason: None,
            attempt: 1,
            possible_duplicate: false,
            launch: None,
            since: now,
            evidence: String::new(),
        };
        let text = crate::tag::text(&envelope, 1, None);
        Flight::new(envelope, delivery, text)
    }

    fn sight(composer: &str) -> Sight {
        Sight {
            fitness: PaneFitness::Fit,
            reading: ScreenReading {
                kind: ScreenKind::Prompt,
                composer: Some(Composer {
                    text: composer.to_owned(),
                    rows: 1..2,
                    ..Composer::default()
                }),
                ..ScreenReading::default()
            },
            fingerprint: 1,
        }
    }

    fn drift(slept: u64, stepped: i64) -> Drift {
        Drift {
            slept: Duration::from_millis(slept),
            stepped,
        }
    }

    /// A draft stands in the way; 119 s later the clocks move, and only a second after that the notice is due.
    fn patience_survives(drift: Drift) {
        let patience = Patience::default();
        let start = Timestamp(1_800_000_000_000);
        let mut flight = flight(start);
        flight.claim(start);
        flight.on_sight(&sight("a draft"), &patience, start);
        let before = start.after(Duration::from_secs(119));
        assert_eq!(
            flight.on_sight(&sight("a draft"), &patience, before).notice,
            None
        );
        flight.clock_moved(drift);
        let now = before.moved(drift.awake());
        assert_eq!(
            flight.on_sight(&sight("a draft"), &patience, now).notice,
            None,
            "{drift:?}"
        );
        let later = now.after(Duration::from_secs(1));
        let step = flight.on_sight(&sight("a draft"), &patience, later);
        assert_eq!(step.notice, Some(Notice::Draft), "{drift:?}");
    }

    #[test]
    fn a_draft_keeps_its_time() {
        let year = 8_760 * HOUR.cast_signed();
        for drift in [
            drift(0, HOUR.cast_signed()),
            drift(0, -HOUR.cast_signed()),
            drift(0, year),
            drift(0, -year),
            drift(8 * HOUR, 0),
            drift(8 * HOUR, -7 * HOUR.cast_signed()),
        ] {
            patience_survives(drift);
        }
    }

    #[test]
    fn nothing_is_repeated_because_the_clock_was_set() {
        let patience = Patience::default();
        let start = Timestamp(1_800_000_000_000);
        let mut flight = flight(start);
        flight.claim(start);
        let text = flight.text.clone();
        flight.on_sight(&sight(""), &patience, start);
        flight.on_pasted(Outcome::Applied, start);
        flight.on_sight(&sight(&text), &patience, start);
        flight.on_pressed(Outcome::Applied, &patience, start);
        flight.on_timer(start);
        // No trace: ten seconds until it may be repeated.
        let step = flight.on_no_proof(false, start);
        assert_eq!(step.act, Act::ProbeAfter(super::super::REDELIVER_AFTER));
        let set = drift(0, HOUR.cast_signed());
        flight.clock_moved(set);
        let now = start.moved(set.awake());
        let step = flight.on_no_proof(false, now);
        assert_eq!(flight.delivery.attempt, 1, "{step:?}");
        let later = now.after(super::super::REDELIVER_AFTER);
        flight.on_no_proof(false, later);
        assert_eq!(flight.delivery.attempt, 2);
    }

    #[test]
    fn the_time_to_live_goes_on_during_sleep() {
        let start = Timestamp(1_800_000_000_000);
        let mut flight = flight(start);
        let expires = flight.envelope.expires.expect("a time to live");
        flight.clock_moved(drift(8 * HOUR, -5_000));
        assert_eq!(flight.envelope.expires, Some(expires.moved(-5_000)));
        assert_eq!(flight.delivery.since, start.moved(-5_000));
    }

    #[test]
    fn a_phase_begins_anew_with_another_daemon() {
        let patience = Patience::default();
        let start = Timestamp(1_800_000_000_000);
        let mut flight = flight(start);
        flight.claim(start);
        flight.on_sight(&sight("a draft"), &patience, start);
        // Meanwhile the clock was set back.
        let now = start.moved(-HOUR.cast_signed());
        flight.resume(now);
        let late = now.after(patience.draft_notice);
        let step = flight.on_sight(&sight("a draft"), &patience, late);
        assert_eq!(step.notice, Some(Notice::Draft));
    }
}
