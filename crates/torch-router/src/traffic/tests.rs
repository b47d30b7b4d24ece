//! The limits one by one, and that no sequence of messages gets past them.

mod restarts;

use std::collections::BTreeMap;

use torch_core::TeamId;

use super::*;
use crate::matrix::Matrix;
use crate::policy::tests::shipped;

/// A team on a stage of its own: who says what to whom, and what becomes of it.
struct Stage {
    roles: Vec<RoleName>,
    mode: RouterMode,
    has_hub: bool,
    matrix: Matrix,
    limits: Limits,
    traffic: Traffic,
    now: Timestamp,
}

fn id(n: usize) -> AgentId {
    AgentId::new(1, n as u128 + 1)
}

impl Stage {
    fn new(roles: &[&str]) -> Self {
        let roles: Vec<RoleName> = roles
            .iter()
            .map(|name| RoleName::parse(name).expect("a role"))
            .collect();
        let [standard, _] = shipped();
        Self {
            has_hub: roles.iter().any(RoleName::is_hub),
            roles,
            mode: RouterMode::Matrix,
            matrix: standard,
            limits: Limits::default(),
            traffic: Traffic::default(),
            now: Timestamp(1_000_000),
        }
    }

    fn at(&self, role: &str) -> usize {
        let found = self.roles.iter().position(|known| known.as_str() == role);
        found.expect("a role of the team")
    }

    fn sender(&self, from: usize) -> Sender {
        Sender::Agent {
            agent: id(from),
            team: TeamId::new(1, 1),
            role: self.roles[from].clone(),
        }
    }

    /// Says it; the judgement, and whom it reached.
    fn say_by(&mut self, from: usize, to: usize, text: &str) -> (Judgement, Option<usize>) {
        let (sender, speech) = (self.sender(from), Speech::read(text));
        let said = Said {
            sender: &sender,
            to: Destination::Role(&self.roles[to]),
            agent: Some(id(to)),
            text,
            speech: &speech,
            now: self.now,
        };
        let team = TeamRules {
            mode: self.mode,
            has_hub: self.has_hub,
            matrix: &self.matrix,
            project: None,
            time: torch_core::project_rules::DayMinute::default(),
        };
        let judged = self.traffic.judge(&said, team, &self.limits);
        let reached = match judged.verdict.decision {
            Decision::Deliver => Some(to),
            Decision::Reroute => self.roles.iter().position(RoleName::is_hub),
            Decision::Refuse | Decision::Record => None,
        };
        if judged.verdict.decision != Decision::Refuse {
            self.traffic.note(&said, reached.map(id), &self.limits);
        }
        self.now = self.now.after(Duration::from_millis(100));
        (judged, reached)
    }

    /// As [`Self::say_by`], by names; the rule that decided.
    fn say(&mut self, from: &str, to: &str, text: &str) -> String {
        let (from, to) = (self.at(from), self.at(to));
        self.say_by(from, to, text).0.verdict.rule
    }

    fn human_says(&mut self, to: &str) {
        let speech = Speech::read("go on");
        let role = self.roles[self.at(to)].clone();
        let said = Said {
            sender: &Sender::Human,
            to: Destination::Role(&role),
            agent: Some(id(self.at(to))),
            text: "go on",
            speech: &speech,
            now: self.now,
        };
        self.traffic.note(&said, said.agent, &self.limits);
    }

    fn wait(&mut self, seconds: u64) {
        self.now = self.now.after(Duration::from_secs(seconds));
    }
}

const FIVE: [&str; 5] = [
    "orchestrator",
    "project_manager",
    "developer",
    "tester",
    "testrunner",
];

/// Two agents write to each other `times` times, each text another one; the rules that decided.
fn ping_pong(stage: &mut Stage, (a, b): (&str, &str), times: usize) -> Vec<String> {
    (0..times)
        .map(|n| {
            let (from, to) = if n % 2 == 0 { (a, b) } else { (b, a) };
            stage.say(from, to, &format!("word {n} at {}", stage.now.0))
        })
        .collect()
}

#[test]
fn the_fourth_exchange_goes_to_the_hub() {
    let mut stage = Stage::new(&FIVE);
    let rules = ping_pong(&mut stage, ("developer", "tester"), 8);
    let mut expect = vec!["edge.matrix"; 6];
    // The thread is over for both: it does not go on from the other side.
    expect.extend(["limit.thread"; 2]);
    assert_eq!(rules, expect);
    for n in 0..20 {
        let rule = stage.say("tester", "developer", &format!("and what of {n}?"));
        assert_eq!(rule, "limit.thread");
    }
    // The hub spoke: the two may go on.
    stage.say("orchestrator", "developer", "settled: the tester is right");
    assert_eq!(stage.say("developer", "tester", "then so"), "edge.matrix");
}

#[test]
fn a_quiet_while_and_a_person_end_a_thread() {
    let mut stage = Stage::new(&FIVE);
    ping_pong(&mut stage, ("developer", "tester"), 6);
    assert_eq!(
        stage.say("developer", "tester", "a seventh"),
        "limit.thread"
    );
    stage.wait(stage.limits.quiet.as_secs());
    assert_eq!(
        stage.say("developer", "tester", "much later"),
        "edge.matrix"
    );
    ping_pong(&mut stage, ("tester", "developer"), 6);
    stage.human_says("tester");
    assert_eq!(
        stage.say("tester", "developer", "a person said so"),
        "edge.matrix"
    );
}

#[test]
fn acknowledgements_reports_and_push_notes_are_no_exchanges() {
    let mut stage = Stage::new(&FIVE);
    let status =
        "STATUS developer 2026-11-21T18:00Z\nCompleted: none\nCurrent: x\nBlocked: none\nETA: N m";
    for n in 0..6 {
        let text = status.replace('N', &n.to_string());
        assert_eq!(stage.say("developer", "tester", &text), "edge.matrix");
        assert_eq!(
            stage.say("tester", "developer", &format!("ACK T-{n}")),
            "ack.quiet"
        );
        let push = format!("Pushed abcdef{n} to main");
        assert_eq!(stage.say("tester", "developer", &push), "edge.matrix");
    }
    let rules = ping_pong(&mut stage, ("developer", "tester"), 7);
    assert_eq!(rules[5..], ["edge.matrix", "limit.thread"]);
    // An argument in the form of reports ends too.
    let text = status.replace("Current: x", "Current: no, because it is slow");
    assert_eq!(stage.say("developer", "tester", &text), "limit.thread");
}

#[test]
fn a_ring_of_three_is_stopped_by_its_length() {
    let mut stage = Stage::new(&FIVE);
    let ring = ["developer", "tester", "testrunner"];
    let rules: Vec<String> = (0..9)
        .map(|n| stage.say(ring[n % 3], ring[(n + 1) % 3], &format!("pass on {n}")))
        .collect();
    assert!(
        rules[..8].iter().all(|rule| rule == "edge.matrix"),
        "{rules:?}"
    );
    assert_eq!(rules[8], "limit.hops");
}

#[test]
fn the_hub_is_never_cut_off_by_threads_or_chains() {
    let mut stage = Stage::new(&FIVE);
    let rules = ping_pong(&mut stage, ("developer", "orchestrator"), 30);
    assert!(rules.iter().all(|rule| rule == "edge.hub"), "{rules:?}");
    let rules = ping_pong(&mut stage, ("developer", "project_manager"), 30);
    assert!(rules.iter().all(|rule| rule == "edge.project-manager"));
}

#[test]
fn too_many_on_one_pair_are_refused_and_later_ones_pass() {
    let mut stage = Stage::new(&FIVE);
    stage.limits.pair_messages = 5;
    for n in 0..5 {
        assert_eq!(
            stage.say("developer", "orchestrator", &format!("n {n}")),
            "edge.hub"
        );
    }
    let (developer, hub) = (stage.at("developer"), stage.at("orchestrator"));
    let (judged, _) = stage.say_by(developer, hub, "one more");
    assert_eq!(judged.verdict.decision, Decision::Refuse);
    assert_eq!(judged.verdict.rule, "limit.pair-rate");
    assert_eq!(judged.breaches.len(), 1);
    assert_eq!(
        stage.say("tester", "orchestrator", "another pair"),
        "edge.hub"
    );
    stage.wait(stage.limits.pair_time.as_secs());
    assert_eq!(
        stage.say("developer", "orchestrator", "one more"),
        "edge.hub"
    );
}

#[test]
fn the_same_text_twice_is_refused_for_a_while() {
    let mut stage = Stage::new(&FIVE);
    assert_eq!(stage.say("developer", "tester", "look at a"), "edge.matrix");
    assert_eq!(
        stage.say("developer", "tester", " look  at a\n"),
        "limit.repeat"
    );
    assert_eq!(stage.say("developer", "tester", "look at b"), "edge.matrix");
    assert_eq!(
        stage.say("developer", "testrunner", "look at a"),
        "edge.matrix"
    );
    stage.wait(stage.limits.repeat.as_secs());
    assert_eq!(stage.say("developer", "tester", "look at a"), "edge.matrix");
}

#[test]
fn the_persons_inbox_has_no_limits() {
    let stage = Stage::new(&FIVE);
    let (sender, mut traffic) = (stage.sender(2), Traffic::default());
    let speech = Speech::read("still at it");
    let said = Said {
        sender: &sender,
        to: Destination::Human,
        agent: None,
        text: "still at it",
        speech: &speech,
        now: stage.now,
    };
    let team = TeamRules {
        mode: RouterMode::Strict,
        has_hub: true,
        matrix: &stage.matrix,
        project: None,
        time: torch_core::project_rules::DayMinute::default(),
    };
    for _ in 0..100 {
        let judged = traffic.judge(&said, team, &stage.limits);
        assert_eq!(
            (judged.verdict.rule.as_str(), judged.breaches.len()),
            ("edge.human", 0)
        );
        traffic.note(&said, None, &stage.limits);
    }
}

#[test]
fn a_text_to_a_third_is_a_broadcast_but_of_the_hub() {
    let mut stage = Stage::new(&FIVE);
    assert_eq!(
        stage.say("developer", "tester", "FYI to all: x"),
        "edge.matrix"
    );
    assert_eq!(
        stage.say("developer", "testrunner", "FYI to all: x"),
        "edge.matrix"
    );
    assert_eq!(
        stage.say("developer", "orchestrator", "FYI to all: x"),
        "limit.broadcast"
    );
    stage.wait(BROADCAST_TIME.as_secs());
    assert_eq!(
        stage.say("developer", "orchestrator", "FYI to all: x"),
        "edge.hub"
    );
    for to in ["developer", "tester", "testrunner", "project_manager"] {
        assert_eq!(
            stage.say("orchestrator", to, "the spec has changed"),
            "edge.hub"
        );
    }
}

#[test]
fn an_acknowledgement_wakes_nobody_unless_it_answers() {
    let mut stage = Stage::new(&FIVE);
    assert_eq!(
        stage.say("developer", "orchestrator", "thanks"),
        "ack.quiet"
    );
    // Not even where it could not go itself.
    stage.mode = RouterMode::Strict;
    assert_eq!(stage.say("developer", "tester", "ok"), "ack.quiet");
    assert_eq!(
        stage.say("developer", "orchestrator", "May I merge?"),
        "edge.hub"
    );
    assert_eq!(stage.say("orchestrator", "developer", "ok"), "edge.hub");
    assert_eq!(stage.say("orchestrator", "developer", "ok"), "ack.quiet");
    assert_eq!(stage.say("developer", "orchestrator", "merged"), "edge.hub");
    assert_eq!(stage.say("orchestrator", "developer", "great"), "ack.quiet");
}

#[test]
fn a_wrong_form_passes_and_is_noted() {
    let mut stage = Stage::new(&FIVE);
    let (developer, hub) = (stage.at("developer"), stage.at("orchestrator"));
    let (judged, reached) = stage.say_by(developer, hub, "STATUS: all fine");
    assert_eq!((reached, judged.breaches.len()), (Some(hub), 1));
    assert_eq!(judged.breaches[0].rule, "form.wrong");
    assert_eq!(judged.breaches[0].severity, Severity::Low);
}

#[test]
fn an_open_team_logs_only() {
    let mut stage = Stage::new(&FIVE);
    stage.mode = RouterMode::Open;
    let (developer, tester) = (stage.at("developer"), stage.at("tester"));
    stage.say_by(developer, tester, "same");
    let (judged, reached) = stage.say_by(developer, tester, "same");
    assert_eq!(
        (reached, judged.verdict.rule.as_str()),
        (Some(tester), "mode.open")
    );
    assert_eq!(judged.breaches[0].rule, "limit.repeat");
}

#[test]
fn a_clock_that_is_set_moves_what_was_said() {
    let mut stage = Stage::new(&FIVE);
    stage.say("developer", "tester", "look at a");
    stage.now = Timestamp(stage.now.0 + 31_536_000_000);
    stage.traffic.step(31_536_000_000);
    assert_eq!(
        stage.say("developer", "tester", "look at a"),
        "limit.repeat"
    );
}

#[test]
fn what_is_old_is_forgotten() {
    let mut stage = Stage::new(&FIVE);
    ping_pong(&mut stage, ("developer", "tester"), 4);
    assert_eq!(stage.traffic.pairs(), 2);
    stage.traffic.forget(stage.now, &stage.limits, |_| true);
    assert_eq!(stage.traffic.pairs(), 2);
    stage.wait(10_000);
    stage.traffic.forget(stage.now, &stage.limits, |_| true);
    assert_eq!(stage.traffic.pairs(), 0);
}

#[test]
fn nobody_says_all_on_one_side_of_a_thread() {
    let mut stage = Stage::new(&FIVE);
    let said = |stage: &mut Stage, from: &str, to: &str| {
        let direct = (0..30).filter(|n| {
            let text = format!("what of {n} at {}?", stage.now.0);
            stage.say(from, to, &text) == "edge.matrix"
        });
        direct.count()
    };
    assert_eq!(said(&mut stage, "developer", "tester"), 12);
    assert_eq!(said(&mut stage, "tester", "developer"), 0);
}

#[test]
fn an_argument_that_begins_like_a_push_note_counts() {
    let mut stage = Stage::new(&FIVE);
    let rules: Vec<String> = (0..8)
        .map(|n| {
            let (from, to) = [("developer", "tester"), ("tester", "developer")][n % 2];
            stage.say(
                from,
                to,
                &format!("Pushed back on idea {n}: no, because it is slow"),
            )
        })
        .collect();
    assert_eq!(rules[5..], ["edge.matrix", "limit.thread", "limit.thread"]);
}

/// A text of one of the kinds that agents write, made to get round the rules.
fn any_text(random: &mut fastrand::Rng) -> String {
    const TEXTS: [&str; 15] = [
        "word N",
        "the same",
        "ok",
        "ACK m-7k3f9q2a",
        "thanks",
        "May I? N",
        "STATUS developer 2026-11-21\nCompleted: N\nCurrent: x\nBlocked: none\nETA: 1m",
        "STATUS: wrong N",
        "TASK N: t\nAssigned to: qa\nObjective: o\nSuccess Criteria: c\nPriority: LOW",
        "Pushed N to main",
        "Pushed aaaaaaa to N",
        "Pushed back on N: no",
        "UNBLOCKED: no, N",
        "(copy of m-7k3f9q2a) orchestrator → tester: N",
        "(for tester, re-routed to you by rule mode.strict) N",
    ];
    let text = TEXTS[random.usize(..TEXTS.len())];
    text.replace('N', &random.u32(..).to_string())
}

/// All that two roles said directly since somebody above spoke to either, whatever it was, but for acknowledgements.
#[derive(Default)]
struct Direct(BTreeMap<(usize, usize), u64>);

impl Direct {
    fn take_in(&mut self, (from, reached): (usize, Option<usize>), ack: bool, most: u64) {
        let Some(to) = reached.filter(|_| !ack) else {
            return;
        };
        if from < 2 || to < 2 {
            return self.0.retain(|(a, b), _| *a != to && *b != to);
        }
        let said = self.0.entry((from.min(to), from.max(to))).or_default();
        *said += 1;
        assert!(*said <= most, "{from} → {to}: {said}");
    }
}

/// One random team for some hundred messages, checked after each.
fn storm(seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut stage = Stage::new(&[
        "orchestrator",
        "project_manager",
        "developer",
        "tester",
        "testrunner",
        "researcher",
    ]);
    stage.mode = if random.bool() {
        RouterMode::Strict
    } else {
        RouterMode::Matrix
    };
    stage.limits.pair_messages = random.u64(3..20);
    stage.limits.exchanges = random.u64(1..5);
    stage.limits.hops = random.u64(2..12);
    let mut sent: BTreeMap<(usize, usize), Vec<Timestamp>> = BTreeMap::new();
    // What two roles said directly since somebody above spoke to either: the times the word went over and back.
    let mut turns: BTreeMap<(usize, usize), (usize, u64)> = BTreeMap::new();
    let mut direct = Direct::default();
    for _ in 0..400 {
        let (from, to) = (random.usize(..6), random.usize(..6));
        let text = any_text(&mut random);
        let (speech, now) = (Speech::read(&text), stage.now);
        let (counts, ack) = (speech.counts(), matches!(speech, Speech::Ack(_)));
        let (judged, reached) = stage.say_by(from, to, &text);
        assert!(!judged.verdict.rule.is_empty() && !judged.verdict.reason.is_empty());
        let refused = judged.verdict.decision == Decision::Refuse;
        assert!(!refused || !judged.breaches.is_empty(), "{judged:?}");
        let central = |n: usize| n < 2;
        if let Some(reached) = reached {
            let edge = stage
                .matrix
                .allows(&stage.roles[from], &stage.roles[reached]);
            let passes = central(from) || central(reached);
            let by_matrix = stage.mode == RouterMode::Matrix && edge;
            assert!(
                passes || by_matrix,
                "seed {seed}: {from} → {reached}: {judged:?}"
            );
        }
        if !refused {
            let times = sent.entry((from, to)).or_default();
            times.push(now);
            let young = times
                .iter()
                .filter(|at| now.since(**at) < stage.limits.pair_time);
            assert!(
                young.count() as u64 <= stage.limits.pair_messages,
                "seed {seed}"
            );
        }
        direct.take_in((from, reached), ack, stage.limits.exchanges * 8);
        match reached {
            Some(reached) if central(from) || central(reached) => {
                turns.retain(|(a, b), _| *a != reached && *b != reached);
            }
            Some(reached) if counts => {
                let turn = turns
                    .entry((from.min(reached), from.max(reached)))
                    .or_insert((from, 1));
                if turn.0 != from {
                    *turn = (from, turn.1 + 1);
                }
                assert!(
                    turn.1 <= stage.limits.exchanges * 2,
                    "seed {seed}: {turns:?}"
                );
            }
            _ => {}
        }
        if random.u8(..) < 3 {
            stage.wait(random.u64(..3_000));
            turns.clear();
            direct = Direct::default();
            stage.traffic.threads_are_over();
        }
    }
}

#[test]
fn no_sequence_gets_past_the_policy_and_no_loop_past_its_caps() {
    for seed in 0..200 {
        storm(seed);
    }
}
