//! How often and how soon the daemon is started again.

use std::collections::VecDeque;
use std::hash::{BuildHasher as _, RandomState};
use std::time::{Duration, Instant};

/// How many starts one wrapper makes within [`WINDOW`].
pub(super) const MOST: usize = 5;
/// See [`MOST`].
pub(super) const WINDOW: Duration = Duration::from_secs(600);

/// The longest pause before the first try: of several wrappers one is then well ahead of the others.
const SPREAD: Duration = Duration::from_millis(200);
/// The pauses before the tries that follow.
const PAUSES: [Duration; MOST - 1] = [
    Duration::from_secs(1),
    Duration::from_secs(4),
    Duration::from_secs(16),
    Duration::from_secs(60),
];

/// This wrapper's starts.
#[derive(Debug, Default)]
pub(super) struct Tries {
    begun: VecDeque<Instant>,
    quiet: bool,
}

/// What comes next, now that no daemon lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// A try after this pause.
    After(Duration),
    /// None until a daemon lives.
    Quiet {
        /// Whether it begins now.
        first: bool,
    },
}

impl Tries {
    /// What is to be done where no daemon lives.
    pub(super) fn next(&mut self, now: Instant) -> Next {
        if self.quiet {
            return Next::Quiet { first: false };
        }
        while self.begun.front().is_some_and(|&at| now - at >= WINDOW) {
            self.begun.pop_front();
        }
        match self.begun.len() {
            0 => Next::After(spread()),
            n => match PAUSES.get(n - 1) {
                Some(pause) => Next::After(*pause),
                None => {
                    self.quiet = true;
                    Next::Quiet { first: true }
                }
            },
        }
    }

    /// A try begins.
    pub(super) fn begin(&mut self, now: Instant) {
        self.begun.push_back(now);
    }

    /// A daemon was seen alive. The tries still count: it may be one that ends again at once.
    pub(super) fn daemon_lives(&mut self) {
        self.quiet = false;
    }
}

/// Somewhere between nothing and [`SPREAD`], by the randomness that the system gives each hash map.
fn spread() -> Duration {
    let most = u64::try_from(SPREAD.as_micros()).unwrap_or(u64::MAX);
    Duration::from_micros(RandomState::new().hash_one(0) % (most + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tries at once whenever that is allowed; the pauses in whole seconds.
    fn exhaust(tries: &mut Tries, mut now: Instant) -> (Vec<u64>, Instant) {
        let mut pauses = Vec::new();
        while let Next::After(pause) = tries.next(now) {
            pauses.push(pause.as_secs());
            now += pause;
            tries.begin(now);
        }
        (pauses, now)
    }

    #[test]
    fn tries_become_rare_and_end() {
        let mut tries = Tries::default();
        let (pauses, now) = exhaust(&mut tries, Instant::now());
        assert_eq!(pauses, [0, 1, 4, 16, 60]);
        assert_eq!(tries.next(now), Next::Quiet { first: false });
        assert_eq!(
            tries.next(now + WINDOW * 2),
            Next::Quiet { first: false },
            "time alone starts nothing again"
        );
    }

    #[test]
    fn a_daemon_that_ends_again_at_once_does_not_start_it_all_over() {
        let mut tries = Tries::default();
        let (_, now) = exhaust(&mut tries, Instant::now());
        tries.daemon_lives();
        assert_eq!(tries.next(now), Next::Quiet { first: true });
        tries.daemon_lives();
        let later = now + WINDOW;
        assert!(matches!(tries.next(later), Next::After(pause) if pause <= SPREAD));
    }
}
