//! The matrix of a team's template, and the limits of its project.

use torch_core::config::ProjectRouter;
use torch_core::matrix::Matrix;

use super::*;

/// A team whose template lets developers write to the researcher, and not to the tester.
fn own() -> Team {
    let edges = [(role("developer"), role("researcher"))];
    Team {
        matrix: Some(Matrix::from_edges("shop", edges)),
        ..team()
    }
}

fn tight() -> Team {
    let limits = ProjectRouter {
        exchanges: Some(1),
        pair_messages: Some(2),
        blocked_seconds: Some(60),
        critical: "outage".to_owned(),
        ..ProjectRouter::default()
    };
    Team { limits, ..team() }
}

fn stage(team: Team) -> Stage {
    Stage::of(team, Vec::new(), None, BEGIN)
}

fn decided(stage: &mut Stage, from: &str, to: &str, text: &str) -> String {
    stage.say(from, to, text);
    let mut rows = stage.messages.iter().rev();
    let last = rows.find(|row| matches!(row.sender, Sender::Agent { .. }));
    last.expect("a message").verdict.rule.clone()
}

#[test]
fn the_edges_of_the_template_decide_and_the_journal_has_them() {
    let mut stage = stage(own());
    assert_eq!(
        decided(&mut stage, "developer", "researcher", "a"),
        "edge.matrix"
    );
    assert_eq!(
        decided(&mut stage, "developer", "tester", "b"),
        "mode.matrix"
    );
    assert_eq!(
        decided(&mut stage, "researcher", "developer", "c"),
        "mode.matrix"
    );
    assert_eq!(
        decided(&mut stage, "tester", "orchestrator", "d"),
        "edge.hub"
    );
    let judged: Vec<_> = stage
        .journal
        .iter()
        .filter_map(|row| row.data.get("judged"))
        .collect();
    let kept = serde_json::json!({"name": "shop", "edges": {"developer": ["researcher"]}});
    assert_eq!(judged[0]["edges"], kept);
    assert_eq!(judged[0]["matrix"], "shop");
    assert_eq!(judged[3].get("edges"), None, "it was not asked");
}

#[test]
fn briefings_name_the_edges_of_the_template() {
    let mut stage = stage(own());
    let mut turn = Turn {
        now: stage.now,
        cause: "test".to_owned(),
        effects: Vec::new(),
    };
    stage.state.send_briefing(&mut turn, id("developer"), None);
    stage.take(turn.effects);
    let said = stage.said_to("developer").join("\n");
    let direct: Vec<&str> = said.lines().filter(|line| line.contains("irect")).collect();
    assert!(
        direct
            .iter()
            .any(|line| line.contains("researcher") && !line.contains("tester")),
        "{said}"
    );
}

#[test]
fn a_matrix_that_the_settings_name_stands_above_the_templates() {
    let mut stage = stage(own());
    stage.state.settings.config.router.matrix = "standard".to_owned();
    assert_eq!(
        decided(&mut stage, "developer", "tester", "a"),
        "edge.matrix"
    );
    assert_eq!(
        decided(&mut stage, "developer", "researcher", "b"),
        "mode.matrix"
    );
}

#[test]
fn a_project_tightens_the_limits_of_its_team() {
    let mut stage = stage(tight());
    let mut say = |from: &str, to: &str, text: &str| decided(&mut stage, from, to, text);
    assert_eq!(say("developer", "tester", "a"), "edge.matrix");
    assert_eq!(say("tester", "developer", "b"), "edge.matrix");
    assert_eq!(say("developer", "tester", "c"), "limit.thread");
    assert_eq!(say("developer", "tester", "d"), "limit.pair-rate");
    say("researcher", "orchestrator", BLOCKED);
    let at = stage.timers[&TimerKey::Blocked(id("researcher"))];
    assert!(at < BEGIN.after(Duration::from_secs(61)));
    stage.say("tester", "project_manager", "x");
    stage.say("tester", "developer", "an outage of the database");
    let told = stage.said_to("orchestrator");
    assert!(told.iter().any(|text| text.contains("outage")), "{told:?}");
    let judged: Vec<_> = stage
        .journal
        .iter()
        .filter_map(|row| row.data.get("judged"))
        .collect();
    assert_eq!(judged[0]["limits"]["exchanges"], 1);
}

#[test]
fn limits_that_a_team_was_given_never_loosen_the_users() {
    let mut loose = team();
    loose.limits.exchanges = Some(50);
    loose.limits.repeat_seconds = Some(1);
    let mut stage = stage(loose);
    for n in 0..6 {
        let (from, to) = [("developer", "tester"), ("tester", "developer")][n % 2];
        assert_eq!(
            decided(&mut stage, from, to, &format!("word {n}")),
            "edge.matrix"
        );
    }
    assert_eq!(
        decided(&mut stage, "developer", "tester", "more"),
        "limit.thread"
    );
    stage.now = stage.now.after(Duration::from_secs(2));
    assert_eq!(
        decided(&mut stage, "developer", "tester", "more"),
        "limit.repeat"
    );
}

#[test]
fn hints_name_nobody_who_is_not_there() {
    let hints = |hub: bool| {
        let mut stage = stage(own());
        if !hub {
            stage.state.agents.remove(&id("orchestrator"));
        }
        let hint = |stage: &mut Stage| match stage.answer.take() {
            Some(Response::Failed(failure)) => failure.hint.unwrap_or_default(),
            other => panic!("{other:?}"),
        };
        stage.say("developer", "all", "news");
        let broadcast = hint(&mut stage);
        stage.ask("developer", Request::Shutdown);
        let privilege = hint(&mut stage);
        if !hub {
            stage.say(
                "developer",
                "tester",
                "there is no edge, and nobody to turn it to",
            );
            assert_eq!(hint(&mut stage), "scm human \"text\"");
        }
        (broadcast, privilege)
    };
    let (broadcast, privilege) = hints(true);
    assert_eq!(broadcast, "scm orchestrator \"text\"");
    assert!(
        privilege.starts_with("scm orchestrator --stdin"),
        "{privilege}"
    );
    let (broadcast, privilege) = hints(false);
    assert_eq!(broadcast, "scm human \"text\"");
    assert!(privilege.starts_with("scm human --stdin"), "{privilege}");
}
