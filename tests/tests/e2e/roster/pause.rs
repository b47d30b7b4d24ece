//! `torch pause` and `torch unpause`.

use std::time::Duration;

use torch_testing::{SCRIPTED, World};

#[test]
fn nothing_is_typed_while_paused() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    world
        .torch(&["pause", "developer"])
        .ok()
        .prints("developer is paused: nothing more is typed");
    world
        .torch(&["pause", "developer"])
        .ok()
        .prints("developer was paused already");
    let waits = world.send("developer", "while paused");
    world.wait_message(&waits, "deferred:paused");
    world
        .scm(&["developer", "and waited for", "--wait", "--timeout", "1"])
        .code(3)
        .says("it waits behind another: a person paused")
        .says("torch why developer --team sample");
    world
        .torch(&["why", "developer"])
        .ok()
        .prints("torch unpause");
    world.torch(&["status"]).ok().prints("paused");
    let agents = world.status()["teams"][0]["agents"].clone();
    assert_eq!(
        (&agents[0]["paused"], &agents[1]["paused"]),
        (&false.into(), &true.into())
    );
    world.deliver("orchestrator", "the others go on");
    // The whole team besides.
    world.torch(&["pause"]).ok().prints("team sample is paused");
    let hub = world.send("orchestrator", "for the hub");
    world.wait_message(&hub, "deferred:paused");
    world
        .torch(&["unpause", "developer"])
        .ok()
        .prints("stays paused");
    assert_eq!(world.message(&waits).state, "deferred");
    // A daemon that starts anew holds them as well.
    world.torch(&["daemon", "stop"]).ok();
    world.torch(&["daemon", "start"]).ok();
    world.wait_message(&hub, "deferred:paused");
    assert_eq!(world.received("developer"), [""; 0]);
    world
        .torch(&["unpause"])
        .ok()
        .prints("team sample is unpaused");
    world.wait_message(&waits, "consumed");
    world.wait_message(&hub, "consumed");
    world.wait("both in order", || {
        world.received("developer") == ["while paused", "and waited for"]
    });
    world
        .torch(&["unpause"])
        .ok()
        .prints("was unpaused already");
    world.torch(&["pause", "plumber"]).code(2);
}

#[test]
fn a_message_that_is_being_typed_is_finished() {
    let world = World::new();
    world.team(
        "orchestrator,developer",
        &format!("draw_delay_ms = 700\n{SCRIPTED}"),
    );
    world.wait_idle("developer");
    let typed = world.send("developer", "half typed");
    world.wait_message(&typed, "pasted");
    world.torch(&["pause"]).ok();
    let waits = world.send("developer", "afterwards");
    world.wait_message(&typed, "consumed");
    world.wait_message_for(&waits, "deferred:paused", Duration::from_secs(20));
    assert_eq!(world.received("developer"), ["half typed"]);
}

#[test]
fn an_agent_that_comes_up_while_paused_is_not_waited_for() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    world.torch(&["pause"]).ok();
    for line in [
        "agent restart developer",
        "agent add tester",
        "agent temp x look",
    ] {
        let ran = world.torch(&line.split(' ').collect::<Vec<_>>()).ok();
        assert!(
            ran.stdout.contains("its briefing waits") && ran.stdout.contains("torch unpause"),
            "{ran}"
        );
    }
    let resumed = world.torch(&["resume"]).ok();
    assert!(
        resumed.stderr.contains("torch unpause") || resumed.stdout.contains("paused"),
        "{resumed}"
    );
    world.torch(&["unpause"]).ok();
    for role in ["developer", "tester", "temp-x"] {
        world.wait_agent(role, torch_testing::DEADLINE, "briefed", |agent| {
            agent.briefed
        });
    }
}
