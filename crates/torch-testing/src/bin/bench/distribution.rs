//! Measured values as a distribution: never an average alone.

use std::time::Duration;

/// The unit of a figure's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Microseconds.
    Micros,
    /// Milliseconds.
    Millis,
    /// Percent of one core.
    Percent,
    /// Megabytes of 1,000,000 bytes.
    Megabytes,
    /// Bytes.
    Bytes,
    /// A number of things.
    Count,
    /// One time divided by another.
    Ratio,
}

impl Unit {
    /// As it stands in a table.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Micros => "µs",
            Self::Millis => "ms",
            Self::Percent => "% of a core",
            Self::Megabytes => "MB",
            Self::Bytes => "B",
            Self::Count => "count",
            Self::Ratio => "×",
        }
    }
}

/// Values of one figure.
#[derive(Debug, Clone, Default)]
pub(crate) struct Distribution {
    values: Vec<f64>,
}

impl Distribution {
    /// Adds a value.
    pub(crate) fn push(&mut self, value: f64) {
        self.values.push(value);
    }

    /// Adds a duration, in milliseconds.
    pub(crate) fn push_time(&mut self, time: Duration) {
        self.push(time.as_secs_f64() * 1000.0);
    }

    /// Adds the values of another one.
    pub(crate) fn extend(&mut self, other: &Self) {
        self.values.extend(&other.values);
    }

    /// How many values there are.
    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    /// The smallest value that at least `percent` per cent of the values do not exceed (nearest rank); 0 percent is the
    /// minimum, 100 the maximum. `None` without values.
    pub(crate) fn percentile(&self, percent: usize) -> Option<f64> {
        let mut sorted = self.values.clone();
        sorted.sort_by(f64::total_cmp);
        let rank = (percent * sorted.len()).div_ceil(100);
        sorted.get(rank.max(1) - 1).copied()
    }
}

impl FromIterator<f64> for Distribution {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        Self {
            values: values.into_iter().collect(),
        }
    }
}

/// One line of the table.
#[derive(Debug, Clone)]
pub(crate) struct Figure {
    name: String,
    unit: Unit,
    values: Distribution,
    goals: Vec<Goal>,
}

/// A percentile and what it has to stay below.
#[derive(Debug, Clone, Copy)]
struct Goal {
    percent: usize,
    below: f64,
}

impl Figure {
    /// A figure without a goal.
    pub(crate) fn new(name: impl Into<String>, unit: Unit, values: Distribution) -> Self {
        Self {
            name: name.into(),
            unit,
            values,
            goals: Vec::new(),
        }
    }

    /// The same with a goal: percentile `percent` is to stay below `below`, in the figure's unit.
    pub(crate) fn goal(mut self, percent: usize, below: f64) -> Self {
        self.goals.push(Goal { percent, below });
        self
    }

    /// The head of the table that [`Figure::row`] fills.
    pub(crate) fn head() -> &'static str {
        "| figure | unit | n | min | p50 | p99 | max | goal | |\n|---|---|---|---|---|---|---|---|---|"
    }

    /// One row of a Markdown table.
    pub(crate) fn row(&self) -> String {
        let at = |percent| {
            self.values
                .percentile(percent)
                .map_or_else(|| "–".to_owned(), number)
        };
        let (goal, verdict) = self.judge();
        format!(
            "| {} | {} | {} | {} | {} | {} | {} | {goal} | {verdict} |",
            self.name,
            self.unit.as_str(),
            self.values.len(),
            at(0),
            at(50),
            at(99),
            at(100),
        )
    }

    /// The goals in words, and whether all of them were met; both empty without a goal.
    fn judge(&self) -> (String, &'static str) {
        let words: Vec<String> = self.goals.iter().map(Goal::words).collect();
        let met = self.goals.iter().all(|goal| {
            self.values
                .percentile(goal.percent)
                .is_some_and(|value| value < goal.below)
        });
        let verdict = match (self.goals.is_empty(), met) {
            (true, _) => "",
            (false, true) => "met",
            (false, false) => "**missed**",
        };
        (words.join(", "), verdict)
    }
}

impl Goal {
    fn words(&self) -> String {
        let below = number(self.below);
        match self.percent {
            100 => format!("max < {below}"),
            percent => format!("p{percent} < {below}"),
        }
    }
}

/// Three significant digits or so: more would claim a precision that a shared machine has not.
pub(crate) fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_ranks() {
        let values: Distribution = (1..=300).rev().map(f64::from).collect();
        assert_eq!(
            [0, 1, 50, 99, 100].map(|percent| values.percentile(percent)),
            [1.0, 3.0, 150.0, 297.0, 300.0].map(Some)
        );
        let one: Distribution = [7.0].into_iter().collect();
        assert_eq!(
            (one.percentile(0), one.percentile(99)),
            (Some(7.0), Some(7.0))
        );
        assert_eq!(Distribution::default().percentile(50), None);
    }

    #[test]
    fn a_goal_is_judged_by_its_percentile() {
        let values: Distribution = (1..=100).map(f64::from).collect();
        let figure = |below| {
            Figure::new("x", Unit::Millis, values.clone())
                .goal(50, 60.0)
                .goal(99, below)
        };
        assert_eq!(
            figure(100.0).row(),
            "| x | ms | 100 | 1.00 | 50.0 | 99.0 | 100 | p50 < 60.0, p99 < 100 | met |"
        );
        assert!(figure(99.0).row().ends_with("| **missed** |"));
        let none = Figure::new("x", Unit::Millis, Distribution::default()).goal(50, 1.0);
        assert!(
            none.row().ends_with("| **missed** |"),
            "nothing measured is nothing met"
        );
        assert!(
            Figure::new("x", Unit::Millis, values.clone())
                .row()
                .ends_with("|  |  |")
        );
    }
}
