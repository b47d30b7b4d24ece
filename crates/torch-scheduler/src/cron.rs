//! Cron expressions: when a note that comes again is due next.
//!
//! The expression is read by `croner` as civil time, without a zone; what a zone does to it is decided here, by one rule:
//! a time that the clock jumps over comes once, as long after the jump as it lay behind its beginning; a time that comes
//! twice comes once, at its first.

use croner::parser::{CronParser, Seconds, Year};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan as _};
use torch_core::Timestamp;

/// The longest expression, in characters.
const LENGTH_MAX: usize = 200;
/// How far a clock's jump reaches: a zone that changed sides of the date line skipped a whole day.
const JUMP_MAX: SignedDuration = SignedDuration::from_hours(25);
/// How many times are looked through behind a jump until the expression counts as unreadable there.
const LOOKED_AT_MAX: usize = 10_000;
/// How many left-out times are counted.
const COUNTED_MAX: u64 = 1_000;

/// Why a cron expression is none.
#[derive(Debug, thiserror::Error)]
pub enum CronError {
    /// It is too long.
    #[error("a cron expression has at most {LENGTH_MAX} characters, and this one has {length}")]
    Long {
        /// Its length.
        length: usize,
    },
    /// It has too few or too many fields.
    #[error(
        "a cron expression has five fields (minute, hour, day of the month, month, day of the week) or is a word such as @daily, and `{text}` has {fields}"
    )]
    Fields {
        /// The expression.
        text: String,
        /// How many it has.
        fields: usize,
    },
    /// A field can't be read.
    #[error("failed to read the cron expression `{text}`")]
    Field {
        /// The expression.
        text: String,
        /// What the parser says.
        #[source]
        source: croner::errors::CronError,
    },
    /// It names no time that ever comes.
    #[error("the cron expression `{text}` names a time that never comes")]
    Never {
        /// The expression.
        text: String,
    },
    /// Its zone is unknown.
    #[error("failed to find the time zone `{zone}`")]
    Zone {
        /// The zone.
        zone: String,
        /// What was tried.
        #[source]
        source: jiff::Error,
    },
}

/// A cron expression in a zone.
#[derive(Debug, Clone)]
pub struct Cron {
    pattern: croner::Cron,
    zone: TimeZone,
}

impl Cron {
    /// Reads an expression of five fields, or a word such as `@daily`, in the zone of this IANA name; an empty name means
    /// `own`.
    ///
    /// # Errors
    /// When it is no expression, names no time, or the zone is unknown.
    pub fn parse(text: &str, zone: &str, own: &TimeZone) -> Result<Self, CronError> {
        let length = text.chars().count();
        if length > LENGTH_MAX {
            return Err(CronError::Long { length });
        }
        let fields = text.split_whitespace().count();
        if fields != 5 && !(fields == 1 && text.trim_start().starts_with('@')) {
            let text = text.to_owned();
            return Err(CronError::Fields { text, fields });
        }
        let parser = CronParser::builder()
            .seconds(Seconds::Disallowed)
            .year(Year::Disallowed)
            .build();
        let pattern = parser.parse(text).map_err(|source| CronError::Field {
            text: text.to_owned(),
            source,
        })?;
        let zone = match zone {
            "" => own.clone(),
            zone => TimeZone::get(zone).map_err(|source| CronError::Zone {
                zone: zone.to_owned(),
                source,
            })?,
        };
        let cron = Self { pattern, zone };
        // Four years have every day there is.
        match cron.next(Timestamp(1_700_000_000_000)) {
            Some(_) => Ok(cron),
            None => Err(CronError::Never {
                text: text.to_owned(),
            }),
        }
    }

    /// The first time after `after`.
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let after = instant(after)?;
        let civil = after.to_zoned(self.zone.clone()).datetime();
        let from = if self.has_jumped(after) {
            civil.checked_sub(JUMP_MAX).ok()?
        } else {
            civil.checked_sub(1.second()).ok()?
        };
        let mut best: Option<jiff::Timestamp> = None;
        let mut looked_at = from;
        for _ in 0..LOOKED_AT_MAX {
            let found: DateTime = self.pattern.find_next_occurrence(&looked_at, false).ok()?;
            if let Some(best) = best
                && found > best.to_zoned(self.zone.clone()).datetime()
            {
                break;
            }
            // A time in a jump is as long behind it; one that comes twice is its first.
            let at = self.zone.to_ambiguous_timestamp(found).compatible().ok()?;
            if at > after && best.is_none_or(|best| at < best) {
                best = Some(at);
            }
            looked_at = found;
        }
        let millis = best?.as_millisecond();
        u64::try_from(millis).ok().map(Timestamp)
    }

    /// How many of its times lie after `from` and up to `until`, at most 1,000 are counted.
    pub fn between(&self, from: Timestamp, until: Timestamp) -> u64 {
        let mut count = 0;
        let mut at = from;
        while count < COUNTED_MAX
            && let Some(next) = self.next(at)
            && next <= until
        {
            count += 1;
            at = next;
        }
        count
    }

    /// Whether a jump of the clock lies so near that a time before it may come after `after`.
    fn has_jumped(&self, after: jiff::Timestamp) -> bool {
        let Ok(end) = after.checked_add(SignedDuration::from_hours(1)) else {
            return false;
        };
        let last = self.zone.preceding(end).next();
        last.is_some_and(|last| after.duration_since(last.timestamp()) < JUMP_MAX)
    }
}

fn instant(at: Timestamp) -> Option<jiff::Timestamp> {
    let millis = i64::try_from(at.0).ok()?;
    jiff::Timestamp::from_millisecond(millis).ok()
}

/// From how far a wall clock must have been set back for a note's next time to be found anew: smaller steps repeat none
/// of its times.
pub const SET_BACK: std::time::Duration = std::time::Duration::from_secs(3 * 60 * 60);

#[cfg(test)]
mod tests;
