//! The sender's side: exit codes, keys, times to live, and what can be done about a message.

use std::time::Duration;

use torch_testing::{SCRIPTED, World};

/// A team whose developer is in a turn until its pane is interrupted.
fn busy() -> World {
    let world = World::new();
    let rules = "[[on]]\nmatch = 'work long'\nsteps = [{ work = { ms = 60000 } }]";
    world.team("orchestrator,developer", &format!("{SCRIPTED}\n{rules}"));
    world.deliver("developer", "work long");
    world.wait_state("developer", "working");
    world
}

#[test]
fn the_exit_code_is_the_truth() {
    let world = busy();
    world.scm(&["orchestrator", "hello", "--wait"]).ok();
    assert_eq!(world.received("orchestrator"), ["hello"]);
    world
        .scm(&["orchestrator", "hello", "--wait=accepted"])
        .ok();
    let late = world
        .scm(&["developer", "hello", "--wait", "--timeout", "1"])
        .code(3);
    assert!(
        late.stderr.contains("the agent is in a turn"),
        "says what it waits for: {late}"
    );
    world
        .scm(&["orchestrator", "hello", "--wait=acked", "--timeout", "1"])
        .code(3);
    world
        .scm(&["develper", "hello"])
        .code(2)
        .says("sample:developer");
    world.scm(&["developer"]).code(2);
    world.scm(&["developer", ""]).code(2);
    assert_eq!(world.received("developer"), ["work long"]);
    // The refusal of a rule: an agent that writes to itself.
    world
        .run_as("orchestrator", "scm orchestrator 'to me'")
        .code(4)
        .says("edge.self");
}

#[test]
fn a_confirmed_message_is_acked() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    let id = world.deliver("developer", "please confirm");
    world.run_as("developer", &format!("torch ack {id}")).ok();
    world.wait_message(&id, "acked");
    // Nobody else can speak for the recipient.
    let id = world.deliver("developer", "please confirm");
    assert_ne!(
        world
            .run_as("orchestrator", &format!("torch ack {id}"))
            .code,
        0
    );
    assert_ne!(world.torch(&["ack", &id]).code, 0);
    assert_eq!(world.message(&id).state, "consumed");
}

#[test]
fn a_repeated_key_is_the_same_message() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    let send = |target: &str, key: &str, body: &str| -> serde_json::Value {
        world
            .scm(&[target, "--key", key, "--json", body])
            .ok()
            .json()["message"]["id"]
            .clone()
    };
    let first = send("developer", "k1", "once");
    assert_eq!(send("developer", "k1", "once"), first);
    let other = send("developer", "k2", "twice");
    assert_ne!(other, first);
    // Another sender's key is another key.
    world
        .run_as("developer", "scm orchestrator --key k1 mine")
        .ok();
    world.wait_message(other.as_str().expect("an id"), "consumed");
    assert_eq!(
        send("developer", "k1", "once"),
        first,
        "also once it is delivered"
    );
    world.torch(&["daemon", "stop"]).ok();
    assert_eq!(
        send("developer", "k1", "once"),
        first,
        "also after a restart of the daemon"
    );
    world.wait("all to be delivered", || {
        world.agents().iter().all(|agent| agent.waiting == 0)
    });
    assert_eq!(
        world.received("developer"),
        ["once", "twice", "run your script"]
    );
    assert_eq!(world.received("orchestrator"), ["mine"]);
}

#[test]
fn a_message_expires_while_it_waits_and_never_after() {
    let world = busy();
    let sent = world
        .scm(&["developer", "--ttl", "1s", "--json", "too late"])
        .ok()
        .json();
    let id = sent["message"]["id"].as_str().expect("an id").to_owned();
    let kept = world.send("developer", "still good");
    world.wait_message(&id, "expired");
    world
        .scm(&[
            "developer",
            "--ttl",
            "1s",
            "--wait",
            "--timeout",
            "10",
            "too late as well",
        ])
        .code(1);
    world.keys("developer", &["Escape"]);
    world.wait_message(&kept, "consumed");
    assert_eq!(world.received("developer"), ["work long", "still good"]);
}

#[test]
fn a_waiting_message_can_be_taken_back() {
    let world = busy();
    let back = world.send("developer", "never mind");
    let kept = world.send("developer", "do this");
    world.torch(&["msg", "cancel", &back]).ok();
    assert_eq!(world.message(&back).state, "dead");
    world.keys("developer", &["Escape"]);
    world.wait_message(&kept, "consumed");
    assert_eq!(world.received("developer"), ["work long", "do this"]);
    // What is delivered can neither be taken back nor sent again.
    for act in ["cancel", "retry"] {
        world.torch(&["msg", act, &kept]).code(1);
    }
    world.torch(&["msg", "cancel", "m-00000000"]).code(2);
}

#[test]
fn the_trace_shows_each_step_in_its_order() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    let id = world.deliver("developer", "hello");
    let mut steps = vec![
        "claimed", "pasting", "pasted", "entering", "entered", "accepted", "consumed",
    ];
    let trace = world.trace(&id);
    // The program's hook may be quicker than tmux's answer that the key was pressed.
    if !trace.iter().any(|step| step == "delivery.entered") {
        steps.retain(|step| *step != "entered");
    }
    let expected: Vec<String> = std::iter::once("message.accepted".to_owned())
        .chain(steps.iter().map(|step| format!("delivery.{step}")))
        .collect();
    assert_eq!(trace, expected);
    let text = world.torch(&["msg", "trace", &id]).ok().stdout;
    assert!(steps.iter().all(|step| text.contains(step)), "{text}");
}

#[test]
fn the_recipients_report_can_be_waited_for() {
    let world = World::new();
    let rules =
        "[[on]]\nmatch = 'how far'\nsteps = [{ work = { ms = 300 } }, { say = 'halfway there' }]";
    world.team("orchestrator,developer", &format!("{SCRIPTED}\n{rules}"));
    world
        .scm(&["developer", "how far are you?", "--reply"])
        .ok()
        .prints("halfway there");
}

#[test]
fn a_turn_is_waited_for_from_before_its_beginning() {
    let world = busy();
    let second = Duration::from_secs(1);
    let error = world.await_turn("m-00000000", second).expect_err("unknown");
    assert_eq!(error.error, "there is no message \"m-00000000\"");
    assert_eq!(error.kind.exit_code(), 2);
    // One that is on its way is waited for.
    let waiting = world.send("developer", "hello");
    let error = world.await_turn(&waiting, second).expect_err("too early");
    assert_eq!(error.error, format!("{waiting} began no turn in time"));
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| world.await_turn(&waiting, Duration::from_secs(30)));
        world.keys("developer", &["Escape"]);
        assert_eq!(
            waits.join().expect("no panic"),
            Ok("the turn is over".to_owned())
        );
    });
    assert_eq!(world.received("developer"), ["work long", "hello"]);
    // One that ended otherwise began none.
    world.deliver("developer", "work long");
    let back = world.send("developer", "never mind");
    world.torch(&["msg", "cancel", &back]).ok();
    let error = world.await_turn(&back, second).expect_err("cancelled");
    assert_eq!(error.causes, ["it is dead"]);
}
