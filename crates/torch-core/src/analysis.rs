//! Where messages are slow, what the policy did, and what the hub sees: the numbers of a stretch of time.
//!
//! One function makes them, for `torch msg stats` and for `compliance_analysis.jsonl` alike.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::message::{Decision, MessageKind};
use crate::{RoleName, Timestamp};

/// How many recipients are named as bottlenecks at most.
const BOTTLENECKS: usize = 5;

/// What is known of one message at the end of a stretch of time in which it was judged, was settled, or waited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Its team's name.
    pub team: String,
    /// What it is for.
    pub kind: MessageKind,
    /// The sender's label.
    pub from: String,
    /// The recipient's label.
    pub to: String,
    /// What the router decided.
    pub decision: Decision,
    /// By which rule.
    pub rule: String,
    /// Whether it has critical words.
    pub critical: bool,
    /// When it was judged.
    pub at: Timestamp,
    /// Whether that was within the stretch.
    pub is_new: bool,
    /// What had become of it.
    pub fate: Fate,
    /// Whether it was tried more than once.
    pub repeated: bool,
}

/// What had become of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Neither proven to have arrived nor at an end.
    Waiting,
    /// Within the stretch it came into the recipient's conversation, or into the person's inbox.
    Arrived(Timestamp),
    /// Within the stretch it expired or was given up.
    Lost,
    /// It was refused, it came to its end before, or no more than that the program has it is proven.
    Settled,
}

/// The numbers of one team.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamAnalysis {
    /// The team's name.
    pub team: String,
    /// Messages judged within the stretch.
    pub messages: u64,
    /// How its messages fared, pair by pair: those that wait first, then the slowest.
    pub pairs: Vec<Pair>,
    /// The recipients with the longest waits, at most five.
    pub bottlenecks: Vec<Bottleneck>,
    /// How often each rule refused or rerouted, the most frequent first.
    pub rules: Vec<RuleCount>,
    /// What the hub sees of what is said.
    pub hub: HubView,
}

/// One sender → recipient pair of a team. Times are milliseconds from acceptance to arrival, over those that arrived.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair {
    /// The sender's label.
    pub from: String,
    /// The recipient's label.
    pub to: String,
    /// Messages judged.
    pub messages: u64,
    /// Neither proven to have arrived nor at an end.
    pub waiting: u64,
    /// Refused by policy.
    pub refused: u64,
    /// Sent to the hub instead.
    pub rerouted: u64,
    /// Given up or expired.
    pub lost: u64,
    /// Tried more than once.
    pub repeated: u64,
    /// The time that half of them took at most.
    pub p50_ms: Option<u64>,
    /// The time that nine in ten took at most.
    pub p90_ms: Option<u64>,
    /// The slowest.
    pub max_ms: Option<u64>,
}

/// A recipient and how long messages to it take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bottleneck {
    /// The recipient's label.
    pub to: String,
    /// Messages that wait.
    pub waiting: u64,
    /// The longest wait, in milliseconds, over those that arrived and those that still wait.
    pub longest_ms: u64,
}

/// How often one rule refused or rerouted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleCount {
    /// `refuse` or `reroute`.
    pub decision: Decision,
    /// The rule.
    pub rule: String,
    /// How often.
    pub count: u64,
}

/// What the hub sees of the messages and reports that were not refused; torch's own notices, copies and briefings do
/// not count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HubView {
    /// How many there were.
    pub messages: u64,
    /// The hub wrote them.
    pub sent: u64,
    /// The hub got them, rerouted ones included.
    pub received: u64,
    /// The hub got a copy.
    pub copied: u64,
    /// The share of these three, in percent; `None` without messages, and where nothing went to or came from a hub.
    pub percent: Option<u64>,
}

/// The numbers, team by team in the order of their names; `until` is the end of the stretch.
pub fn analyse(facts: &[Fact], until: Timestamp) -> Vec<TeamAnalysis> {
    let mut teams: BTreeMap<&str, Vec<&Fact>> = BTreeMap::new();
    for fact in facts {
        teams.entry(&fact.team).or_default().push(fact);
    }
    let analysed = teams.into_iter().map(|(team, facts)| TeamAnalysis {
        team: team.to_owned(),
        messages: count(&facts, |fact| fact.is_new),
        pairs: pairs(&facts),
        bottlenecks: bottlenecks(&facts, until),
        rules: rules(&facts),
        hub: hub(&facts),
    });
    analysed.collect()
}

fn pairs(facts: &[&Fact]) -> Vec<Pair> {
    let mut found: BTreeMap<(&str, &str), Vec<&Fact>> = BTreeMap::new();
    for fact in facts {
        let pair = (fact.from.as_str(), fact.to.as_str());
        found.entry(pair).or_default().push(fact);
    }
    let mut pairs: Vec<Pair> = found
        .into_iter()
        .map(|((from, to), facts)| pair(from, to, &facts))
        .collect();
    pairs.sort_by_key(|pair| std::cmp::Reverse((pair.waiting, pair.p50_ms)));
    pairs
}

fn pair(from: &str, to: &str, facts: &[&Fact]) -> Pair {
    let mut times: Vec<u64> = facts.iter().filter_map(|fact| arrival(fact)).collect();
    times.sort_unstable();
    let judged = |decision| count(facts, |fact| fact.is_new && fact.decision == decision);
    Pair {
        from: from.to_owned(),
        to: to.to_owned(),
        messages: count(facts, |fact| fact.is_new),
        waiting: count(facts, |fact| fact.fate == Fate::Waiting),
        refused: judged(Decision::Refuse),
        rerouted: judged(Decision::Reroute),
        lost: count(facts, |fact| fact.fate == Fate::Lost),
        repeated: count(facts, |fact| fact.repeated),
        p50_ms: percentile(&times, 50),
        p90_ms: percentile(&times, 90),
        max_ms: times.last().copied(),
    }
}

fn bottlenecks(facts: &[&Fact], until: Timestamp) -> Vec<Bottleneck> {
    let mut found: BTreeMap<&str, Bottleneck> = BTreeMap::new();
    for fact in facts {
        let waits = fact.fate == Fate::Waiting;
        let wait = match waits {
            true => Some(millis(until.since(fact.at))),
            false => arrival(fact),
        };
        let Some(wait) = wait else { continue };
        let recipient = found.entry(&fact.to).or_insert_with(|| Bottleneck {
            to: fact.to.clone(),
            waiting: 0,
            longest_ms: 0,
        });
        recipient.waiting += u64::from(waits);
        recipient.longest_ms = recipient.longest_ms.max(wait);
    }
    let mut longest: Vec<Bottleneck> = found.into_values().collect();
    longest.sort_by_key(|recipient| std::cmp::Reverse(recipient.longest_ms));
    longest.truncate(BOTTLENECKS);
    longest
}

fn rules(facts: &[&Fact]) -> Vec<RuleCount> {
    let mut found: Vec<RuleCount> = Vec::new();
    for fact in facts.iter().filter(|fact| fact.is_new) {
        if fact.decision == Decision::Deliver {
            continue;
        }
        let same = |rule: &&mut RuleCount| rule.rule == fact.rule && rule.decision == fact.decision;
        match found.iter_mut().find(same) {
            Some(rule) => rule.count += 1,
            None => found.push(RuleCount {
                decision: fact.decision,
                rule: fact.rule.clone(),
                count: 1,
            }),
        }
    }
    found.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.rule.cmp(&b.rule)));
    found
}

fn hub(facts: &[&Fact]) -> HubView {
    let is_said = |fact: &&&Fact| {
        let kind = matches!(fact.kind, MessageKind::Message | MessageKind::Completion);
        kind && fact.is_new && fact.decision != Decision::Refuse
    };
    let said: Vec<&Fact> = facts.iter().filter(is_said).copied().collect();
    let sent = count(&said, |fact| fact.from == RoleName::HUB);
    let received = count(&said, |fact| fact.to == RoleName::HUB);
    let copied = count(&said, |fact| {
        let concerns_hub = fact.from == RoleName::HUB || fact.to == RoleName::HUB;
        fact.critical && fact.kind == MessageKind::Message && !concerns_hub
    });
    let messages = said.len() as u64;
    // A team without a hub has none that sees anything.
    let there = facts
        .iter()
        .any(|fact| fact.from == RoleName::HUB || fact.to == RoleName::HUB);
    HubView {
        messages,
        sent,
        received,
        copied,
        percent: (100 * (sent + received + copied))
            .checked_div(messages)
            .filter(|_| there),
    }
}

fn count(facts: &[&Fact], counts: impl Fn(&Fact) -> bool) -> u64 {
    facts.iter().filter(|fact| counts(fact)).count() as u64
}

/// How long a message took, if it arrived within the stretch.
fn arrival(fact: &Fact) -> Option<u64> {
    match fact.fate {
        Fate::Arrived(at) => Some(millis(at.since(fact.at))),
        _ => None,
    }
}

/// The smallest value that `percent` of the sorted `values` don't exceed (nearest rank).
fn percentile(values: &[u64], percent: usize) -> Option<u64> {
    let rank = (values.len() * percent).div_ceil(100);
    values.get(rank.checked_sub(1)?).copied()
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(from: &str, to: &str, fate: Fate) -> Fact {
        Fact {
            team: "app".to_owned(),
            kind: MessageKind::Message,
            from: from.to_owned(),
            to: to.to_owned(),
            decision: Decision::Deliver,
            rule: "edge.hub".to_owned(),
            critical: false,
            at: Timestamp(1_000),
            is_new: true,
            fate,
            repeated: false,
        }
    }

    fn only(facts: &[Fact], until: u64) -> TeamAnalysis {
        let mut teams = analyse(facts, Timestamp(until));
        assert_eq!(teams.len(), 1);
        teams.remove(0)
    }

    #[test]
    fn delays_are_those_of_what_arrived() {
        let arrived = |after: u64| fact("a", "b", Fate::Arrived(Timestamp(1_000 + after)));
        let mut facts: Vec<Fact> = (1..=10).map(|n| arrived(n * 10)).collect();
        facts.push(fact("a", "b", Fate::Waiting));
        facts.push(fact("a", "b", Fate::Lost));
        facts.push(fact("c", "b", Fate::Settled));
        let team = only(&facts, 9_000);
        assert_eq!(team.messages, 13);
        let pair = &team.pairs[0];
        assert_eq!((pair.from.as_str(), pair.to.as_str()), ("a", "b"));
        assert_eq!((pair.messages, pair.waiting, pair.lost), (12, 1, 1));
        assert_eq!(
            (pair.p50_ms, pair.p90_ms, pair.max_ms),
            (Some(50), Some(90), Some(100))
        );
        assert_eq!(team.pairs[1].p50_ms, None);
        // One waits for 8 s by now.
        assert_eq!(
            team.bottlenecks,
            [Bottleneck {
                to: "b".to_owned(),
                waiting: 1,
                longest_ms: 8_000
            }]
        );
    }

    #[test]
    fn what_was_judged_before_is_no_new_message() {
        let mut old = fact("a", "b", Fate::Arrived(Timestamp(1_400)));
        old.is_new = false;
        let team = only(&[old], 2_000);
        assert_eq!((team.messages, team.pairs[0].messages), (0, 0));
        assert_eq!(team.pairs[0].p50_ms, Some(400), "it arrived now");
        assert_eq!(team.hub, HubView::default());
    }

    #[test]
    fn rules_are_counted_and_the_hubs_view() {
        let said = |from: &str, to: &str| fact(from, to, Fate::Settled);
        let mut refused = said("developer", "developer");
        refused.decision = Decision::Refuse;
        refused.rule = "edge.self".to_owned();
        let mut rerouted = said("developer", "orchestrator");
        rerouted.decision = Decision::Reroute;
        rerouted.rule = "mode.strict".to_owned();
        let mut critical = said("human", "tester");
        critical.critical = true;
        let mut notice = said("torch", "tester");
        notice.kind = MessageKind::Notice;
        let facts = [
            refused,
            rerouted.clone(),
            rerouted,
            critical,
            notice,
            said("orchestrator", "tester"),
            said("human", "tester"),
        ];
        let team = only(&facts, 2_000);
        let rules: Vec<_> = team
            .rules
            .iter()
            .map(|r| (r.rule.as_str(), r.count))
            .collect();
        assert_eq!(rules, [("mode.strict", 2), ("edge.self", 1)]);
        assert_eq!(
            team.hub,
            HubView {
                messages: 5,
                sent: 1,
                received: 2,
                copied: 1,
                percent: Some(80)
            }
        );
    }
}
