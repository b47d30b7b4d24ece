//! A figure over time: what it was, whether it grew, and whether it may.

use crate::distribution::{Distribution, Unit, number};

/// The head of the table that [`Series::row`] fills.
pub(super) const HEAD: &str = "| figure | unit | at 10 % | at half | at the end | max | 2nd quarter, median | last quarter, median | growth | goal | |\n|---|---|---|---|---|---|---|---|---|---|---|";

/// A memory's growth has to stay below this, in per cent and in megabytes.
const MEMORY: (f64, f64) = (10.0, 20.0);

/// How much a figure may grow from the second quarter of the time to the last one, by their medians.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Goal {
    /// It grows with the work that was done, or nothing is asked of it.
    None,
    /// Less than [`MEMORY`].
    Memory,
    /// Less than the second part of [`MEMORY`]: a file that is written over from its
    /// beginning, and cut only when it is large.
    HighWater,
    /// Not at all: not beyond the width of the middle half of its values in the second quarter, which is 0 for
    /// something that stands still. What leaks evenly grows by four times that width.
    Flat,
}

/// Whether the run was long enough to say that something grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judged {
    /// It was.
    Yes,
    /// All of it was the beginning.
    TooShort,
}

/// One figure's values in the order in which they were taken, at even intervals.
#[derive(Debug)]
pub(super) struct Series {
    name: &'static str,
    unit: Unit,
    goal: Goal,
    values: Vec<f64>,
}

impl Series {
    /// One without values.
    pub(super) fn new(name: &'static str, unit: Unit, goal: Goal) -> Self {
        Self {
            name,
            unit,
            goal,
            values: Vec::new(),
        }
    }

    /// Adds a value.
    pub(super) fn push(&mut self, value: f64) {
        self.values.push(value);
    }

    /// How many values there are.
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether it has this name.
    pub(super) fn is(&self, name: &str) -> bool {
        self.name == name
    }

    /// How much its median grew from the second quarter of the time to the last one; `None` without values.
    pub(super) fn growth(&self) -> Option<f64> {
        let [before, after] = self.quarters();
        Some(after.percentile(50)? - before.percentile(50)?)
    }

    /// Its row of the table, and in words what was missed.
    pub(super) fn row(&self, judged: Judged) -> (String, Option<String>) {
        let text = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), number);
        let count = self.values.len();
        let at = |percent: usize| {
            let index = (count * percent / 100).min(count.saturating_sub(1));
            text(self.values.get(index).copied())
        };
        let [before, after] = self.quarters();
        let [from, to] = [&before, &after].map(|quarter| quarter.percentile(50));
        let growth = self.growth();
        let (goal, met) = match (self.goal, from, growth) {
            (Goal::None, ..) => (String::new(), true),
            (goal, Some(from), Some(growth)) => goal.judge(&before, from, growth),
            (..) => ("to be measured".to_owned(), false),
        };
        let verdict = match (goal.is_empty(), judged, met) {
            (true, ..) => "",
            (_, Judged::TooShort, _) => "too short",
            (_, _, true) => "met",
            (_, _, false) => "**missed**",
        };
        let words = format!(
            "{} grew by {} {}",
            self.name,
            text(growth),
            self.unit.as_str()
        );
        let row = format!(
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {goal} | {verdict} |",
            self.name,
            self.unit.as_str(),
            at(10),
            at(50),
            at(100),
            text(self.values.iter().copied().reduce(f64::max)),
            text(from),
            text(to),
            text(growth),
        );
        let missed = (judged == Judged::Yes && !met).then_some(words);
        (row, missed)
    }

    /// The values of the second and of the last quarter of the time.
    fn quarters(&self) -> [Distribution; 2] {
        let count = self.values.len();
        let part = |from: usize, to: usize| self.values[from..to].iter().copied().collect();
        [part(count / 4, count / 2), part(count - count / 4, count)]
    }
}

impl Goal {
    /// The goal in words, and whether it was met.
    fn judge(self, before: &Distribution, from: f64, growth: f64) -> (String, bool) {
        match self {
            Self::None => (String::new(), true),
            Self::Memory => {
                let (percent, most) = MEMORY;
                let words = format!("< {} % and < {} MB", number(percent), number(most));
                (words, growth < from * percent / 100.0 && growth < most)
            }
            Self::HighWater => {
                let most = MEMORY.1;
                (format!("< {} MB", number(most)), growth < most)
            }
            Self::Flat => {
                let width = before.percentile(75).zip(before.percentile(25));
                let width = width.map_or(0.0, |(high, low)| high - low);
                (format!("none (≤ {})", number(width)), growth <= width)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(goal: Goal, value: impl Fn(u32) -> f64) -> Series {
        let mut series = Series::new("x", Unit::Count, goal);
        (0..120).for_each(|at| series.push(value(at)));
        series
    }

    fn missed(goal: Goal, value: impl Fn(u32) -> f64) -> bool {
        series(goal, value).row(Judged::Yes).1.is_some()
    }

    #[test]
    fn what_stands_still_or_swings_is_flat_and_what_leaks_is_not() {
        assert!(!missed(Goal::Flat, |_| 30.0));
        assert!(!missed(Goal::Flat, |at| 30.0 + f64::from(at * 7 % 5)));
        assert!(!missed(Goal::Flat, |at| 90.0 - f64::from(at)));
        // One more every minute, and one more every sample beside a swing.
        assert!(missed(Goal::Flat, |at| 30.0 + f64::from(at / 12)));
        assert!(missed(Goal::Flat, |at| {
            30.0 + f64::from(at) + f64::from(at * 7 % 5)
        }));
        // Only one, but for good.
        assert!(missed(Goal::Flat, |at| 30.0 + f64::from(at / 70)));
    }

    #[test]
    fn memory_may_grow_by_less_than_either_bound() {
        assert!(!missed(Goal::Memory, |at| 100.0 + f64::from(at / 90) * 9.0));
        assert!(missed(Goal::Memory, |at| 100.0 + f64::from(at / 90) * 11.0));
        assert!(missed(Goal::Memory, |at| 900.0 + f64::from(at / 90) * 21.0));
        assert!(!missed(Goal::HighWater, |at| 4.0 + f64::from(at / 90) * 19.0));
        assert!(missed(Goal::HighWater, |at| 4.0 + f64::from(at / 90) * 21.0));
    }

    #[test]
    fn a_row_has_the_values_at_their_times() {
        let (row, missed) = series(Goal::None, f64::from).row(Judged::Yes);
        assert_eq!(
            row,
            "| x | count | 12.0 | 60.0 | 119 | 119 | 44.0 | 104 | 60.0 |  |  |"
        );
        assert_eq!(missed, None);
        let empty = Series::new("x", Unit::Count, Goal::Flat);
        assert!(
            empty.row(Judged::Yes).1.is_some(),
            "nothing measured is nothing met"
        );
        assert!(empty.row(Judged::TooShort).1.is_none());
    }
}
