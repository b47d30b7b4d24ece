//! A daemon that is killed is brought back by the wrappers, and nothing is lost.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use torch_process::facts;
use torch_testing::{SCRIPTED, World};

use super::{daemon, named, next_daemon, signal};

#[test]
fn a_killed_daemon_is_brought_back_and_delivers() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    world.deliver("developer", "before");
    let panes = world.agents().into_iter().map(|agent| agent.pane);
    let panes: Vec<_> = panes.collect();
    let mut pid = daemon(&world);
    let mut wanted = vec!["before".to_owned()];
    for round in 0..3 {
        let text = format!("accepted {round}");
        world.send("developer", &text);
        signal(&world, "KILL", pid);
        pid = next_daemon(&world, pid);
        wanted.push(text);
        // Nobody calls: the agents' own panes brought it back.
        world.wait("what was accepted to arrive", || {
            world.received("developer").len() == wanted.len()
        });
    }
    assert_eq!(world.received("developer"), wanted);
    let after = world.agents().into_iter().map(|agent| agent.pane);
    assert_eq!(after.collect::<Vec<_>>(), panes);

    // It is nobody's.
    let text = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let names = text.split('\0').filter_map(|var| var.split_once('='));
    let names: BTreeSet<&str> = names.map(|(name, _)| name).collect();
    for name in ["TORCH_AGENT", "TORCH_ROLE", "TMUX", "TMUX_PANE"] {
        assert!(!names.contains(name), "{name} in {names:?}");
    }
    let agent = world.agent("developer");
    signal(&world, "KILL", agent.pid.expect("it runs"));
    world.torch(&["stop"]).ok();
    assert_eq!(daemon(&world), pid, "it outlives the team");
}

#[test]
fn a_daemon_that_was_told_to_end_stays_away() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    for how in ["stop", "TERM", "INT"] {
        let pid = daemon(&world);
        let process = facts::process(pid).expect("it runs");
        match how {
            "stop" => drop(world.torch(&["daemon", "stop"]).ok()),
            name => signal(&world, name, pid),
        }
        assert!(torch_process::await_end(
            process,
            Some(torch_testing::DEADLINE)
        ));
        // Far longer than the pause before a wrapper's first try.
        let me = facts::process(std::process::id()).expect("this process");
        torch_process::await_end(me, Some(Duration::from_millis(700)));
        world.torch(&["daemon", "status"]).code(1);
        assert_eq!(named(&world.home()), Some(pid), "nobody tried");
        world.torch(&["daemon", "start"]).ok();
    }
    // It is looked after again.
    let pid = daemon(&world);
    signal(&world, "KILL", pid);
    next_daemon(&world, pid);
    world.deliver("developer", "after");
}
