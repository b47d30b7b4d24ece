//! Which limit a message names.

use std::sync::LazyLock;

use regex::Regex;

/// Kinds by their words; the first that fits counts.
static KINDS: LazyLock<Vec<(&str, Regex)>> = LazyLock::new(|| {
    [
        // Nothing but a person's purse or an administrator brings these back (Claude Code 2.1.329).
        (
            "credits",
            r"(?i)\bout of (?:extra )?usage\b|\busage credits\b|\badd funds\b|\bcontact your admin|\bby your admin\b|\bset to \$0|\bseat type\b|\bcredit balance\b|\bpurchase credits to continue\b",
        ),
        ("five_hour", r"(?i)\b(?:5|five)[- ]?h(?:ou)?rs?\b|\bsession limit\b"),
        ("daily", r"(?i)\bdaily\b|\bper day\b|\b24[- ]hour\b"),
        ("monthly", r"(?i)\bmonthly\b|\bper month\b|\b30[- ]day\b"),
    ]
    .into_iter()
    .map(|(kind, pattern)| (kind, Regex::new(pattern).expect("the pattern is constant")))
    .collect()
});

static WEEKLY: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?i)\bweek(?:ly)?\b|\bper week\b|\b7[- ]day\b"));

/// A limit with a name of its own: `your Opus limit`, `Opus weekly limit reached`, `all Sonnet 4 models`.
static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)(?:\b(?:hit|reached) (?:your|the) |^\W*)(?:claude )?([a-z][a-z0-9.-]{1,30})(?: [0-9.]+)? (?:weekly )?limit\b|\bfor all ([a-z][a-z0-9.-]{1,30})(?: [0-9.]+)? models\b",
    )
});

/// Words before "limit" that are no model.
const NO_MODEL: &[&str] = &[
    "api",
    "current",
    "daily",
    "monthly",
    "org",
    "organization",
    "plan",
    "quota",
    "rate",
    "request",
    "requests",
    "session",
    "spend",
    "spending",
    "team",
    "the",
    "token",
    "usage",
    "use",
    "weekly",
    "your",
];

static RATE: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)\(429\)|\b429\b|\btoo many requests\b|\brate[- ]limit(?:ed|s)?\b|\brate_limit|\bper minute\b|\boverloaded\b|\bat capacity\b",
    )
});

static USAGE: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?i)\busage limit|\bhit your\b|\breached your\b|\bquota\b"));

static GOES_ON: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)\bnow using\b|\b(?:automatically )?switch(?:ed|ing) (?:from|to)\b|\bfalling back to\b",
    )
});

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is constant")
}

/// Which limit the words name.
pub(super) fn kind(words: &str) -> Option<String> {
    let model = NAMED.captures_iter(words).find_map(|found| {
        let name = found.get(1).or(found.get(2))?.as_str().to_ascii_lowercase();
        let digit = name.starts_with(|c: char| c.is_ascii_digit());
        let model = !NO_MODEL.contains(&name.as_str()) && !digit && !name.contains("hour");
        model.then_some(name)
    });
    let plain = KINDS.iter().find(|(_, rule)| rule.is_match(words));
    match (plain, model) {
        (Some((kind, _)), _) => Some((*kind).to_owned()),
        (None, Some(model)) => Some(format!("weekly_{model}")),
        (None, None) if WEEKLY.is_match(words) => Some("weekly".to_owned()),
        (None, None) if RATE.is_match(words) && !USAGE.is_match(words) => Some("rate".to_owned()),
        (None, None) => None,
    }
}

/// Whether the program says that it goes on with another model.
pub(super) fn goes_on(words: &str) -> bool {
    GOES_ON.is_match(words)
}
