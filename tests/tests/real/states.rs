//! What a person, the network and an accident do to real programs: the states are right, and nothing is lost or doubled.

use std::time::Duration;

use torch_core::Timestamp;
use torch_process::clock;
use torch_testing::model::{Outcome, Scenario};
use torch_testing::{REAL_DEADLINE, RealWorld};

use crate::team::{ROLE, kill, remembers, team};

/// Within this time of what made it so a state must be right.
const RIGHT: Duration = Duration::from_secs(2);

/// Waits until torch notes one of these states after `before`, and checks that it did so in time after `since`; what it
/// noted even before the test saw it is in time.
///
/// What is compared are instants of this machine's one clock: that of the journal's entry with `since`, at which the test
/// saw or did what makes the state so, or, where the program itself told it later (its hook, its transcript), with the
/// instant that stands in the program's own record. So a machine that is busy with other things slows no verdict but
/// torch's own.
#[track_caller]
fn right(world: &RealWorld, (before, since): (Timestamp, Timestamp), states: &[&str]) {
    let what = format!("one of {states:?} in the journal");
    let (at, told, source) = world.wait_for(REAL_DEADLINE, &what, || {
        let rows = world.journal_of(ROLE, "agent.state").into_iter();
        let mut later = rows.filter(|row| row.at >= before);
        later.find_map(|row| {
            let state = row.data["to"].as_str()?;
            let told = Timestamp(row.data["told"].as_u64()?);
            let source = row.data["source"].to_string();
            states.contains(&state).then_some((row.at, told, source))
        })
    });
    // A look at the screen is torch's own: the program told it when it drew it.
    let from = match source.contains("screen") {
        true => since,
        false => since.max(told),
    };
    let took = at.since(from);
    assert!(
        took <= RIGHT,
        "{states:?} by {source} after {took:?}\n{}",
        world.whole_picture()
    );
}

/// Checks that the agent is idle, and that torch knew it in time after `since`; it may have known before.
#[track_caller]
fn idle_after(world: &RealWorld, since: Timestamp) {
    world.wait_quiet(ROLE);
    let rows = world.journal_of(ROLE, "agent.state");
    let last = rows.last().expect("a state");
    let took = last.at.since(since);
    assert!(
        took <= RIGHT,
        "{last:?} after {took:?}\n{}",
        world.whole_picture()
    );
}

/// Waits until the screen shows one of these words: the instant of the look that found it.
#[track_caller]
fn shown(world: &RealWorld, words: &[&str]) -> Timestamp {
    world.wait_for(REAL_DEADLINE, &format!("{words:?} on the screen"), || {
        let now = clock::now();
        let screen = world.screen(ROLE);
        words
            .iter()
            .any(|word| screen.contains(word))
            .then_some(now)
    })
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
        let asked = clock::now();
        world.post(ROLE, "a long turn");
        world.wait("its words", || world.screen(ROLE).contains("word5"));
        right(&world, (asked, asked), &["working"]);
        let pressed = clock::now();
        world.keys(ROLE, &["Escape"]);
        let interrupted = shown(&world, &["Interrupted", "interrupted"]);
        right(&world, (pressed, interrupted), &["idle"]);
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
        let pressed = clock::now();
        world.keys(ROLE, &["Enter"]);
        let id = world.post(ROLE, &after);
        let kind = match command {
            "/clear" => "agent.cleared",
            _ => "agent.compacted",
        };
        // The program's hook is what tells it; until then nobody can know.
        let known = world.wait_for(REAL_DEADLINE, kind, || {
            let rows = world.journal_of(ROLE, kind).into_iter();
            rows.map(|row| row.at).find(|at| *at >= pressed)
        });
        if command == "/compact" {
            right(&world, (pressed, pressed), &["working"]);
            right(&world, (known, known), &["idle"]);
        }
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

/// A service fails again and again, which is told, until it does not: what was asked is asked again.
fn retries(name: &str, test: &str, scenario: Scenario) {
    let Some(world) = team(&format!("{name}_{test}"), name) else {
        return;
    };
    world.model().sticky(Some(scenario));
    let asked = clock::now();
    let id = world.post(ROLE, "go on");
    let tried = shown(&world, &RETRYING);
    right(&world, (asked, tried), &["retrying"]);
    world.model().sticky(None);
    world.wait_consumed(&id);
    let answered = world.model_sees("a request that is answered", |requests| {
        let mut main = requests.iter().filter(|it| it.is_main()).rev();
        main.find(|it| it.outcome == Outcome::Answered && it.all_user.concat().contains("go on"))
            .map(|it| it.at)
    });
    right(&world, (answered, answered), &["idle"]);
    world.wait_quiet(ROLE);
    assert_eq!(world.bodies(ROLE), ["go on"], "{}", world.whole_picture());
}

/// What programs show while they try again.
const RETRYING: [&str; 3] = ["retrying in", "attempt ", "Reconnecting"];

#[test]
fn an_overloaded_service_is_tried_again() {
    retries("claude", "retries_overloaded", Scenario::Overloaded);
    for name in ["claude", "codex"] {
        fails(
            name,
            "overloaded",
            vec![Scenario::Overloaded, Scenario::Overloaded],
        );
    }
}

#[test]
fn a_failing_service_loses_nothing() {
    let error = || Scenario::Error(500, "broken".to_owned());
    retries("claude", "retries_500", error());
    fails("claude", "error_500", vec![error(), error()]);
    fails("codex", "error_500", vec![error(), error()]);
}

#[test]
fn a_turn_that_ends_in_an_error_is_over() {
    for name in ["claude", "codex"] {
        let Some(world) = team(&format!("{name}_error_400"), name) else {
            continue;
        };
        // Each request of the turn, as some are asked again in another form.
        let error = Scenario::Error(400, "no such thing".to_owned());
        world.model().sticky(Some(error));
        let asked = clock::now();
        let id = world.post(ROLE, "go on");
        world.wait_consumed(&id);
        let failed = shown(&world, &["no such thing"]);
        right(&world, (asked, asked), &["working"]);
        idle_after(&world, failed);
        world.model().sticky(None);
        let next = world.post(ROLE, "and again");
        world.wait_consumed(&next);
        world.wait_quiet(ROLE);
        assert_eq!(world.bodies(ROLE), ["go on", "and again"]);
    }
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
        let stopped = clock::now();
        let second = world.post(ROLE, "meanwhile");
        world.wait("the program to have it", || {
            ["accepted", "consumed"].contains(&world.message(&second).state.as_str())
        });
        right(&world, (stopped, stopped), &["working"]);
        if name == "claude" {
            let tried = shown(&world, &RETRYING);
            right(&world, (stopped, tried), &["retrying"]);
        }
        world.start_model();
        let started = clock::now();
        world.wait_consumed(&second);
        right(&world, (started, started), &["idle"]);
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
        let killed = clock::now();
        kill(&world, &[before]);
        right(&world, (killed, killed), &["crashed"]);
        let second = world.post(ROLE, "what was it");
        world.wait_consumed(&second);
        world.wait_quiet(ROLE);
        assert_ne!(world.agent(ROLE).pid, Some(before));
        remembers(&world, "what was it", &["remember this"], &[]);
        assert_eq!(world.bodies(ROLE), ["remember this", "what was it"]);
    }
}
