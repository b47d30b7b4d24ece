//! What the journal has is enough to judge again, whatever became of templates and settings since.

use serde_json::json;

use super::*;

fn role(name: &str) -> RoleName {
    RoleName::parse(name).expect("a role")
}

/// A direct message as an earlier version kept its judgement.
fn old() -> serde_json::Value {
    let agent = |n: u128| AgentId::new(1, n);
    let team = torch_core::TeamId::new(1, 1);
    json!({
        "sender": Sender::Agent {agent: agent(1), team, role: role("developer")},
        "to": {"role": "tester"}, "agent": agent(2), "reached": agent(2), "text": [0, 4],
        "mode": "matrix", "has_hub": true, "matrix": "standard", "rules": null,
        "time": DayMinute::default(), "at": 1_000_000,
    })
}

fn standard() -> Vec<Matrix> {
    let edges = [(role("developer"), role("tester"))];
    vec![Matrix::from_edges("standard", edges)]
}

#[test]
fn a_journal_of_an_earlier_version_is_judged_by_the_shipped_matrix() {
    let judged: Judged = serde_json::from_value(old()).expect("an earlier judgement");
    let mut replay = Replay::new([], standard());
    replay.begin(&RouterConfig::default(), false);
    let verdict = replay.judge(&judged, "text").expect("a verdict");
    assert_eq!(verdict.rule, "edge.matrix");
    let gone = Replay::new([], Vec::new()).judge(&judged, "text");
    assert_eq!(gone, Err(ReplayError::Matrix("standard".to_owned())));
}

#[test]
fn the_matrix_that_judged_is_the_one_that_judges_again() {
    let mut judged: Judged = serde_json::from_value(old()).expect("a judgement");
    // A template of that name may have other edges by now, or be gone.
    judged.edges = Some(Matrix::from_edges(
        "standard",
        [(role("developer"), role("devops"))],
    ));
    let text = serde_json::to_string(&judged).expect("plain data");
    let judged: Judged = serde_json::from_str(&text).expect("the same");
    let mut replay = Replay::new([], standard());
    let verdict = replay.judge(&judged, "text").expect("a verdict");
    assert_eq!(verdict.rule, "mode.matrix");
}

#[test]
fn the_limits_of_the_project_that_held_hold_again() {
    let mut judged: Judged = serde_json::from_value(old()).expect("a judgement");
    judged.limits.pair_messages = Some(1);
    let mut replay = Replay::new([], standard());
    let rule = |replay: &mut Replay, text: &str| replay.judge(&judged, text).map(|it| it.rule);
    assert_eq!(rule(&mut replay, "one"), Ok("edge.matrix".to_owned()));
    assert_eq!(rule(&mut replay, "two"), Ok("limit.pair-rate".to_owned()));
    // A daemon that recalls goes on, one that does not begins anew.
    replay.begin(&RouterConfig::default(), true);
    assert_eq!(rule(&mut replay, "two"), Ok("limit.pair-rate".to_owned()));
    replay.begin(&RouterConfig::default(), false);
    assert_eq!(rule(&mut replay, "two"), Ok("edge.matrix".to_owned()));
}

#[test]
fn a_matrix_is_asked_between_two_plain_roles_only() {
    let sender = |name| Sender::Agent {
        agent: AgentId::new(1, 1),
        team: torch_core::TeamId::new(1, 1),
        role: role(name),
    };
    let asked = |from: &Sender, to: Destination<'_>, mode| Judged::asks_matrix(from, &to, mode);
    let (tester, hub) = (role("tester"), role("orchestrator"));
    let (developer, manager) = (sender("developer"), sender("project_manager"));
    let matrix = RouterMode::Matrix;
    assert!(asked(&developer, Destination::Role(&tester), matrix));
    assert!(!asked(
        &developer,
        Destination::Role(&tester),
        RouterMode::Strict
    ));
    assert!(!asked(&developer, Destination::Role(&hub), matrix));
    assert!(!asked(&manager, Destination::Role(&tester), matrix));
    assert!(!asked(&developer, Destination::Human, matrix));
    assert!(!asked(&Sender::Human, Destination::Role(&tester), matrix));
}
