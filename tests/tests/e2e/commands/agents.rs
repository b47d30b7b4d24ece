//! What agents run themselves: reports, acknowledgements, and the rules on who may write to whom.

use torch_testing::{SCRIPTED, World};

/// Sends a message as an agent; its id.
#[track_caller]
fn says(world: &World, from: &str, to: &str, text: &str) -> String {
    let sent = world.run_as(from, &format!("scm {to} --json '{text}'"));
    let answer = sent.ok().json();
    answer["message"]["id"].as_str().expect("an id").to_owned()
}

/// A team of three in which everybody may write to everybody.
fn open_team() -> World {
    // The person's own word: a project's file opens nothing.
    let world = World::new().with("TORCH_ROUTER_MODE", "open");
    world.team("orchestrator,developer,tester", SCRIPTED);
    world
}

#[test]
fn an_agent_reports_and_acknowledges() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    let id = world.deliver("developer", "do this");
    world.run_as("developer", &format!("torch ack {id}")).ok();
    world.wait_message(&id, "acked");
    // It is the recipient's to confirm.
    let other = world.deliver("developer", "and that");
    let ran = world.run_as("orchestrator", &format!("torch ack {other}"));
    assert_ne!(ran.code, 0, "{ran}");
    assert_eq!(world.message(&other).state, "consumed");

    world
        .run_as("developer", "torch complete 'parser done in 3f2c1aa'")
        .ok();
    let completed =
        |world: &World, n: usize| world.status()["teams"][0]["agents"][n]["completed"].clone();
    assert_eq!(completed(&world, 1), "parser done in 3f2c1aa");
    world.wait("the hub to hear of it", || {
        world
            .prompts("orchestrator")
            .iter()
            .any(|entry| entry.text.contains("parser done in 3f2c1aa"))
    });
    assert_eq!(world.status()["teams"][0]["phase"], "running");
    // From the hub it is the end of the whole spec.
    world
        .run_as("orchestrator", "torch complete 'all is done'")
        .ok();
    let team = world.status()["teams"][0].clone();
    assert_eq!(
        (&team["phase"], &team["summary"]),
        (&"finished".into(), &"all is done".into())
    );
}

#[test]
fn the_strict_router_sends_direct_messages_to_the_hub() {
    let world = World::new().with("TORCH_ROUTER_MODE", "strict");
    world.team("orchestrator,project_manager,developer,tester", SCRIPTED);
    let id = says(&world, "developer", "tester", "psst");
    let message = world.wait_message(&id, "consumed");
    assert_eq!(
        (
            message.decision.as_str(),
            message.rule.as_str(),
            message.to.as_str()
        ),
        ("reroute", "mode.strict", "orchestrator")
    );
    assert!(
        world
            .received("orchestrator")
            .iter()
            .any(|body| body.contains("psst"))
    );
    assert_eq!(world.received("tester"), [""; 0]);
    // The deputy may be written to, and everybody by it.
    for (from, to) in [
        ("developer", "project_manager"),
        ("project_manager", "tester"),
        ("orchestrator", "developer"),
    ] {
        let id = says(&world, from, to, "hello");
        assert_eq!(world.wait_message(&id, "consumed").to, to);
    }
    world
        .run_as("developer", "scm developer 'to myself'")
        .code(4)
        .says("edge.self");
}

#[test]
fn the_open_router_lets_them_pass() {
    let world = open_team();
    assert_eq!(world.status()["teams"][0]["router"], "open");
    let id = says(&world, "developer", "tester", "psst");
    let message = world.wait_message(&id, "consumed");
    assert_eq!(
        (message.rule.as_str(), message.to.as_str()),
        ("mode.open", "tester")
    );
    assert_eq!(world.received("tester"), ["psst"]);
}

#[test]
fn the_hub_gets_a_copy_of_critical_words() {
    let world = open_team();
    world
        .run_as("developer", "scm tester 'nothing special'")
        .ok();
    world
        .run_as("developer", "scm tester 'the deploy failed'")
        .ok();
    let copied = |text: &str| {
        let ledger = world.ledger("orchestrator");
        ledger
            .iter()
            .any(|entry| entry.text.contains("copy of") && entry.text.contains(text))
    };
    world.wait("the hub's copy", || copied("the deploy failed"));
    world.wait("both to arrive", || world.received("tester").len() == 2);
    let received = world.received("tester");
    assert_eq!(received[0], "nothing special");
    // The recipient is told where such things are reported.
    assert!(
        received[1].starts_with("the deploy failed") && received[1].contains("scm orchestrator"),
        "{received:?}"
    );
    assert!(
        !copied("nothing special"),
        "only what is critical is copied"
    );
}
