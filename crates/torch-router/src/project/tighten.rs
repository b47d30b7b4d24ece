//! A project's rules tighten what the person has set, and what a team was started with: nothing that its files loosen while
//! the team runs counts by itself, since an agent may have written it.

use torch_core::RouterMode;
use torch_core::project_rules::{HeldBack, ProjectRule, ProjectRules, RuleKind};

use super::strict::{covers, opens, replaces};
use super::{CRITICAL_MAX, RULES_MAX, RuleSet, WORDS_MAX, hex, set_of, words_of};

/// What a set of rules may hold: how many rules, words and critical words are left.
struct Room {
    rules: usize,
    words: usize,
    critical: usize,
}

impl Room {
    /// Takes a rule in, if there is room for it.
    fn takes(&mut self, ask: &RuleKind) -> bool {
        let (words, critical) = words_of(ask);
        let fits = self.rules >= 1 && self.words >= words && self.critical >= critical;
        if fits {
            self.force(ask);
        }
        fits
    }

    fn force(&mut self, ask: &RuleKind) {
        let (words, critical) = words_of(ask);
        self.rules = self.rules.saturating_sub(1);
        self.words = self.words.saturating_sub(words);
        self.critical = self.critical.saturating_sub(critical);
    }
}

/// The rules that count in a team that runs by `before` once its files state `stated`: what tightens counts, and no rule of before
/// ends that none of the files' is at least as strict as. Rules are compared by what they ask, never by their words or places.
///
/// Taken again over its own result it is the same. It holds no more than one set of files may ([`RULES_MAX`], [`WORDS_MAX`],
/// [`CRITICAL_MAX`]): new rules wait where there is no room.
pub fn tightened(before: &ProjectRules, stated: &ProjectRules) -> ProjectRules {
    let find = |rules: &'_ ProjectRules, name: &str| {
        let mut rules = rules.rules.iter();
        rules.position(|rule| rule.name == name)
    };
    // What was in force keeps its order: of some kinds the first rule about a role counts.
    let mut stays = Vec::new();
    let mut kept = Vec::new();
    for rule in &before.rules {
        if let Some(at) = find(stated, &rule.name) {
            kept.push(stated.rules[at].clone());
        } else if !opens(&rule.ask) && !stated.rules.iter().any(|new| covers(&new.ask, &rule.ask)) {
            stays.push(&rule.ask);
            kept.push(rule.clone());
        }
    }
    let mut room = Room {
        rules: RULES_MAX,
        words: WORDS_MAX,
        critical: CRITICAL_MAX,
    };
    kept.iter().for_each(|rule| room.force(&rule.ask));
    let is_new = |rule: &&ProjectRule| find(before, &rule.name).is_none();
    for rule in stated.rules.iter().filter(is_new) {
        let counts = match opens(&rule.ask) {
            true => before.rules.iter().any(|old| covers(&old.ask, &rule.ask)),
            false => {
                let replaces = kept.iter().any(|old| replaces(&rule.ask, &old.ask));
                !replaces && !stays.iter().any(|old| covers(old, &rule.ask))
            }
        };
        if counts && room.takes(&rule.ask) {
            kept.push(rule.clone());
        }
    }
    set_of(kept, stated.unchecked.clone())
}

/// What of the files' rules waits for a person; `None` where all of them are in force and nothing else.
pub fn held_back(in_force: &ProjectRules, stated: &ProjectRules) -> Option<HeldBack> {
    let missing = |of: &ProjectRules, than: &ProjectRules| -> Vec<ProjectRule> {
        let has = |rule: &&ProjectRule| than.rules.iter().any(|other| other.name == rule.name);
        of.rules.iter().filter(|rule| !has(rule)).cloned().collect()
    };
    let (stays, waits) = (missing(in_force, stated), missing(stated, in_force));
    if stays.is_empty() && waits.is_empty() {
        return None;
    }
    let names = |rules: &[ProjectRule]| {
        let mut names: Vec<String> = rules.iter().map(|rule| rule.name.clone()).collect();
        names.sort();
        names
    };
    // Both are plain data, which always has a JSON form.
    let text = serde_json::to_vec(&(names(&stays), names(&waits))).unwrap_or_default();
    let id = hex(&text, 4);
    Some(HeldBack { id, stays, waits })
}

/// What is new, what is gone and what is held back since, a line each. With each set goes what is held back of the files.
pub fn changes(
    (before, held_before): (&ProjectRules, Option<&HeldBack>),
    (after, held): (&ProjectRules, Option<&HeldBack>),
) -> Vec<String> {
    let line = |word: &str, rule: &ProjectRule| {
        format!("{word}: {} ({}:{})", rule.ask, rule.file, rule.line)
    };
    let missing = |rules: &[ProjectRule], others: &[ProjectRule], word: &str| -> Vec<String> {
        let has = |rule: &&ProjectRule| others.iter().any(|other| other.name == rule.name);
        let missing = rules.iter().filter(|rule| !has(rule));
        missing.map(|rule| line(word, rule)).collect()
    };
    let of = |held: Option<&HeldBack>| match held {
        Some(held) => (held.stays.clone(), held.waits.clone()),
        None => (Vec::new(), Vec::new()),
    };
    let ((known_stays, known_waits), (stays, waits)) = (of(held_before), of(held));
    let mut lines = missing(&after.rules, &before.rules, "new");
    lines.extend(missing(&stays, &known_stays, STAYS));
    lines.extend(missing(&waits, &known_waits, WAITS));
    lines.extend(missing(&before.rules, &after.rules, "gone"));
    lines
}

/// How a rule is announced that the files state no more.
const STAYS: &str = "taken out of the files and still in force";
/// How a rule is announced that allows more than those in force.
const WAITS: &str = "stated and not in force yet";

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
