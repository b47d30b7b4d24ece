//! The parts of a statement that carry its particulars: numbers, times, quoted words.

use std::sync::LazyLock;

use regex::{Captures, Regex};
use torch_core::project_rules::DayMinute;

/// A number, in digits or as a word.
pub(super) const NUMBER: &str = r"(?:\d{1,6}|an?|once|one|two|three|four|five|six|seven|eight|nine|ten|fifteen|twenty|thirty|forty-five|forty|sixty|ninety|half\s+an)";
/// A unit of time.
pub(super) const UNIT: &str = r"(?:seconds?|secs?|s|minutes?|mins?|min|m|hours?|hrs?|h|days?)";
/// What says that a number is the highest.
pub(super) const AT_MOST: &str = r"(?:max(?:imum)?\.?(?:\s+of)?|at\s+most|no\s+more\s+than|not\s+more\s+than|never\s+more\s+than|up\s+to|limit(?:ed)?(?:\s+(?:of|to|yourself\s+to))?|(?:never\s+|not\s+|n't\s+)?exceed(?:s|ing)?|more\s+than|≤|<=|only)";

/// The value of a number.
pub(super) fn number(text: &str) -> Option<u64> {
    let word = text.trim().to_lowercase();
    let value = match word.as_str() {
        "a" | "an" | "once" | "one" => 1,
        "two" => 2,
        "three" => 3,
        "four" => 4,
        "five" => 5,
        "six" => 6,
        "seven" => 7,
        "eight" => 8,
        "nine" => 9,
        "ten" => 10,
        "fifteen" => 15,
        "twenty" => 20,
        "thirty" => 30,
        "forty" => 40,
        "forty-five" => 45,
        "sixty" => 60,
        "ninety" => 90,
        digits => digits.parse().ok()?,
    };
    Some(value)
}

/// So many of a unit, in seconds; a unit alone is one.
pub(super) fn seconds(count: Option<&str>, unit: &str) -> Option<u64> {
    let unit = unit.trim().to_lowercase();
    let one = match unit.as_bytes().first()? {
        b's' => 1,
        b'm' => 60,
        b'h' => 3_600,
        _ => 86_400,
    };
    match count {
        Some(text) if text.to_lowercase().starts_with("half") => Some(one / 2),
        Some(text) => number(text)?.checked_mul(one),
        None => Some(one),
    }
}

/// The seconds of the groups `n` and `unit`.
pub(super) fn seconds_in(hit: &Captures<'_>) -> Option<u64> {
    let count = hit.name("n").map(|n| n.as_str());
    seconds(count, hit.name("unit")?.as_str())
}

/// What stands in quotation marks or backticks.
pub(super) fn quoted(text: &str) -> Vec<String> {
    static QUOTED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#""([^"]{1,100})"|“([^”]{1,100})”|`([^`]{1,100})`|(?:^|[\s(])'([^']{1,100})'"#)
            .expect("the pattern is constant")
    });
    let hits = QUOTED.captures_iter(text);
    let words = hits.filter_map(|hit| {
        let word = hit.iter().skip(1).flatten().next()?;
        let word = word.as_str().trim();
        (!word.is_empty()).then(|| word.to_owned())
    });
    let mut out: Vec<String> = Vec::new();
    for word in words {
        if !out.contains(&word) {
            out.push(word);
        }
    }
    out
}

/// A time of day as people write it: `22:00`, `10pm`, `7`.
pub(super) fn time_of_day(text: &str) -> Option<DayMinute> {
    static TIME: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^(\d{1,2})(?::(\d{2}))?\s*(am|pm)?$").expect("the pattern is constant")
    });
    let text = text.trim();
    match text.to_lowercase().as_str() {
        "midnight" => return DayMinute::new(0, 0),
        "noon" => return DayMinute::new(12, 0),
        _ => {}
    }
    let hit = TIME.captures(text)?;
    let hour: u16 = hit[1].parse().ok()?;
    let minute = hit.get(2).map_or(Ok(0), |minute| minute.as_str().parse());
    let hour = match hit.get(3).map(|half| half.as_str().to_lowercase()) {
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some(half) if half == "pm" => hour % 12 + 12,
        Some(_) => hour % 12,
        None => hour,
    };
    DayMinute::new(hour, minute.ok()?)
}

/// Names of branches as examples: `feature/<name>`, `test/*`, `bugfix/`.
pub(super) fn branch_patterns(text: &str) -> Vec<String> {
    static BRANCH: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?:^|[\s`\x22'(])([a-z][a-z0-9_.-]*/(?:[A-Za-z0-9_./*-]|<[^>\s]*>|\{[^}\s]*\}|\[[^\]\s]*\]|…)*)")
            .expect("the pattern is constant")
    });
    static PLACE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"<[^>]*>|\{[^}]*\}|\[[^\]]*\]|…|\.\.\.").expect("the pattern is constant")
    });
    let mut out = Vec::new();
    for hit in BRANCH.captures_iter(text) {
        let name = hit[1].trim_end_matches(['.', ',']);
        let mut pattern = PLACE.replace_all(name, "*").into_owned();
        if pattern.ends_with('/') {
            pattern.push('*');
        }
        if !out.contains(&pattern) {
            out.push(pattern);
        }
    }
    out
}
