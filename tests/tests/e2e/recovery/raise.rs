//! A daemon that is killed while it raises a team or takes one down: the same is reached in the end, once.

use torch_process::facts;
use torch_testing::{SCRIPTED, World};

use super::{daemon_that_ends_at, one_of_each, wait_briefed};
use crate::bad_input::auto;
use crate::endurance::named;

/// Whether the daemon that had this pid is gone.
pub(crate) fn is_gone(world: &World, pid: u32) -> bool {
    named(&world.home()) != Some(pid) || facts::process(pid).is_none()
}

/// Lets the daemon end while it raises a team of three.
fn raised_through(point: &str) {
    let world = World::new();
    let pid = daemon_that_ends_at(&world, point);
    let file = world.folder().join("scenario.toml");
    std::fs::write(&file, SCRIPTED).expect("a scenario");
    let file = file.display().to_string();
    let roles = "--roles=orchestrator,developer,tester";
    let args = auto(&["--spec=spec.md", roles, "--scenario", &file]);
    let ran = world.torch(&args);
    world.wait("the daemon's end", || is_gone(&world, pid));
    // It was asked again, and went on where the first one ended.
    assert_eq!(ran.code, 0, "{point}: {ran}");
    assert!(ran.stderr.contains("it is asked again"), "{point}: {ran}");
    wait_briefed(&world, 3);
    one_of_each(&world);
    for role in ["orchestrator", "developer", "tester"] {
        let id = world.send(role, "hello");
        world.wait_message(&id, "consumed");
        assert_eq!(world.received(role), ["hello"], "{point}");
    }
    world.torch(&["audit", "verify"]).ok();
}

#[test]
fn while_it_makes_worktrees() {
    for point in [
        "did-worktree:2",
        "before-worktree.added:2",
        "worktree.added",
    ] {
        raised_through(point);
    }
}

#[test]
fn while_it_opens_windows() {
    for point in ["before-agent.launch:2", "agent.launch", "did-open:2"] {
        raised_through(point);
    }
}

#[test]
fn while_it_briefs() {
    for point in ["before-briefing", "briefing:2"] {
        raised_through(point);
    }
}

#[test]
fn while_it_stops() {
    let world = World::new();
    for point in [
        "before-team.stopping",
        "team.stopping",
        "did-close:2",
        "agent.closed",
    ] {
        world.team("orchestrator,developer,tester", SCRIPTED);
        let pid = daemon_that_ends_at(&world, point);
        world.torch(&["stop"]);
        world.wait("the daemon's end", || is_gone(&world, pid));
        world.torch(&["stop"]).ok();
        let left = world.processes();
        let left = left.iter().filter(|(_, line)| line.contains("agent"));
        assert_eq!(left.count(), 0, "{point}");
        assert_eq!(world.status()["teams"][0]["phase"], "stopped", "{point}");
    }
}
