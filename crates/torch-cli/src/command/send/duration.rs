//! Durations as people write them.

use std::time::Duration;

/// A text that says no duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a duration is a whole number with s, m, h or d: 90s, 10m, 2h, 1d")]
pub(in crate::command) struct NoDuration;

/// Reads `90`, `90s`, `10m`, `2h` or `1d`.
pub(in crate::command) fn parse(text: &str) -> Result<Duration, NoDuration> {
    let unit = text.chars().last().ok_or(NoDuration)?;
    let (digits, factor) = match unit {
        's' => (text.trim_end_matches('s'), 1),
        'm' => (text.trim_end_matches('m'), 60),
        'h' => (text.trim_end_matches('h'), 3_600),
        'd' => (text.trim_end_matches('d'), 86_400),
        _ => (text, 1),
    };
    let number: u64 = digits.parse().map_err(|_| NoDuration)?;
    let seconds = number.checked_mul(factor).filter(|seconds| *seconds > 0);
    seconds.map(Duration::from_secs).ok_or(NoDuration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read() {
        for (text, seconds) in [
            ("90", 90),
            ("90s", 90),
            ("10m", 600),
            ("2h", 7_200),
            ("1d", 86_400),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in [
            "",
            "s",
            "0",
            "-1",
            "1w",
            "1.5h",
            "99999999999999999999",
            "9999999999999999999d",
            "ü",
        ] {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }
}
