//! What one agent tells of an account holds its others, and what a screen shows of its limits.

use super::*;

/// How a limit of agent 1 holds agent 2.
fn shared(stage: &Stage) -> Option<String> {
    let words = stage.state.account_limit(AgentId::new(1, 2), stage.now);
    words.map(|(words, _)| words)
}

#[test]
fn a_limit_of_the_account_holds_its_other_agents_too() {
    let mut stage = Stage::new("claude");
    stage.prompt(2);
    stage.hook(2, json!({"hook_event_name": "Stop"}));
    stage.pass(MINUTE);
    stage.limit(
        1,
        "You've hit your 5-hour limit · resets 10:10am (Europe/London)",
    );
    let words = shared(&stage).expect("it is held");
    assert!(
        words.contains("five_hour") && words.contains("which developer hit"),
        "{words}"
    );
    assert_eq!(stage.hold(2), None, "it did not hit it itself");
    // That one goes on: a tool runs.
    stage.pass(MINUTE);
    stage.hook(1, json!({"hook_event_name": "PreToolUse"}));
    assert_eq!(shared(&stage), None);
}

#[test]
fn a_limit_of_the_account_does_not_hold_for_ever() {
    let mut stage = Stage::new("claude");
    stage.limit(
        1,
        "You've hit your 5-hour limit · resets 10:10am (Europe/London)",
    );
    assert!(shared(&stage).is_some());
    stage.pass(2 * HOUR + 9 * MINUTE);
    assert!(shared(&stage).is_some(), "before the reset");
    stage.pass(4 * MINUTE);
    assert_eq!(
        shared(&stage),
        None,
        "its wake-up was due, whatever came of it"
    );
}

#[test]
fn an_agent_that_goes_on_after_a_limit_shares_it_not() {
    let mut stage = Stage::new("claude");
    stage.prompt(2);
    stage.pass(1_000);
    stage.limit(
        1,
        "You've hit your 5-hour limit · resets 10:10am (Europe/London)",
    );
    stage.pass(1_000);
    stage.hook(2, json!({"hook_event_name": "Stop"}));
    assert!(shared(&stage).is_some(), "its turn began before");
    stage.prompt(2);
    stage.pass(1_000);
    stage.hook(2, json!({"hook_event_name": "Stop"}));
    assert_eq!(shared(&stage), None);
}

#[test]
fn a_limit_of_a_model_holds_those_that_work_with_it() {
    let words = "You've hit your Opus limit · resets 10:10am (Europe/London)";
    for (model, held) in [("Opus 5.5", true), ("Sonnet 5", false)] {
        let mut stage = Stage::new("claude");
        stage.status_line(2, json!({"model": {"display_name": model}}));
        stage.limit(1, words);
        assert_eq!(shared(&stage).is_some(), held, "{model}");
    }
    let mut stage = Stage::new("claude");
    stage.limit(1, words);
    assert_eq!(shared(&stage), None, "its model is not known");
    for words in ["too many requests (429)", "You're out of usage credits"] {
        let mut stage = Stage::new("claude");
        stage.limit(1, words);
        assert!(stage.hold(1).is_some(), "{words}");
        assert_eq!(shared(&stage), None, "{words}");
    }
}

#[test]
fn a_share_on_the_screen_counts_where_nothing_better_tells_it() {
    let shown = |used, words: &str| torch_core::screen::ShownShare {
        used,
        words: words.to_owned(),
    };
    let words = "You've used 93% of your 5-hour limit · resets 10:10am (Europe/London)";
    let agent = AgentId::new(1, 1);
    let mut stage = Stage::new("claude");
    let share = |stage: &Stage| {
        stage.state.agents[&agent]
            .agent
            .figures
            .limits
            .get("five_hour")
            .copied()
    };
    let see = |stage: &mut Stage, used| {
        let mut turn = Turn {
            now: stage.now,
            cause: "pane looked at".to_owned(),
            effects: Vec::new(),
        };
        stage
            .state
            .share_shown(&mut turn, agent, &shown(used, words));
    };
    see(&mut stage, 93);
    let told = share(&stage).expect("a share");
    assert_eq!(told.used_permille, 930);
    // 10:10 in London is 10:10 UTC in January.
    assert_eq!(
        told.resets_at,
        Some(Timestamp(START.0 + 2 * HOUR + 10 * MINUTE))
    );
    stage.status_line(1, json!({"rate_limits": {"five_hour": {"used_percentage": 94.5, "resets_at": 1_800_007_801}}}));
    see(&mut stage, 94);
    assert_eq!(
        share(&stage).expect("a share").used_permille,
        945,
        "the status line tells more"
    );
    see(&mut stage, 96);
    let told = share(&stage).expect("a share");
    assert_eq!(told.used_permille, 960);
    assert_eq!(
        told.resets_at,
        Some(Timestamp(1_800_007_801_000)),
        "to the second"
    );
}
