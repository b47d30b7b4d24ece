//! How alike two titles are.

use std::collections::BTreeSet;

/// From how alike on two titles are taken for the same task: half of the words' pairs of letters are shared.
pub(crate) const SAME: f64 = 0.55;

/// A title in lower case, letters and digits only, one blank between words.
pub(crate) fn normal(title: &str) -> String {
    let mut out = String::with_capacity(title.len());
    for c in title.chars().flat_map(char::to_lowercase) {
        if c.is_alphanumeric() {
            out.push(c);
        } else if !out.is_empty() && !out.ends_with(' ') {
            out.push(' ');
        }
    }
    let end = out.trim_end().len();
    out.truncate(end);
    out
}

/// Words that say little of what a task is about.
const COMMON: &[&str] = &[
    "a",
    "an",
    "the",
    "of",
    "for",
    "to",
    "and",
    "in",
    "on",
    "with",
    "write",
    "build",
    "add",
    "create",
    "implement",
    "make",
    "die",
    "der",
    "das",
    "und",
    "ein",
    "eine",
];

/// How many characters of a word count: what follows is its ending.
const STEM: usize = 5;

/// A title as it is compared: its pairs of neighbouring characters, and the beginnings of its words.
#[derive(Debug)]
pub(crate) struct Pairs {
    pairs: BTreeSet<(char, char)>,
    words: BTreeSet<String>,
}

impl Pairs {
    /// Of a title.
    pub(crate) fn of(title: &str) -> Self {
        let title = normal(title);
        let chars: Vec<char> = title.chars().collect();
        let words = title
            .split(' ')
            .filter(|word| !word.is_empty() && !COMMON.contains(word));
        Self {
            pairs: chars.windows(2).map(|pair| (pair[0], pair[1])).collect(),
            words: words
                .map(|word| word.chars().take(STEM).collect())
                .collect(),
        }
    }

    /// How alike two titles are, 0 to 1: the middle of what their pairs and their words share.
    pub(crate) fn alike(&self, other: &Self) -> f64 {
        if self.words.is_empty() && other.words.is_empty() {
            return shared(&self.pairs, &other.pairs);
        }
        let words = shared(&self.words, &other.words);
        if words == 0.0 {
            return 0.0;
        }
        f64::midpoint(shared(&self.pairs, &other.pairs), words)
    }
}

/// Dice's coefficient, 0 to 1.
fn shared<T: Ord>(one: &BTreeSet<T>, other: &BTreeSet<T>) -> f64 {
    let count = one.len() + other.len();
    if count == 0 {
        return 0.0;
    }
    2.0 * one.intersection(other).count() as f64 / count as f64
}
