//! A program's screen rules, compiled, and what a screen says by them.

use regex::Regex;
use torch_core::program::ScreenRules;
use torch_core::screen::{ScreenKind, ScreenReading};

use crate::composer::find_composer;
use crate::screen::Screen;

/// A rule that is no regular expression.
#[derive(Debug, thiserror::Error)]
#[error("the rule `{rule}` of the agent program `{program}` is no regular expression: {pattern:?}")]
pub struct RuleError {
    /// The program.
    pub program: String,
    /// The field, e.g. `screen.busy`.
    pub rule: String,
    /// The pattern.
    pub pattern: String,
    /// What is wrong with it.
    #[source]
    pub source: Box<regex::Error>,
}

/// Compiled screen rules.
#[derive(Debug, Clone)]
pub struct Rules {
    pub(crate) frame: Regex,
    pub(crate) prompt: Regex,
    pub(crate) continuation: Regex,
    busy: Vec<Regex>,
    asking: Vec<Regex>,
    limited: Vec<Regex>,
    tail_lines: usize,
}

impl Rules {
    /// Compiles the rules of `program`.
    ///
    /// # Errors
    /// [`RuleError`] names the first rule that is no regular expression.
    pub fn compile(program: &str, rules: &ScreenRules) -> Result<Self, RuleError> {
        let one = |rule: &str, pattern: &str| {
            Regex::new(pattern).map_err(|source| RuleError {
                program: program.to_owned(),
                rule: rule.to_owned(),
                pattern: pattern.to_owned(),
                source: Box::new(source),
            })
        };
        let many = |rule: &str, patterns: &[String]| {
            patterns
                .iter()
                .map(|p| one(rule, p))
                .collect::<Result<Vec<_>, _>>()
        };
        Ok(Self {
            frame: one("screen.frame", &rules.frame)?,
            prompt: one("screen.prompt", &rules.prompt)?,
            continuation: one("screen.continuation", &rules.continuation)?,
            busy: many("screen.busy", &rules.busy)?,
            asking: many("screen.asking", &rules.asking)?,
            limited: many("screen.limited", &rules.limited)?,
            tail_lines: rules.tail_lines,
        })
    }

    /// Reads a screen. Where a composer is drawn only what stands below it counts: the lines above are
    /// conversation and may quote anything.
    pub fn read(&self, screen: &Screen) -> ScreenReading {
        let composer = find_composer(screen, self);
        let mut tail = screen.tail(self.tail_lines);
        if let Some(composer) = &composer {
            tail.retain(|(row, _)| *row > composer.rows.end);
        }
        let hit = |rules: &[Regex], name: &str| {
            tail.iter().rev().find_map(|(_, line)| {
                rules
                    .iter()
                    .find(|rule| rule.is_match(line))
                    .map(|rule| format!("screen.{name} `{rule}` matches {:?}", line.trim()))
            })
        };
        let reading = |kind, evidence| ScreenReading {
            kind,
            composer: composer.clone(),
            evidence,
        };
        if let Some(evidence) = hit(&self.asking, "asking") {
            return reading(ScreenKind::Asking, evidence);
        }
        if let Some(evidence) = hit(&self.busy, "busy") {
            return reading(ScreenKind::Busy, evidence);
        }
        if composer.is_some() {
            return reading(
                ScreenKind::Prompt,
                "a composer, and no turn under way".to_owned(),
            );
        }
        if let Some(evidence) = hit(&self.limited, "limited") {
            return reading(ScreenKind::Limited, evidence);
        }
        reading(
            ScreenKind::Unknown,
            "no composer, and no rule matches the last lines".to_owned(),
        )
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn rules() -> Rules {
        let text = |s: &str| s.to_owned();
        Rules::compile(
            "test",
            &ScreenRules {
                frame: text("^─{8,}$"),
                prompt: text("^❯[\u{a0} ]?"),
                continuation: text("^  "),
                busy: vec![text("esc to interrupt")],
                asking: vec![text("^ *Do you want to "), text("Esc to cancel")],
                limited: vec![text("hit your .* limit")],
                tail_lines: 12,
            },
        )
        .expect("the rules compile")
    }

    fn kind(capture: &str) -> ScreenKind {
        rules().read(&Screen::parse(capture.as_bytes())).kind
    }

    #[test]
    fn the_four_screens_are_told_apart() {
        let prompt = "● said\n──────────\n❯\u{a0}\n──────────\n  ? for shortcuts\n";
        assert_eq!(kind(prompt), ScreenKind::Prompt);
        assert_eq!(
            kind(&prompt.replace("? for shortcuts", "esc to interrupt")),
            ScreenKind::Busy
        );
        let dialog =
            "● said\n──────────\n Do you want to proceed?\n ❯ 1. Yes\n   2. No\n\n Esc to cancel\n";
        assert_eq!(kind(dialog), ScreenKind::Asking);
        assert_eq!(
            kind("You've hit your 5-hour limit\n ❯ 1. Stop and wait\n"),
            ScreenKind::Limited
        );
        assert_eq!(kind("bash-5.2$ \n"), ScreenKind::Unknown);
    }

    #[test]
    fn a_quoted_dialog_above_the_composer_is_conversation() {
        let quoted = "● Do you want to proceed?\n Esc to cancel\n esc to interrupt\n──────────\n❯\u{a0}\n──────────\n  ?\n";
        assert_eq!(kind(quoted), ScreenKind::Prompt);
    }

    #[test]
    fn a_dialog_below_an_old_composer_wins() {
        let dialog =
            "──────────\n❯\u{a0}old\n──────────\n Do you want to proceed?\n Esc to cancel\n";
        assert_eq!(kind(dialog), ScreenKind::Asking);
    }
}
