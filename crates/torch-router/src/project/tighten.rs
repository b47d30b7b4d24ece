//! A project's rules tighten what the person has set, and what a team was started with: nothing that they open or raise while
//! the team runs counts by itself, since an agent may have written it.

use torch_core::RouterMode;
use torch_core::project_rules::{ProjectRule, ProjectRules, RuleKind, Unchecked};

use super::{RuleSet, set_of};

/// Why a rule that opens an edge does not count yet.
pub const OPENED_LATER: &str = "it opens an edge and was written while the team ran; it counts when a person starts the team anew (torch stop, torch auto)";

/// These rules as they count in a team that runs by `before`: what opens an edge that was not open is listed instead.
pub fn without_openings(rules: ProjectRules, before: &ProjectRules) -> ProjectRules {
    let is_known = |rule: &ProjectRule| before.rules.iter().any(|known| known.name == rule.name);
    let opens = |rule: &ProjectRule| matches!(rule.ask, RuleKind::MayWrite { .. });
    let (late, kept): (Vec<_>, Vec<_>) = rules
        .rules
        .into_iter()
        .partition(|rule| opens(rule) && !is_known(rule));
    let late = late.into_iter().map(|rule| Unchecked {
        file: rule.file,
        line: rule.line,
        text: rule.text,
        why: OPENED_LATER.to_owned(),
        rule: None,
    });
    let unchecked = late.chain(rules.unchecked).collect();
    set_of(kept, unchecked)
}

/// What is new and what is gone, a line each.
pub fn changes(before: &ProjectRules, after: &ProjectRules) -> Vec<String> {
    let gone = |rules: &ProjectRules, others: &ProjectRules, word: &str| {
        let missing = rules.rules.iter().filter(|rule| {
            let mut others = others.rules.iter();
            !others.any(|other| other.name == rule.name)
        });
        let lines =
            missing.map(|rule| format!("{word}: {} ({}:{})", rule.ask, rule.file, rule.line));
        lines.collect::<Vec<_>>()
    };
    let mut lines = gone(after, before, "new");
    let held = after.unchecked.iter().filter(|row| row.why == OPENED_LATER);
    // On another line it is the same one.
    let known = |row: &&Unchecked| {
        let mut rows = before.unchecked.iter();
        rows.any(|old| (&old.why, &old.text, &old.file) == (&row.why, &row.text, &row.file))
    };
    let held = held.filter(|row| !known(row));
    lines.extend(held.map(|row| {
        format!(
            "not counted: {} ({}:{}): {}",
            row.text, row.file, row.line, row.why
        )
    }));
    lines.extend(gone(before, after, "gone"));
    lines
}

impl RuleSet {
    /// The rules that the person's settings limit: their names, and what holds instead. `exchanges` (0: no limit) and `blocked`
    /// are what holds without the project's rules.
    pub fn limited(&self, mode: RouterMode, exchanges: u64, blocked: u64) -> Vec<(String, String)> {
        let note = |rule: &ProjectRule| match rule.ask {
            RuleKind::MaxExchanges { count } if exchanges > 0 && count > exchanges => {
                Some(format!("clipped to {exchanges} by your settings"))
            }
            RuleKind::BlockedAfter { seconds } if seconds > blocked => {
                Some(format!("clipped to {blocked} s by your settings"))
            }
            RuleKind::MayWrite { .. } if mode == RouterMode::Strict => {
                Some("does not count: the team's router is strict".to_owned())
            }
            _ => None,
        };
        let rules = self.data().rules.iter();
        let limited = rules.filter_map(|rule| Some((rule.name.clone(), note(rule)?)));
        limited.collect()
    }
}
