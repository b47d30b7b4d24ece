//! `torch msg stats`: where messages are slow, pair by pair, and what the policy did.

use torch_core::analysis::{Pair, TeamAnalysis};
use torch_core::message::Decision;

use super::style::{DIM, STRONG, WARN, paint};
use super::table::{Cell, Table};
use super::{count, fit};

/// The columns of the words before a fact.
const LABEL: usize = 15;

/// Every team's numbers; on a terminal that is too narrow for a table (`width`, in columns) without the columns that
/// count nothing, and with names cut.
pub fn stats(teams: &[TeamAnalysis], width: Option<usize>) -> String {
    if teams.is_empty() {
        return "no messages\n".to_owned();
    }
    let shown: Vec<String> = teams.iter().map(|team| one(team, width)).collect();
    shown.join("\n")
}

fn one(team: &TeamAnalysis, width: Option<usize>) -> String {
    let messages = count(team.messages, "message");
    let heading = paint(STRONG, &format!("{}: {messages}", team.team));
    let mut text = format!("{heading}\n{}", table(&team.pairs, width));
    let mut facts = String::new();
    let mut fact = |label: &str, value: String| {
        if !value.is_empty() {
            let line = format!("{}{value}", paint(DIM, &format!("{label:<LABEL$}")));
            facts.push_str(&fit::wrap(&line, width.unwrap_or(usize::MAX), LABEL));
            facts.push('\n');
        }
    };
    let slow = team.bottlenecks.iter().map(|slow| {
        let longest = time(Some(slow.longest_ms));
        match slow.waiting {
            0 => format!("{} {longest}", slow.to),
            waiting => format!("{} {longest} ({waiting} waiting)", slow.to),
        }
    });
    fact("longest waits", listed(slow));
    for (label, decision) in [
        ("rerouted", Decision::Reroute),
        ("refused", Decision::Refuse),
    ] {
        let rules = team.rules.iter().filter(|rule| rule.decision == decision);
        fact(
            label,
            listed(rules.map(|rule| format!("{} by {}", rule.count, rule.rule))),
        );
    }
    if let Some(percent) = team.hub.percent {
        let hub = &team.hub;
        fact(
            "the hub sees",
            format!(
                "{percent} % of the {} that were said and not refused: {} sent, {} received, {} copied",
                hub.messages, hub.sent, hub.received, hub.copied
            ),
        );
    }
    if !facts.is_empty() {
        text.push_str(&format!("\n{facts}"));
    }
    text
}

fn listed(words: impl Iterator<Item = String>) -> String {
    words.collect::<Vec<_>>().join(", ")
}

fn table(pairs: &[Pair], width: Option<usize>) -> String {
    let whole = columns(pairs, |_| true).render();
    if fit::fits(&whole, width) {
        return whole;
    }
    let counts = |counted: Count| pairs.iter().any(|pair| counted(pair) > 0);
    columns(pairs, counts).within(width, &[0, 1])
}

/// How many messages of a pair something happened to.
type Count = fn(&Pair) -> u64;

/// What is counted besides the messages themselves, under these headings.
const COUNTS: [(&str, Count); 5] = [
    ("WAITING", |pair| pair.waiting),
    ("REROUTED", |pair| pair.rerouted),
    ("REFUSED", |pair| pair.refused),
    ("LOST", |pair| pair.lost),
    ("REPEATED", |pair| pair.repeated),
];

/// The table with those counts that are `shown`.
fn columns(pairs: &[Pair], shown: impl Fn(Count) -> bool) -> Table {
    let counts: Vec<_> = COUNTS.iter().filter(|(_, count)| shown(*count)).collect();
    let mut headings = vec!["FROM", "TO", "COUNT", "MEDIAN", "P90", "SLOWEST"];
    headings.extend(counts.iter().map(|(heading, _)| *heading));
    let mut table = Table::new(0, &headings);
    for pair in pairs {
        let mut row = vec![
            Cell::from(pair.from.as_str()),
            pair.to.as_str().into(),
            pair.messages.to_string().into(),
            time(pair.p50_ms).into(),
            time(pair.p90_ms).into(),
            time(pair.max_ms).into(),
        ];
        row.extend(counts.iter().map(|(_, count)| match count(pair) {
            0 => Cell::styled(DIM, "-"),
            some => Cell::styled(WARN, some.to_string()),
        }));
        table.row(row);
    }
    table
}

fn time(millis: Option<u64>) -> String {
    match millis {
        None => "-".to_owned(),
        Some(millis) if millis < 10_000 => format!("{millis} ms"),
        Some(millis) => format!("{} s", millis / 1000),
    }
}
