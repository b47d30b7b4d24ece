//! Statements of a project's files that can't both be kept.
//!
//! Of rules their kinds tell it. Of statements that torch can't check their words do: what must always be done and what must
//! never be done, where all that the prohibition speaks of is in the order. That is a guess, and is shown as one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::Regex;
use torch_core::project_rules::{Contradiction, ProjectRule, ProjectRules, RuleKind, Stated, Who};

use super::strict::{has, meet, within};

/// How many are told.
const MOST: usize = 100;

/// What becomes of two rules about who writes to whom.
const FORBIDS: &str = "what forbids holds";
const NOBODY: &str = "both hold, so only the orchestrator and the person are left";
const NO_REPORT: &str = "both hold, and no report can keep both";
const NO_MESSAGE: &str = "both hold, and no message can keep both";
const FIRST: &str = "the first of them counts";
const LOOKS: &str = "they look contradictory, and torch checks neither";
const LOOKS_ONE: &str = "they look contradictory; torch checks the first only";

/// The pairs of statements of a set that contradict each other, those of rules first, at most a hundred.
pub fn contradictions(set: &ProjectRules) -> Vec<Contradiction> {
    let mut found = Vec::new();
    for (at, one) in set.rules.iter().enumerate() {
        for other in &set.rules[at + 1..] {
            let pair = outcome(&one.ask, &other.ask).map(|words| (one, other, words));
            let pair = pair.or_else(|| {
                let words = outcome(&other.ask, &one.ask)?;
                Some((other, one, words))
            });
            if let Some((one, other, words)) = pair {
                found.push(Contradiction {
                    one: of_rule(one),
                    other: of_rule(other),
                    outcome: words.to_owned(),
                });
            }
            if found.len() >= MOST {
                return found;
            }
        }
    }
    found.extend(by_words(set));
    found.truncate(MOST);
    found
}

fn of_rule(rule: &ProjectRule) -> Stated {
    Stated {
        file: rule.file.clone(),
        line: rule.line,
        text: rule.text.clone(),
        rule: Some(rule.name.clone()),
    }
}

/// What becomes of two rules of which nobody can keep both; `one` is the stricter where one of them is.
fn outcome(one: &RuleKind, other: &RuleKind) -> Option<&'static str> {
    use RuleKind as Kind;
    let apart = |one: &Who, other: &Who| !meet(one, other);
    let (is, words) = match (one, other) {
        (Kind::MayNotWrite { from, to }, Kind::MayWrite { from: f, to: t }) => {
            (bar(from, f) && bar(to, t), FORBIDS)
        }
        (Kind::WritesOnlyTo { from, to }, Kind::MayWrite { from: f, to: t }) => {
            (bar(from, f) && !has(to, t), FORBIDS)
        }
        (Kind::HearsOnly { to, from }, Kind::MayWrite { from: f, to: t }) => {
            (meet(to, t) && !has(from, f), FORBIDS)
        }
        (Kind::WritesOnlyTo { from, to }, Kind::WritesOnlyTo { from: f, to: t }) => {
            (meet(from, f) && apart(to, t), NOBODY)
        }
        (Kind::WritesOnlyTo { from, to }, Kind::MayNotWrite { from: f, to: t }) => {
            (meet(from, f) && has(t, to), NOBODY)
        }
        (Kind::WritesOnlyTo { from, to }, Kind::HearsOnly { to: t, from: f }) => {
            (has(t, to) && apart(from, f), NOBODY)
        }
        (Kind::ReportsTo { from, to }, Kind::ReportsTo { from: f, to: t }) => {
            (meet(from, f) && apart(to, t), NO_REPORT)
        }
        (Kind::MayNotWrite { from, to }, Kind::ReportsTo { from: f, to: t }) => {
            (bar(from, f) && has(to, t), NO_REPORT)
        }
        (Kind::HearsOnly { to, from }, Kind::ReportsTo { from: f, to: t }) => {
            (has(to, t) && apart(from, f), NO_REPORT)
        }
        (
            Kind::ForbiddenWords { from, words },
            Kind::RequiredWords {
                from: f, words: w, ..
            },
        ) => (meet(from, f) && within(w, words), NO_MESSAGE),
        (
            Kind::BranchNames { from, patterns },
            Kind::BranchNames {
                from: f,
                patterns: p,
            },
        ) => {
            let alike = patterns
                .iter()
                .any(|one| p.iter().any(|two| fits(one, two)));
            (meet(from, f) && !alike, FIRST)
        }
        _ => return None,
    };
    is.then_some(words)
}

/// [`meet`] where the first forbids: "everyone" does not mean the project manager then.
fn bar(one: &Who, other: &Who) -> bool {
    let manager = |who: &Who| match who {
        Who::Everyone => false,
        Who::Roles(roles) => roles.iter().all(torch_core::RoleName::is_sub_hub),
    };
    meet(one, other) && !(*one == Who::Everyone && manager(other))
}

/// Whether a branch can have a name of both patterns, as far as their beginnings tell.
fn fits(one: &str, other: &str) -> bool {
    let begin = |pattern: &'_ str| pattern.split('*').next().unwrap_or_default().to_owned();
    let (one, other) = (begin(one), begin(other));
    one.starts_with(&other) || other.starts_with(&one)
}

static NEVER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:never|(?:must|shall|should|may|do|does|can|will)(?:\s+not|n't)|cannot|not\s+allowed|forbidden|prohibited|banned|avoid(?:ed)?|no)\b")
        .expect("the pattern is constant")
});

static ALWAYS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)\b(?:must|always|shall|should|required|(?:has|have|need|needs)\s+to|use|uses|only)\b",
    )
    .expect("the pattern is constant")
});

/// Where a clause ends; what begins one without a sign; and what is said of its circumstances.
static CLAUSE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?i)[,;:()—–]|\bbut\b").expect("the pattern is constant"));
static AND_NEVER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\band\s+(never|do\s+not|don't)\b").expect("the pattern is constant")
});
static CIRCUMSTANCE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:before|after|when|whenever|if|unless|until|while|except|because|so\s+that|without|instead|rather|to\s+(?:avoid|prevent))\b")
        .expect("the pattern is constant")
});

/// Words that say nothing of what an order is about.
const EMPTY: &str = "the and for with from into that this these those all any each every never always must not shall should \
    may can cannot will does have has need needs required only use uses used using are was were been being please ever you your \
    our their its his her who what which there here also more most less least than then too very avoid forbidden prohibited \
    allowed don doesn mustn shouldn avoided banned";

/// What one clause orders or forbids.
#[derive(Debug)]
struct Clause {
    /// The statement that it is part of.
    statement: usize,
    about: BTreeSet<String>,
}

/// Statements of which one orders what another forbids, by their words; those of two rules are told by their kinds.
fn by_words(set: &ProjectRules) -> Vec<Contradiction> {
    let rules = set.rules.iter().map(of_rule);
    let unchecked = set.unchecked.iter().map(|row| Stated {
        file: row.file.clone(),
        line: row.line,
        text: row.text.clone(),
        rule: None,
    });
    let statements: Vec<Stated> = rules.chain(unchecked).collect();
    let (mut orders, mut bans) = (Vec::new(), Vec::new());
    for (statement, row) in statements.iter().enumerate() {
        // A rule is an order, whether it says "must" or not.
        let text = AND_NEVER.replace_all(&row.text, "; $1");
        for clause in CLAUSE.split(&text) {
            let main = CIRCUMSTANCE.split(clause).next().unwrap_or_default();
            let about = about(main);
            if about.is_empty() {
                continue;
            }
            let clause = Clause { statement, about };
            if NEVER.is_match(main) {
                bans.push(clause);
            } else if row.rule.is_some() || ALWAYS.is_match(main) {
                orders.push(clause);
            }
        }
    }
    pairs(&statements, &orders, &bans)
}

fn pairs(statements: &[Stated], orders: &[Clause], bans: &[Clause]) -> Vec<Contradiction> {
    let mut having: BTreeMap<&str, Vec<&Clause>> = BTreeMap::new();
    for order in orders {
        for word in &order.about {
            having.entry(word).or_default().push(order);
        }
    }
    let mut found = BTreeMap::new();
    for ban in bans {
        // Whatever has all of its words has the rarest of them.
        let lists = ban.about.iter().map(|word| having.get(word.as_str()));
        let Some(Some(rarest)) = lists.min_by_key(|list| list.map_or(0, Vec::len)) else {
            continue;
        };
        for order in rarest.iter().filter(|it| it.about.is_superset(&ban.about)) {
            let (one, other) = (&statements[ban.statement], &statements[order.statement]);
            let pair = match (&one.rule, &other.rule) {
                (Some(_), Some(_)) => continue,
                (None, Some(_)) => (other, one, LOOKS_ONE),
                (Some(_), None) => (one, other, LOOKS_ONE),
                (None, None) => (one, other, LOOKS),
            };
            if ban.statement != order.statement {
                found.insert((ban.statement, order.statement), pair);
            }
            if found.len() >= MOST {
                break;
            }
        }
    }
    let found = found
        .into_values()
        .map(|(one, other, words)| Contradiction {
            one: one.clone(),
            other: other.clone(),
            outcome: words.to_owned(),
        });
    found.collect()
}

/// The words of a clause that say what it is about, each without its ending.
fn about(clause: &str) -> BTreeSet<String> {
    static NOTHING: LazyLock<BTreeSet<&str>> = LazyLock::new(|| EMPTY.split_whitespace().collect());
    let words = clause.split(|c: char| !c.is_alphanumeric());
    let words = words.map(str::to_lowercase);
    let words = words.filter(|word| word.chars().count() >= 3 && !NOTHING.contains(word.as_str()));
    words.map(|word| stem(&word).to_owned()).collect()
}

/// `merges`, `merged`, `merging` and `merge` are one word.
fn stem(word: &str) -> &str {
    let ends = ["ings", "ing", "ed", "es", "s", "e"];
    let stems = ends.iter().filter_map(|end| word.strip_suffix(end));
    let mut stems = stems.filter(|stem| stem.chars().count() >= 3);
    stems.next().unwrap_or(word)
}
