//! What a project's files loosen while a team runs: held back, told, shown, and accepted by a person.

use torch_api::rules::{RulesResponse, RulesView};
use torch_api::wire::TeamSelector;

use super::*;

const NO_RED: &str = "- Messages must never contain \"red\"";

fn this_team() -> TeamSelector {
    TeamSelector {
        name: Some("app".to_owned()),
        ..Default::default()
    }
}

fn told() -> TimerKey {
    TimerKey::RulesTold(team().id)
}

impl Stage {
    /// What `torch rules list` gets.
    fn shown(&mut self) -> RulesView {
        let request = RulesRequest::InForce { team: this_team() };
        self.ask("developer", Request::Rules(Box::new(request)));
        match self.answer.take() {
            Some(Response::Rules(response)) => match *response {
                RulesResponse::InForce(view) => *view,
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }

    /// What is held back, by its id.
    fn held(&mut self) -> Option<String> {
        self.shown().held.map(|held| held.id)
    }

    fn accept(&mut self, by: Sender, id: &str) -> Response {
        let (team, id) = (this_team(), id.to_owned());
        let request = Request::Rules(Box::new(RulesRequest::Accept { team, id }));
        let mut turn = Turn {
            now: self.now,
            cause: "test".to_owned(),
            effects: Vec::new(),
        };
        let caller = (by, "identity.test");
        self.state
            .take_request(&mut turn, CONN, caller, request, None);
        self.take(turn.effects);
        self.answer.take().expect("an answer")
    }

    #[track_caller]
    fn says_red(&mut self, text: &str, refused: bool) {
        self.say("developer", "tester", &format!("red {text}"));
        let last = self.messages.iter().rev();
        let rule = last
            .map(|row| row.verdict.rule.clone())
            .find(|rule| rule != "sender.torch");
        let by_rule = rule.is_some_and(|rule| rule.starts_with("project.forbidden-words-"));
        assert_eq!(by_rule, refused, "{text}");
    }
}

#[test]
fn a_rule_that_is_taken_out_holds_until_a_person_accepts_that() {
    let mut stage = Stage::new(Vec::new(), BEGIN);
    stage.read(Ok(NO_RED));
    assert_eq!(stage.held(), None);
    for (n, gone) in [
        "",
        "- Messages must never contain \"red\" unless it is urgent",
        "- Developer messages must never contain \"red\"",
    ]
    .iter()
    .enumerate()
    {
        stage.read(Ok(gone));
        stage.says_red(&format!("one {n}"), true);
        let held = stage.shown().held.expect("held back");
        assert_eq!((held.stays.len(), held.stays[0].line), (1, 2), "{gone}");
    }
    stage.read(Ok(""));
    let id = stage.held().expect("held back");
    // The next daemon knows, before and after it has read the files.
    let mut stage = stage.next_daemon();
    assert_eq!(stage.held().as_ref(), Some(&id));
    stage.says_red("two", true);
    stage.read(Ok(""));
    assert_eq!(stage.held().as_ref(), Some(&id));
    let line = stage
        .state
        .team_view(team().id, stage.now)
        .rules_held
        .expect("a line");
    assert!(
        line.contains(&format!("torch rules accept {id} --team app")),
        "{line}"
    );
    let why = stage.state.rules_held_for(super::id("tester"));
    assert_eq!(why.len(), 1, "{why:?}");
    assert!(
        why[0].starts_with("in force until a person accepts its end: messages of everyone"),
        "{why:?}"
    );
    assert!(
        !why[0].contains("red\""),
        "a word that may not be said: {why:?}"
    );
    // Neither an agent nor its script accepts, nor a person what was not shown.
    let agent = Sender::Agent {
        agent: super::id("orchestrator"),
        team: team().id,
        role: role("orchestrator"),
    };
    for (by, id) in [
        (agent, id.as_str()),
        (Sender::Script, &id),
        (Sender::Unknown, &id),
        (Sender::Human, "00000000"),
    ] {
        let answer = stage.accept(by.clone(), id);
        assert!(matches!(answer, Response::Failed(_)), "{by:?}: {answer:?}");
        stage.says_red(by.label(), true);
    }
    let answer = stage.accept(Sender::Human, &id);
    assert!(matches!(answer, Response::Done { .. }), "{answer:?}");
    stage.says_red("three", false);
    assert_eq!(
        (
            stage.held(),
            stage.state.team_view(team().id, stage.now).rules_held
        ),
        (None, None)
    );
    let answer = stage.accept(Sender::Human, &id);
    assert!(
        matches!(answer, Response::Failed(_)),
        "nothing is held back: {answer:?}"
    );
    // It stays accepted.
    let mut next = stage.next_daemon();
    next.read(Ok(""));
    next.says_red("four", false);
    let kept = next
        .ledger
        .values()
        .filter(|row| matches!(row, LedgerRecord::Rules(row) if row.until.is_none()));
    assert_eq!(kept.count(), 0, "the same set is written once");
}

#[test]
fn what_tightens_counts_beside_what_is_held_back() {
    let mut stage = Stage::new(Vec::new(), BEGIN);
    stage.read(Ok("- Keep messages under 60 characters"));
    stage.read(Ok(
        "- Keep messages under 90 characters\n- The developer must not write to the tester",
    ));
    let view = stage.shown();
    let held = view.held.expect("held back");
    assert_eq!((held.stays.len(), held.waits.len()), (1, 1));
    stage.say("developer", "tester", "short");
    assert!(stage.last_rule().starts_with("project.may-not-write-"));
    stage.say("tester", "developer", &"long ".repeat(15));
    assert!(
        stage
            .violations()
            .iter()
            .any(|row| row.rule.starts_with("project.max-length-"))
    );
    // Something else is loosened since: what was shown is not what would be accepted.
    stage.read(Ok("- Keep messages under 900 characters"));
    let answer = stage.accept(Sender::Human, &held.id);
    assert!(matches!(answer, Response::Failed(_)), "{answer:?}");
    let id = stage.held().expect("held back");
    stage.accept(Sender::Human, &id);
    stage.say("tester", "developer", &"long ".repeat(16));
    assert_eq!(stage.last_rule(), "edge.matrix");
}

#[test]
fn a_file_that_is_written_in_pieces_loses_nothing_and_is_not_told() {
    let mut stage = Stage::new(Vec::new(), BEGIN);
    let whole = "- The tester must not write to the developer\n- Messages must never contain \"red\"\n- No broadcasts";
    stage.read(Ok(whole));
    // An editor truncates it, writes it in pieces, and is seen in between.
    for (n, end) in [0, 30, 60, 95, whole.len()].into_iter().enumerate() {
        stage.read(Ok(&whole[..end]));
        stage.says_red(&format!("at {n}"), true);
    }
    assert_eq!(stage.held(), None);
    stage.fire(told());
    assert_eq!(stage.said_to("human"), Vec::<&str>::new());
}

#[test]
fn a_burst_of_changes_is_one_message() {
    let mut stage = Stage::new(Vec::new(), BEGIN);
    stage.read(Ok(NO_RED));
    let first = stage.now;
    for n in 1..=20_u64 {
        let words = format!("- Keep messages under {} characters", 900 - n * 10);
        stage.read(Ok(&words));
        let at = stage.timers[&told()];
        assert!(at <= first.after(Duration::from_secs(120)), "{n}");
        stage.now = stage.now.after(Duration::from_secs(5));
    }
    // Another daemon goes on with it.
    let mut stage = stage.next_daemon();
    stage.fire(told());
    let heard = stage.said_to("human");
    assert_eq!(heard.len(), 1, "{heard:?}");
    let lines: Vec<&str> = heard[0].lines().collect();
    assert_eq!(lines.len(), 5, "{lines:?}");
    assert_eq!(
        lines[1],
        "- new: messages of everyone have at most 700 characters (CLAUDE.md:2)"
    );
    assert!(
        lines[2].starts_with(
            "- taken out of the files and still in force: messages of everyone don't say"
        ),
        "{lines:?}"
    );
    assert!(
        lines[3].contains("counts when you accept it: torch rules accept "),
        "{lines:?}"
    );
    let mut next = stage.next_daemon();
    assert!(!next.timers.contains_key(&told()));
    next.read(Ok("- Keep messages under 700 characters"));
    assert!(!next.timers.contains_key(&told()), "nothing new");
}

#[test]
fn what_else_changed_is_told_before_a_person_accepts() {
    let mut stage = Stage::new(Vec::new(), BEGIN);
    stage.read(Ok(NO_RED));
    stage.read(Ok("- No broadcasts"));
    let id = stage.held().expect("held back");
    stage.accept(Sender::Human, &id);
    let heard = stage.said_to("human").len();
    assert_eq!(heard, 1);
    stage.fire(told());
    assert_eq!(stage.said_to("human").len(), 1);
}
