//! Instants as milliseconds since the Unix epoch; only the edges turn them into dates.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A wall-clock instant, milliseconds since the Unix epoch.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// The instant `duration` later (saturating).
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_add(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)),
        )
    }

    /// The instant `millis` later, or earlier where it is negative (saturating).
    #[must_use]
    pub fn moved(self, millis: i64) -> Self {
        Self(self.0.saturating_add_signed(millis))
    }

    /// How long ago `earlier` was, zero if it lies ahead.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

/// What happened to the clocks between two looks at them, beyond the time that simply passed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drift {
    /// How long the machine slept.
    pub slept: Duration,
    /// By how many milliseconds the wall clock was set forward, or back where it is negative.
    pub stepped: i64,
}

impl Drift {
    /// By how much an instant moves that is counted in time awake: a deadline for something that runs on this machine.
    pub fn awake(self) -> i64 {
        i64::try_from(self.slept.as_millis())
            .unwrap_or(i64::MAX)
            .saturating_add(self.stepped)
    }

    /// By how much an instant moves that is counted in real time, which goes on while the machine sleeps.
    pub fn real(self) -> i64 {
        self.stepped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_move_both_ways_and_never_wrap() {
        assert_eq!(Timestamp(10).moved(-4), Timestamp(6));
        assert_eq!(Timestamp(10).moved(4), Timestamp(14));
        assert_eq!(Timestamp(10).moved(-40), Timestamp(0));
        let drift = Drift {
            slept: Duration::from_secs(2),
            stepped: -500,
        };
        assert_eq!((drift.awake(), drift.real()), (1_500, -500));
    }
}
