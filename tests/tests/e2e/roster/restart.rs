//! `torch agent restart`.

use torch_process::facts;
use torch_testing::{DEADLINE, SCRIPTED, World};

use super::{last_briefing, logs};

/// Beside the script, an order to hang.
fn scenario() -> String {
    format!("{SCRIPTED}\n[[on]]\nmatch = \"hang now\"\nsteps = [\"hang\"]\n")
}

#[test]
fn a_program_is_replaced_in_its_pane() {
    let world = World::new();
    world.team("orchestrator,developer", &scenario());
    let commits = "for n in one two; do echo $n > $n; git add $n; git commit -q -m \"commit number $n\"; done; echo x > loose";
    world.run_as("developer", commits).ok();
    // It hangs in a turn, and two messages wait.
    world.deliver("developer", "hang now");
    let first = world.send("developer", "first");
    let second = world.send("developer", "second");
    let before = world.agent("developer");
    let old = facts::process(before.pid.expect("a pid")).expect("it runs");
    let done = world.torch(&["agent", "restart", "developer"]).ok();
    assert_eq!(
        done.stdout,
        "developer is up and briefed, on branch main-developer\n"
    );
    let after = world.agent("developer");
    assert_eq!(after.pane_id(), before.pane_id());
    assert_ne!(after.pid, before.pid);
    assert!(!facts::is_alive(old), "the program of before is gone");
    for id in [&first, &second] {
        world.wait_message(id, "consumed");
    }
    assert_eq!(
        world
            .received("developer")
            .iter()
            .rev()
            .take(2)
            .collect::<Vec<_>>(),
        ["second", "first"]
    );
    let briefing = last_briefing(&world, "developer");
    for words in [
        "a person restarted it",
        "commit number one",
        "commit number two",
        "not committed",
        "2 messages wait",
    ] {
        assert!(briefing.contains(words), "no `{words}` in {briefing}");
    }
    assert_eq!(logs(&world, "developer").len(), 1, "its screen was kept");
    assert_eq!(world.agents()[0].pid, world.agent("orchestrator").pid);
}

#[test]
fn one_that_ended_and_the_hub_itself() {
    let world = World::new().with("TORCH_RESTART_POLICY", "never");
    world.team("orchestrator,developer", SCRIPTED);
    world.keys("developer", &["C-c"]);
    world.keys("developer", &["C-c"]);
    world.wait_state("developer", "exited");
    world.wait("the report", || {
        world
            .torch(&["inbox", "--all"])
            .stdout
            .contains("torch agent restart developer")
    });
    let pane = world.agent("developer").pane_id().to_owned();
    world.torch(&["agent", "restart", "developer"]).ok();
    assert_eq!(world.agent("developer").pane_id(), pane);
    let hub = world.agent("orchestrator");
    world.torch(&["agent", "restart", "orchestrator"]).ok();
    let again = world.wait_agent("orchestrator", DEADLINE, "up", |agent| agent.briefed);
    assert_ne!(hub.pid, again.pid);
    world.deliver("orchestrator", "hello");

    world.torch(&["agent", "restart", "plumber"]).code(2);
    world.torch(&["agent", "restart", "human"]).code(2);
    world.torch(&["stop"]).ok();
    world
        .torch(&["agent", "restart", "developer"])
        .code(1)
        .says("torch resume --team sample");
}
