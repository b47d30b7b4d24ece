//! A person at the keyboard who ends an agent: it is left alone, and says so.

use torch_testing::{SCRIPTED, World};

use super::next_program;
use crate::roster::follow_hint;

#[test]
fn what_a_person_ended_is_left_alone() {
    let world = World::new();
    world.team("orchestrator,developer,tester", SCRIPTED);
    // Nobody is attached: it is started again.
    let before = world.agent("tester");
    world.keys("tester", &["C-c"]);
    world.keys("tester", &["C-c"]);
    next_program(&world, "tester", before.pid);

    let terminal = world.attach("developer");
    terminal.shows("demo agent");
    terminal.keys(&["C-c"]);
    terminal.shows("Press Ctrl-C again");
    terminal.keys(&["C-c"]);
    let ended = world.wait_state("developer", "exited");
    let inbox = world.wait_for(torch_testing::DEADLINE, "the report", || {
        let text = world.torch(&["inbox"]).ok().stdout;
        text.contains("sample:developer").then_some(text)
    });
    for words in [
        "It is not started again by itself: somebody at its session ended it",
        "torch agent restart developer --team sample",
    ] {
        assert!(inbox.contains(words), "no `{words}` in {inbox}");
    }
    let why = world.torch(&["why", "developer"]).ok().stdout;
    assert!(
        why.contains("somebody at its session ended it")
            && why.contains("torch agent restart developer"),
        "{why}"
    );
    let waits = world.send("developer", "for later");
    world.wait_message(&waits, "deferred:no_agent");
    // What is typed there now reaches nobody.
    terminal.type_text("rm -rf everything");
    terminal.keys(&["Enter"]);
    terminal.shows("Nothing typed here reaches anybody");
    // The daemon's restart forgets nothing.
    world.torch(&["daemon", "stop"]).ok();
    world.torch(&["daemon", "start"]).ok();
    world.wait_agent(
        "developer",
        torch_testing::DEADLINE,
        "seen again",
        |agent| agent.state == "exited",
    );
    let seen = world.torch(&["resume", "--status-only"]).ok().stdout;
    let line = seen
        .lines()
        .find(|line| line.contains("developer"))
        .unwrap_or_default();
    assert!(
        line.contains("restart") && line.contains("somebody"),
        "{seen}"
    );
    world.torch(&["agent", "restart", "developer"]).ok();
    assert_eq!(world.agent("developer").pane_id(), ended.pane_id());
    world.wait_message(&waits, "consumed");

    // A window killed by the same hands.
    terminal.keys(&["C-b", "&"]);
    // tmux asks first; a key before that would go to the program.
    terminal.shows("(y/n)");
    terminal.keys(&["y"]);
    world.wait("its end", || world.agent("developer").pane.is_none());
    let asked = world
        .scm(&["developer", "there?", "--wait", "--timeout", "1"])
        .code(3);
    assert!(
        follow_hint(&world, &asked)
            .stdout
            .contains("somebody at its session ended it")
    );
    world.torch(&["resume"]).ok();
    world.deliver("developer", "welcome back");
    terminal.close();
}
