//! What one line says by its form: a constraint, a label, the beginning of an item.

use crate::item::Item;
use crate::phase;
use crate::section::{Section, section};

/// How an item begins that says what is not to be done.
const NOT: &[&str] = &[
    "no ",
    "do not ",
    "don't ",
    "don’t ",
    "never ",
    "must not ",
    "avoid ",
    "keine ",
    "kein ",
    "keinen ",
    "niemals ",
    "ne pas ",
];

/// Whether an item says what is to be kept to and not what is to be done. One with an id, a box or an owner is a task.
pub(super) fn is_constraint(item: &Item) -> bool {
    let lower = item.title.to_lowercase();
    let free =
        item.id.is_none() && item.label.is_none() && item.ticked.is_none() && item.owner.is_none();
    free && (NOT.iter().any(|begin| lower.starts_with(begin)) || lower.contains(" must not "))
}

/// What is delivered whatever the work is: one of these alone says nothing of what is to be done.
const GOODS: &[&str] = &[
    "code",
    "source",
    "source code",
    "the code",
    "all code",
    "working code",
    "implementation",
    "the implementation",
    "repository",
    "test",
    "tests",
    "the tests",
    "unit tests",
    "test suite",
    "code and tests",
    "tests and code",
    "quellcode",
    "der code",
];

/// Whether an item under "Deliverables" only names such a thing. One with an id, a box or an owner is a task.
pub(super) fn is_goods(item: &Item) -> bool {
    let title = item.title.trim_end_matches(['.', ',', ';']).to_lowercase();
    let free =
        item.id.is_none() && item.label.is_none() && item.ticked.is_none() && item.owner.is_none();
    free && GOODS.contains(&title.as_str())
}

/// Whether a line is a label for what follows: `REQUIREMENTS:`, `Phase 1: Setup` before a list.
pub(super) fn is_label(words: &str, ahead: bool) -> bool {
    let title = words.trim_end_matches(':').trim();
    let known = section(title) != Section::Plain && words.chars().count() <= 60;
    let short = title.split(' ').count() <= 8;
    let shouted = title.chars().any(char::is_alphabetic) && !title.chars().any(char::is_lowercase);
    if words.ends_with(':') && short {
        return known || ahead || (shouted && title.split(' ').count() <= 4);
    }
    ahead && short && (known || phase::named(title).is_some())
}

/// The text of a line that begins like an item.
pub(super) fn bullet(line: &str) -> Option<&str> {
    let line = line.trim();
    for mark in ["• ", "◦ ", "▪ ", "‣ ", "· ", "– ", "— ", "- ", "* ", "+ "] {
        if let Some(rest) = line.strip_prefix(mark) {
            return Some(rest.trim());
        }
    }
    if line.starts_with(['☐', '☑', '☒', '✅', '✔', '✓', '⬜']) {
        return Some(line);
    }
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let rest = &line[digits..];
    let rest = rest.strip_prefix(". ").or_else(|| rest.strip_prefix(") "));
    rest.filter(|_| (1..=3).contains(&digits)).map(str::trim)
}
