//! What is due when: an agenda of instants and the planned notes, given `now` and nothing else.
//!
//! The daemon keeps its timers here, and the simulation its whole world; the same agenda gives the
//! same order, since equal instants come out in the order they were set.

pub mod check_in;
pub mod cron;
pub mod schedule;
pub mod silence;

use std::collections::BTreeMap;

use torch_core::Timestamp;

/// Instants with a key each; a key has at most one instant.
#[derive(Debug, Clone)]
pub struct Agenda<K> {
    due: BTreeMap<(Timestamp, u64), K>,
    places: BTreeMap<K, (Timestamp, u64)>,
    counter: u64,
}

impl<K: Clone + Ord> Agenda<K> {
    /// An agenda without entries.
    pub fn new() -> Self {
        Self {
            due: BTreeMap::new(),
            places: BTreeMap::new(),
            counter: 0,
        }
    }

    /// Sets or moves the instant of `key`.
    pub fn set(&mut self, key: K, at: Timestamp) {
        self.cancel(&key);
        self.counter += 1;
        self.due.insert((at, self.counter), key.clone());
        self.places.insert(key, (at, self.counter));
    }

    /// Takes `key` off; whether it was there.
    pub fn cancel(&mut self, key: &K) -> bool {
        self.places
            .remove(key)
            .is_some_and(|place| self.due.remove(&place).is_some())
    }

    /// The next instant.
    pub fn next(&self) -> Option<Timestamp> {
        self.due.keys().next().map(|(at, _)| *at)
    }

    /// Takes off and returns the first key that is due at `now`.
    pub fn pop(&mut self, now: Timestamp) -> Option<K> {
        if self.next()? > now {
            return None;
        }
        let (_, key) = self.due.pop_first()?;
        self.places.remove(&key);
        Some(key)
    }

    /// Moves each instant by as many milliseconds as `by` says of its key: the clock they are instants of was set. Equal
    /// instants stay in the order they were set.
    pub fn shift(&mut self, by: impl Fn(&K) -> i64) {
        let due = std::mem::take(&mut self.due);
        for ((at, number), key) in due {
            let place = (at.moved(by(&key)), number);
            self.places.insert(key.clone(), place);
            self.due.insert(place, key);
        }
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.due.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.due.is_empty()
    }
}

impl<K: Clone + Ord> Default for Agenda<K> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn due_keys_come_in_order_and_once() {
        let mut agenda = Agenda::new();
        agenda.set("c", Timestamp(30));
        agenda.set("a", Timestamp(10));
        agenda.set("b", Timestamp(10));
        agenda.set("c", Timestamp(20));
        assert_eq!(agenda.len(), 3);
        assert_eq!(agenda.pop(Timestamp(9)), None);
        assert_eq!(agenda.pop(Timestamp(25)), Some("a"));
        assert_eq!(agenda.pop(Timestamp(25)), Some("b"));
        assert_eq!(agenda.next(), Some(Timestamp(20)));
        assert!(agenda.cancel(&"c") && !agenda.cancel(&"c"));
        assert_eq!(agenda.pop(Timestamp(99)), None);
        assert!(agenda.is_empty());
    }

    #[test]
    fn instants_move_with_the_clock() {
        let mut agenda = Agenda::new();
        for (key, at) in [("a", 100), ("b", 100), ("kept", 150), ("c", 200)] {
            agenda.set(key, Timestamp(at));
        }
        agenda.shift(|key| if *key == "kept" { 0 } else { -90 });
        let order: Vec<_> = std::iter::from_fn(|| {
            let at = agenda.next()?;
            Some((agenda.pop(at)?, at.0))
        })
        .collect();
        assert_eq!(order, [("a", 10), ("b", 10), ("c", 110), ("kept", 150)]);
        assert!(!agenda.cancel(&"a") && agenda.is_empty());
    }

    #[test]
    fn an_instant_set_again_after_a_shift_is_there_once() {
        let mut agenda = Agenda::new();
        agenda.set("a", Timestamp(100));
        agenda.shift(|_| 1_000);
        agenda.set("a", Timestamp(50));
        assert_eq!(agenda.len(), 1);
        assert_eq!(agenda.pop(Timestamp(50)), Some("a"));
        assert_eq!(agenda.pop(Timestamp(9_999)), None);
    }
}
