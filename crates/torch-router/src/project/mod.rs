//! The rules that a project's own files state: `CLAUDE.md`, `AGENTS.md` and `rules.toml`.
//!
//! - [`read`] makes [`ProjectRules`] of the files' texts: what is recognised becomes a rule, what only reads like one is
//!   listed as not machine-checkable, nothing is dropped in silence. What may be meant for the product is no rule (`about`).
//! - [`RuleSet`] is such a set, ready to be asked by [`crate::traffic`].

mod about;
mod against;
mod clause;
mod file;
mod judge;
mod markdown;
mod set;
mod statement;
mod strict;
mod tighten;
mod who;
mod words;

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};
use torch_core::project_rules::{ProjectRule, ProjectRules, RuleKind, Unchecked};

pub use against::contradictions;
pub use file::RuleFileError;
pub(crate) use judge::Edge;
pub use set::{RuleSet, is_branch};
pub use tighten::{changes, held_back, tightened};

/// The largest of these files, in bytes.
pub const FILE_MAX: u64 = 1024 * 1024;

/// The rules that are taken from all files together; what lies beyond is listed as not checkable, and refused in a `rules.toml`.
pub const RULES_MAX: usize = 400;

/// The words and patterns of all these rules together, likewise.
pub const WORDS_MAX: usize = 2_000;

/// The words of them that the hub gets copies of, likewise.
pub const CRITICAL_MAX: usize = 200;

/// The statements that are listed as not checkable; how many more there are is said.
pub const UNCHECKED_MAX: usize = 1_000;

/// A file's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleFile<'a> {
    /// Its name, relative to the project.
    pub name: &'a str,
    /// What it says.
    pub text: &'a str,
}

/// Reads the rules of a project's files.
///
/// # Errors
/// When a `.toml` file is none, or states a rule that can't be. Any other text has rules or has none.
pub fn read(files: &[RuleFile<'_>]) -> Result<ProjectRules, RuleFileError> {
    let mut found = Found::default();
    for file in files {
        if file.name.ends_with(".toml") {
            file::read(file, &mut found)?;
        } else {
            markdown::read(file, &mut found);
        }
    }
    Ok(found.set())
}

/// What was found so far.
#[derive(Debug, Default)]
struct Found {
    rules: Vec<ProjectRule>,
    unchecked: Vec<Unchecked>,
    /// The words of the rules, and those of them that are critical.
    words: (usize, usize),
    /// Statements that are not listed any more: how many, and where the first one stands.
    more: Option<(usize, String, u32)>,
}

impl Found {
    fn rule(&mut self, file: &str, line: u32, text: &str, ask: RuleKind) {
        let name = name(&ask);
        // Said twice it is one rule: AGENTS.md is often a copy of CLAUDE.md.
        if self.rules.iter().any(|known| known.name == name) {
            return;
        }
        if self.rules.len() >= RULES_MAX {
            let why = format!("{RULES_MAX} rules were read before it");
            return self.unchecked(file, line, text, (&why, None));
        }
        let (words, critical) = words_of(&ask);
        let (words, critical) = (self.words.0 + words, self.words.1 + critical);
        if words > WORDS_MAX || critical > CRITICAL_MAX {
            let why = format!("the rules before it have {} words", self.words.0);
            return self.unchecked(file, line, text, (&why, None));
        }
        self.words = (words, critical);
        self.rules.push(ProjectRule {
            name,
            file: file.to_owned(),
            line,
            text: shortened(text),
            ask,
        });
    }

    /// Notes what is no rule: why, and the lines of `rules.toml` that would make it one.
    fn unchecked(
        &mut self,
        file: &str,
        line: u32,
        text: &str,
        (why, rule): (&str, Option<String>),
    ) {
        let text = shortened(text);
        if self.unchecked.iter().any(|row| row.text == text) {
            return;
        }
        if self.unchecked.len() >= UNCHECKED_MAX {
            let more = self.more.get_or_insert_with(|| (0, file.to_owned(), line));
            more.0 += 1;
        } else {
            self.unchecked.push(Unchecked {
                file: file.to_owned(),
                line,
                text,
                why: why.to_owned(),
                rule,
            });
        }
    }

    fn set(self) -> ProjectRules {
        let mut unchecked = self.unchecked;
        if let Some((count, file, line)) = self.more {
            unchecked.push(Unchecked {
                file,
                line,
                text: format!("and {count} more from here on"),
                why: format!("{UNCHECKED_MAX} statements are listed"),
                rule: None,
            });
        }
        set_of(self.rules, unchecked)
    }
}

fn set_of(rules: Vec<ProjectRule>, unchecked: Vec<Unchecked>) -> ProjectRules {
    // Both are plain data, which always has a JSON form.
    let text = serde_json::to_vec(&(&rules, &unchecked)).unwrap_or_default();
    ProjectRules {
        id: hex(&text, 6),
        rules,
        unchecked,
    }
}

/// How many words or patterns a rule has, and how many of them are critical.
fn words_of(ask: &RuleKind) -> (usize, usize) {
    match ask {
        RuleKind::ForbiddenWords { words, .. } | RuleKind::RequiredWords { words, .. } => {
            (words.len(), 0)
        }
        RuleKind::BranchNames { patterns, .. } => (patterns.len(), 0),
        RuleKind::CriticalWords { words } => (words.len(), words.len()),
        _ => (0, 0),
    }
}

/// `project.commit-every-3f2c1a`: by what it asks, so that it keeps its name on another line.
fn name(ask: &RuleKind) -> String {
    let text = serde_json::to_vec(ask).unwrap_or_default();
    format!("project.{}-{}", ask.word(), hex(&text, 3))
}

/// The first bytes of a hash, in hex.
fn hex(text: &[u8], bytes: usize) -> String {
    let digest = Sha256::digest(text);
    digest
        .iter()
        .take(bytes)
        .fold(String::new(), |mut hex, byte| {
            // Writing to a string can't fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

/// A statement as it is shown.
fn shortened(text: &str) -> String {
    const LENGTH: usize = 300;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LENGTH) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}

#[cfg(test)]
mod tests;
