//! The fast lane: which agent's commits are to be merged into which other's worktree, and when.
//!
//! What is seen goes in: branches that move, turns that end, what came of looks and merges. What is to be done comes out of
//! [`Lanes::tick`], and [`Lanes::next_tick`] says when to ask again. Commits are asked for late: a pair is only noted as having
//! something, and the worktrees themselves say what it is when they are looked at. So ten commits in a second are one merge, and
//! nothing is lost by a crash: [`Lanes::look_at_all`] finds it again.
//!
//! **Invariant:** at most one look or merge per recipient is under way. A pair that has something stays noted until a look finds
//! nothing more to bring, so each commit of a sender either arrives or is told of as waiting, late or in conflict.

mod entry;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use torch_core::{AgentId, Timestamp};

pub use entry::{Conflict, Noted, Telling, Waiting};
use entry::{Entry, Held};

use crate::feature_key;

/// How long a sender must have been quiet before its commits are looked at, and how long that is waited for at most.
const QUIET: Duration = Duration::from_millis(400);
/// As [`QUIET`].
const QUIET_MOST: Duration = Duration::from_secs(3);

/// The waits between two looks at a worktree that could not be merged into, until the deadline.
const BACKOFF: [Duration; 3] = [
    Duration::from_secs(15),
    Duration::from_secs(30),
    Duration::from_secs(60),
];

/// The last of these looks comes so long before the deadline.
const LAST_LOOK: Duration = Duration::from_secs(5);

/// The same behind the deadline (10 to 15 minutes by S2-159): only a safety net under the events.
const LATE_BACKOFF: Duration = Duration::from_secs(15 * 60);

/// After this time an answer is not waited for any longer; longer than any command of git may take.
const LOST: Duration = Duration::from_secs(15 * 60);

/// How long until a worktree that a person keeps closed is thought of again; nothing is looked at for that.
const CLOSED_FOR: Duration = Duration::from_secs(60);

/// The part of the time to the deadline in which the end of the recipient's turn is waited for, in hundredths.
const PATIENCE: u32 = 80;

/// A sender and a recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pair {
    /// Whose commits are brought.
    pub from: AgentId,
    /// To whom.
    pub to: AgentId,
}

/// A pair between which a lane leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The two.
    pub pair: Pair,
    /// Within what time.
    pub within: Duration,
}

/// What an agent does just now, as far as its worktree is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calm {
    /// Nothing.
    Quiet,
    /// It is in a turn, and may be about to read or write a file.
    InTurn,
    /// Its worktree is not to be touched at all.
    Closed,
}

/// How a branch came to where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    /// By its agent, or whoever else works there.
    Own,
    /// By a lane, with commits that were first seen at this time.
    ByLane(Timestamp),
}

/// What a look at two worktrees found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Looked {
    /// The recipient has all of it, or it would change nothing.
    Nothing,
    /// The two are not at work on the same feature.
    OtherFeature(String),
    /// Not now, for this reason.
    Busy(String),
    /// The recipient's branch moved in between: look again.
    Moved,
    /// git can't merge it by itself.
    Conflict(Conflict),
    /// A merge is prepared, and is now being applied.
    Ready,
}

/// What came of a merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applied {
    /// The recipient has it.
    Done,
    /// It was not done; look again.
    Moved,
    /// It was not done, for this reason.
    Busy(String),
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Look at the two worktrees, and prepare the merge; [`Lanes::looked`] is told what came of it.
    Look(Pair),
    /// The deadline has passed.
    Late(Pair),
    /// Nobody has solved its conflict in time.
    Unsolved(Pair),
}

/// A merge that arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrived {
    /// When the first of its commits was seen, in whichever worktree.
    pub origin: Timestamp,
    /// Since when they waited in this pair.
    pub since: Timestamp,
    /// Whether some are the sender's own.
    pub own: bool,
}

/// The fast lane of one team.
#[derive(Debug, Clone, Default)]
pub struct Lanes {
    rules: Vec<Rule>,
    entries: BTreeMap<Pair, Entry>,
    /// The pair whose look or merge is under way, by recipient, and since when.
    under_way: BTreeMap<AgentId, (Pair, Timestamp)>,
}

impl Lanes {
    /// Says between whom lanes lead. What waits in other pairs is forgotten.
    pub fn set_rules(&mut self, rules: Vec<Rule>) {
        let holds = |pair: &Pair| rules.iter().any(|rule| rule.pair == *pair);
        self.entries.retain(|pair, _| holds(pair));
        self.rules = rules;
    }

    /// The pairs between which lanes lead.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Whether anything is noted.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.under_way.is_empty()
    }

    /// Notes that an agent's branch moved: what it has goes to its recipients, and what waits for it may go on.
    pub fn moved(&mut self, now: Timestamp, agent: AgentId, moved: Moved) {
        self.note_all(now, agent, moved);
        self.try_again(now, agent);
    }

    /// Notes that an agent's branch went back behind where it stood, by a reset or a rebase: what lanes had brought may be gone with
    /// that, so they look again. Without this it would depend on the sender's next commit, or the next start, whether it comes again.
    pub fn rewound(&mut self, now: Timestamp, to: AgentId) {
        for rule in self.rules.clone().iter().filter(|rule| rule.pair.to == to) {
            self.note(now, rule, Moved::Own);
        }
    }

    /// Notes that an agent has another branch checked out, though no branch moved: it may have met those with whom lanes join it, or
    /// left them. What waited on another feature had no deadline; it has one from here on.
    pub fn turned(&mut self, now: Timestamp, agent: AgentId) {
        for rule in self.rules.clone() {
            if rule.pair.from != agent && rule.pair.to != agent {
                continue;
            }
            let moved = match self.entries.get_mut(&rule.pair) {
                // What is noted stays whose it was.
                Some(entry) => {
                    entry.may_have_met(now, rule.within);
                    Moved::ByLane(now)
                }
                None => Moved::Own,
            };
            self.note(now, &rule, moved);
        }
    }

    fn note_all(&mut self, now: Timestamp, from: AgentId, moved: Moved) {
        let rules = self.rules.clone();
        for rule in rules.iter().filter(|rule| rule.pair.from == from) {
            self.note(now, rule, moved);
        }
    }

    /// Something changed in a recipient's worktree, or its turn ended: what waits for it may go on.
    pub fn try_again(&mut self, now: Timestamp, to: AgentId) {
        for (pair, entry) in &mut self.entries {
            if pair.to == to {
                entry.try_at(now);
            }
        }
    }

    /// Looks at every pair, as after a start or when the lane was off: nothing is known of what was missed.
    pub fn look_at_all(&mut self, now: Timestamp) {
        for rule in self.rules.clone() {
            match self.entries.get_mut(&rule.pair) {
                Some(entry) => entry.try_at(now),
                None => self.note(now, &rule, Moved::Own),
            }
        }
    }

    fn note(&mut self, now: Timestamp, rule: &Rule, moved: Moved) {
        let origin = match moved {
            Moved::Own => now,
            Moved::ByLane(origin) => origin,
        };
        let due = due(now, origin, rule.within, self.whole(rule));
        let entry = self
            .entries
            .entry(rule.pair)
            .or_insert_with(|| Entry::new(now, origin, due));
        entry.due = entry.due.min(due);
        entry.own |= moved == Moved::Own;
        entry.origin = entry.origin.min(origin);
        entry.again |= self
            .under_way
            .get(&rule.pair.to)
            .is_some_and(|(pair, _)| *pair == rule.pair);
        let latest = entry.moved_first.get_or_insert(now).after(QUIET_MOST);
        // A merge of torch's comes alone.
        let quiet = match moved {
            Moved::Own => now.after(QUIET).min(latest),
            Moved::ByLane(_) => now,
        };
        entry.try_at(quiet);
    }

    /// How long the whole way may take that ends with this pair: its own time and that of the longest lane before it.
    fn whole(&self, rule: &Rule) -> Duration {
        let before = self
            .rules
            .iter()
            .filter(|other| other.pair.to == rule.pair.from && other.pair.from != rule.pair.to);
        let before = before.map(|other| other.within).max().unwrap_or_default();
        before + rule.within
    }

    /// What is to be done now. `calm` says what a recipient does.
    pub fn tick(&mut self, now: Timestamp, calm: impl Fn(AgentId) -> Calm) -> Vec<Act> {
        self.forget_lost(now);
        let mut acts = Vec::new();
        for (pair, entry) in &mut self.entries {
            // What is being looked at may arrive yet.
            let looking = self
                .under_way
                .get(&pair.to)
                .is_some_and(|(it, _)| it == pair);
            if entry.is_late(now) && !looking {
                entry.late = true;
                acts.push(Act::Late(*pair));
            }
            if !looking && entry.is_unsolved(now) {
                acts.push(Act::Unsolved(*pair));
            }
        }
        let mut ready: Vec<(Timestamp, Pair)> = Vec::new();
        for (pair, entry) in &mut self.entries {
            if entry.look_at.is_none_or(|at| at > now) {
                continue;
            }
            match calm(pair.to) {
                Calm::Closed => entry.hold(Held::Closed, Some(now.after(CLOSED_FOR))),
                Calm::InTurn if now < entry.patience_ends() => {
                    entry.hold(Held::InTurn, Some(entry.patience_ends()));
                }
                _ => ready.push((entry.since, *pair)),
            }
        }
        ready.sort();
        for (_, pair) in ready {
            if self.under_way.contains_key(&pair.to) {
                continue;
            }
            self.under_way.insert(pair.to, (pair, now));
            if let Some(entry) = self.entries.get_mut(&pair) {
                (entry.look_at, entry.again, entry.moved_first) = (None, false, None);
            }
            acts.push(Act::Look(pair));
        }
        acts
    }

    /// An answer that never came is asked for again.
    fn forget_lost(&mut self, now: Timestamp) {
        let lost = |(_, since): &(Pair, Timestamp)| now.since(*since) >= LOST;
        let gone: Vec<Pair> = self
            .under_way
            .values()
            .filter(|it| lost(it))
            .map(|it| it.0)
            .collect();
        self.under_way.retain(|_, it| !lost(it));
        for pair in gone {
            if let Some(entry) = self.entries.get_mut(&pair) {
                entry.try_at(now);
            }
        }
    }

    /// When something is due next; `None` while only events can bring it on.
    pub fn next_tick(&self) -> Option<Timestamp> {
        let looks = self.entries.iter().filter_map(|(pair, entry)| {
            let free = !self.under_way.contains_key(&pair.to);
            entry.look_at.filter(|_| free)
        });
        let resting = self.entries.iter().filter(|(pair, _)| !self.awaits(**pair));
        let late = resting.flat_map(|(_, entry)| [entry.late_at(), entry.unsolved_at()]);
        let late = late.flatten();
        let lost = self.under_way.values().map(|(_, since)| since.after(LOST));
        looks.chain(late).chain(lost).min()
    }

    /// Takes a merge up that an earlier daemon began: what came of it is awaited.
    pub fn take_up(&mut self, now: Timestamp, pair: Pair) {
        let within = self.rule(pair).map(|rule| rule.within).unwrap_or_default();
        let entry = self
            .entries
            .entry(pair)
            .or_insert_with(|| Entry::new(now, now, now.after(within)));
        (entry.look_at, entry.own) = (None, true);
        entry.merging(Held::Settling);
        self.under_way.insert(pair.to, (pair, now));
    }

    /// Notes that what is under way in a pair finds out what became of an earlier merge.
    pub fn settles(&mut self, pair: Pair) {
        if let Some(entry) = self.entries.get_mut(&pair) {
            entry.merging(Held::Settling);
        }
    }

    /// Whether nothing is under way, and nothing is about to be looked at.
    pub fn is_resting(&self, now: Timestamp) -> bool {
        let soon = now.after(QUIET);
        let about = |entry: &Entry| entry.look_at.is_some_and(|at| at <= soon);
        self.under_way.is_empty() && !self.entries.values().any(about)
    }

    /// Whether a look or merge of this pair is awaited.
    pub fn awaits(&self, pair: Pair) -> bool {
        self.under_way
            .get(&pair.to)
            .is_some_and(|(it, _)| *it == pair)
    }

    /// Since when a look or merge of this pair is awaited.
    pub fn awaited_since(&self, pair: Pair) -> Option<Timestamp> {
        let (under_way, since) = self.under_way.get(&pair.to)?;
        (*under_way == pair).then_some(*since)
    }

    /// A look came back. Says whether the project manager is to be told of a conflict: of each pair of commits once, and of a
    /// new pair only where other files are concerned.
    pub fn looked(&mut self, now: Timestamp, pair: Pair, looked: Looked) -> Noted {
        if !self.awaits(pair) {
            return Noted::Nothing;
        }
        if looked == Looked::Ready {
            // Its merge is under way as it was.
            if let Some(entry) = self.entries.get_mut(&pair) {
                entry.merging(Held::Merging);
            }
            return Noted::Nothing;
        }
        self.under_way.remove(&pair.to);
        let Some(entry) = self.entries.get_mut(&pair) else {
            return Noted::Nothing;
        };
        let again = entry.again;
        let noted = match looked {
            Looked::Nothing => {
                let had = entry.was_told();
                if !again {
                    self.entries.remove(&pair);
                }
                return if had { Noted::Settled } else { Noted::Nothing };
            }
            Looked::Ready => Noted::Nothing,
            Looked::OtherFeature(why) => {
                entry.hold(Held::OtherFeature(why), None);
                Noted::Nothing
            }
            Looked::Busy(why) => {
                entry.busy(now, why);
                Noted::Nothing
            }
            Looked::Moved => {
                entry.try_at(now.after(QUIET));
                Noted::Nothing
            }
            Looked::Conflict(conflict) => entry.in_conflict(now, conflict),
        };
        if again && let Some(entry) = self.entries.get_mut(&pair) {
            entry.try_at(now.after(QUIET));
        }
        noted
    }

    /// A merge came to its end. What arrived goes on from there to the recipient's own recipients.
    pub fn applied(&mut self, now: Timestamp, pair: Pair, applied: Applied) -> Option<Arrived> {
        if !self.awaits(pair) {
            return None;
        }
        self.under_way.remove(&pair.to);
        let entry = self.entries.get_mut(&pair)?;
        match applied {
            Applied::Done => {
                let arrived = entry.arrived();
                match entry.again {
                    // What came meanwhile is a thing of its own.
                    true => {
                        let whole = self.rule(pair).map(|rule| (rule.within, self.whole(rule)));
                        let (within, whole) = whole.unwrap_or_default();
                        let mut fresh = Entry::new(now, now, due(now, now, within, whole));
                        (fresh.own, fresh.moved_first) = (true, Some(now));
                        fresh.try_at(now.after(QUIET));
                        self.entries.insert(pair, fresh);
                    }
                    false => drop(self.entries.remove(&pair)),
                }
                self.note_all(now, pair.to, Moved::ByLane(arrived.origin));
                let others = self.entries.iter_mut();
                let others = others.filter(|(other, _)| other.to == pair.to && **other != pair);
                others.for_each(|(_, entry)| entry.try_at(now));
                return Some(arrived);
            }
            Applied::Moved => entry.anew(now.after(QUIET)),
            Applied::Busy(why) => entry.busy(now, why),
        }
        None
    }

    fn rule(&self, pair: Pair) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.pair == pair)
    }

    /// What waits in a pair.
    pub fn waiting(&self, pair: Pair) -> Option<Waiting> {
        let under_way = self.awaits(pair);
        self.entries.get(&pair).map(|entry| entry.shown(under_way))
    }

    /// The conflict of a pair that was told.
    pub fn conflict(&self, pair: Pair) -> Option<&Conflict> {
        self.entries.get(&pair)?.conflict.as_ref()
    }

    /// How far the telling of that is.
    pub fn telling(&self, pair: Pair) -> Option<Telling> {
        self.entries.get(&pair)?.telling
    }

    /// Takes up what an earlier daemon kept of a pair.
    pub fn recall(&mut self, pair: Pair, waiting: &Waiting, conflict: Option<(Conflict, Telling)>) {
        let mut entry = Entry::new(waiting.since, waiting.origin, waiting.due);
        (entry.own, entry.late) = (waiting.own, waiting.late);
        if let Some((conflict, telling)) = conflict {
            entry.recall_conflict(conflict, telling);
        }
        self.entries.insert(pair, entry);
    }

    /// The wall clock was set: what is noted keeps its age.
    pub fn clock_moved(&mut self, millis: i64) {
        for entry in self.entries.values_mut() {
            entry.clock_moved(millis);
        }
        for (_, since) in self.under_way.values_mut() {
            *since = since.moved(millis);
        }
    }
}

/// The deadline of what is noted now: the pair's own, and no later than that of the whole way, as long as that can be kept.
fn due(now: Timestamp, origin: Timestamp, within: Duration, whole: Duration) -> Timestamp {
    let (own, whole) = (now.after(within), origin.after(whole));
    match whole > now {
        true => own.min(whole),
        false => own,
    }
}

/// A branch that is checked out, and the home branch of the worktree in which it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckedOut<'a> {
    /// `None` for a detached worktree.
    pub branch: Option<&'a str>,
    /// `None` for one that was made detached.
    pub home: Option<&'a str>,
}

impl<'a> CheckedOut<'a> {
    /// The feature; `None` where a worktree that has a branch of its own is off all branches.
    fn feature(self, meeting: Option<&str>) -> Option<&'a str> {
        let key = match (self.branch, self.home) {
            (None, None) => "",
            (None, Some(_)) => return None,
            (Some(branch), home) => feature_key(branch, home),
        };
        let meets = meeting.is_some_and(|branch| feature_key(branch, None) == key);
        Some(if meets { "" } else { key })
    }
}

/// Whether two worktrees are at work on the same feature. `meeting` is the branch on which a pair also meets: it counts as of the
/// same feature as home branches.
pub fn is_same_feature(from: CheckedOut<'_>, to: CheckedOut<'_>, meeting: Option<&str>) -> bool {
    let feature = from.feature(meeting);
    feature.is_some() && feature == to.feature(meeting)
}
