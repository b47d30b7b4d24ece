//! What a set of rules says of one message.

use std::cell::OnceCell;

use torch_core::RoleName;
use torch_core::ledger::Severity;
use torch_core::project_rules::{DayMinute, FormWanted, ProjectRule, RuleKind, Who, mask};

use super::RuleSet;
use crate::fold::fold;
use crate::speech::Speech;
use crate::traffic::{Asked, Breach, beginning};

/// Nothing is said in fewer characters than these.
const SHORTEST: u64 = 10;

/// What the rules say about who writes to whom.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Edge<'a> {
    /// It is not to be.
    Denied(&'a ProjectRule),
    /// It may be, also past the matrix.
    Allowed(&'a ProjectRule),
}

impl RuleSet {
    /// The first rule that a message to another agent breaks, with what was found.
    pub(crate) fn refusal(&self, asked: &Asked<'_>) -> Option<(&ProjectRule, String)> {
        // Each of these costs as much as the text is long, or as much as was said: once a message, whatever the rules.
        let (found, length, broadcast) = (OnceCell::new(), OnceCell::new(), OnceCell::new());
        let found = || found.get_or_init(|| self.words.find(asked.text));
        let length = || *length.get_or_init(|| asked.text.chars().count() as u64);
        let broadcast = || *broadcast.get_or_init(|| (asked.is_broadcast)());
        self.asked.iter().find_map(|at| {
            let rule = &self.data.rules[*at];
            let reason = match &rule.ask {
                RuleKind::ForbiddenWords { from, words } => {
                    if !from.takes(asked.from) {
                        return None;
                    }
                    let mut words = words.iter().enumerate();
                    let (_, word) = words.find(|(word, _)| found().has(*at, *word))?;
                    // What may not be said is not said again by the refusal, which others read.
                    return Some((rule, hidden(from, word, asked.text)));
                }
                RuleKind::RequiredWords {
                    from,
                    to,
                    words,
                    first,
                } => {
                    let has = |(word, text): (usize, &String)| match first {
                        true => begins_with(asked.text, text),
                        false => found().has(*at, word),
                    };
                    if !needs_words(asked, from, to) || words.iter().enumerate().any(has) {
                        return None;
                    }
                    "it has none of them".to_owned()
                }
                RuleKind::MaxLength { from, characters } => {
                    if !from.takes(asked.from) || length() <= *characters {
                        return None;
                    }
                    format!("it has {} characters", length())
                }
                RuleKind::QuietHours { from, begin, end } => {
                    if !asked.time.is_within(*begin, *end) || !from.takes(asked.from) {
                        return None;
                    }
                    format!("it is {}", asked.time)
                }
                RuleKind::NoBroadcast { from } => {
                    if asked.is_ack() || !from.takes(asked.from) || !broadcast() {
                        return None;
                    }
                    "the same text went to two others a moment ago".to_owned()
                }
                RuleKind::MaxMessages {
                    from,
                    count,
                    seconds,
                } => {
                    if !from.takes(asked.from) {
                        return None;
                    }
                    let sent = (asked.sent_within)(*seconds);
                    if sent < *count {
                        return None;
                    }
                    format!("{sent} messages went in that time")
                }
                _ => return None,
            };
            Some((rule, format!("{}: {reason}", rule.ask)))
        })
    }

    /// Whether a text has a word that its sender must not say: then nothing of it is shown to others.
    pub(crate) fn hides(&self, from: &RoleName, text: &str) -> bool {
        let found = OnceCell::new();
        let found = || found.get_or_init(|| self.words.find(text));
        let has = |(at, rule): (usize, &ProjectRule)| match &rule.ask {
            RuleKind::ForbiddenWords { from: by, words } => {
                by.takes(from) && (0..words.len()).any(|word| found().has(at, word))
            }
            _ => false,
        };
        self.data.rules.iter().enumerate().any(has)
    }

    /// What the rules say about a message between two roles that are neither the hub nor talk to it. What forbids goes before
    /// what allows.
    pub(crate) fn edge(&self, from: &RoleName, to: &RoleName) -> Option<Edge<'_>> {
        if from.is_hub() || to.is_hub() {
            return None;
        }
        let mut allowed = None;
        for at in &self.edges {
            let rule = &self.data.rules[*at];
            match &rule.ask {
                RuleKind::MayNotWrite { from: by, to: with }
                    if means(by, from) && means(with, to) =>
                {
                    return Some(Edge::Denied(rule));
                }
                RuleKind::WritesOnlyTo { from: by, to: with }
                    if means(by, from) && !with.takes(from) && !with.takes(to) =>
                {
                    return Some(Edge::Denied(rule));
                }
                RuleKind::HearsOnly { to: with, from: by } if with.takes(to) && !by.takes(from) => {
                    return Some(Edge::Denied(rule));
                }
                RuleKind::MayWrite { from: by, to: with } if by.takes(from) && with.takes(to) => {
                    allowed = allowed.or(Some(Edge::Allowed(rule)));
                }
                _ => {}
            }
        }
        allowed
    }

    /// Whether a message between two roles passes or is kept from passing by these rules; `None` where none is about it.
    pub fn may_write(&self, from: &RoleName, to: &RoleName) -> Option<bool> {
        self.edge(from, to)
            .map(|edge| matches!(edge, Edge::Allowed(_)))
    }

    /// The rule that keeps a message between two roles from passing, which an open team notes only.
    pub fn bars(&self, from: &RoleName, to: &RoleName) -> Option<&ProjectRule> {
        match self.edge(from, to)? {
            Edge::Denied(rule) => Some(rule),
            Edge::Allowed(_) => None,
        }
    }

    /// The rule that refuses every message of a role now, whatever it says and to whom but the person.
    pub fn silences(&self, role: &RoleName, time: DayMinute) -> Option<&ProjectRule> {
        let mut rules = self.asked.iter().map(|at| &self.data.rules[*at]);
        rules.find(|rule| match &rule.ask {
            RuleKind::QuietHours { from, begin, end } => {
                time.is_within(*begin, *end) && from.takes(role)
            }
            RuleKind::MaxLength { from, characters } => *characters < SHORTEST && from.takes(role),
            _ => false,
        })
    }

    /// What is noted of a message and holds nothing back: forms that are missing, reports that go elsewhere.
    pub(crate) fn noted(&self, asked: &Asked<'_>) -> Vec<Breach> {
        let rules = self.data.rules.iter();
        // As costly as the text's beginning is long: once a message, whatever the rules.
        let report = OnceCell::new();
        let is_report = || *report.get_or_init(|| is_report(asked.text));
        rules
            .filter_map(|rule| noted(rule, asked, &is_report))
            .collect()
    }
}

/// What is told of a text with a forbidden word: neither the word nor the text.
fn hidden(from: &Who, word: &str, text: &str) -> String {
    let (word, length) = (mask(word), text.chars().count());
    format!(
        "messages of {from} have none of the words that this rule names: a text of {length} characters has one of them ({word})"
    )
}

/// Whether a rule that forbids means a role: the project manager only by its name.
fn means(who: &Who, role: &RoleName) -> bool {
    match who {
        Who::Everyone => !role.is_sub_hub(),
        Who::Roles(_) => who.takes(role),
    }
}

fn noted(rule: &ProjectRule, asked: &Asked<'_>, is_report: &dyn Fn() -> bool) -> Option<Breach> {
    let (evidence, remedy) = match &rule.ask {
        RuleKind::Form { from, form } if from.takes(asked.from) => {
            let (word, command) = match form {
                FormWanted::Status => ("status", "torch report status --help"),
                FormWanted::Task => ("task", "torch task assign --help"),
            };
            let plain = matches!(asked.speech, Speech::Words { .. });
            if !plain || !begins_with(asked.text, word) {
                return None;
            }
            (
                "it has not that form",
                format!("write it by command: {command}"),
            )
        }
        RuleKind::ReportsTo { from, to } if from.takes(asked.from) => {
            // The orchestrator gets the answers to what it asks, and its own role's reports go to nobody else.
            let elsewhere = !asked.from.is_hub()
                && asked.to.is_some_and(|role| {
                    let answers = role.is_hub() && (asked.was_asked)();
                    !to.takes(role) && !answers
                });
            let report = || matches!(asked.speech, Speech::Status(_)) || is_report();
            if !elsewhere || !report() {
                return None;
            }
            ("it is a report", format!("report to {to}"))
        }
        _ => return None,
    };
    let said = beginning(asked.text);
    Some(Breach {
        rule: rule.name.clone(),
        severity: Severity::Low,
        evidence: format!("{}: {evidence}: {said}", rule.ask),
        remedy,
    })
}

/// Whether a rule about words means a message.
fn needs_words(asked: &Asked<'_>, from: &Who, to: &Who) -> bool {
    !asked.is_ack() && from.takes(asked.from) && asked.to.is_some_and(|role| to.takes(role))
}

/// Whether a text begins with some words, in any case.
fn begins_with(text: &str, word: &str) -> bool {
    // As much of the text as can be the word: what is drawn as nothing is gone, and no character of either becomes more than 18.
    let most = 20 * word.chars().count();
    let head: String = text.trim_start().chars().take(most).collect();
    fold(&head).begins_with(&fold(word.trim()))
}

/// Whether a text begins like a report.
fn is_report(text: &str) -> bool {
    let begins = [
        "status update",
        "status:",
        "complete:",
        "completed:",
        "done:",
        "progress:",
    ];
    begins.iter().any(|word| begins_with(text, word))
}
