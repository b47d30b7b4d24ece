//! Where a message tells a reset: behind which words, and in which of the known shapes.

use std::sync::LazyLock;
use std::time::Duration;

use jiff::tz::{Offset, TimeZone};
use regex::Regex;
use torch_core::Timestamp;

use super::moment::{Day, Moment, TimeOfDay};
use super::{TextReset, Zones};

/// The words that a reset stands behind.
static LEAD: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)\bresets?\b(?: time)?[: ]*|\btry again\b ?|\bcontinu(?:ing|e) automatically\b ?|\bavailable(?: again)?\b ?|\bcome back\b ?|\brenews?\b ?|\bretry (?:again )?|\buntil ",
    )
});

/// Raw: `Claude AI usage limit reached|1749924000`; milliseconds have 13 digits.
static EPOCH: LazyLock<Regex> = LazyLock::new(|| regex(r"\| ?([0-9]{13}|[0-9]{10})\b"));
/// The same as a value.
static EPOCH_VALUE: LazyLock<Regex> =
    LazyLock::new(|| regex(r"^(?:at |@ ?)?([0-9]{13}|[0-9]{10})\b"));
static ISO: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)^([0-9]{4})-([0-9]{2})-([0-9]{2})(?:(?:T|,? at |,? )([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]+)?)?)?",
    )
});
static SPAN_LEAD: LazyLock<Regex> = LazyLock::new(|| regex(r"(?i)^(?:in|after) (?:about |~ ?)?"));
static SPAN: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)^([0-9]{1,6}|an?) ?(weeks?|w|days?|d|hours?|hrs?|hr|h|minutes?|mins?|min|m|seconds?|secs?|sec|s)\b,?(?: and)? ?",
    )
});
/// Units that stand together: `3h20m`.
static SPAN_TIGHT: LazyLock<Regex> = LazyLock::new(|| regex(r"(?i)^([0-9]{1,6})(w|d|h|m|s)"));
static PREPOSITION: LazyLock<Regex> = LazyLock::new(|| regex(r"(?i)^(?:(?:at|on|by|from)\b ?)+"));
static RELATIVE_DAY: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?i)^(today|tonight|tomorrow)\b,? ?"));
static WEEKDAY: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)^(?:next |this )?(mon|tue|wed|thu|fri|sat|sun)(?:day|s|sday|nesday|rs|rsday|urday)?\b,? ?",
    )
});
static MONTH_DAY: LazyLock<Regex> = LazyLock::new(|| {
    regex(&format!(
        r"(?i)^{MONTH} ([0-9]{{1,2}})(?:st|nd|rd|th)?\b(?:,? ([0-9]{{4}})\b)?,? ?"
    ))
});
static DAY_MONTH: LazyLock<Regex> = LazyLock::new(|| {
    regex(&format!(
        r"(?i)^([0-9]{{1,2}})(?:st|nd|rd|th)? (?:of )?{MONTH}(?:,? ([0-9]{{4}})\b)?,? ?"
    ))
});
const MONTH: &str = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?";
static TWELVE: LazyLock<Regex> = LazyLock::new(|| {
    regex(r"(?i)^([0-9]{1,2})(?:[:.]([0-9]{2})(?::([0-9]{2}))?)? ?([ap])\.?m\b\.? ?")
});
static TWENTY_FOUR: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?i)^([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?h?\b ?"));
static NAMED_TIME: LazyLock<Regex> = LazyLock::new(|| regex(r"(?i)^(midnight|noon)\b ?"));
/// `(Europe/London)`, also where the line was wrapped in it.
static ZONE_NAME: LazyLock<Regex> =
    LazyLock::new(|| regex(r"^\( ?([A-Za-z][A-Za-z0-9_+/ -]{0,60}?) ?\)"));
static ZONE_OFFSET: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?i)^\(? ?(?:UTC|GMT) ?(?:([+-]) ?([0-9]{1,2})(?::?([0-9]{2}))?)?\b"));
static ZONE_BARE: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"^(?:([+-])([0-9]{2}):?([0-9]{2})\b|(Z)\b|([A-Z][A-Za-z]+/[A-Za-z_]+(?:/[A-Za-z_]+)?)|([A-Z]{2,5}T)\b)",
    )
});

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is constant")
}

/// A zone as it was told.
enum Told {
    /// None was.
    None,
    Known(TimeZone),
    /// One that nobody knows.
    Unknown,
}

/// The first reset that the words tell.
pub(super) fn reset(
    words: &str,
    now: Timestamp,
    zones: &Zones,
    passed: Duration,
) -> Option<TextReset> {
    if let Some(found) = EPOCH.captures(words) {
        return instant(epoch(found.get(1)?.as_str())?, true);
    }
    LEAD.find_iter(words)
        .find_map(|lead| behind(&words[lead.end()..], now, zones, passed))
}

/// What stands right behind the leading words.
fn behind(rest: &str, now: Timestamp, zones: &Zones, passed: Duration) -> Option<TextReset> {
    if let Some(found) = EPOCH_VALUE.captures(rest) {
        return instant(epoch(found.get(1)?.as_str())?, true);
    }
    if let Some(span) = span(rest) {
        return instant(Timestamp(now.0.checked_add(span)?), false);
    }
    let mut text = rest;
    eat(&mut text, &PREPOSITION);
    let (moment, text) = moment(text)?;
    let (zone, zone_guessed) = match zone(text.trim_start(), zones) {
        Told::None => (zones.own.clone(), false),
        Told::Known(zone) => (zone, false),
        Told::Unknown => (zones.own.clone(), true),
    };
    let at = moment.resolve(now, &zone, passed)?;
    let zone = zone_label(&zone, at);
    Some(TextReset {
        at,
        zone,
        zone_guessed,
        exact: false,
    })
}

fn instant(at: Timestamp, exact: bool) -> Option<TextReset> {
    Some(TextReset {
        at,
        zone: "UTC".to_owned(),
        zone_guessed: false,
        exact,
    })
}

/// Ten digits are seconds, thirteen milliseconds.
fn epoch(digits: &str) -> Option<Timestamp> {
    let number: u64 = digits.parse().ok()?;
    Some(Timestamp(match digits.len() {
        10 => number.checked_mul(1_000)?,
        _ => number,
    }))
}

/// `in 5 days 22 hours 11 minutes`, `in 3h 20m`, in milliseconds.
fn span(rest: &str) -> Option<u64> {
    let mut text = rest;
    let led = eat(&mut text, &SPAN_LEAD);
    let (mut sum, mut parts) = (0_u64, 0);
    while let Some(found) = SPAN_TIGHT
        .captures(text)
        .filter(|found| {
            let behind = text[found[0].len()..].chars().next();
            behind.is_none_or(|c| !c.is_ascii_alphabetic())
        })
        .or_else(|| SPAN.captures(text))
    {
        let number: u64 = match &found[1] {
            "a" | "an" | "A" | "An" | "AN" => 1,
            digits => digits.parse().ok()?,
        };
        let millis = match found[2].to_ascii_lowercase().as_bytes() {
            [b'w', ..] => 604_800_000,
            [b'd', ..] => 86_400_000,
            [b'h', ..] => 3_600_000,
            [b'm', ..] => 60_000,
            _ => 1_000,
        };
        sum = sum.checked_add(number.checked_mul(millis)?)?;
        parts += 1;
        text = text[found[0].len()..].trim_start();
    }
    // Longer than a year is no reset.
    (parts > 0 && led && sum <= 31_622_400_000).then_some(sum)
}

/// A date, a weekday, a time of day, or several of them.
fn moment(mut text: &str) -> Option<(Moment, &str)> {
    if let Some(found) = ISO.captures(text) {
        let number = |n: usize| found.get(n)?.as_str().parse::<i16>().ok();
        let day = Day::Date {
            year: Some(number(1)?),
            month: number(2)?.try_into().ok()?,
            day: number(3)?.try_into().ok()?,
        };
        let time = match number(4) {
            Some(hour) => Some(TimeOfDay::new(hour, number(5)?, number(6).unwrap_or(0))?),
            None => None,
        };
        return Some((Moment { day, time }, &text[found[0].len()..]));
    }
    let day = day(&mut text);
    eat(&mut text, &PREPOSITION);
    let time = time(&mut text);
    match (day, time) {
        (None, None) => None,
        (day, time) => Some((
            Moment {
                day: day.unwrap_or(Day::Next),
                time,
            },
            text,
        )),
    }
}

fn day(text: &mut &str) -> Option<Day> {
    if let Some(found) = RELATIVE_DAY.captures(text) {
        let tomorrow = found[1].eq_ignore_ascii_case("tomorrow");
        *text = &text[found[0].len()..];
        return Some(if tomorrow { Day::Tomorrow } else { Day::Today });
    }
    let weekday = WEEKDAY.captures(text);
    let weekday = weekday.map(|found| (weekday_number(&found[1]), found[0].len()));
    if let Some((_, length)) = weekday {
        *text = &text[length..];
        eat(text, &PREPOSITION);
    }
    let date = MONTH_DAY
        .captures(text)
        .map(|found| (found, 1, 2))
        .or_else(|| DAY_MONTH.captures(text).map(|found| (found, 2, 1)));
    if let Some((found, month, day)) = date {
        let date = Day::Date {
            year: found.get(3).and_then(|year| year.as_str().parse().ok()),
            month: month_number(&found[month])?,
            day: found[day].parse().ok()?,
        };
        *text = &text[found[0].len()..];
        return Some(date);
    }
    weekday.map(|(number, _)| Day::Weekday(number))
}

fn time(text: &mut &str) -> Option<TimeOfDay> {
    let (time, length) = if let Some(found) = TWELVE.captures(text) {
        let number = |n: usize| {
            found
                .get(n)
                .map_or(Some(0), |part| part.as_str().parse().ok())
        };
        let hour: i16 = number(1)?;
        let afternoon = found[4].eq_ignore_ascii_case("p");
        let hour = match (hour, afternoon) {
            (12, false) => 0,
            (12, true) => 12,
            (1..=11, false) => hour,
            (1..=11, true) => hour + 12,
            _ => return None,
        };
        (
            TimeOfDay::new(hour, number(2)?, number(3)?)?,
            found[0].len(),
        )
    } else if let Some(found) = TWENTY_FOUR.captures(text) {
        let number = |n: usize| {
            found
                .get(n)
                .map_or(Some(0), |part| part.as_str().parse().ok())
        };
        let time = TimeOfDay::new(number(1)?, number(2)?, number(3)?)?;
        (time, found[0].len())
    } else {
        let found = NAMED_TIME.captures(text)?;
        let hour = if found[1].eq_ignore_ascii_case("noon") {
            12
        } else {
            0
        };
        (TimeOfDay::new(hour, 0, 0)?, found[0].len())
    };
    *text = &text[length..];
    Some(time)
}

fn zone(text: &str, zones: &Zones) -> Told {
    if let Some(found) = ZONE_OFFSET.captures(text) {
        let part = |n: usize| found.get(n).and_then(|part| part.as_str().parse().ok());
        return offset(found.get(1).map(|sign| sign.as_str()), part(2), part(3));
    }
    if let Some(found) = ZONE_NAME.captures(text) {
        let name: String = found[1].chars().filter(|c| *c != ' ').collect();
        return named(&name, zones);
    }
    let Some(found) = ZONE_BARE.captures(text) else {
        return Told::None;
    };
    if found.get(4).is_some() {
        return Told::Known(TimeZone::UTC);
    }
    if let Some(name) = found.get(5) {
        return named(name.as_str(), zones);
    }
    // An abbreviation (`PST`, `CEST`) means several zones.
    if found.get(6).is_some() {
        return Told::Unknown;
    }
    let part = |n: usize| found.get(n).and_then(|part| part.as_str().parse().ok());
    offset(found.get(1).map(|sign| sign.as_str()), part(2), part(3))
}

fn named(name: &str, zones: &Zones) -> Told {
    (zones.find)(name).map_or(Told::Unknown, Told::Known)
}

fn offset(sign: Option<&str>, hours: Option<i32>, minutes: Option<i32>) -> Told {
    let seconds = hours.unwrap_or(0) * 3_600 + minutes.unwrap_or(0) * 60;
    let seconds = if sign == Some("-") { -seconds } else { seconds };
    // No place is further than 14 hours from UTC.
    match Offset::from_seconds(seconds) {
        Ok(offset) if seconds.abs() <= 50_400 => Told::Known(offset.to_time_zone()),
        _ => Told::Unknown,
    }
}

/// A zone's name, or its offset at that instant.
pub(super) fn zone_label(zone: &TimeZone, at: Timestamp) -> String {
    if let Some(name) = zone.iana_name() {
        return name.to_owned();
    }
    let seconds = super::moment::instant(at).map_or(0, |at| zone.to_offset(at).seconds());
    if seconds == 0 {
        return "UTC".to_owned();
    }
    let (sign, size) = (if seconds < 0 { '-' } else { '+' }, seconds.abs() / 60);
    match size % 60 {
        0 => format!("GMT{sign}{}", size / 60),
        minutes => format!("GMT{sign}{}:{minutes:02}", size / 60),
    }
}

fn month_number(word: &str) -> Option<i8> {
    const MONTHS: [&str; 12] = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    let word = word.to_ascii_lowercase();
    let place = MONTHS.iter().position(|month| *month == word)?;
    i8::try_from(place + 1).ok()
}

/// Monday is 1.
fn weekday_number(word: &str) -> i8 {
    const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let word = word.to_ascii_lowercase();
    let place = DAYS.iter().position(|day| *day == word).unwrap_or(0);
    i8::try_from(place + 1).unwrap_or(1)
}

/// Takes off what a pattern matches at the beginning; whether it did.
fn eat(text: &mut &str, pattern: &Regex) -> bool {
    let found = pattern.find(text).filter(|found| found.start() == 0);
    if let Some(found) = found {
        *text = &text[found.end()..];
    }
    found.is_some()
}
