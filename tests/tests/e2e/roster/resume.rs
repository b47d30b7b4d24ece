//! `torch resume`.

use torch_testing::{SCRIPTED, World};

use super::{from_torch, last_briefing, session, windows};

fn rows(world: &World, args: &[&str]) -> Vec<(String, String)> {
    let args = [&["resume", "--status-only", "--json"], args].concat();
    let view = world.torch(&args).ok().json();
    let agents = view["agents"].as_array().cloned().unwrap_or_default();
    agents
        .iter()
        .map(|agent| {
            (
                agent["role"].as_str().unwrap_or_default().to_owned(),
                agent["action"].as_str().unwrap_or_default().to_owned(),
            )
        })
        .collect()
}

#[test]
fn looking_changes_nothing() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    let before = world.agents();
    let seen = rows(&world, &[]);
    assert_eq!(
        seen,
        [
            ("orchestrator".to_owned(), "keep".to_owned()),
            ("developer".to_owned(), "keep".to_owned())
        ]
    );
    let seen = rows(&world, &["--rebrief-all"]);
    assert!(
        seen.iter().all(|(_, action)| action == "re-brief"),
        "{seen:?}"
    );
    world
        .torch(&["resume", "--status-only", "--add-roles", "plumber"])
        .code(2)
        .says("plumber");
    world
        .torch(&["resume", "--status-only"])
        .ok()
        .prints("wanted running");
    assert_eq!(world.agents(), before);
    world.torch(&["stop"]).ok();
    let seen = rows(&world, &[]);
    assert!(seen.iter().all(|(_, action)| action == "start"), "{seen:?}");
    // Nobody is needed for it, and nobody is started.
    world.torch(&["daemon", "stop"]).ok();
    assert_eq!(rows(&world, &[]), seen);
    world.torch(&["daemon", "status"]).code(1);
    world.torch(&["resume"]).ok();
    assert!(world.agents().iter().all(|agent| agent.briefed));
}

#[test]
fn it_brings_back_briefs_again_and_adds() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    let before = world.agents();
    // All is well: nothing happens.
    world.torch(&["resume"]).ok();
    assert_eq!(world.agents(), before);
    world.torch(&["resume", "--rebrief-all"]).ok();
    for role in ["orchestrator", "developer"] {
        assert_eq!(from_torch(&world, role).len(), 2, "{role}");
        assert!(last_briefing(&world, role).contains("You are briefed again"));
    }
    let pids = |world: &World| {
        world
            .agents()
            .iter()
            .map(|agent| agent.pid)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        pids(&world),
        before.iter().map(|agent| agent.pid).collect::<Vec<_>>()
    );

    world
        .torch(&["resume", "--add-roles", "tester,plumber"])
        .code(2)
        .says("plumber");
    assert_eq!(world.agents().len(), 2);
    world
        .torch(&["resume", "--add-roles", "tester, developer,devops"])
        .ok();
    assert_eq!(
        windows(&world, &session(&world)),
        ["orchestrator", "developer", "tester", "devops"]
    );
    assert!(world.agents().iter().all(|agent| agent.briefed));

    // After a stop, with two more; one that was ended alone stays so.
    world.torch(&["agent", "end", "devops"]).ok();
    let waits = world.send("developer", "over the stop");
    world.wait_message(&waits, "consumed");
    world.torch(&["stop"]).ok();
    let waits = world.send("developer", "while stopped");
    world.torch(&["resume", "--add-roles", "researcher"]).ok();
    world.wait_message(&waits, "consumed");
    assert_eq!(
        windows(&world, &session(&world)),
        ["orchestrator", "developer", "tester", "researcher"]
    );
    let briefing = last_briefing(&world, "developer");
    assert!(
        briefing.contains("torch stop"),
        "it says what ended it: {briefing}"
    );
}

/// A session of the person's own keeps the server when the team's has ended: the old session's id is not believed.
#[test]
fn it_works_beside_a_persons_session() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    world
        .tmux(&["new-session", "-d", "-s", "mine", "exec sleep 600"])
        .ok();
    for _ in 0..3 {
        world.torch(&["stop"]).ok();
        let ran = world.torch(&["resume"]).ok();
        let all = format!("{}{}", ran.stdout, ran.stderr);
        assert!(!all.contains("could not be opened"), "{ran}");
        assert!(all.contains("2 of 2 agents briefed"), "{ran}");
    }
    world.tmux(&["kill-session", "-t", "=mine"]).ok();
}
