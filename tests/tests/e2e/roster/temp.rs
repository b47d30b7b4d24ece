//! `torch agent temp`: an agent for one task.

use std::fs;

use torch_testing::{SCRIPTED, World};

use super::{from_torch, logs, session, windows};
use crate::place::git;

/// Writes what a role runs when it is told to.
fn script(world: &World, role: &str, text: &str) {
    let folder = world.folder().join("scripts");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join(format!("{role}.sh")), text).expect("a script");
}

#[test]
fn it_does_its_task_and_goes() {
    let world = World::new();
    let briefed = "[[on]]\nmatch = \"BRIEFING for temp-\"\nsteps = [{ shell = { command = \"sh $TORCH_HOME/../scripts/$TORCH_ROLE.sh\" } }]\n";
    world.team("orchestrator,developer", &format!("{SCRIPTED}{briefed}"));
    script(
        &world,
        "temp-login",
        "echo fixed > login.txt\ngit add login.txt\ngit commit -q -m 'fix the login'\ntorch complete 'the login works'\n",
    );
    let task = "Fix the login, please";
    world
        .torch(&["agent", "temp", "Login", task])
        .ok()
        .prints("temp-login is up and briefed, on branch main-temp-login");
    world.wait_state("temp-login", "stopped");
    world.wait("its log", || logs(&world, "temp-login").len() == 1);
    assert!(last(&world, "temp-login").contains(task));
    let log = fs::read_to_string(&logs(&world, "temp-login")[0]).expect("a log");
    for words in [
        "Reported: the login works",
        "fix the login",
        "its task was complete",
    ] {
        assert!(log.contains(words), "no `{words}` in {log}");
    }
    assert_eq!(
        windows(&world, &session(&world)),
        ["orchestrator", "developer"]
    );
    let subject = git(
        &world,
        &world.project(),
        &["log", "-1", "--format=%s", "main-temp-login"],
    );
    assert_eq!(subject.trim(), "fix the login");
    world.wait("the hub to hear of it", || {
        let heard = world.prompts("orchestrator");
        heard
            .iter()
            .any(|entry| entry.text.contains("the login works"))
    });
    // The next task of that name goes to the same place.
    script(&world, "temp-login", "true");
    world
        .torch(&["agent", "temp", "temp-login", "Once more, please"])
        .ok();
    let again = last(&world, "temp-login");
    assert!(
        again.contains("Once more") && !again.contains("Fix the login"),
        "{again}"
    );
    world.wait_idle("temp-login");
    world
        .torch(&["agent", "temp", "login", "a third"])
        .code(1)
        .says("in the team already");
}

fn last(world: &World, role: &str) -> String {
    from_torch(world, role)
        .pop()
        .map(|entry| world.message(&entry.tag.expect("a message")).body)
        .expect("a briefing")
}

#[test]
fn the_hub_may_and_the_others_may_not() {
    let world = World::new();
    world.team("orchestrator,project_manager,developer", SCRIPTED);
    for (hub, purpose) in [("orchestrator", "one"), ("project_manager", "two")] {
        let temp = format!("temp-{purpose}");
        world
            .run_as(hub, &format!("torch agent temp {purpose} 'look around'"))
            .ok()
            .prints("is up and briefed");
        world.deliver(&temp, "are you there?");
        world.run_as(hub, &format!("torch agent end {temp}")).ok();
        assert_eq!(world.agent(&temp).state, "stopped");
        for refused in [
            "agent end developer",
            "agent restart developer",
            "agent add devops",
            "pause",
            "resume",
            "windows rename",
            "stop --all",
        ] {
            world
                .run_as(hub, &format!("torch {refused}"))
                .code(4)
                .says("privilege.");
        }
    }
    for refused in [
        "agent temp three 'help me'",
        "agent end temp-one",
        "agent end tester",
    ] {
        world
            .run_as("developer", &format!("torch {refused}"))
            .code(4)
            .says("privilege.roster");
    }
    assert_eq!(world.agents().len(), 5);
    for (purpose, task, says) in [
        ("", "x", "can't be part of a role's name"),
        ("a b", "x", "can't be part of a role's name"),
        ("ok", " \n", "the task is empty"),
    ] {
        world
            .torch(&["agent", "temp", purpose, task])
            .code(2)
            .says(says);
    }
    // Whoever calls from nowhere that torch knows is no person.
    let out = world.folder().join("unknown");
    let line = format!(
        "torch agent end developer > '{0}.new' 2>&1; mv '{0}.new' '{0}'",
        out.display()
    );
    world.tmux(&["run-shell", "-b", &line]).ok();
    world.wait("the refusal", || {
        fs::read_to_string(&out).is_ok_and(|text| text.contains("privilege.roster"))
    });
    assert_eq!(world.agents().len(), 5);
    world.deliver("developer", "still there");
}
