//! What the specs say of the whole and not of one task: what everybody keeps to, and when all of it is done.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::similar::{Pairs, SAME};
use crate::wording::content;

/// How what is not to be done begins, as a plan keeps it.
pub(crate) const NOT: &str = "not to be done: ";

/// How many lines are compared with each other; beyond that, a line that changed is one gone and one new.
const COMPARED: usize = 200;

/// A line that says something else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reworded {
    /// As it was.
    pub before: String,
    /// As it is.
    pub after: String,
}

/// What differs between two lists of lines; their order, case and punctuation do not count.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lines {
    /// New ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub added: Vec<String>,
    /// Those that are gone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<String>,
    /// Those that say something else, found again by how alike they are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<Reworded>,
}

impl Lines {
    /// What differs.
    pub(crate) fn between<'a>(
        old: impl Iterator<Item = &'a str>,
        new: impl Iterator<Item = &'a str>,
    ) -> Self {
        let old: Vec<&str> = old.collect();
        let mut known: BTreeMap<Vec<String>, Vec<usize>> = BTreeMap::new();
        for (at, line) in old.iter().enumerate().rev() {
            known.entry(content(line)).or_default().push(at);
        }
        let mut is_gone = vec![true; old.len()];
        let mut fresh: Vec<&str> = Vec::new();
        for line in new {
            match known.get_mut(&content(line)).and_then(Vec::pop) {
                Some(at) => is_gone[at] = false,
                None => fresh.push(line),
            }
        }
        let mut gone = old;
        left(&mut gone, &is_gone);
        let changed = match gone.len().max(fresh.len()) <= COMPARED {
            true => reworded(&mut gone, &mut fresh),
            false => Vec::new(),
        };
        let owned = |lines: Vec<&str>| lines.into_iter().map(str::to_owned).collect();
        Self {
            added: owned(fresh),
            removed: owned(gone),
            changed,
        }
    }

    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// How many lines differ.
    pub fn count(&self) -> usize {
        self.added.len() + self.removed.len() + self.changed.len()
    }

    /// A line for each that differs, which says of what it is: `+ to be kept to: no cookies`.
    pub(crate) fn told(&self, what: &str) -> Vec<String> {
        let named = |line: &str| match line.starts_with(NOT) {
            true => line.to_owned(),
            false => format!("{what}: {line}"),
        };
        let added = self.added.iter().map(|line| format!("+ {}", named(line)));
        let gone = self.removed.iter().map(|line| format!("- {}", named(line)));
        let changed = self
            .changed
            .iter()
            .map(|pair| format!("~ {what}: \"{}\" is now \"{}\"", pair.before, pair.after));
        added.chain(gone).chain(changed).collect()
    }
}

/// Takes out of both lists what is the same line with other words, the most alike first.
fn reworded(gone: &mut Vec<&str>, fresh: &mut Vec<&str>) -> Vec<Reworded> {
    let pairs = |lines: &[&str]| lines.iter().map(|line| Pairs::of(line)).collect::<Vec<_>>();
    let (olds, news) = (pairs(gone), pairs(fresh));
    let mut scores: Vec<(f64, usize, usize)> = Vec::new();
    for (at, old) in olds.iter().enumerate() {
        for (n, new) in news.iter().enumerate() {
            // What is to be kept to and what is not to be done are never one line.
            let kind = gone[at].starts_with(NOT) == fresh[n].starts_with(NOT);
            let score = old.alike(new);
            if kind && score >= SAME {
                scores.push((score, at, n));
            }
        }
    }
    scores.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
    let (mut from, mut to) = (vec![true; olds.len()], vec![true; news.len()]);
    let mut found = Vec::new();
    for (_, at, n) in scores {
        if from[at] && to[n] {
            (from[at], to[n]) = (false, false);
            found.push((
                n,
                Reworded {
                    before: gone[at].to_owned(),
                    after: fresh[n].to_owned(),
                },
            ));
        }
    }
    left(gone, &from);
    left(fresh, &to);
    found.sort_by_key(|(n, _)| *n);
    found.into_iter().map(|(_, pair)| pair).collect()
}

fn left(lines: &mut Vec<&str>, stays: &[bool]) {
    let mut stays = stays.iter();
    lines.retain(|_| stays.next().copied().unwrap_or(true));
}
