//! A memory that was recalled judges as the one that it takes the place of: no loop gets past its caps by a restart.

use super::*;
use crate::replay::{Judged, Past, recalled};

/// A stage whose journal is kept, with a second memory that begins anew now and then.
struct Twins {
    stage: Stage,
    second: Traffic,
    /// When, and what; the oldest first.
    past: Vec<(Timestamp, Past)>,
    stepped: u64,
}

impl Twins {
    fn new(stage: Stage) -> Self {
        let second = Traffic::default();
        let (past, stepped) = (Vec::new(), 0);
        Self {
            stage,
            second,
            past,
            stepped,
        }
    }

    /// Says it to both; the rule that decided.
    fn say_by(&mut self, sender: &Sender, to: usize, text: &str) -> String {
        let (stage, speech) = (&mut self.stage, Speech::read(text));
        let role = stage.roles[to].clone();
        let said = Said {
            sender,
            to: Destination::Role(&role),
            agent: Some(id(to)),
            text,
            speech: &speech,
            now: stage.now,
        };
        let team = TeamRules {
            mode: stage.mode,
            has_hub: stage.has_hub,
            matrix: &stage.matrix,
            project: None,
            time: torch_core::project_rules::DayMinute::default(),
        };
        let judged = stage.traffic.judge(&said, team, &stage.limits);
        let again = self.second.judge(&said, team, &stage.limits);
        assert_eq!(judged, again, "{sender:?} to {role}: {text}");
        let reached = match judged.verdict.decision {
            Decision::Deliver => Some(id(to)),
            Decision::Reroute => stage.roles.iter().position(RoleName::is_hub).map(id),
            Decision::Refuse | Decision::Record => None,
        };
        if judged.verdict.decision != Decision::Refuse {
            let counted = stage.traffic.note(&said, reached, &stage.limits);
            assert_eq!(counted, self.second.note(&said, reached, &stage.limits));
            let kept = Judged {
                sender: sender.clone(),
                to: said.to.into(),
                agent: said.agent,
                reached,
                text: None,
                mode: stage.mode,
                has_hub: stage.has_hub,
                matrix: String::new(),
                edges: None,
                limits: Default::default(),
                counted,
                rules: None,
                time: team.time,
                at: stage.now,
            };
            let past = Past::Said(Box::new(kept), text.to_owned());
            self.past.push((stage.now, past));
        }
        stage.now = stage.now.after(Duration::from_millis(100));
        judged.verdict.rule
    }

    fn step(&mut self, millis: u32) {
        self.stage.traffic.step(millis.into());
        self.second.step(millis.into());
        self.stage.now = self.stage.now.after(Duration::from_millis(millis.into()));
        self.stepped += u64::from(millis);
        let past = Past::Stepped(millis.into());
        self.past.push((self.stage.now, past));
    }

    /// A daemon begins, which has what the journal says, as far back as the limits reach.
    fn restart(&mut self) {
        let reach = self.stage.limits.reach() + Duration::from_millis(self.stepped);
        let now = self.stage.now;
        let young = self.past.iter().filter(|(at, _)| now.since(*at) <= reach);
        let past: Vec<Past> = young.map(|(_, past)| past.clone()).collect();
        self.second = recalled(&past, &self.stage.limits);
        // The same text may be said once more.
        self.stage.traffic.forget_texts();
    }
}

#[test]
fn a_restart_at_any_moment_changes_no_verdict() {
    let mut rules = BTreeMap::<String, u32>::new();
    for seed in 0..150 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut stage = Stage::new(&["orchestrator", "developer", "tester", "testrunner"]);
        stage.limits.pair_messages = random.u64(3..20);
        stage.limits.exchanges = random.u64(1..5);
        stage.limits.hops = random.u64(2..12);
        let mut twins = Twins::new(stage);
        for _ in 0..300 {
            let to = random.usize(..4);
            let sender = match random.u8(..100) {
                0..5 => Sender::Human,
                _ => twins.stage.sender(random.usize(..4)),
            };
            let rule = twins.say_by(&sender, to, &any_text(&mut random));
            *rules.entry(rule).or_default() += 1;
            match random.u8(..100) {
                0..15 => twins.restart(),
                15..25 => twins.stage.wait(random.u64(..1_700)),
                25..27 => twins.stage.wait(random.u64(..5_000)),
                27..29 => twins.step(random.u32(..7_200_000)),
                _ => {}
            }
        }
    }
    for rule in [
        "limit.repeat",
        "limit.broadcast",
        "limit.pair-rate",
        "limit.thread",
        "limit.hops",
        "ack.quiet",
    ] {
        assert!(rules.contains_key(rule), "{rule} never decided: {rules:?}");
    }
}

/// Slow enough that of each exchange but the last nothing is left in what is read back.
#[test]
fn a_slow_loop_with_a_restart_after_each_word_ends_at_its_cap() {
    let mut twins = Twins::new(Stage::new(&FIVE));
    let (developer, tester) = (twins.stage.at("developer"), twins.stage.at("tester"));
    let mut passed = 0;
    for n in 0..20 {
        let (from, to) = [(developer, tester), (tester, developer)][n % 2];
        let sender = twins.stage.sender(from);
        let rule = twins.say_by(&sender, to, &format!("word {n}"));
        passed += usize::from(rule == "edge.matrix");
        twins.stage.wait(1_500);
        twins.restart();
        if rule == "limit.thread" {
            break;
        }
    }
    assert_eq!(passed, 6, "three exchanges");
}

/// A journal of an earlier version says nothing of threads: what lies within reach is counted again.
#[test]
fn without_counts_what_is_within_reach_is_counted_again() {
    let mut twins = Twins::new(Stage::new(&FIVE));
    let (developer, tester) = (twins.stage.at("developer"), twins.stage.at("tester"));
    for n in 0..6 {
        let (from, to) = [(developer, tester), (tester, developer)][n % 2];
        let sender = twins.stage.sender(from);
        twins.say_by(&sender, to, &format!("word {n}"));
    }
    for (_, past) in &mut twins.past {
        if let Past::Said(judged, _) = past {
            judged.counted = None;
        }
    }
    twins.restart();
    let sender = twins.stage.sender(developer);
    assert_eq!(twins.say_by(&sender, tester, "one more"), "limit.thread");
}
