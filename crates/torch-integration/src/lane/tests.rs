//! The fast lane in a world of its own: agents that commit, dirty their worktrees, take turns and change features.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

const START: Timestamp = Timestamp(1_000_000_000);

fn agent(n: u8) -> AgentId {
    AgentId::new(1, u128::from(n) + 1)
}

fn pair(from: u8, to: u8) -> Pair {
    Pair {
        from: agent(from),
        to: agent(to),
    }
}

/// 0 → 1 → 2 as developer, tester, testrunner; 3 ↔ 4 as a pair both ways.
fn rules() -> Vec<Rule> {
    let rule = |from, to, seconds| Rule {
        pair: pair(from, to),
        within: Duration::from_secs(seconds),
    };
    vec![
        rule(0, 1, 300),
        rule(1, 2, 180),
        rule(3, 4, 300),
        rule(4, 3, 300),
    ]
}

const AGENTS: u8 = 5;

/// An agent's worktree: the commits that it has, without merges.
#[derive(Debug, Clone, Default)]
struct Tree {
    has: BTreeSet<u32>,
    dirty: bool,
    in_turn: bool,
    feature: u8,
}

/// What happens.
#[derive(Debug, Clone, Copy)]
enum Deed {
    Commit(u8, u8),
    Dirty(u8, bool),
    Turn(u8, bool),
    Feature(u8, u8),
    /// An agent merges all that comes to it by hand.
    Resolve(u8),
    /// The oldest look or merge under way ends.
    End,
    Pass(u16),
}

struct World {
    lanes: Lanes,
    now: Timestamp,
    trees: BTreeMap<AgentId, Tree>,
    looks: Vec<Pair>,
    /// Merges under way, with what they bring.
    merges: Vec<(Pair, BTreeSet<u32>)>,
    next: u32,
    passed: u64,
    merged: usize,
    late: Vec<Pair>,
    conflicts: usize,
}

impl World {
    fn new() -> Self {
        let mut lanes = Lanes::default();
        lanes.set_rules(rules());
        Self {
            lanes,
            now: START,
            trees: (0..AGENTS).map(|n| (agent(n), Tree::default())).collect(),
            looks: Vec::new(),
            merges: Vec::new(),
            next: 0,
            passed: 0,
            merged: 0,
            late: Vec::new(),
            conflicts: 0,
        }
    }

    fn tree(&mut self, agent: AgentId) -> &mut Tree {
        self.trees.get_mut(&agent).expect("known")
    }

    /// Some commits don't go together unless one worktree has both already.
    fn clash(&self, pair: Pair) -> bool {
        let (from, to) = (&self.trees[&pair.from].has, &self.trees[&pair.to].has);
        let new = from.difference(to);
        let mut own = to.difference(from);
        let new: Vec<_> = new.collect();
        own.any(|own| new.iter().any(|new| (*own * 7 + **new * 7) % 19 == 3))
    }

    fn deed(&mut self, deed: Deed) {
        match deed {
            Deed::Commit(n, count) => {
                for _ in 0..count {
                    self.next += 1;
                    let next = self.next;
                    self.tree(agent(n)).has.insert(next);
                }
                self.tree(agent(n)).dirty = false;
                self.lanes.moved(self.now, agent(n), Moved::Own);
            }
            Deed::Dirty(n, dirty) => self.tree(agent(n)).dirty = dirty,
            Deed::Turn(n, in_turn) => {
                self.tree(agent(n)).in_turn = in_turn;
                if !in_turn {
                    self.lanes.try_again(self.now, agent(n));
                }
            }
            Deed::Feature(n, feature) => {
                self.tree(agent(n)).feature = feature;
                self.lanes.turned(self.now, agent(n));
            }
            Deed::Resolve(n) => {
                let senders = rules().into_iter().filter(|rule| rule.pair.to == agent(n));
                for rule in senders {
                    let theirs = self.trees[&rule.pair.from].clone();
                    let ours = self.tree(agent(n));
                    if theirs.feature == ours.feature {
                        ours.has.extend(theirs.has);
                    }
                }
                self.lanes.moved(self.now, agent(n), Moved::Own);
            }
            Deed::End => self.end_one(),
            Deed::Pass(seconds) => {
                // No answer takes as long as to count as lost.
                self.passed += u64::from(seconds);
                if self.passed > 300 {
                    self.passed = 0;
                    while !self.looks.is_empty() || !self.merges.is_empty() {
                        self.end_one();
                    }
                }
                self.now = self.now.after(Duration::from_secs(seconds.into()));
            }
        }
        self.tick();
    }

    fn tick(&mut self) {
        let trees = self.trees.clone();
        let calm = |agent: AgentId| match trees[&agent].in_turn {
            true => Calm::InTurn,
            false => Calm::Quiet,
        };
        for act in self.lanes.tick(self.now, calm) {
            match act {
                Act::Look(pair) => self.looks.push(pair),
                Act::Late(pair) => self.late.push(pair),
                Act::Unsolved(pair) => assert!(self.lanes.conflict(pair).is_some(), "{pair:?}"),
            }
        }
        let mut recipients = BTreeSet::new();
        for to in self
            .looks
            .iter()
            .chain(self.merges.iter().map(|(pair, _)| pair))
        {
            assert!(recipients.insert(to.to), "two at once for {to:?}");
        }
    }

    fn end_one(&mut self) {
        if !self.merges.is_empty() {
            let (pair, brings) = self.merges.remove(0);
            let to = self.tree(pair.to);
            let done = !to.dirty;
            if done {
                to.has.extend(brings);
                self.merged += 1;
            }
            let applied = match done {
                true => Applied::Done,
                false => Applied::Busy("dirty".to_owned()),
            };
            let arrived = self.lanes.applied(self.now, pair, applied);
            assert_eq!(arrived.is_some(), done);
            return;
        }
        if self.looks.is_empty() {
            return;
        }
        let pair = self.looks.remove(0);
        let (from, to) = (&self.trees[&pair.from], &self.trees[&pair.to]);
        let looked = if from.feature != to.feature {
            Looked::OtherFeature("another".to_owned())
        } else if from.has.is_subset(&to.has) {
            Looked::Nothing
        } else if to.dirty {
            Looked::Busy("dirty".to_owned())
        } else if self.clash(pair) {
            let commits = |has: &BTreeSet<u32>| format!("{has:?}");
            Looked::Conflict(Conflict {
                theirs: commits(&from.has),
                ours: commits(&to.has),
                files: vec!["file".to_owned()],
            })
        } else {
            self.merges.push((pair, from.has.clone()));
            Looked::Ready
        };
        if self.lanes.looked(self.now, pair, looked) == Noted::Conflict {
            self.conflicts += 1;
        }
    }

    /// Everybody is quiet and clean, and time passes until nothing is due any more.
    fn settle(&mut self) -> usize {
        for n in 0..AGENTS {
            self.deed(Deed::Dirty(n, false));
            self.deed(Deed::Turn(n, false));
        }
        for steps in 0..400 {
            if !self.looks.is_empty() || !self.merges.is_empty() {
                self.deed(Deed::End);
                continue;
            }
            match self.lanes.next_tick() {
                Some(at) => {
                    self.now = self.now.max(at);
                    self.tick();
                }
                None => return steps,
            }
        }
        panic!("it never comes to rest: {:?}", self.lanes);
    }

    /// What has not arrived is noted.
    fn check(&self) {
        for rule in rules() {
            let (from, to) = (&self.trees[&rule.pair.from], &self.trees[&rule.pair.to]);
            if !from.has.is_subset(&to.has) {
                let waits = self.lanes.waiting(rule.pair);
                assert!(waits.is_some(), "{:?} of {from:?} and {to:?}", rule.pair);
            }
        }
    }
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let who = 0..AGENTS;
    let deed = prop_oneof![
        4 => (who.clone(), 1..11_u8).prop_map(|(n, count)| Deed::Commit(n, count)),
        2 => (who.clone(), any::<bool>()).prop_map(|(n, dirty)| Deed::Dirty(n, dirty)),
        2 => (who.clone(), any::<bool>()).prop_map(|(n, turn)| Deed::Turn(n, turn)),
        1 => (who.clone(), 0..2_u8).prop_map(|(n, feature)| Deed::Feature(n, feature)),
        1 => who.prop_map(Deed::Resolve),
        6 => Just(Deed::End),
        6 => (0..200_u16).prop_map(Deed::Pass),
    ];
    proptest::collection::vec(deed, 0..120)
}

proptest! {
    #[test]
    fn each_commit_arrives_or_is_noted_and_nothing_echoes(deeds in deeds()) {
        let mut world = World::new();
        let mut own_moves = 0;
        for deed in deeds {
            own_moves += usize::from(matches!(deed, Deed::Commit(..) | Deed::Resolve(_)));
            world.deed(deed);
            world.check();
        }
        world.settle();
        world.check();
        // A move goes down each way once at most: no merge begets merges for ever.
        prop_assert!(world.merged <= own_moves * rules().len());
        for rule in rules() {
            let (from, to) = (&world.trees[&rule.pair.from], &world.trees[&rule.pair.to]);
            let arrived = from.has.is_subset(&to.has);
            let kept_away = from.feature != to.feature || world.clash(rule.pair);
            // At rest all that may arrive has arrived.
            prop_assert!(arrived || kept_away, "{:?}", rule.pair);
        }
    }

    #[test]
    fn what_is_not_there_at_its_deadline_is_told_once(
        deeds in proptest::collection::vec((0..3_u8, 0..120_u16, any::<bool>()), 1..40)
    ) {
        // The tester's worktree stays dirty; the developer commits now and then.
        let mut world = World::new();
        world.deed(Deed::Dirty(1, true));
        world.deed(Deed::Turn(1, true));
        let mut first = None;
        for (count, seconds, turn) in deeds {
            if count > 0 {
                world.deed(Deed::Commit(0, count));
                first = first.or(Some(world.now));
            }
            world.deed(Deed::Turn(1, turn));
            world.deed(Deed::End);
            world.deed(Deed::Pass(seconds));
            let late = first.is_some_and(|at| world.now.since(at) >= Duration::from_secs(300));
            prop_assert_eq!(world.late.iter().filter(|it| **it == pair(0, 1)).count(), usize::from(late));
        }
    }

    #[test]
    fn features_are_apart(a in "[a-z]{1,4}", b in "[a-z]{1,4}") {
        let (one, two) = (format!("feature/{a}"), format!("test/{b}"));
        let (home, other) = ("main-developer", "main-tester");
        let at = |branch, home| CheckedOut { branch: Some(branch), home: Some(home) };
        prop_assert_eq!(is_same_feature(at(&one, home), at(&two, other), None), a == b);
        prop_assert!(!is_same_feature(at(&one, home), at(other, other), None));
        prop_assert!(is_same_feature(at(home, home), at(other, other), None));
    }
}

#[test]
fn two_that_meet_again_have_the_whole_deadline_from_there() {
    let mut world = World::new();
    world.deed(Deed::Feature(1, 1));
    world.deed(Deed::Commit(0, 1));
    world.settle();
    world.deed(Deed::Pass(180));
    world.deed(Deed::Pass(180));
    // It meets the developer in the middle of a turn, with changes.
    world.deed(Deed::Turn(1, true));
    world.deed(Deed::Dirty(1, true));
    let met = world.now;
    world.deed(Deed::Feature(1, 0));
    let waits = |world: &World| world.lanes.waiting(pair(0, 1)).expect("it waits");
    assert_eq!(waits(&world).due, met.after(Duration::from_secs(300)));
    for _ in 0..3 {
        world.deed(Deed::Pass(70));
        assert_eq!(waits(&world).why, "the recipient is in a turn");
    }
    assert!(!world.looks.contains(&pair(0, 1)) && world.late.is_empty());
    world.deed(Deed::Pass(100));
    world.deed(Deed::End);
    world.deed(Deed::End);
    assert_eq!(world.late, [pair(0, 1)]);
    world.settle();
    assert_eq!(world.merged, 2, "the tester, and the testrunner behind it");
}

#[test]
fn ten_commits_in_a_second_are_one_merge() {
    let mut world = World::new();
    for _ in 0..10 {
        world.deed(Deed::Commit(0, 1));
        world.now = world.now.after(Duration::from_millis(100));
        world.tick();
    }
    let began = world.now;
    world.settle();
    assert_eq!(world.trees[&agent(1)].has.len(), 10);
    // One into the tester's worktree, and from there one into the testrunner's.
    assert_eq!(world.merged, 2);
    assert_eq!(world.trees[&agent(2)].has.len(), 10);
    assert!(world.now.since(began) < Duration::from_secs(2));
}

#[test]
fn a_recipient_that_went_back_gets_it_again() {
    let mut world = World::new();
    world.deed(Deed::Commit(0, 1));
    world.settle();
    world.tree(agent(1)).has.clear();
    let now = world.now;
    world.lanes.moved(now, agent(1), Moved::Own);
    world.lanes.rewound(now, agent(1));
    world.settle();
    assert_eq!(world.trees[&agent(1)].has.len(), 1);
}

#[test]
fn somebody_who_never_stops_committing_is_merged_all_the_same() {
    let mut world = World::new();
    for _ in 0..50 {
        world.deed(Deed::Commit(0, 1));
        world.now = world.now.after(Duration::from_millis(100));
        world.deed(Deed::End);
        world.deed(Deed::End);
    }
    assert!(world.merged >= 1 && world.merged < 8, "{}", world.merged);
}

#[test]
fn the_end_of_a_turn_is_waited_for_but_not_for_ever() {
    let mut world = World::new();
    world.deed(Deed::Turn(1, true));
    world.deed(Deed::Commit(0, 1));
    world.deed(Deed::Pass(200));
    assert!(world.looks.is_empty());
    world.deed(Deed::Turn(1, false));
    assert_eq!(world.looks, [pair(0, 1)]);
    world.settle();
    world.deed(Deed::Turn(1, true));
    world.deed(Deed::Commit(0, 1));
    // The tree is clean: it is merged while the deadline can still be kept.
    world.deed(Deed::Pass(1));
    world.deed(Deed::Pass(240));
    assert_eq!(world.looks, [pair(0, 1)]);
}

#[test]
fn the_whole_way_has_one_deadline() {
    let mut world = World::new();
    world.deed(Deed::Dirty(1, true));
    world.deed(Deed::Commit(0, 1));
    world.deed(Deed::Pass(400));
    world.deed(Deed::End);
    world.deed(Deed::Pass(30));
    assert_eq!(world.late, [pair(0, 1)]);
    // Seven minutes late in the tester's worktree: one minute is left of the eight for the testrunner's.
    world.deed(Deed::Dirty(2, true));
    world.deed(Deed::Commit(1, 0));
    world.deed(Deed::Turn(1, false));
    for _ in 0..4 {
        world.deed(Deed::End);
        world.deed(Deed::Pass(1));
    }
    let waiting = world.lanes.waiting(pair(1, 2)).expect("it waits");
    assert_eq!(waiting.origin, START);
    assert_eq!(waiting.due, START.after(Duration::from_secs(480)));
}

#[test]
fn a_conflict_is_told_once_and_again_only_of_other_files() {
    let mut lanes = Lanes::default();
    lanes.set_rules(rules());
    let quiet = |_| Calm::Quiet;
    let mut now = START;
    let mut told = Vec::new();
    for (theirs, files) in [("a", "x"), ("a", "x"), ("b", "x"), ("c", "y")] {
        lanes.moved(now, agent(0), Moved::Own);
        now = now.after(Duration::from_secs(1));
        assert_eq!(lanes.tick(now, quiet), [Act::Look(pair(0, 1))]);
        let conflict = Conflict {
            theirs: theirs.to_owned(),
            ours: "o".to_owned(),
            files: vec![files.to_owned()],
        };
        told.push(lanes.looked(now, pair(0, 1), Looked::Conflict(conflict)));
    }
    let told_is = [
        Noted::Conflict,
        Noted::Nothing,
        Noted::SameConflict,
        Noted::Conflict,
    ];
    assert_eq!(told, told_is);
    // Nothing is tried before one of the two moves, and it is not late besides. That nobody solves it is told once, at its time: that of
    // the files that were told last.
    let due = now.after(Duration::from_secs(30 * 60));
    assert_eq!(lanes.next_tick(), Some(due));
    assert_eq!(lanes.tick(now.after(Duration::from_secs(60)), quiet), []);
    let mut other = lanes.clone();
    other.clock_moved(5_000);
    assert_eq!(other.next_tick(), Some(due.moved(5_000)));
    assert_eq!(lanes.tick(due, quiet), [Act::Unsolved(pair(0, 1))]);
    assert_eq!(lanes.tick(due, quiet), []);
    assert_eq!(lanes.next_tick(), None);
    lanes.try_again(now, agent(1));
    assert_eq!(lanes.tick(now, quiet), [Act::Look(pair(0, 1))]);
    assert_eq!(
        lanes.looked(now, pair(0, 1), Looked::Nothing),
        Noted::Settled
    );
    assert!(lanes.is_empty());
}

#[test]
fn a_pair_meets_on_its_own_branch_too() {
    let at = |branch: &'static str, home: &'static str| CheckedOut {
        branch: Some(branch),
        home: Some(home),
    };
    let meeting = Some("security-hardening");
    let home = at("main-sysadmin", "main-sysadmin");
    let there = at("security-hardening", "main-securityops");
    let elsewhere = at("feature/x", "main-securityops");
    assert!(is_same_feature(there, home, meeting) && is_same_feature(home, there, meeting));
    assert!(!is_same_feature(there, home, None));
    assert!(!is_same_feature(elsewhere, home, meeting));
    let detached = CheckedOut {
        branch: None,
        home: Some("main-tester"),
    };
    assert!(!is_same_feature(home, detached, None));
    let made_so = CheckedOut {
        branch: None,
        home: None,
    };
    assert!(is_same_feature(home, made_so, None));
}

#[test]
fn a_lost_answer_does_not_stop_a_lane() {
    let mut lanes = Lanes::default();
    lanes.set_rules(rules());
    lanes.moved(START, agent(0), Moved::Own);
    let now = START.after(Duration::from_secs(1));
    let quiet = |_| Calm::Quiet;
    assert_eq!(lanes.tick(now, quiet), [Act::Look(pair(0, 1))]);
    assert_eq!(lanes.tick(now, quiet), []);
    let now = now.after(LOST);
    assert!(lanes.tick(now, quiet).contains(&Act::Look(pair(0, 1))));
}
