//! How far ahead, as people write it: minutes, or with units.

use std::time::Duration;

/// A text that says no time ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a time ahead is minutes (15, 0.5) or has units (90s, 2h, 1h30m, 2d), and is not negative")]
pub(super) struct NoTimeAhead;

/// Reads `15`, `0.5`, `90s`, `2h`, `1h30m` or `2d`. Its bounds are the daemon's to say.
pub(super) fn parse(text: &str) -> Result<Duration, NoTimeAhead> {
    let plain = text.chars().all(|c| c.is_ascii_digit() || c == '.');
    if plain {
        let minutes: f64 = text.parse().map_err(|_| NoTimeAhead)?;
        return Duration::try_from_secs_f64(minutes * 60.0).map_err(|_| NoTimeAhead);
    }
    let span: jiff::Span = text.parse().map_err(|_| NoTimeAhead)?;
    let length = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours());
    Duration::try_from(length.map_err(|_| NoTimeAhead)?).map_err(|_| NoTimeAhead)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_ahead_are_read() {
        for (text, millis) in [
            ("15", 900_000),
            ("0.5", 30_000),
            (".25", 15_000),
            ("1.", 60_000),
            ("0", 0),
            ("90s", 90_000),
            ("2h", 7_200_000),
            ("1h30m", 5_400_000),
            ("1h 30m", 5_400_000),
            ("2d", 172_800_000),
            ("500ms", 500),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in [
            "",
            ".",
            "1.2.3",
            "-5",
            "-5m",
            "5 apples",
            "NaN",
            "inf",
            "1e3",
            "1mo",
            "0,5",
            "ü",
            "99999999999999999999999999999999h",
        ] {
            assert!(parse(text).is_err(), "{text:?}: {:?}", parse(text));
        }
    }
}
