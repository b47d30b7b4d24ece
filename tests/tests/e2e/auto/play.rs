//! Teams that play a spec through.

use std::time::Duration;

use torch_testing::{SCRIPTED, World};

use crate::bad_input::auto;
use crate::place::{git, worktrees};

#[test]
fn a_team_works_to_the_end() {
    let world = World::new();
    let mut run = world
        .command("torch")
        .args(auto(&["--spec=spec.md", "--wait"]));
    run.deadline = Duration::from_secs(60);
    let ran = world.run(&run).ok();
    for word in [
        "5 of 5 agents briefed",
        "sample: the spec is complete",
        "tests passed",
    ] {
        assert!(ran.stdout.contains(word), "no `{word}` in {ran}");
    }
    // It closes when the hub's turn, in which it reported, is over as well.
    let hub = ran.stdout.lines().map(str::trim_start).find(|line| {
        let mut words = line.split_whitespace();
        words.next() == Some("orchestrator") && words.next() == Some("idle")
    });
    assert!(hub.is_some(), "the hub is not idle in {ran}");
    // One commit for each item of the spec, in its order, by the developer.
    let log = git(
        &world,
        &world.project(),
        &["log", "--reverse", "--format=%s", "main..main-developer"],
    );
    let items = [
        "T1 greet by name",
        "T2 greet the world",
        "T3 refuse an empty name",
    ];
    let wanted: Vec<String> = (1..)
        .zip(items)
        .map(|(n, item)| format!("demo: item {n}: {item}"))
        .collect();
    assert_eq!(log.lines().collect::<Vec<_>>(), wanted);
    for role in ["tester", "testrunner"] {
        let range = format!("main..main-{role}");
        assert_ne!(
            git(&world, &world.project(), &["rev-list", "--count", &range]),
            "0",
            "{role} committed nothing"
        );
    }
    let team = &world.status()["teams"][0];
    assert_eq!(team["phase"], "finished");
    assert!(
        team["summary"]
            .as_str()
            .is_some_and(|summary| summary.contains("3 items")),
        "{team}"
    );
    // Every message that was accepted arrived, once.
    let list = world
        .torch(&["msg", "list", "-n", "1000", "--json"])
        .ok()
        .stdout;
    for line in list.lines() {
        let message: serde_json::Value = serde_json::from_str(line).expect("JSON");
        // What is for the person lies in the inbox.
        let arrived = if message["to"] == "human" {
            "accepted"
        } else {
            "consumed"
        };
        assert!(
            message["state"] == arrived || message["state"] == "acked",
            "{message}"
        );
        assert_eq!(message["possible_duplicate"], false, "{message}");
    }
    world.torch(&["audit", "verify"]).ok();
}

#[test]
fn fifteen_roles() {
    let world = World::new();
    let roles = torch_core::roles::BUILT_IN_NAMES.join(",");
    world.team(&roles, SCRIPTED);
    let agents = world.agents();
    assert_eq!(
        agents
            .iter()
            .map(|agent| agent.role.as_str())
            .collect::<Vec<_>>()
            .join(","),
        roles
    );
    assert_eq!(worktrees(&world, &world.project()).len(), 16);
    let windows = world
        .tmux(&[
            "list-windows",
            "-t",
            "=sample",
            "-F",
            "#{window_index} #{window_name}",
        ])
        .ok()
        .stdout;
    let wanted: Vec<String> = roles
        .split(',')
        .enumerate()
        .map(|(n, role)| format!("{n} {role}"))
        .collect();
    assert_eq!(windows.lines().collect::<Vec<_>>(), wanted);
    let ids: Vec<_> = agents
        .iter()
        .map(|agent| (world.send(&agent.role, "hello"), agent.role.clone()))
        .collect();
    for (id, role) in ids {
        world.wait_message(&id, "consumed");
        assert_eq!(world.received(&role), ["hello"]);
    }
}
