//! Quality thresholds: what measures must hold before anything lands. Only what was measured is judged.

use std::collections::BTreeMap;

use torch_core::config::QualityConfig;

/// A threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gate {
    /// The measure.
    pub name: &'static str,
    /// The bound, in thousandths.
    pub bound: i64,
    /// Whether the measure must be at least that; else at most.
    pub at_least: bool,
}

/// The thresholds of the settings: percent, but for `complexity` (of one function) and `lint_errors` (their number).
pub fn gates(config: &QualityConfig) -> [Gate; 6] {
    let gate = |name, bound: u64, at_least| Gate {
        name,
        bound: i64::try_from(bound).map_or(i64::MAX, |bound| bound.saturating_mul(1_000)),
        at_least,
    };
    [
        gate("coverage", config.coverage, true),
        gate("duplication", config.duplication, false),
        gate("complexity", config.complexity, false),
        gate("lint_errors", config.lint_errors, false),
        gate("type_coverage", config.type_coverage, true),
        gate("bundle_growth", config.bundle_growth, false),
    ]
}

/// A measure that misses its threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Breach {
    /// The threshold.
    pub gate: Gate,
    /// What was measured, in thousandths.
    pub measured: i64,
}

impl std::fmt::Display for Breach {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let word = if self.gate.at_least {
            "at least"
        } else {
            "at most"
        };
        let (name, is, bound) = (self.gate.name, shown(self.measured), shown(self.gate.bound));
        write!(f, "{name} is {is}, and {word} {bound} is wanted")
    }
}

fn shown(thousandths: i64) -> String {
    let (sign, size) = (
        if thousandths < 0 { "-" } else { "" },
        thousandths.unsigned_abs(),
    );
    let text = format!("{sign}{}.{:03}", size / 1_000, size % 1_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// What misses its threshold.
pub fn breaches(gates: &[Gate], metrics: &BTreeMap<String, i64>) -> Vec<Breach> {
    let judged = gates.iter().filter_map(|gate| {
        let measured = *metrics.get(gate.name)?;
        let holds = match gate.at_least {
            true => measured >= gate.bound,
            false => measured <= gate.bound,
        };
        (!holds).then_some(Breach {
            gate: *gate,
            measured,
        })
    });
    judged.collect()
}

/// Reads measures from numbers by name; a name that no threshold has is an error, as it would be judged by nobody.
///
/// # Errors
/// What is wrong, in words.
pub fn read_metrics(numbers: &BTreeMap<String, f64>) -> Result<BTreeMap<String, i64>, String> {
    let gates = gates(&QualityConfig::default());
    let mut found = BTreeMap::new();
    for (name, number) in numbers {
        if !gates.iter().any(|gate| gate.name == name) {
            let names: Vec<_> = gates.iter().map(|gate| gate.name).collect();
            return Err(format!(
                "there is no threshold for {name:?}; there are {}",
                names.join(", ")
            ));
        }
        let thousandths = (number * 1_000.0).round();
        if !thousandths.is_finite() || thousandths.abs() > 1e15 {
            return Err(format!("{name} is {number}, which is no measure"));
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "it is finite and below 1e15"
        )]
        found.insert(name.clone(), thousandths as i64);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_measured_is_judged() {
        let read = |pairs: &[(&str, f64)]| {
            let numbers = pairs
                .iter()
                .map(|(name, number)| ((*name).to_owned(), *number));
            read_metrics(&numbers.collect())
        };
        let check = |pairs: &[(&str, f64)], expect: &[&str]| {
            let gates = gates(&QualityConfig::default());
            let found = breaches(&gates, &read(pairs).expect("they are read"));
            let found: Vec<_> = found.iter().map(Breach::to_string).collect();
            assert_eq!(found, expect);
        };
        check(&[], &[]);
        check(
            &[
                ("coverage", 80.0),
                ("lint_errors", 0.0),
                ("bundle_growth", -3.5),
            ],
            &[],
        );
        check(
            &[("coverage", 79.95), ("complexity", 11.0)],
            &[
                "coverage is 79.95, and at least 80 is wanted",
                "complexity is 11, and at most 10 is wanted",
            ],
        );
        let strict = QualityConfig {
            coverage: 95,
            lint_errors: 3,
            ..QualityConfig::default()
        };
        let measured = read(&[("coverage", 94.5), ("lint_errors", 3.0)]).expect("they are read");
        let found = breaches(&gates(&strict), &measured);
        let found: Vec<_> = found.iter().map(Breach::to_string).collect();
        assert_eq!(found, ["coverage is 94.5, and at least 95 is wanted"]);
        assert!(read(&[("covrage", 1.0)]).is_err());
        assert!(read(&[("coverage", f64::NAN)]).is_err());
    }
}
