//! Lengths of time in the settings: minutes, or with units, or none; where it makes sense, the subscription's.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::check_in::{INTERVAL_MAX, INTERVAL_MIN};

/// The subscription that the agents work with: a larger one bears more check-ins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PlanTier {
    /// The smallest.
    Pro,
    /// Five times that.
    #[default]
    Max5,
    /// Twenty times that.
    Max20,
    /// Paid by use.
    Console,
}

/// A length of time as it is written in the settings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "String")]
pub enum Interval {
    /// What the subscription allows.
    #[default]
    ByPlan,
    /// None.
    Never,
    /// This long.
    Every(Duration),
}

/// A text that is no length of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a length of time is minutes (45), or has units (90s, 45m, 1h30m), or is `none`; 1 s to 7 days"
)]
pub struct NoInterval;

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Minutes(u64),
    Words(String),
}

impl TryFrom<Written> for Interval {
    type Error = NoInterval;
    fn try_from(written: Written) -> Result<Self, NoInterval> {
        match written {
            Written::Minutes(minutes) => minutes.to_string().parse(),
            Written::Words(words) => words.parse(),
        }
    }
}

impl From<Interval> for String {
    fn from(interval: Interval) -> Self {
        interval.to_string()
    }
}

impl FromStr for Interval {
    type Err = NoInterval;
    fn from_str(text: &str) -> Result<Self, NoInterval> {
        let text = text.trim();
        match text {
            "plan" => return Ok(Self::ByPlan),
            "none" => return Ok(Self::Never),
            _ => {}
        }
        let length = length(text).ok_or(NoInterval)?;
        if length.is_zero() {
            return Ok(Self::Never);
        }
        match (INTERVAL_MIN..=INTERVAL_MAX).contains(&length) {
            true => Ok(Self::Every(length)),
            false => Err(NoInterval),
        }
    }
}

/// `45`, `90s`, `45m`, `1h30m`, `2d`.
fn length(text: &str) -> Option<Duration> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let minutes: u64 = text.parse().ok()?;
        return Some(Duration::from_secs(minutes.checked_mul(60)?));
    }
    let mut seconds: u64 = 0;
    let mut rest = text;
    let mut last = u64::MAX;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: u64 = rest.get(..digits)?.parse().ok()?;
        let (unit, tail) = rest.get(digits..)?.split_at_checked(1)?;
        let unit = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400,
            _ => return None,
        };
        // Each unit once, the largest first.
        if unit >= last {
            return None;
        }
        last = unit;
        seconds = seconds.checked_add(number.checked_mul(unit)?)?;
        rest = tail;
    }
    (last != u64::MAX).then(|| Duration::from_secs(seconds))
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = match self {
            Self::ByPlan => return f.write_str("plan"),
            Self::Never => return f.write_str("none"),
            Self::Every(length) => length.as_secs(),
        };
        let units = [
            (length / 86_400, "d"),
            (length / 3_600 % 24, "h"),
            (length / 60 % 60, "m"),
            (length % 60, "s"),
        ];
        for (count, unit) in units.into_iter().filter(|(count, _)| *count > 0) {
            write!(f, "{count}{unit}")?;
        }
        Ok(())
    }
}

/// Reads `ROLE=LENGTH` with commas between.
///
/// # Errors
/// When one is no such pair.
pub(super) fn by_role(text: &str) -> Result<Vec<(String, Interval)>, NoInterval> {
    super::kind::names_in(text)
        .map(|pair| {
            let (role, length) = pair.split_once('=').ok_or(NoInterval)?;
            let role = crate::RoleName::parse(role.trim()).map_err(|_| NoInterval)?;
            Ok((role.to_string(), length.parse()?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_and_written() {
        for (text, wanted, shown) in [
            ("plan", Interval::ByPlan, "plan"),
            ("none", Interval::Never, "none"),
            ("0", Interval::Never, "none"),
            ("45", Interval::Every(Duration::from_secs(2_700)), "45m"),
            ("90s", Interval::Every(Duration::from_secs(90)), "1m30s"),
            (
                "1h30m",
                Interval::Every(Duration::from_secs(5_400)),
                "1h30m",
            ),
            ("60m", Interval::Every(Duration::from_secs(3_600)), "1h"),
            ("2d", Interval::Every(Duration::from_secs(172_800)), "2d"),
        ] {
            assert_eq!(text.parse(), Ok(wanted), "{text}");
            assert_eq!(wanted.to_string(), shown);
            assert_eq!(shown.parse(), Ok(wanted), "{shown}");
        }
        for text in [
            "",
            "m",
            "-5",
            "1.5h",
            "5x",
            "1m1h",
            "1m1m",
            "8d",
            "99999999999999999999",
            "h1",
            "ü",
        ] {
            assert_eq!(text.parse::<Interval>(), Err(NoInterval), "{text:?}");
        }
    }

    #[test]
    fn roles_have_lengths_of_their_own() {
        let read = by_role("developer=30m, qa=none").expect("two roles");
        assert_eq!(read[0].1.to_string(), "30m");
        assert_eq!((read[1].0.as_str(), read[1].1), ("tester", Interval::Never));
        assert_eq!(by_role(""), Ok(Vec::new()));
        for text in ["developer", "developer=", "a b=3m", "=3m"] {
            assert!(by_role(text).is_err(), "{text}");
        }
    }
}
