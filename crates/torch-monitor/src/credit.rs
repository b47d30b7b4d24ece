//! Usage limits in words: which limit a program's message names, and when that limit is reset.
//!
//! Only what a program says of itself comes here (a hook's words, a record of its transcript, the foot of its screen); a
//! conversation that talks about limits never does. Wordings change with nearly every release of a program, so the shapes are
//! loose and in general English, and what is not understood is `None`, never a guess.

mod kind;
mod moment;
mod slope;
#[cfg(test)]
mod tests;
mod when;

use std::time::Duration;

use jiff::tz::TimeZone;
use torch_core::Timestamp;

pub use slope::time_left;

/// How long ago a reset may lie that is told as a time of day: clocks differ by minutes, and a message is printed shortly
/// before it is read. Beyond that the next day is meant.
pub const JUST_PASSED: Duration = Duration::from_secs(600);

/// How many characters of a message are read.
const READ_MAX: usize = 4_000;

/// The zones that times are read in.
#[derive(Debug, Clone)]
pub struct Zones {
    /// The zone of a time that names none, or one that is not known.
    pub own: TimeZone,
    /// Finds a zone by its IANA name.
    pub find: fn(&str) -> Option<TimeZone>,
}

impl Zones {
    /// UTC, and the zones that this system knows.
    pub fn utc() -> Self {
        Self {
            own: TimeZone::UTC,
            find: |name| TimeZone::get(name).ok(),
        }
    }
}

/// What a limit's words say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitWords {
    /// Which limit: `five_hour`, `daily`, `weekly`, `weekly_<model>`, `monthly`, `credits` (no time brings it back), `rate`
    /// (too many requests at once); `None` where they don't say.
    pub kind: Option<String>,
    /// When it is reset.
    pub reset: Option<TextReset>,
    /// The program goes on with another model by itself: nothing is held.
    pub goes_on: bool,
}

/// A reset as words tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextReset {
    /// The instant.
    pub at: Timestamp,
    /// The zone it was told in, by its name or its offset.
    pub zone: String,
    /// A zone was named that nobody knows, so that the team's own was taken.
    pub zone_guessed: bool,
    /// It was told to the second; else it is any time within that minute.
    pub exact: bool,
}

/// Reads a limit's words as of `now`. A time of day that lies at most `passed` back is the reset that just was
/// ([`JUST_PASSED`]); with zero it is the next one.
pub fn read_limit(words: &str, now: Timestamp, zones: &Zones, passed: Duration) -> LimitWords {
    let words = joined(words);
    LimitWords {
        kind: kind::kind(&words),
        reset: when::reset(&words, now, zones, passed),
        goes_on: kind::goes_on(&words),
    }
}

/// One line without control characters, with plain blanks, apostrophes and separators: a terminal or a program may have
/// wrapped it anywhere.
fn joined(words: &str) -> String {
    let plain = words.chars().take(READ_MAX).map(|c| match c {
        '\u{2019}' | '\u{2018}' => '\'',
        '\u{2219}' | '\u{2022}' => '·',
        '\u{2013}' | '\u{2014}' | '\u{2212}' => '-',
        c if c.is_whitespace() || c.is_control() => ' ',
        c => c,
    });
    let plain: String = plain.collect();
    plain.split(' ').filter(|part| !part.is_empty()).fold(
        String::with_capacity(plain.len()),
        |mut line, part| {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(part);
            line
        },
    )
}
