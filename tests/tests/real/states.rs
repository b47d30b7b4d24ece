//! What a person, the network and an accident do to real programs: the states are right, and nothing is lost or doubled.

use std::time::Duration;

use torch_testing::model::Scenario;
use torch_testing::{REAL_DEADLINE, RealWorld, poll};

use crate::team::{ROLE, team};

/// Within this time a state must be right. It is 2 s on an idle machine.
const SOON: Duration = Duration::from_secs(4);

/// Waits until the developer is in one of these states, which may not take long.
#[track_caller]
fn soon(world: &RealWorld, states: &[&str]) {
    world.wait_agent(ROLE, SOON, &format!("{states:?}"), |agent| {
        states.contains(&agent.state.as_str())
    });
}

#[test]
fn a_half_typed_draft_stays() {
    for name in ["claude", "codex"] {
        let Some(world) = team(&format!("{name}_draft"), name) else {
            continue;
        };
        world.type_text(ROLE, "half a dra");
        world.wait("the draft", || world.screen(ROLE).contains("half a dra"));
        let id = world.post(ROLE, "after the draft");
        world.wait_message(&id, "deferred:draft");
        assert!(world.screen(ROLE).contains("half a dra"));
        world.type_text(ROLE, "ft");
        world.keys(ROLE, &["Enter"]);
        world.wait_consumed(&id);
        world.wait_quiet(ROLE);
        let texts: Vec<String> = world
            .requests()
            .into_iter()
            .flat_map(|it| it.user)
            .collect();
        let drafts = texts.iter().filter(|text| text.trim() == "half a draft");
        assert!(drafts.count() >= 1, "{texts:?}");
        assert_eq!(world.bodies(ROLE), ["after the draft"]);
    }
}

#[test]
fn esc_ends_a_turn() {
    for name in ["claude", "codex"] {
        let Some(world) = team(&format!("{name}_esc"), name) else {
            continue;
        };
        world
            .model()
            .next([Scenario::Slow(Duration::from_secs(60))]);
        world.post(ROLE, "a long turn");
        world.wait("its words", || world.screen(ROLE).contains("word5"));
        soon(&world, &["working"]);
        world.keys(ROLE, &["Escape"]);
        soon(&world, &["idle", "ready"]);
        let id = world.post(ROLE, "after the turn");
        world.wait_consumed(&id);
        world.wait_quiet(ROLE);
        assert_eq!(world.bodies(ROLE), ["a long turn", "after the turn"]);
    }
}

#[test]
fn a_person_clears_and_compacts_the_conversation_of_claude() {
    let Some(world) = team("claude_clear", "claude") else {
        return;
    };
    let mut expected = Vec::new();
    for command in ["/clear", "/compact"] {
        let before = format!("before {command}");
        let id = world.post(ROLE, &before);
        world.wait_consumed(&id);
        world.wait_quiet(ROLE);
        world.type_text(ROLE, command);
        world.wait("the command", || world.screen(ROLE).contains(command));
        let after = format!("after {command}");
        world.keys(ROLE, &["Enter"]);
        let id = world.post(ROLE, &after);
        world.wait_consumed(&id);
        world.wait_quiet(ROLE);
        expected.extend([before, after]);
    }
    let bodies = world.bodies(ROLE);
    assert_eq!(bodies, expected, "{}", world.whole_picture());
}

/// Requests fail in some way, and messages come meanwhile: each arrives once, in order.
fn fails(name: &str, test: &str, scenarios: Vec<Scenario>) {
    let Some(world) = team(&format!("{name}_{test}"), name) else {
        return;
    };
    world.model().next(scenarios);
    let sent: Vec<String> = (0..4).map(|n| format!("number {n}")).collect();
    let ids: Vec<String> = sent.iter().map(|body| world.post(ROLE, body)).collect();
    for id in &ids {
        world.wait_consumed(id);
    }
    world.wait_quiet(ROLE);
    assert_eq!(world.bodies(ROLE), sent, "{}", world.whole_picture());
    for id in &ids {
        assert_eq!(world.message(id).attempt, 1);
    }
}

#[test]
fn an_overloaded_service_is_tried_again() {
    fails(
        "claude",
        "overloaded",
        vec![Scenario::Overloaded, Scenario::Overloaded],
    );
    fails(
        "codex",
        "overloaded",
        vec![Scenario::Overloaded, Scenario::Overloaded],
    );
}

#[test]
fn a_failing_service_loses_nothing() {
    let error = || Scenario::Error(500, "broken".to_owned());
    fails("claude", "error_500", vec![error(), error()]);
    fails("codex", "error_500", vec![error(), error()]);
}

#[test]
fn a_cut_stream_loses_nothing() {
    fails("claude", "cut", vec![Scenario::Drop]);
    fails("codex", "cut", vec![Scenario::Drop]);
}

#[test]
fn a_refused_connection_loses_nothing() {
    for name in ["claude", "codex"] {
        let Some(mut world) = team(&format!("{name}_refused"), name) else {
            continue;
        };
        let first = world.post(ROLE, "before");
        world.wait_consumed(&first);
        world.wait_quiet(ROLE);
        world.stop_model();
        let second = world.post(ROLE, "meanwhile");
        world.wait("the program to have it", || {
            ["accepted", "consumed"].contains(&world.message(&second).state.as_str())
        });
        world.start_model();
        world.wait_consumed(&second);
        let third = world.post(ROLE, "after");
        world.wait_consumed(&third);
        world.wait_quiet(ROLE);
        assert_eq!(
            world.bodies(ROLE),
            ["before", "meanwhile", "after"],
            "{}",
            world.whole_picture()
        );
    }
}

#[test]
fn a_killed_program_comes_back_with_its_conversation() {
    for name in ["claude", "codex"] {
        let Some(world) = team(&format!("{name}_killed"), name) else {
            continue;
        };
        let first = world.post(ROLE, "remember this");
        world.wait_consumed(&first);
        world.wait_quiet(ROLE);
        let before = world.agent(ROLE).pid.expect("it runs");
        let pid = before.to_string();
        world
            .run(&world.command("kill").args(["-s", "KILL", &pid]))
            .ok();
        let second = world.post(ROLE, "what was it");
        world.wait_consumed(&second);
        world.wait_quiet(ROLE);
        assert_ne!(world.agent(ROLE).pid, Some(before));
        let remembered = poll(REAL_DEADLINE, || {
            let requests = world.requests().into_iter();
            let holds =
                |texts: &[String], words: &str| texts.iter().any(|text| text.contains(words));
            let mut asked =
                requests.filter(|it| it.is_main() && holds(&it.all_user, "what was it"));
            asked.next().map(|it| holds(&it.all_user, "remember this"))
        });
        assert_eq!(remembered, Some(true), "{}", world.whole_picture());
        assert_eq!(world.bodies(ROLE), ["remember this", "what was it"]);
    }
}
