//! The play, message by message.

use super::*;

const SPEC: &str = "- first thing\n- second thing\n";
const TEAM: &str = "orchestrator,project_manager,developer,tester,testrunner";

fn play(me: &str, roles: &str) -> Play {
    Play::new(Cast::new(me, roles), 1)
}

fn from(sender: &str, body: &str) -> Message {
    Message {
        id: Some("m-abcdefgh".to_owned()),
        from: Some(sender.to_owned()),
        attempt: 1,
        body: body.to_owned(),
        local: "p1".to_owned(),
    }
}

/// The last step, as `to: body`.
fn last(me: &str, roles: &str, sender: &str, body: &str) -> String {
    match play(me, roles)
        .react(&from(sender, body), &spec::items(SPEC))
        .pop()
    {
        Some(Step::Send(send)) => format!("{}: {}", send.to, send.body),
        Some(Step::Complete(text)) => format!("complete: {text}"),
        Some(Step::Say(text)) => format!("say: {text}"),
        other => format!("{other:?}"),
    }
}

#[test]
fn a_full_team_goes_through_the_spec() {
    for (me, sender, body, expect) in [
        (
            "orchestrator",
            "torch",
            "BRIEFING for you",
            "project_manager: PLAN: 2 items from the spec\n1. first thing\n2. second thing",
        ),
        (
            "developer",
            "torch",
            "BRIEFING",
            "say: Briefed as developer; waiting for work.",
        ),
        (
            "project_manager",
            "orchestrator",
            "PLAN: 2 items",
            "developer: TASK 1: first thing",
        ),
        (
            "developer",
            "project_manager",
            "TASK 1: why? first",
            "project_manager: DONE 1 {hash} why? first\nbranch: {branch}",
        ),
        (
            "project_manager",
            "developer",
            "DONE 1 abc first\nbranch: b",
            "developer: TASK 2: second thing",
        ),
        (
            "project_manager",
            "developer",
            "DONE 2 abc second\nbranch: b",
            "tester: VERIFY b",
        ),
        (
            "project_manager",
            "tester",
            "VERIFIED 2 commits\nbranch: b",
            "testrunner: RUN TESTS b (2 items)",
        ),
        (
            "testrunner",
            "project_manager",
            "RUN TESTS b (2 items)",
            "project_manager: {verdict}",
        ),
        (
            "project_manager",
            "testrunner",
            "TESTS PASSED 2",
            "orchestrator: ALL DONE: 2 items, tests passed: 2",
        ),
        (
            "project_manager",
            "testrunner",
            "TESTS FAILED x",
            "orchestrator: INCOMPLETE: tests failed: x",
        ),
        (
            "orchestrator",
            "project_manager",
            "ALL DONE: 2 items",
            "complete: 2 items",
        ),
        (
            "orchestrator",
            "project_manager",
            "INCOMPLETE: x",
            "human: INCOMPLETE: x",
        ),
    ] {
        assert_eq!(last(me, TEAM, sender, body), expect, "{me} on {body}");
    }
}

#[test]
fn smaller_teams_find_their_way() {
    let pair = "orchestrator,developer";
    assert_eq!(
        last("orchestrator", pair, "torch", "BRIEFING"),
        "developer: TASK 1: first thing"
    );
    assert_eq!(
        last(
            "orchestrator",
            pair,
            "developer",
            "DONE 2 abc second\nbranch: b"
        ),
        "complete: 2 items on b"
    );
    let alone = play("orchestrator", "").react(&from("torch", "BRIEFING"), &spec::items(SPEC));
    let commits = alone
        .iter()
        .filter(|step| matches!(step, Step::Commit(_)))
        .count();
    assert_eq!(commits, 2);
    assert_eq!(
        alone.last(),
        Some(&Step::Complete("2 items on {branch}".to_owned()))
    );
    let pm = "orchestrator,project_manager";
    assert_eq!(
        last("project_manager", pm, "orchestrator", "PLAN: 2 items"),
        "orchestrator: ALL DONE: 2 items on {branch}"
    );
}

#[test]
fn questions_are_answered_and_answers_are_not() {
    assert!(last("tester", TEAM, "human", "how far are you?").starts_with("human: ANSWER"));
    assert!(last("tester", TEAM, "developer", "is it ready?").starts_with("developer: ANSWER"));
    assert_eq!(
        last("tester", TEAM, "developer", "ANSWER: what?"),
        "say: Noted."
    );
    assert_eq!(
        last("tester", TEAM, "developer", "VERIFIED why?"),
        "say: Noted."
    );
    assert!(last("tester", TEAM, "torch", "all well?").starts_with("say: "));
    assert!(last("tester", TEAM, "human", "thanks").starts_with("say: Noted."));
}

#[test]
fn a_message_is_handled_once() {
    let mut play = play("developer", TEAM);
    let mut message = from("project_manager", "TASK 1: x");
    assert!(play.begin(&message));
    message.attempt = 2;
    assert!(!play.begin(&message));
    let plain = Message::parse("hello", "p1");
    assert!(play.begin(&plain) && play.begin(&plain));
}

#[test]
fn keys_are_stable_and_distinct() {
    let steps =
        |body| play("project_manager", TEAM).react(&from("developer", body), &spec::items(SPEC));
    let key = |steps: Vec<Step>| match steps.last() {
        Some(Step::Send(send)) => send.key.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(key(steps("DONE 1 a")), key(steps("DONE 1 a")));
    assert_eq!(key(steps("DONE 1 a")), "demo-m-abcdefgh-developer-task");
    assert_ne!(key(steps("DONE 1 a")), key(steps("DONE 2 a\nbranch: b")));
}

#[test]
fn an_unreadable_spec_is_reported() {
    let steps = play("orchestrator", TEAM).react(&from("torch", "BRIEFING"), &[]);
    assert!(matches!(steps.last(), Some(Step::Send(send)) if send.to == "human"));
}

/// Nobody is blocked by the lack of what was never given.
#[test]
fn without_a_spec_nothing_is_reported() {
    let part = play("developer", "developer").without_spec();
    let steps = part.react(&from("torch", "BRIEFING"), &[]);
    assert!(matches!(steps.as_slice(), [Step::Say(_)]), "{steps:?}");
}

#[test]
fn where_a_person_commits_the_play_only_writes() {
    let part = play("developer", TEAM).under(Commits::named("forbidden"));
    let steps = part.react(&from("project_manager", "TASK 1: first"), &[]);
    assert!(
        steps.iter().any(|step| matches!(step, Step::Keep(_))),
        "{steps:?}"
    );
    assert!(!steps.iter().any(|step| matches!(step, Step::Commit(_))));
    let part = play("tester", TEAM).under(Commits::Left);
    let steps = part.react(&from("project_manager", "VERIFY /w/a b (2 items)"), &[]);
    let survey = Step::Survey {
        branch: "/w/a b".to_owned(),
    };
    assert!(steps.contains(&survey), "{steps:?}");
}

#[test]
fn a_task_of_the_plan_is_named_and_ended() {
    let items = [Item {
        id: Some("T7".to_owned()),
        text: "first thing".to_owned(),
        done: false,
    }];
    let steps = play("project_manager", TEAM).react(&from("orchestrator", "PLAN: 1"), &items);
    let Some(Step::Send(send)) = steps.first() else {
        panic!("{steps:?}")
    };
    assert_eq!(send.body, "TASK 1: T7 first thing");
    let done = from("developer", "DONE 1 3f2c1aa T7 first thing\nbranch: b");
    let steps = play("project_manager", TEAM).react(&done, &items);
    let ended = Step::TaskDone {
        id: "T7".to_owned(),
        words: "1 3f2c1aa T7 first thing".to_owned(),
    };
    assert_eq!(steps.first(), Some(&ended));
}

/// The third of three tasks came with a changed spec.
fn extended(second: bool) -> [Item; 3] {
    let item = |id: &str, text: &str, done| Item {
        id: Some(id.to_owned()),
        text: text.to_owned(),
        done,
    };
    [
        item("T1", "first", true),
        item("T2", "second", second),
        item("T3", "third", false),
    ]
}

fn changed() -> Message {
    let body =
        format!("{CHANGED} 1 task added. + is new.\n+ T3 third\nTell those whose tasks these are.");
    from("torch", &body)
}

#[test]
fn what_a_spec_adds_after_the_end_is_begun() {
    let items = extended(true);
    let steps = play("orchestrator", TEAM).react(&changed(), &items);
    let Some(Step::Send(plan)) = steps.last() else {
        panic!("{steps:?}");
    };
    assert_eq!(plan.to, "project_manager");
    assert_eq!(
        plan.body,
        "PLAN: from item 3, as the spec changed\n3. T3 third"
    );
    let steps = play("project_manager", TEAM).react(&from("orchestrator", &plan.body), &items);
    let Some(Step::Send(task)) = steps.last() else {
        panic!("{steps:?}");
    };
    assert_eq!(
        (task.to.as_str(), task.body.as_str()),
        ("developer", "TASK 3: T3 third")
    );
    // Its report ends the play anew: what was done before is not done again.
    let done = from("developer", "DONE 3 abc T3 third\nbranch: b");
    let steps = play("project_manager", TEAM).react(&done, &items);
    let Some(Step::Send(verify)) = steps.last() else {
        panic!("{steps:?}");
    };
    assert_eq!(verify.body, "VERIFY b");
    // Alone it does it itself, and only that.
    let steps = play("orchestrator", "").react(&changed(), &items);
    let commits = steps.iter().filter(|step| matches!(step, Step::Commit(_)));
    assert_eq!(commits.count(), 1, "{steps:?}");
}

#[test]
fn what_a_spec_adds_in_the_middle_is_come_to() {
    let items = extended(false);
    let steps = play("orchestrator", TEAM).react(&changed(), &items);
    assert!(matches!(steps.as_slice(), [Step::Say(_)]), "{steps:?}");
    let done = from("developer", "DONE 2 abc T2 second\nbranch: b");
    let steps = play("project_manager", TEAM).react(&done, &items);
    let Some(Step::Send(task)) = steps.last() else {
        panic!("{steps:?}");
    };
    assert_eq!(task.body, "TASK 3: T3 third");
}
