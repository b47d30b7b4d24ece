//! The caps per hour.

use torch_testing::{SCRIPTED, World};

use super::from_torch;

#[test]
fn turns_beyond_the_cap_wait() {
    // The briefing is one of them.
    let world = World::new().with("TORCH_LIMITS_TURNS_PER_HOUR", "4");
    world.team("orchestrator,developer", SCRIPTED);
    for n in 1..=3 {
        world.deliver("developer", &format!("message {n}"));
    }
    let fourth = world.send("developer", "message 4");
    let fifth = world.send("developer", "message 5");
    world.wait_message(&fourth, "deferred:capped");
    world
        .scm(&["developer", "message 6", "--wait", "--timeout", "1"])
        .code(3);
    world
        .torch(&["why", "developer"])
        .ok()
        .prints("limits.turns_per_hour");
    let told = |world: &World| {
        let notices = from_torch(world, "orchestrator");
        notices
            .iter()
            .filter(|entry| entry.text.contains("limits.turns_per_hour"))
            .count()
    };
    world.wait("the hub to be told", || told(&world) == 1);
    assert_eq!(world.message(&fifth).state, "queued");
    assert_eq!(world.received("developer").len(), 3);
    // A restart is told what its briefing waits for, and the count outlives the daemon's restart.
    world
        .torch(&["agent", "restart", "developer"])
        .ok()
        .prints("its briefing waits")
        .prints("limits.turns_per_hour");
    world.torch(&["daemon", "stop"]).ok();
    world.torch(&["daemon", "start"]).ok();
    world.wait_idle("developer");
    assert_eq!(world.received("developer").len(), 3);
    assert_eq!(told(&world), 1, "told once");
}

#[test]
fn restarts_beyond_the_cap_are_not_made() {
    let world = World::new().with("TORCH_LIMITS_RESTARTS_PER_HOUR", "1");
    let crash = "[[on]]\nmatch = \"crash now\"\nsteps = [{ say = \"out of memory\" }, { work = { ms = 300 } }, { crash = { status = 9 } }]\n";
    world.team("orchestrator,developer", &format!("{SCRIPTED}{crash}"));
    let first = world.agent("developer");
    world.deliver("developer", "crash now");
    world.wait_agent("developer", torch_testing::DEADLINE, "restarted", |agent| {
        agent.briefed && agent.pid.is_some() && agent.pid != first.pid
    });
    world.wait_idle("developer");
    world.deliver("developer", "crash now");
    world.wait_state("developer", "failed");
    let inbox = world.wait_for(torch_testing::DEADLINE, "the report", || {
        let text = world.torch(&["inbox", "--all"]).ok().stdout;
        text.contains("is given up").then_some(text)
    });
    assert_eq!(inbox.matches("is given up").count(), 1, "{inbox}");
    for words in [
        "limits.restarts_per_hour",
        "ended with status 9",
        "out of memory",
        "torch agent restart developer",
    ] {
        assert!(inbox.contains(words), "no `{words}` in {inbox}");
    }
    world.torch(&["agent", "restart", "developer"]).ok();
    world.deliver("developer", "hello again");
}
