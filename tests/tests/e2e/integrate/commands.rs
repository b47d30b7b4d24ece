//! The commands that torch runs for an integration: they end with it, with the daemon, and never take the daemon with them.

use std::fs;

use torch_core::Process;
use torch_process::facts;
use torch_testing::{SCRIPTED, World};

use super::{LONG, commit, newest, seen, verified, waits};
use crate::endurance::named;
use crate::place::git;
use crate::recovery::kill;

/// A script that notes its process and waits until it is ended, with a child in another session.
fn endless(world: &World) -> String {
    let folder = world.folder().display();
    format!(
        "setsid sh -c 'echo $$ >> {folder}/pids; exec sleep 3600' & echo $$ >> {folder}/pids; echo begun >> {folder}/begun; wait"
    )
}

/// The processes of the runs so far, once there are `count`.
#[track_caller]
fn running(world: &World, count: usize) -> Vec<Process> {
    world.wait_for(LONG, "the tests to run", || {
        let text = fs::read_to_string(world.folder().join("pids")).ok()?;
        let pids: Vec<u32> = text.lines().filter_map(|line| line.parse().ok()).collect();
        (pids.len() == count).then_some(())?;
        // The newest run's, all of which are there.
        let newest = pids[count - 2..].iter();
        newest.map(|pid| facts::process(*pid)).collect()
    })
}

fn begun(world: &World) -> usize {
    let text = fs::read_to_string(world.folder().join("begun"));
    text.map_or(0, |text| text.lines().count())
}

#[track_caller]
fn ended(world: &World, processes: &[Process]) {
    world.wait("the tests to be ended", || {
        !processes.iter().any(|process| facts::is_alive(*process))
    });
}

#[test]
fn tests_end_with_their_integration_and_with_the_daemon() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    commit(&world, "developer", "a", "1\n");
    let begin = ["integrate", "--no-wait", "--test", &endless(&world)];

    // Who ends an integration does not wait for its tests: they could take an hour.
    world.torch(&begin).ok();
    let run = running(&world, 2);
    let aborted = world.torch(&["integrate", "--abort"]).ok();
    aborted.prints("ended it");
    ended(&world, &run);
    assert_eq!(newest(&world)["outcome"]["outcome"], "aborted");

    // The daemon is killed: they end with it, and the next one begins them once.
    world.torch(&begin).ok();
    let run = running(&world, 4);
    kill(&[named(&world.home())
        .and_then(facts::process)
        .expect("it runs")]);
    ended(&world, &run);
    world.torch(&["daemon", "start"]).ok();
    let again = running(&world, 6);
    assert!(!run.iter().any(|process| facts::is_alive(*process)));
    // A daemon that ends in good order ends them too, and costs no try.
    world.torch(&["daemon", "stop"]).ok();
    assert!(!again.iter().any(|process| facts::is_alive(*process)));
    world.torch(&["daemon", "start"]).ok();
    let third = running(&world, 8);
    // Killed twice by now: a third time nobody begins them by himself.
    kill(&[named(&world.home())
        .and_then(facts::process)
        .expect("it runs")]);
    world.torch(&["daemon", "start"]).ok();
    let row = waits(&world, "person");
    assert!(row.to_string().contains("begun 2 times"), "{row}");
    ended(&world, &third);
    assert_eq!(begun(&world), 4);
    world.torch(&["integrate", "--abort"]).ok();
    let left = git(&world, &world.project(), &["worktree", "list"]);
    assert!(!left.contains("integrations"), "{left}");
    world.torch(&["stop"]).ok();
    world.torch(&["audit", "verify"]).ok();
}

#[test]
fn tests_that_end_their_parent_do_not_end_the_daemon() {
    let world = World::new().with("TORCH_IDENTITY_SCRIPTS", "true");
    world.team("orchestrator,developer", SCRIPTED);
    commit(&world, "developer", "a", "1\n");
    let daemon = named(&world.home());
    for how in ["kill -9 $PPID; sleep 3600", "kill $PPID; sleep 3600"] {
        let test = format!("echo $$ >> {}/mine; {how}", world.folder().display());
        world
            .torch(&["integrate", "--test", &test])
            .ok()
            .prints("begun 2 times");
        waits(&world, "person");
        assert_eq!(named(&world.home()), daemon, "{how}");
        let text = fs::read_to_string(world.folder().join("mine")).expect("it ran");
        let pids: Vec<u32> = text.lines().filter_map(|line| line.parse().ok()).collect();
        assert_eq!(pids.len(), 2, "{how}");
        world.wait("them to be ended", || {
            let left = pids.iter().filter_map(|pid| facts::process(*pid));
            !left.into_iter().any(facts::is_alive)
        });
        fs::remove_file(world.folder().join("mine")).expect("it is there");
        world.torch(&["integrate", "--abort"]).ok();
    }
    // A person's better command gets it in; what it leaves is ended and told.
    let leaves = "setsid sleep 3600 & true";
    let order = ["integrate", "--no-wait", "--test", leaves];
    world.torch(&order).ok();
    let row = waits(&world, "review");
    let note = row["tests"]["note"].as_str().expect("a note");
    assert_eq!(note, "1 process that it left behind was ended");
    world.torch(&["approve", &super::tag(&row)]).ok();
    verified(&world);
    assert!(seen(&world).is_some());
    world.torch(&["stop"]).ok();
}
