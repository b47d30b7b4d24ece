//! What a commit's hook says to torch, it says for nobody, however the daemon was started.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;
use torch_process::facts;
use torch_testing::World;

use super::{arrived, check, team};
use crate::endurance::{daemon, next_daemon, signal};

/// An open violation of the developer's.
#[track_caller]
fn violation(world: &World) -> String {
    world
        .run_as("developer", "scm tester 'straight to you'")
        .ok();
    let rows = world.torch(&["violations", "--open", "--json"]).ok().stdout;
    let row: Value = serde_json::from_str(rows.lines().next().expect("one")).expect("JSON");
    row["id"].as_str().expect("an id").to_owned()
}

/// A hook that tries to speak as somebody, and leaves a process behind that tries again once the hook has ended.
fn write_hook(world: &World, violation: &str) -> std::path::PathBuf {
    let said = world.folder().join("hook.said");
    let script = format!(
        "#!/bin/sh\nexec > '{0}' 2>&1\nscm tester 'from the hook'\necho tester $?\nscm orchestrator 'asked by the hook'\necho hub $?\n\
         torch violations resolve {violation}\necho resolve $?\ntorch msg list\necho list $?\ntorch complete 'T1 done'\necho complete $?\n\
         setsid sh -c 'while kill -0 $0 2>/dev/null; do :; done; scm tester left; scm orchestrator \"left by the hook\"' $$ &\nexit 0\n",
        said.display()
    );
    let hook = world.project().join(".git/hooks/pre-commit");
    fs::create_dir_all(hook.parent().expect("a folder")).expect("made");
    fs::write(&hook, script).expect("written");
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).expect("executable");
    said
}

/// The developer commits, and the hook gets nowhere.
#[track_caller]
fn check_hook(world: &World, violation: &str) {
    let said = write_hook(world, violation);
    world
        .run_as("developer", "echo 1 > hk.txt; torch commit -m hk hk.txt")
        .ok();
    check(
        &arrived(world, "asked by the hook"),
        "unknown",
        "identity.daemon-child",
    );
    check(
        &arrived(world, "left by the hook"),
        "unknown",
        "identity.daemon-child",
    );
    let said = fs::read_to_string(said).expect("what the hook was told");
    for line in ["tester 4", "hub 0", "resolve 4", "list 4", "complete 4"] {
        assert!(said.lines().any(|said| said == line), "{line}: {said}");
    }
    for rule in [
        "sender.unknown",
        "violations.resolve",
        "privilege.known",
        "privilege.agent",
    ] {
        assert!(said.contains(rule), "{rule}: {said}");
    }
    assert_eq!(world.received("tester"), [""; 0]);
    let open = world.torch(&["violations", "--open", "--json"]).ok();
    assert!(open.stdout.contains(violation), "{open}");
}

#[test]
fn of_a_daemon_that_a_wrapper_started_again() {
    let world = team();
    let violation = violation(&world);
    let before = daemon(&world);
    signal(&world, "KILL", before);
    let now = next_daemon(&world, before);
    // It is nobody's child but init's, though an agent's wrapper has started it.
    world.wait("the daemon's starter to be gone", || {
        let above = facts::ancestry(now).chain;
        !above.iter().any(|ancestor| {
            let pid = ancestor.process.pid;
            world.agents().iter().any(|agent| agent.wrapper() == pid)
        })
    });
    check_hook(&world, &violation);
    // The wrappers adopt again: what an agent detaches is still that agent's.
    let orphan = "setsid sh -c 'while kill -0 $0 2>/dev/null; do :; done; scm orchestrator orphaned' $$ >/dev/null 2>&1 &";
    for role in ["developer", "tester"] {
        world
            .run_as(role, &orphan.replace("orphaned", &format!("of-{role}")))
            .ok();
        check(
            &arrived(&world, &format!("of-{role}")),
            role,
            "identity.agent-pane",
        );
    }
}

#[test]
fn of_a_daemon_that_a_person_started() {
    let world = team();
    let violation = violation(&world);
    world.torch(&["daemon", "stop"]).ok();
    world.torch(&["daemon", "start"]).ok();
    check_hook(&world, &violation);
}
