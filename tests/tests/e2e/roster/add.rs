//! `torch agent add`.

use torch_testing::{SCRIPTED, World};

use super::{follow_hint, last_briefing, session, windows};
use crate::place::git;

#[test]
fn a_role_joins_a_running_team() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    let before = world.agents();
    let added = world.torch(&["agent", "add", "QA"]).ok();
    assert_eq!(
        added.stdout,
        "tester is up and briefed, on branch main-tester\n"
    );
    assert_eq!(world.agents()[..2], before[..], "the others are left alone");
    assert_eq!(
        windows(&world, &session(&world)),
        ["orchestrator", "developer", "tester"]
    );
    assert_eq!(
        world
            .torch(&["agent", "add", "devops", "--json"])
            .ok()
            .stdout
            .lines()
            .last()
            .map(
                |line| serde_json::from_str::<serde_json::Value>(line).expect("JSON")["text"]
                    .clone()
            ),
        Some("devops is up and briefed, on branch main-devops".into())
    );
    world.deliver("tester", "hello");
    world.run_as("tester", "scm orchestrator 'here I am'").ok();

    // What can't be done changes nothing.
    let roster = |world: &World| -> Vec<_> {
        let agents = world.agents().into_iter();
        agents.map(|agent| (agent.role, agent.pid)).collect()
    };
    let before = roster(&world);
    let there = world.torch(&["agent", "add", "tester"]).code(1);
    assert!(
        there.stderr.contains("tester is in the team already"),
        "{there}"
    );
    world
        .torch(&["agent", "add", "plumber"])
        .code(2)
        .says("there is no role \"plumber\"")
        .says("known roles: ");
    world
        .torch(&["agent", "add", "researcher", "--agent", "nobody"])
        .code(2)
        .says("there is no agent program \"nobody\"")
        .says("demo");
    world
        .torch(&["agent", "add", "researcher", "--agent", "dmo"])
        .code(2)
        .says("near matches: demo")
        .says("Hint: torch agent add researcher --agent demo");
    world
        .torch(&["auto", "--spec", "spec.md", "--agent", "claud", "--yes"])
        .code(2)
        .says("near matches: claude")
        .says("Hint: torch auto --spec spec.md --agent claude");
    world
        .torch(&["approve", "q-abcdef"])
        .code(4)
        .says("privilege.approval")
        .says("Hint: torch approve q-abcdef    # at a terminal; scripts may with `scripts = true`");
    world.torch(&["agent", "add", "a/../b"]).code(2);
    world
        .torch(&["agent", "add", "tester", "--team", "other"])
        .code(2)
        .says("no team is called");
    assert_eq!(roster(&world), before);
    follow_hint(&world, &there).prints("tester is up and briefed");
    world.deliver("tester", "again");
}

#[test]
fn an_ended_role_comes_back_to_its_work() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    let commit = "echo half > work.txt && git add work.txt && git commit -q -m 'half of the work'";
    world.run_as("developer", commit).ok();
    let before = world.agent("developer");
    world.torch(&["agent", "end", "developer"]).ok();
    let waits = world.send("developer", "for later");
    world.torch(&["agent", "add", "developer"]).ok();
    let after = world.agent("developer");
    assert_eq!(
        (&after.worktree, &after.branch),
        (&before.worktree, &before.branch)
    );
    world.wait_message(&waits, "consumed");
    let briefing = last_briefing(&world, "developer");
    assert!(
        briefing.contains("half of the work") && briefing.contains("torch agent end"),
        "{briefing}"
    );

    // Its worktree was removed and its branch is somebody else's meanwhile.
    world.torch(&["agent", "end", "developer"]).ok();
    let project = world.project();
    let folder = after.worktree.display().to_string();
    git(
        &world,
        &project,
        &["worktree", "remove", "--force", &folder],
    );
    git(&world, &project, &["checkout", "-q", "main-developer"]);
    world.torch(&["agent", "add", "developer"]).ok();
    let elsewhere = world.agent("developer");
    assert_eq!(elsewhere.branch.as_deref(), Some("main-developer-2"));
    assert_eq!(
        git(&world, &project, &["rev-parse", "--abbrev-ref", "HEAD"]).trim(),
        "main-developer"
    );

    world.torch(&["stop"]).ok();
    let stopped = world.torch(&["agent", "add", "tester"]).code(1);
    assert!(
        stopped.stderr.contains("team sample does not run"),
        "{stopped}"
    );
    assert_eq!(world.agents().len(), 2);
    follow_hint(&world, &stopped);
    world.torch(&["agent", "add", "tester"]).ok();
}
