//! Clocks that are set and machines that sleep, in the simulated world.

use std::time::Duration;

use torch_core::{Drift, Timestamp};
use torch_daemon::event::Event;

use crate::world::World;

/// The largest step, in milliseconds: ten days.
const STEP_MAX: i64 = 864_000_000;

impl World {
    /// What the daemon's wall clock shows.
    pub(crate) fn wall(&self) -> Timestamp {
        self.now.moved(self.ahead)
    }

    /// The wall clock is set, or the machine sleeps, and the host tells the daemon before anything else.
    pub(crate) fn move_clock(&mut self) {
        let drift = if self.random.bool() {
            Drift {
                slept: Duration::ZERO,
                stepped: self.one_step(),
            }
        } else {
            Drift {
                slept: Duration::from_millis(self.random.u64(1_000..80_000_000)),
                stepped: if self.random.bool() {
                    self.one_step()
                } else {
                    0
                },
            }
        };
        self.note(|| format!("the clock moves: {drift:?}"));
        self.ahead += drift.awake();
        self.slept += drift.slept.as_millis() as u64;
        let slept = i64::try_from(drift.slept.as_millis()).unwrap_or(i64::MAX);
        for agent in self.agents.values_mut() {
            agent.limit_comes_nearer(slept);
        }
        self.show_clock();
        self.agenda.shift(|key| key.moved_by(drift));
        // Asleep the breaker's ten minutes go by.
        self.begin_anew();
        self.turn(vec![Event::ClockMoved(drift)]);
    }

    /// The programs read the same clock: none tells a time by the one that was.
    fn show_clock(&mut self) {
        for agent in self.agents.values_mut() {
            agent.ahead = self.ahead;
        }
    }

    /// The wall clock is set while no daemon runs.
    pub(crate) fn set_unseen(&mut self) {
        if self.faults.clocks {
            self.ahead += self.one_step();
            self.begin_anew();
            self.show_clock();
        }
    }

    fn one_step(&mut self) -> i64 {
        let by = self.random.i64(1_000..STEP_MAX);
        if self.random.bool() { by } else { -by }
    }

    /// Each message stands once in its recipient's ledger, as the first try.
    pub(crate) fn check_unrepeated(&self) -> Result<(), String> {
        for agent in self.agents.values() {
            for prompt in &agent.ledger {
                if !prompt.text.contains(" try=1]") {
                    return Err(format!("repeated: {}", prompt.text));
                }
            }
        }
        Ok(())
    }
}
