//! Times: relative where they tell how fresh something is, local where they are to be compared.

use std::time::Duration;

use jiff::tz::TimeZone;
use torch_core::Timestamp;

/// The clock and the zone that a text is written for.
#[derive(Debug, Clone)]
pub struct Clock {
    /// The present.
    pub now: Timestamp,
    /// The reader's zone.
    pub zone: TimeZone,
}

impl Clock {
    /// The system's.
    pub fn system() -> Self {
        Self {
            now: torch_process::clock::now(),
            zone: TimeZone::system(),
        }
    }

    /// `3 m ago`.
    pub fn ago(&self, at: Timestamp) -> String {
        if at.0.saturating_sub(self.now.0) > 1000 {
            return format!("in {}", span(at.since(self.now)));
        }
        match self.now.since(at) {
            fresh if fresh < Duration::from_secs(1) => "now".to_owned(),
            old => format!("{} ago", span(old)),
        }
    }

    /// How long ago, without the word: `3 m`; nothing shorter than a second is counted out.
    pub fn age(&self, at: Timestamp) -> String {
        match self.now.since(at) {
            fresh if fresh < Duration::from_secs(1) => "under 1 s".to_owned(),
            old => span(old),
        }
    }

    /// The present day in the reader's zone.
    pub fn today(&self) -> jiff::civil::Date {
        let millis = i64::try_from(self.now.0).unwrap_or(i64::MAX);
        let instant = jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::MAX);
        instant.to_zoned(self.zone.clone()).date()
    }

    /// `2026-11-21 14:03:07` in the reader's zone.
    pub fn date(&self, at: Timestamp) -> String {
        self.format(at, "%Y-%m-%d %H:%M:%S")
    }

    /// `14:03:07` of today, `2026-11-20 14:03:07` of another day, in the reader's zone.
    pub fn moment(&self, at: Timestamp) -> String {
        match self.date_of(at) == Some(self.today()) {
            true => self.second(at),
            false => self.date(at),
        }
    }

    fn date_of(&self, at: Timestamp) -> Option<jiff::civil::Date> {
        let millis = i64::try_from(at.0).ok()?;
        let instant = jiff::Timestamp::from_millisecond(millis).ok()?;
        Some(instant.to_zoned(self.zone.clone()).date())
    }

    /// `14:03:07.250` in the reader's zone.
    pub fn time(&self, at: Timestamp) -> String {
        self.format(at, "%H:%M:%S%.3f")
    }

    /// `14:03:07` in the reader's zone.
    pub fn second(&self, at: Timestamp) -> String {
        self.format(at, "%H:%M:%S")
    }

    fn format(&self, at: Timestamp, format: &str) -> String {
        let instant = i64::try_from(at.0)
            .ok()
            .and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
        match instant {
            Some(instant) => instant
                .to_zoned(self.zone.clone())
                .strftime(format)
                .to_string(),
            None => "an impossible time".to_owned(),
        }
    }
}

/// A length of time in its largest unit: `45 s`, `3 m`, `2 h`, `5 d`.
pub fn span(length: Duration) -> String {
    let seconds = length.as_secs();
    match seconds {
        0 => format!("{} ms", length.as_millis()),
        1..=59 => format!("{seconds} s"),
        60..=3_599 => format!("{} m", seconds / 60),
        3_600..=86_399 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn less_than_a_second_is_not_counted_out() {
        let clock = Clock {
            now: Timestamp(1_795_226_400_000),
            zone: TimeZone::UTC,
        };
        let at = |millis: u64| Timestamp(clock.now.0 - millis);
        for (millis, age, ago) in [
            (0, "under 1 s", "now"),
            (315, "under 1 s", "now"),
            (1_000, "1 s", "1 s ago"),
            (180_000, "3 m", "3 m ago"),
        ] {
            assert_eq!(
                (clock.age(at(millis)), clock.ago(at(millis))),
                (age.to_owned(), ago.to_owned())
            );
        }
    }
}
