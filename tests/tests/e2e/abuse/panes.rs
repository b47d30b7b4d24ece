//! What people do to agents' panes while nobody is attached.

use torch_testing::{SCRIPTED, World};

use super::{next_program, panes_of, runs};
use crate::roster::{last_briefing, session, windows};

#[test]
fn a_killed_pane_is_opened_again() {
    let world = World::new();
    world.team("orchestrator,developer,tester", SCRIPTED);
    let before = world.agent("developer");
    world.tmux(&["kill-pane", "-t", before.pane_id()]).ok();
    let waits = world.send("developer", "through it all");
    let after = next_program(&world, "developer", before.pid);
    world.wait_message(&waits, "consumed");
    assert_ne!(after.pane_id(), before.pane_id());
    assert_eq!(
        windows(&world, &session(&world)),
        ["orchestrator", "developer", "tester"]
    );
    assert_eq!(after.worktree, before.worktree);
    let briefing = last_briefing(&world, "developer");
    assert!(briefing.contains("its pane is gone"), "{briefing}");
    // The whole session.
    let pids: Vec<_> = world.agents().iter().map(|agent| agent.pid).collect();
    world.tmux(&["kill-session", "-t", "=sample"]).ok();
    for (role, pid) in ["orchestrator", "developer", "tester"].iter().zip(pids) {
        next_program(&world, role, pid);
    }
    assert_eq!(
        windows(&world, &session(&world)),
        ["orchestrator", "developer", "tester"]
    );
    world.deliver("tester", "hello");
}

#[test]
fn a_persons_split_panes_are_never_killed() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    let mut own = Vec::new();
    for role in ["orchestrator", "developer"] {
        let split = [
            "split-window",
            "-d",
            "-t",
            world.agent(role).pane_id(),
            "-P",
            "-F",
            "#{pane_id} #{pane_pid}",
            "--",
            "sleep",
            "600",
        ]
        .map(str::to_owned);
        own.push(
            world
                .tmux(&split.each_ref().map(String::as_str))
                .ok()
                .stdout
                .trim()
                .to_owned(),
        );
    }
    let all_run = |world: &World| {
        own.iter().all(|line| {
            let (pane, pid) = line.split_once(' ').expect("both");
            runs(world, pane, pid)
        })
    };
    let mine: Vec<String> = own
        .iter()
        .map(|line| line.split(' ').next().unwrap_or_default().to_owned())
        .collect();
    // Its window is half as high, and it goes on.
    world.deliver("developer", "hello");
    world.scm(&[&mine[1], "hello"]).code(2);
    for line in [
        "agent restart developer",
        "agent restart orchestrator",
        "agent end developer",
        "agent add developer",
    ] {
        world.torch(&line.split(' ').collect::<Vec<_>>()).ok();
        assert!(all_run(&world), "after {line}");
    }
    world.deliver("developer", "hello again");
    // Killed by somebody, it is opened elsewhere.
    let hub = world.agent("orchestrator");
    world.tmux(&["kill-pane", "-t", hub.pane_id()]).ok();
    next_program(&world, "orchestrator", hub.pid);
    assert!(all_run(&world));
    world.torch(&["stop"]).ok();
    assert!(all_run(&world), "after the stop");
    world.torch(&["resume"]).ok();
    assert!(all_run(&world), "after the resume");
    assert_eq!(panes_of(&world, "developer"), 1);
    world.torch(&["stop"]).ok();
    assert_eq!(panes_of(&world, "developer"), 0);
    assert!(all_run(&world), "after the second stop");
}

#[test]
fn a_pane_that_moved_is_found() {
    let world = World::new();
    world.team("orchestrator,developer,tester", SCRIPTED);
    world
        .tmux(&["new-session", "-d", "-s", "mine", "-n", "own", "sleep 600"])
        .ok();
    let before = world.agent("developer");
    world
        .tmux(&["join-pane", "-d", "-s", before.pane_id(), "-t", "=mine:own"])
        .ok();
    let tester = world.agent("tester");
    world
        .tmux(&["move-window", "-d", "-s", tester.pane_id(), "-t", "=mine:"])
        .ok();
    world.deliver("developer", "where are you?");
    world.deliver("tester", "and you?");
    let mine = world.format("=mine:", "#{session_id}");
    for role in ["developer", "tester"] {
        world.wait_agent(role, torch_testing::DEADLINE, "seen there", |agent| {
            agent.pane.as_ref().is_some_and(|pane| pane.session == mine)
        });
        world
            .torch(&["attach", role, "--print"])
            .ok()
            .prints(&format!("'{mine}'"));
    }
    assert_eq!(
        world.agent("developer").pid,
        before.pid,
        "nothing was restarted"
    );
    world.torch(&["agent", "restart", "developer"]).ok();
    let after = world.agent("developer");
    assert_eq!(after.pane_id(), before.pane_id());
    world.torch(&["agent", "end", "developer"]).ok();
    assert_eq!(windows(&world, "=mine"), ["own", "tester"]);
    world.torch(&["agent", "add", "developer"]).ok();
    assert_eq!(windows(&world, "=sample"), ["orchestrator", "developer"]);
    world.torch(&["stop"]).ok();
    assert_eq!(windows(&world, "=mine"), ["own"]);
}

#[test]
fn a_respawned_pane_is_whose_it_is() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    // With a program of the person's own: the agent gets another window.
    let first = world.agent("developer");
    world
        .tmux(&[
            "respawn-pane",
            "-k",
            "-t",
            first.pane_id(),
            "--",
            "sleep",
            "600",
        ])
        .ok();
    let pid = world.format(first.pane_id(), "#{pane_pid}");
    let second = next_program(&world, "developer", first.pid);
    assert_ne!(second.pane_id(), first.pane_id());
    assert!(
        runs(&world, first.pane_id(), &pid),
        "it is the person's now"
    );
    world.deliver("developer", "hello");
    // As it was: there is one developer all the same.
    world
        .tmux(&["respawn-pane", "-k", "-t", second.pane_id()])
        .ok();
    let elsewhere = |agent: &torch_testing::Agent| {
        agent.briefed
            && agent
                .pane
                .as_ref()
                .is_some_and(|pane| pane.pane != second.pane_id())
    };
    let third = world.wait_agent("developer", torch_testing::DEADLINE, "elsewhere", elsewhere);
    world.deliver("developer", "hello again");
    let programs: Vec<_> = world
        .processes()
        .into_iter()
        .filter(|(process, command)| {
            command.contains("demo-agent") && Some(process.pid) != third.pid
        })
        .collect();
    assert_eq!(programs.len(), 1, "the orchestrator's alone: {programs:?}");
    assert_eq!(world.received("developer"), ["hello", "hello again"]);
    world.wait("the dead pane to go", || {
        let panes = world
            .tmux(&["list-panes", "-a", "-F", "#{pane_id}"])
            .ok()
            .stdout;
        !panes.lines().any(|pane| pane == second.pane_id())
    });
    world.torch(&["stop"]).ok();
    assert!(
        runs(&world, first.pane_id(), &pid),
        "it is still the person's"
    );
    assert_eq!(panes_of(&world, "developer"), 1, "the person's");
}

/// `sample:1` is the window that tmux shows as 1, whoever put it there.
#[test]
fn windows_are_counted_as_tmux_counts_them() {
    let world = World::new();
    world.team("orchestrator,developer,tester", SCRIPTED);
    let swap = ["swap-window", "-d", "-s", "sample:1", "-t", "sample:2"];
    world.tmux(&swap).ok();
    let window = |role: &str| {
        let agents = world.status()["teams"][0]["agents"].clone();
        let rows = agents.as_array().into_iter().flatten();
        let mut rows = rows.filter(|row| row["role"] == role);
        rows.next().and_then(|row| row["window"].as_u64())
    };
    // All windows are listed once a second.
    world.wait("the new order", || {
        (window("developer"), window("tester")) == (Some(2), Some(1))
    });
    for (target, role) in [("sample:1", "tester"), ("sample:2", "developer")] {
        let id = world.send(target, &format!("to {target}"));
        world.wait_message(&id, "consumed");
        assert_eq!(world.received(role), [format!("to {target}")]);
    }
    let moved = ["move-window", "-d", "-s", "sample:1", "-t", "sample:7"];
    world.tmux(&moved).ok();
    world.wait("the move", || window("tester") == Some(7));
    let nobody = world.scm(&["sample:1", "nobody is there"]).code(2);
    assert!(nobody.stderr.contains("no agent in window 1"), "{nobody}");
    let id = world.send("sample:7", "to where it is");
    world.wait_message(&id, "consumed");
    assert_eq!(world.received("tester").len(), 2);
}
