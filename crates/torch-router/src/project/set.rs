//! A set of rules, ready to be asked.

use torch_core::RoleName;
use torch_core::project_rules::{ProjectRule, ProjectRules, RuleKind, Who};

use super::words::Words;
use crate::traffic::Limits;

/// A set of rules, ready to be asked. Two are equal where their rules are.
#[derive(Debug, Clone)]
pub struct RuleSet {
    pub(super) data: ProjectRules,
    pub(super) words: Words,
    /// The rules that are asked of messages, and those about who writes to whom, by their places.
    pub(super) asked: Vec<usize>,
    pub(super) edges: Vec<usize>,
}

impl PartialEq for RuleSet {
    fn eq(&self, other: &Self) -> bool {
        self.data == other.data
    }
}

impl Eq for RuleSet {}

impl RuleSet {
    /// A set of these.
    pub fn new(data: ProjectRules) -> Self {
        let words = Words::new(&data.rules);
        let places = |wanted: fn(&RuleKind) -> bool| -> Vec<usize> {
            let rules = data.rules.iter().enumerate();
            rules
                .filter(|(_, rule)| wanted(&rule.ask))
                .map(|(at, _)| at)
                .collect()
        };
        // Forbidden words first: what is refused for them is shown to nobody.
        let mut asked: Vec<usize> = places(|ask| matches!(ask, RuleKind::ForbiddenWords { .. }));
        asked.extend(places(|ask| {
            matches!(
                ask,
                RuleKind::RequiredWords { .. }
                    | RuleKind::MaxLength { .. }
                    | RuleKind::QuietHours { .. }
                    | RuleKind::NoBroadcast { .. }
                    | RuleKind::MaxMessages { .. }
            )
        }));
        let edges = places(|ask| {
            matches!(
                ask,
                RuleKind::MayNotWrite { .. }
                    | RuleKind::MayWrite { .. }
                    | RuleKind::WritesOnlyTo { .. }
                    | RuleKind::HearsOnly { .. }
            )
        });
        Self {
            data,
            words,
            asked,
            edges,
        }
    }

    /// The rules.
    pub fn data(&self) -> &ProjectRules {
        &self.data
    }

    /// Whether it states nothing at all.
    pub fn is_empty(&self) -> bool {
        self.data.rules.is_empty() && self.data.unchecked.is_empty()
    }

    /// A rule by its name, with or without `project.`.
    pub fn rule(&self, name: &str) -> Option<&ProjectRule> {
        let name = name.trim().trim_start_matches("project.");
        let mut rules = self.data.rules.iter();
        rules.find(|rule| rule.name.trim_start_matches("project.") == name)
    }

    /// The limits that hold with these rules, which tighten them; what they don't mention stays.
    pub fn limits(&self, base: &Limits) -> Limits {
        let mut limits = *base;
        if let Some((_, count)) = self.exchanges() {
            limits.exchanges = match base.exchanges {
                0 => count,
                own => own.min(count),
            };
        }
        for rule in &self.data.rules {
            if let RuleKind::MaxMessages { count, seconds, .. } = &rule.ask {
                limits.remembered = limits.remembered.max(*count + 1);
                let within = std::time::Duration::from_secs(*seconds);
                limits.remembered_time = limits.remembered_time.max(within);
            }
        }
        limits
    }

    /// The strictest rule about exchanges.
    pub(crate) fn exchanges(&self) -> Option<(&ProjectRule, u64)> {
        let rules = self.data.rules.iter();
        let counts = rules.filter_map(|rule| match rule.ask {
            RuleKind::MaxExchanges { count } => Some((rule, count)),
            _ => None,
        });
        counts.min_by_key(|(_, count)| *count)
    }

    /// The critical words that it adds.
    pub fn critical(&self) -> impl Iterator<Item = &str> {
        let rules = self.data.rules.iter();
        let words = rules.filter_map(|rule| match &rule.ask {
            RuleKind::CriticalWords { words } => Some(words),
            _ => None,
        });
        words.flatten().map(String::as_str)
    }

    /// The first rule about a role that a function takes something from.
    pub fn first_of<T>(
        &self,
        role: &RoleName,
        take: impl Fn(&RuleKind) -> Option<(&Who, T)>,
    ) -> Option<(&ProjectRule, T)> {
        self.data.rules.iter().find_map(|rule| {
            let (who, value) = take(&rule.ask)?;
            who.takes(role).then_some((rule, value))
        })
    }

    /// The rule about a role that names the lowest number.
    pub fn strictest_of<T: Ord>(
        &self,
        role: &RoleName,
        take: impl Fn(&RuleKind) -> Option<(&Who, T)>,
    ) -> Option<(&ProjectRule, T)> {
        let rules = self.data.rules.iter().filter_map(|rule| {
            let (who, value) = take(&rule.ask)?;
            who.takes(role).then_some((rule, value))
        });
        rules.min_by(|(_, one), (_, other)| one.cmp(other))
    }

    /// The strictest rule about when the hub hears of a block, in seconds.
    pub fn blocked_after(&self) -> Option<(&ProjectRule, u64)> {
        let rules = self.data.rules.iter();
        let times = rules.filter_map(|rule| match rule.ask {
            RuleKind::BlockedAfter { seconds } => Some((rule, seconds)),
            _ => None,
        });
        times.min_by_key(|(_, seconds)| *seconds)
    }
}

/// Whether a branch has a name of this pattern, in which `*` stands for anything.
pub fn is_branch(pattern: &str, branch: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(rest) = parts.next().and_then(|first| branch.strip_prefix(first)) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    let mut rest = rest;
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}
