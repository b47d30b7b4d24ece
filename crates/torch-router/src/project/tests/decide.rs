//! What sets of rules decide, by the same judge as everything else.

use std::sync::Arc;

use torch_core::message::Decision;
use torch_core::project_rules::DayMinute;
use torch_core::{AgentId, RoleName, RouterMode, Sender, TeamId, Timestamp};

use super::{RuleSet, markdown};
use crate::matrix::Matrix;
use crate::policy::{Destination, TeamRules};
use crate::speech::Speech;
use crate::traffic::{Judgement, Limits, Said, Traffic};

const ROLES: [&str; 6] = [
    "orchestrator",
    "project_manager",
    "developer",
    "tester",
    "researcher",
    "devops",
];

fn role(name: &str) -> RoleName {
    RoleName::parse(name).expect("a role")
}

fn agent(name: &str) -> AgentId {
    let at = ROLES.iter().position(|known| *known == name);
    AgentId::new(1, at.expect("a role of the team") as u128 + 1)
}

pub(super) struct Stage {
    pub(super) set: Arc<RuleSet>,
    mode: RouterMode,
    time: DayMinute,
    traffic: Traffic,
    now: Timestamp,
}

impl Stage {
    pub(super) fn new(rules: &str) -> Self {
        Self {
            set: Arc::new(RuleSet::new(markdown(&format!("# Team rules\n{rules}\n")))),
            mode: RouterMode::Matrix,
            time: DayMinute::default(),
            traffic: Traffic::default(),
            now: Timestamp(1_000_000),
        }
    }

    pub(super) fn say(&mut self, from: &str, to: &str, text: &str) -> Judgement {
        let judged = self.judged(from, to, text);
        if judged.verdict.decision != Decision::Refuse {
            let reached = (judged.verdict.decision == Decision::Deliver).then(|| agent(to));
            let reached = reached.or(Some(agent("orchestrator")));
            let mut traffic = std::mem::take(&mut self.traffic);
            self.with(from, to, text, |said, _, limits| {
                traffic.note(said, reached, limits);
            });
            self.traffic = traffic;
        }
        self.now = Timestamp(self.now.0 + 1_000);
        judged
    }

    /// What would become of a message; nothing is remembered of it.
    pub(super) fn judged(&self, from: &str, to: &str, text: &str) -> Judgement {
        self.with(from, to, text, |said, team, limits| {
            self.traffic.judge(said, team, limits)
        })
    }

    fn with<T>(
        &self,
        from: &str,
        to: &str,
        text: &str,
        what: impl FnOnce(&Said<'_>, TeamRules<'_>, &Limits) -> T,
    ) -> T {
        let (by, to_role) = (role(from), role(to));
        let sender = Sender::Agent {
            agent: agent(from),
            team: TeamId::new(1, 1),
            role: by,
        };
        let speech = Speech::read(text);
        let said = Said {
            sender: &sender,
            to: Destination::Role(&to_role),
            agent: Some(agent(to)),
            text,
            speech: &speech,
            now: self.now,
        };
        let edges = [("developer", "tester"), ("tester", "developer")];
        let edges = edges.map(|(from, to)| (role(from), role(to)));
        let matrix = Matrix::from_edges("m", edges);
        let team = TeamRules {
            mode: self.mode,
            has_hub: true,
            matrix: &matrix,
            project: Some(&self.set),
            time: self.time,
        };
        what(&said, team, &self.set.limits(&Limits::default()))
    }

    /// The decision and the kind of the rule that decided.
    #[track_caller]
    fn check(&mut self, (from, to, text): (&str, &str, &str), decision: Decision, rule: &str) {
        let judged = self.say(from, to, text);
        let decided = judged.verdict.rule.as_str();
        let found = decided
            .rsplit_once('-')
            .filter(|_| decided.starts_with("project."));
        let found = found.map_or(decided, |(kind, _)| kind);
        assert_eq!(
            (judged.verdict.decision, found),
            (decision, rule),
            "{judged:?}"
        );
    }
}

#[test]
fn edges_are_taken_and_given() {
    let mut stage = Stage::new(
        "- Developers must not message the tester\n- Developer may write to the researcher\n- Only the PM may message devops",
    );
    stage.check(
        ("developer", "tester", "a"),
        Decision::Reroute,
        "project.may-not-write",
    );
    stage.check(
        ("tester", "developer", "b"),
        Decision::Deliver,
        "edge.matrix",
    );
    stage.check(
        ("developer", "researcher", "c"),
        Decision::Deliver,
        "project.may-write",
    );
    stage.check(
        ("researcher", "developer", "d"),
        Decision::Reroute,
        "mode.matrix",
    );
    stage.check(
        ("tester", "devops", "e"),
        Decision::Reroute,
        "project.hears-only",
    );
    stage.check(
        ("project_manager", "devops", "f"),
        Decision::Deliver,
        "edge.project-manager",
    );
    stage.check(
        ("devops", "orchestrator", "g"),
        Decision::Deliver,
        "edge.hub",
    );
    stage.check(
        ("orchestrator", "devops", "h"),
        Decision::Deliver,
        "edge.hub",
    );
    stage.mode = RouterMode::Strict;
    stage.check(
        ("developer", "researcher", "i"),
        Decision::Reroute,
        "mode.strict",
    );
    stage.mode = RouterMode::Open;
    let judged = stage.say("developer", "tester", "in an open team");
    assert_eq!(judged.verdict.rule, "mode.open");
    assert!(judged.breaches[0].rule.starts_with("project.may-not-write"));
}

#[test]
fn words_lengths_and_hours_refuse() {
    let mut stage = Stage::new(
        "- Messages must never contain \"password\"\n- Keep messages under 60 characters\n- No messages between 22:00 and 06:00\n- Messages to the tester must include \"build\"",
    );
    stage.time = DayMinute::new(12, 0).expect("a time");
    stage.check(
        ("developer", "orchestrator", "the Password is x"),
        Decision::Refuse,
        "project.forbidden-words",
    );
    stage.check(
        ("developer", "orchestrator", "the passwords are gone"),
        Decision::Deliver,
        "edge.hub",
    );
    let long = "long ".repeat(20);
    stage.check(
        ("developer", "orchestrator", &long),
        Decision::Refuse,
        "project.max-length",
    );
    stage.check(
        ("developer", "tester", "test it"),
        Decision::Refuse,
        "project.required-words",
    );
    stage.check(
        ("developer", "tester", "test build 7"),
        Decision::Deliver,
        "edge.matrix",
    );
    stage.check(("developer", "tester", "ok"), Decision::Record, "ack.quiet");
    stage.time = DayMinute::new(23, 30).expect("a time");
    stage.check(
        ("developer", "orchestrator", "late"),
        Decision::Refuse,
        "project.quiet-hours",
    );
    stage.time = DayMinute::new(5, 59).expect("a time");
    stage.check(
        ("developer", "orchestrator", "early"),
        Decision::Refuse,
        "project.quiet-hours",
    );
    stage.time = DayMinute::new(6, 0).expect("a time");
    stage.check(
        ("developer", "orchestrator", "now"),
        Decision::Deliver,
        "edge.hub",
    );
}

#[test]
fn numbers_are_the_projects() {
    let mut stage = Stage::new(
        "- At most 1 exchange\n- At most one exchanges per thread\n- Testers: at most 3 messages per hour",
    );
    stage.check(
        ("developer", "tester", "a"),
        Decision::Deliver,
        "edge.matrix",
    );
    stage.check(
        ("tester", "developer", "b"),
        Decision::Deliver,
        "edge.matrix",
    );
    stage.check(
        ("developer", "tester", "c"),
        Decision::Reroute,
        "project.max-exchanges",
    );
    stage.check(
        ("tester", "orchestrator", "d"),
        Decision::Deliver,
        "edge.hub",
    );
    stage.check(
        ("tester", "project_manager", "e"),
        Decision::Deliver,
        "edge.project-manager",
    );
    stage.check(
        ("tester", "orchestrator", "f"),
        Decision::Refuse,
        "project.max-messages",
    );
    stage.now = Timestamp(stage.now.0 + 3_600_000);
    stage.check(
        ("tester", "orchestrator", "f"),
        Decision::Deliver,
        "edge.hub",
    );
}

#[test]
fn forms_and_reports_are_noted_only() {
    let mut stage = Stage::new(
        "- Use the STATUS template for status reports\n- The developer reports to the project manager",
    );
    let judged = stage.say("developer", "tester", "status: half of it is done");
    assert_eq!(judged.verdict.rule, "edge.matrix");
    let rules: Vec<&str> = judged
        .breaches
        .iter()
        .map(|breach| breach.rule.as_str())
        .collect();
    assert!(rules[0].starts_with("project.form-"), "{rules:?}");
    assert!(rules[1].starts_with("project.reports-to-"), "{rules:?}");
    let fine = stage.say("developer", "project_manager", "done: the parser");
    assert_eq!(fine.breaches, []);
}

/// Two sets whose halves contradict each other: one lets nobody but the developer speak and forbids a word, the other lets
/// nobody but the tester speak and forbids another.
#[test]
fn no_message_is_judged_by_half_a_set() {
    let one = "- The tester must not write to the developer\n- The developer may write to the tester\n- Messages must never contain \"red\"";
    let two = "- The developer must not write to the tester\n- The tester may write to the developer\n- Messages must never contain \"blue\"";
    let sets =
        [one, two].map(|text| Arc::new(RuleSet::new(markdown(&format!("# Team rules\n{text}\n")))));
    let mut stage = Stage::new("");
    let mut random = fastrand::Rng::with_seed(11);
    for n in 0..5_000 {
        let at = random.usize(..2);
        // As the daemon does it: one assignment.
        stage.set = Arc::clone(&sets[at]);
        let (from, to) = [("developer", "tester"), ("tester", "developer")][random.usize(..2)];
        let word = ["red", "blue", "green"][random.usize(..3)];
        let judged = stage.say(from, to, &format!("{word} {n}"));
        let (speaker, forbidden) = [("developer", "red"), ("tester", "blue")][at];
        let expect = match (word == forbidden, from == speaker) {
            (true, _) => Decision::Refuse,
            (_, true) => Decision::Deliver,
            (_, false) => Decision::Reroute,
        };
        let rule = judged.verdict.rule.as_str();
        if rule.starts_with("project.") {
            let of_set = sets[at].rule(rule).is_some();
            assert!(of_set, "{rule} is of another set");
        }
        // The general limits of a busy pair hold as well.
        if rule.starts_with("project.may") || rule.starts_with("project.forbidden") {
            assert_eq!(judged.verdict.decision, expect, "{judged:?}");
        }
        stage.now = Timestamp(stage.now.0 + 60_000);
    }
}

#[test]
fn a_report_to_the_orchestrator_is_noted_unless_it_was_asked_for() {
    let mut stage = Stage::new("- The developer reports to the project manager");
    let judged = stage.say("developer", "orchestrator", "done: the parser");
    assert_eq!(judged.verdict.decision, Decision::Deliver);
    let rule = judged.breaches[0].rule.as_str();
    assert!(rule.starts_with("project.reports-to-"), "{rule}");
    stage.say("orchestrator", "developer", "how far is the lexer?");
    let judged = stage.say("developer", "orchestrator", "done: the lexer");
    assert_eq!(judged.breaches, []);
}

#[test]
fn a_forbidden_word_is_not_said_again() {
    let mut stage = Stage::new(
        "- Keep messages under 30 characters\n- Messages must never contain \"hunter2\"",
    );
    let shown = |judged: &Judgement| format!("{judged:?}");
    // It is asked before the length, so that the text is nowhere shown.
    let text = "the password of the server is hunter2, don't tell";
    let judged = stage.say("developer", "tester", text);
    assert!(judged.verdict.rule.starts_with("project.forbidden-words-"));
    assert!(judged.verdict.hides_text());
    assert!(
        judged.verdict.reason.contains("(h…2, 7 characters)"),
        "{judged:?}"
    );
    assert!(!shown(&judged).contains("hunter2"), "{judged:?}");
    assert!(!shown(&judged).contains("password"), "{judged:?}");
    assert!(!judged.verdict.shown(text).contains("hunter2"));
    // Nor where something else decides before.
    let judged = stage.say("developer", "developer", text);
    assert_eq!(judged.verdict.rule, "edge.self");
    assert!(!shown(&judged).contains("hunter2"), "{judged:?}");
    stage.mode = RouterMode::Open;
    let judged = stage.say("developer", "tester", text);
    assert_eq!(judged.verdict.decision, Decision::Deliver);
    assert!(!shown(&judged).contains("hunter2"), "{judged:?}");
}

#[test]
fn a_role_that_can_say_nothing_is_found() {
    let set = RuleSet::new(markdown(
        "## Communication\n- Testers: no messages between 22:00 and 06:00\n- Messages must never contain \"x\"\n",
    ));
    let time = |hour| DayMinute::new(hour, 0).expect("a time");
    let silent = |name, hour| set.silences(&role(name), time(hour)).map(|rule| rule.line);
    assert_eq!(silent("tester", 23), Some(2));
    assert_eq!(silent("tester", 12), None);
    assert_eq!(silent("developer", 23), None);
}

#[test]
fn words_in_letters_that_look_alike_are_the_same_words() {
    let mut stage = Stage::new(
        "- Messages must never contain \"hunter2\"\n- Messages must never contain \"тест\"\n- Messages to the tester must begin with \"[plan]\"",
    );
    let rule = "project.forbidden-words";
    for text in [
        // Cyrillic, full-width, small capitals, strokes.
        "it is huntеr2",
        "it is һuntеr2",
        "it is ｈｕｎｔｅｒ２",
        "it is ʜᴜɴᴛᴇʀ2",
        "it is h\u{336}unter2",
        "это ТЕСТ",
    ] {
        stage.check(
            ("developer", "project_manager", text),
            Decision::Refuse,
            rule,
        );
    }
    let delivered = "edge.project-manager";
    for text in ["тестовый сервер", "the hünter2", "hunter 2"] {
        let said = ("developer", "project_manager", text);
        stage.check(said, Decision::Deliver, delivered);
    }
    // Whoever has to begin with a word may write it in full width.
    let said = ("developer", "tester", "［ｐｌａｎ］ a fixture");
    stage.check(said, Decision::Deliver, "edge.matrix");
}

#[test]
fn foreign_letters_cost_a_second_look_and_no_more() {
    let rules: Vec<String> = (0..100)
        .map(|n| format!("- Messages must never say \"secret{n}\""))
        .collect();
    let mut stage = Stage::new(&rules.join("\n"));
    let mut least = |text: &str| {
        let mut least = std::time::Duration::MAX;
        for n in 0..200 {
            let text = format!("{text} {n}");
            let begin = std::time::Instant::now();
            let judged = stage.say("developer", "project_manager", &text);
            least = least.min(begin.elapsed());
            assert_ne!(judged.verdict.rule, "limit.repeat");
        }
        least
    };
    let plain = least(&"the parser reads every sample of the folder. ".repeat(8));
    let quoted = least(&"the “parser” reads – every sample of the folder… ".repeat(8));
    let foreign = least(&"the раrser reads every samрle оf the folder. ".repeat(8));
    // Two passes, and the mapping of each letter: far from anything that grows faster than the text.
    let most = plain * 12 + std::time::Duration::from_micros(200);
    assert!(
        quoted < most && foreign < most,
        "{plain:?} {quoted:?} {foreign:?}"
    );
    if !cfg!(debug_assertions) {
        let goal = std::time::Duration::from_micros(50);
        assert!(plain < goal && quoted < goal, "{plain:?} {quoted:?}");
    }
    eprintln!("{plain:?} {quoted:?} {foreign:?}");
}
