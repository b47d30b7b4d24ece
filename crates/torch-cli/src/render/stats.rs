//! `torch msg stats`: where messages are slow, pair by pair.

use std::collections::BTreeMap;

use serde::Serialize;
use torch_api::view::MessageView;
use torch_core::DeliveryState;

use super::fit;
use super::style::{DIM, WARN};
use super::table::{Cell, Table};

/// One sender → recipient pair of one team.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Pair {
    /// The team's name.
    pub team: String,
    /// The sender's label.
    pub from: String,
    /// The recipient's label.
    pub to: String,
    /// Messages counted.
    pub messages: usize,
    /// Of them neither proven to have arrived nor at an end.
    pub waiting: usize,
    /// Refused by policy.
    pub refused: usize,
    /// Sent to the hub instead.
    pub rerouted: usize,
    /// Given up or expired.
    pub lost: usize,
    /// Tried more than once.
    pub repeated: usize,
    /// Milliseconds from acceptance to the last state of those that arrived: the median.
    pub median_ms: Option<u64>,
    /// The slowest of them.
    pub max_ms: Option<u64>,
}

/// Counts messages by pair, the slowest pairs first.
pub fn pairs(messages: &[MessageView]) -> Vec<Pair> {
    let mut found: BTreeMap<(String, String, String), (Pair, Vec<u64>)> = BTreeMap::new();
    for message in messages {
        let key = (
            message.team.clone(),
            message.from.clone(),
            message.to.clone(),
        );
        let (pair, times) = found.entry(key).or_default();
        pair.messages += 1;
        pair.rerouted += usize::from(message.decision == "reroute");
        pair.repeated += usize::from(message.attempt > 1);
        match message.state {
            DeliveryState::Refused => pair.refused += 1,
            DeliveryState::Dead | DeliveryState::Expired => pair.lost += 1,
            state if state.is_proven() => {
                times.push(
                    u64::try_from(message.since.since(message.at).as_millis()).unwrap_or(u64::MAX),
                );
            }
            _ => pair.waiting += 1,
        }
    }
    let mut pairs: Vec<Pair> = found
        .into_iter()
        .map(|((team, from, to), (mut pair, mut times))| {
            times.sort_unstable();
            pair.median_ms = times.get(times.len() / 2).copied();
            pair.max_ms = times.last().copied();
            Pair {
                team,
                from,
                to,
                ..pair
            }
        })
        .collect();
    pairs.sort_by_key(|pair| std::cmp::Reverse((pair.waiting, pair.median_ms)));
    pairs
}

/// The pairs as a table; on a terminal that is too narrow for it (`width`, in columns) without the columns that count
/// nothing, and with names cut.
pub fn table(pairs: &[Pair], width: Option<usize>) -> String {
    if pairs.is_empty() {
        return "no messages\n".to_owned();
    }
    let whole = columns(pairs, |_| true).render();
    if fit::fits(&whole, width) {
        return whole;
    }
    let counts = |count: Count| pairs.iter().any(|pair| count(pair) > 0);
    columns(pairs, counts).within(width, &[0, 1, 2])
}

/// How many messages of a pair something happened to.
type Count = fn(&Pair) -> usize;

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
    let mut headings = vec!["TEAM", "FROM", "TO", "COUNT", "MEDIAN", "SLOWEST"];
    headings.extend(counts.iter().map(|(heading, _)| *heading));
    let mut table = Table::new(0, &headings);
    for pair in pairs {
        let mut row = vec![
            Cell::from(pair.team.as_str()),
            pair.from.as_str().into(),
            pair.to.as_str().into(),
            pair.messages.to_string().into(),
            time(pair.median_ms).into(),
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
