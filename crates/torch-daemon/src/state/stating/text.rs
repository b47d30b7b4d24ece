//! What has changed of what an agent was told, in words.

use torch_core::ledger::Stated;
use torch_core::project_rules::RuleKind;
use torch_router::project::RuleSet;

/// How many changed rules are told one by one.
const SHOWN: usize = 20;

/// Whether a rule only sets a number of its own, which is told as it holds: the person's may be lower.
pub(super) fn is_a_number(ask: &RuleKind) -> bool {
    matches!(
        ask,
        RuleKind::MaxExchanges { .. } | RuleKind::BlockedAfter { .. }
    )
}

/// What an agent hears; `None` where nothing changed for it. `rules` says where a rule stands.
pub(super) fn changes(
    before: &Stated,
    now: &Stated,
    rules: Option<&RuleSet>,
    has_hub: bool,
) -> Option<String> {
    let mut lines = rules_changed(before, now, rules);
    if lines.len() > SHOWN {
        let more = lines.len() - SHOWN;
        lines.truncate(SHOWN);
        lines.push(format!("and {more} more changed rules"));
    }
    lines.extend(edges_changed(before, now, has_hub));
    lines.extend(numbers_changed(before, now));
    if lines.is_empty() {
        return None;
    }
    let lines: Vec<String> = lines.iter().map(|line| format!("- {line}")).collect();
    Some(format!(
        "The rules of this team have changed for you; the rest of your briefing holds:\n{}\nAll of them: torch rules list",
        lines.join("\n")
    ))
}

fn rules_changed(before: &Stated, now: &Stated, rules: Option<&RuleSet>) -> Vec<String> {
    let missing = |of: &'_ Stated, than: &Stated| {
        let rows = of
            .rules
            .iter()
            .filter(|(name, _)| !than.rules.contains_key(*name));
        let rows = rows.map(|(name, words)| (name.clone(), words.clone()));
        rows.collect::<Vec<_>>()
    };
    let (new, mut gone) = (missing(now, before), missing(before, now));
    let mut lines = Vec::new();
    for (name, words) in &new {
        let rule = rules.and_then(|rules| rules.rule(name));
        let at = rule.map(|rule| format!(" ({}:{})", rule.file, rule.line));
        let at = at.unwrap_or_default();
        let of_its_kind = |names: &[(String, String)]| {
            let same = names.iter().filter(|(other, _)| kind(other) == kind(name));
            same.count()
        };
        // One of a kind that took another's place is that rule with another value.
        let changed = of_its_kind(&new) == 1 && of_its_kind(&gone) == 1;
        let place = gone
            .iter()
            .position(|(other, _)| changed && kind(other) == kind(name));
        lines.push(match place.map(|place| gone.remove(place)) {
            Some((_, old)) => format!("changed: {words}{at}; until now: {old}"),
            None => format!("new: {words}{at}"),
        });
    }
    lines.extend(gone.iter().map(|(_, words)| format!("no longer: {words}")));
    lines
}

/// The kind of rule that a name is of: `project.max-length-3f2c1a` is one of `project.max-length`.
fn kind(name: &str) -> &str {
    name.rsplit_once('-').map_or(name, |(kind, _)| kind)
}

fn edges_changed(before: &Stated, now: &Stated, has_hub: bool) -> Vec<String> {
    let missing = |of: &[String], than: &[String]| {
        let names = of.iter().filter(|name| !than.contains(name));
        names.cloned().collect::<Vec<_>>().join(", ")
    };
    let (more, less) = (
        missing(&now.direct, &before.direct),
        missing(&before.direct, &now.direct),
    );
    let mut lines = Vec::new();
    if !more.is_empty() {
        lines.push(format!("you may write directly to {more} now"));
    }
    if !less.is_empty() {
        let how = if has_hub {
            ", but through the orchestrator"
        } else {
            ""
        };
        lines.push(format!("you don't write directly to {less} any more{how}"));
    }
    lines
}

fn numbers_changed(before: &Stated, now: &Stated) -> Vec<String> {
    let mut lines = Vec::new();
    let exchanges = |count: u64| match count {
        0 => "any number of exchanges".to_owned(),
        count => format!("at most {count} exchanges"),
    };
    if before.exchanges != now.exchanges {
        lines.push(format!(
            "{} in a thread of two now; until now: {}",
            exchanges(now.exchanges),
            exchanges(before.exchanges)
        ));
    }
    let (minutes, earlier) = (now.blocked_minutes, before.blocked_minutes);
    if minutes != earlier && minutes > 0 {
        lines.push(format!(
            "the orchestrator hears of a block after {minutes} minutes now; until now: {earlier}"
        ));
    }
    lines
}
