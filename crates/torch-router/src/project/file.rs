//! `rules.toml`: the same rules, stated one by one.

use serde::{Deserialize, Serialize};
use toml::Spanned;
use torch_core::project_rules::{RuleKind, Who};

use super::{CRITICAL_MAX, Found, RULES_MAX, RuleFile, words_of};
use crate::fold::fold;

/// A file of rules that can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleFileError {
    /// It is not TOML of this form.
    #[error("{file}:{line}: {what}")]
    Syntax {
        /// The file.
        file: String,
        /// The line, from 1.
        line: u32,
        /// What is wrong.
        what: String,
    },
    /// A rule asks for what can't be.
    #[error("{file}:{line}: the rule `{kind}` {what}")]
    Rule {
        /// The file.
        file: String,
        /// The line, from 1.
        line: u32,
        /// The rule's kind.
        kind: &'static str,
        /// What is wrong with it.
        what: &'static str,
    },
    /// It states more than can be asked of each message.
    #[error("{file}: {count} {what}, more than {most}")]
    Size {
        /// The file.
        file: String,
        /// How many.
        count: usize,
        /// Of what.
        what: &'static str,
        /// How many can be.
        most: usize,
    },
}

/// Why nobody is kept from writing to the orchestrator.
pub(super) const CUTS_OFF: &str = "would cut off the orchestrator, which can always be written to";

/// The lines of a `rules.toml` that state these.
pub(super) fn stated(rules: &[RuleKind]) -> Option<String> {
    #[derive(Serialize)]
    struct Lines<'a> {
        rule: &'a [RuleKind],
    }
    let lines = toml::to_string(&Lines { rule: rules }).ok()?;
    (!rules.is_empty()).then(|| lines.trim().to_owned())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    rule: Vec<Spanned<RuleKind>>,
}

/// Takes the rules of a file.
pub(super) fn read(file: &RuleFile<'_>, found: &mut Found) -> Result<(), RuleFileError> {
    let line = |at: usize| {
        let before = file.text.get(..at).unwrap_or(file.text);
        u32::try_from(before.matches('\n').count()).unwrap_or(u32::MAX - 1) + 1
    };
    let parsed: File = toml::from_str(file.text).map_err(|error| RuleFileError::Syntax {
        file: file.name.to_owned(),
        line: line(error.span().map_or(0, |span| span.start)),
        what: error.message().lines().next().unwrap_or("").to_owned(),
    })?;
    is_bounded(file.name, &parsed)?;
    for rule in parsed.rule {
        let (at, ask) = (line(rule.span().start), rule.into_inner());
        if let Err(what) = check(&ask) {
            return Err(RuleFileError::Rule {
                file: file.name.to_owned(),
                line: at,
                kind: ask.word(),
                what,
            });
        }
        let text = ask.to_string();
        found.rule(file.name, at, &text, ask);
    }
    Ok(())
}

/// Whether a file states no more than can be asked of each message.
fn is_bounded(file: &str, parsed: &File) -> Result<(), RuleFileError> {
    let words = parsed.rule.iter().map(|rule| words_of(rule.get_ref()));
    let (words, critical) = words.fold((0, 0), |(all, critical), (n, of_them)| {
        (all + n, critical + of_them)
    });
    for (count, what, most) in [
        (parsed.rule.len(), "rules", RULES_MAX),
        (words, "words and patterns", super::WORDS_MAX),
        (critical, "critical words", CRITICAL_MAX),
    ] {
        if count > most {
            return Err(RuleFileError::Size {
                file: file.to_owned(),
                count,
                what,
                most,
            });
        }
    }
    Ok(())
}

/// The longest time that a rule may name: thirty days.
const SECONDS_MAX: u64 = 30 * 24 * 60 * 60;
/// The most words of one rule, and the longest of them.
const WORDS_MAX: usize = 100;

/// Whether a rule asks for something that can be.
pub(super) fn check(ask: &RuleKind) -> Result<(), &'static str> {
    let hub =
        |who: &Who| matches!(who, Who::Roles(roles) if roles.iter().any(|role| role.is_hub()));
    let seconds = |seconds: u64| match seconds {
        1..=SECONDS_MAX => Ok(()),
        _ => Err("needs a time of 1 second to 30 days"),
    };
    let words = |words: &[String]| match words {
        [] => Err("names no word"),
        _ if words.len() > WORDS_MAX => Err("has more than 100 words"),
        _ if words.iter().any(|word| fold(word.trim()).is_empty()) => Err("has an empty word"),
        _ if words.iter().any(|word| word.chars().count() > WORDS_MAX) => {
            Err("has a word of more than 100 characters")
        }
        _ => Ok(()),
    };
    match ask {
        RuleKind::MayNotWrite { from, to } if hub(from) || hub(to) => Err(CUTS_OFF),
        RuleKind::HearsOnly { to, .. } if hub(to) => Err(CUTS_OFF),
        RuleKind::MaxExchanges { count: 0 }
        | RuleKind::MaxMessages { count: 0, .. }
        | RuleKind::MaxLength { characters: 0, .. } => Err("needs a number above 0"),
        RuleKind::MaxMessages {
            count,
            seconds: within,
            ..
        } => match count {
            1..=4_096 => seconds(*within),
            _ => Err("counts no more than 4096 messages"),
        },
        RuleKind::CommitEvery {
            seconds: within, ..
        }
        | RuleKind::PushWithin {
            seconds: within, ..
        }
        | RuleKind::AckWithin {
            seconds: within, ..
        }
        | RuleKind::BlockedAfter { seconds: within } => seconds(*within),
        RuleKind::ForbiddenWords { words: list, .. }
        | RuleKind::RequiredWords { words: list, .. }
        | RuleKind::CriticalWords { words: list } => words(list),
        RuleKind::BranchNames { patterns, .. } => words(patterns),
        RuleKind::QuietHours { begin, end, .. } if begin == end => {
            Err("begins and ends at the same time")
        }
        _ => Ok(()),
    }
}
