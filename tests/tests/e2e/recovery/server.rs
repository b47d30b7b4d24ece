//! A killed tmux server: all agents back in their windows, and never two programs of one agent at a time.

use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use torch_core::Process;
use torch_core::roles::BUILT_IN_NAMES;
use torch_process::facts;
use torch_testing::{SCRIPTED, World};

use super::{BACK, check_received, inbox, one_of_each, wait_briefed};
use crate::bad_input::auto;
use crate::endurance::signal;

const STUBBORN: &str = "[[on]]\nmatch = 'outlive the terminal'\nsteps = [{ ignore = ['HUP'] }]\n\
                        [[on]]\nmatch = 'outlive anything'\nsteps = [{ ignore = ['HUP', 'TERM'] }]";

/// The programs of agents that live, by `TORCH_AGENT`.
fn programs(world: &World) -> BTreeMap<String, Vec<Process>> {
    let mut programs: BTreeMap<String, Vec<Process>> = BTreeMap::new();
    let all = world.processes().into_iter();
    let all: Vec<Process> = all
        .filter(|(_, line)| line.contains("demo-agent"))
        .map(|(process, _)| process)
        .collect();
    for process in &all {
        // What a program starts is its copy until it becomes another.
        let parent = facts::ancestry(process.pid).chain.into_iter().nth(1);
        if parent.is_some_and(|parent| all.contains(&parent.process)) {
            continue;
        }
        let text = fs::read(format!("/proc/{}/environ", process.pid)).unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        let agent = text
            .split('\0')
            .find_map(|var| var.strip_prefix("TORCH_AGENT="));
        if let Some(agent) = agent {
            programs.entry(agent.to_owned()).or_default().push(*process);
        }
    }
    programs
}

/// Agents that have two programs at one moment: both were seen, and both are still there.
fn doubled(world: &World) -> Vec<String> {
    let all = programs(world).into_iter();
    let twice = all.filter(|(_, found)| {
        found.len() > 1 && found.iter().filter(|it| facts::is_alive(**it)).count() > 1
    });
    twice
        .map(|(agent, found)| format!("{agent}: {found:?}"))
        .collect()
}

/// Ends the watch, also when the test fails.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn fifteen_agents_come_back() {
    let world = World::new();
    world.team(
        &BUILT_IN_NAMES.join(","),
        &format!("{SCRIPTED}\n{STUBBORN}"),
    );
    world.deliver("developer", "outlive the terminal");
    world.deliver("tester", "outlive anything");
    world.wait_idle("developer");
    world.wait_idle("tester");
    let before = world.agents();
    let pid: u32 = world.format("_torch", "#{pid}").parse().expect("a pid");
    let server = facts::process(pid).expect("it runs");
    let over = AtomicBool::new(false);
    let first: Vec<String> = before
        .iter()
        .map(|it| world.send(&it.role, "under way"))
        .collect();
    std::thread::scope(|scope| {
        let _end = Ends(&over);
        let watch = scope.spawn(|| {
            let (mut looks, mut found) = (0, Vec::new());
            while !over.load(Ordering::Relaxed) {
                looks += 1;
                found.extend(doubled(&world));
            }
            (looks, found)
        });
        // The one that outlives anything loses its wrapper, too.
        signal(&world, "KILL", world.agent("tester").wrapper());
        signal(&world, "KILL", server.pid);
        torch_process::await_end(server, Some(BACK));
        let second: Vec<String> = before
            .iter()
            .map(|it| world.send(&it.role, "just after"))
            .collect();
        for id in first.iter().chain(&second) {
            world.wait_message_for(id, "consumed", BACK);
        }
        wait_briefed(&world, before.len());
        over.store(true, Ordering::Relaxed);
        let (looks, found) = watch.join().expect("no panic");
        assert!(looks > 3, "{looks} looks");
        assert_eq!(found, [""; 0], "two programs of one agent");
    });
    one_of_each(&world);
    for (agent, was) in world.agents().iter().zip(&before) {
        assert_ne!(agent.pid, was.pid);
        assert_eq!(agent.worktree, was.worktree);
        let mut wanted = vec!["under way".to_owned(), "just after".to_owned()];
        match agent.role.as_str() {
            "developer" => wanted.insert(0, "outlive the terminal".to_owned()),
            "tester" => wanted.insert(0, "outlive anything".to_owned()),
            _ => {}
        }
        check_received(&world, &agent.role, &wanted);
    }
    // The server's end is not the agents': none of their restarts is used up. (The one without a wrapper ended first.)
    for entry in world.ledger("orchestrator") {
        let counted = entry.text.contains("has ended:") && !entry.text.contains(":tester ");
        assert!(!counted, "{}", entry.text);
    }
    let programs = programs(&world);
    assert_eq!(programs.len(), before.len());
    assert!(
        programs.values().all(|found| found.len() == 1),
        "{programs:?}"
    );
}

/// A server that is stopped is not one that ended: its agents go on, and nothing is opened in its place.
#[test]
fn one_that_only_hangs_is_waited_for() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    let before: Vec<_> = world.agents();
    let pid: u32 = world.format("_torch", "#{pid}").parse().expect("a pid");
    signal(&world, "STOP", pid);
    let held = world.send("developer", "while it hangs");
    world.wait_for(BACK, "the person to be told", || {
        let inbox = world.torch(&["inbox", "--all"]).ok().stdout;
        inbox.contains("does not answer").then_some(())
    });
    let status = world.torch(&["status"]).ok();
    assert!(status.stdout.contains("has not answered for"), "{status}");
    for agent in world.agents() {
        assert_eq!(agent.state, "idle", "{}", agent.role);
    }
    let stop = world.torch(&["stop"]).code(1);
    assert!(stop.stderr.contains("does not answer"), "{stop}");
    // A daemon that starts meanwhile knows no more than that.
    world.torch(&["daemon", "stop"]).ok();
    world.torch(&["daemon", "start"]).ok();
    world.wait_for(BACK, "the new daemon to know", || {
        let status = world.torch(&["status"]).ok().stdout;
        status.contains("has not answered for").then_some(())
    });
    signal(&world, "CONT", pid);
    world.wait_message_for(&held, "consumed", BACK);
    let after = world.agents();
    for (before, after) in before.iter().zip(&after) {
        assert_eq!((before.pid, &before.pane), (after.pid, &after.pane));
    }
    let status = world.torch(&["status"]).ok();
    assert!(!status.stdout.contains("has not answered"), "{status}");
    one_of_each(&world);
}

/// A team whose spec was reported complete is told so when it comes back, and begins nothing again.
#[test]
fn a_finished_team_stays_finished() {
    let world = World::new();
    world.torch(&auto(&["--spec=spec.md"])).ok();
    let finished = || world.status()["teams"][0]["phase"] == "finished";
    world.wait_for(BACK, "the spec to be complete", || finished().then_some(()));
    let tasks = || {
        let ledger = world.ledger("developer").into_iter();
        ledger.filter(|it| it.text.contains("TASK")).count()
    };
    let before = tasks();
    let pid: u32 = world.format("_torch", "#{pid}").parse().expect("a pid");
    signal(&world, "KILL", pid);
    world.wait_for(BACK, "all to be briefed again", || {
        let ledger = world.ledger("orchestrator").into_iter();
        let briefed = ledger.filter(|it| it.text.contains("BRIEFING"));
        (briefed.count() == 2).then_some(())
    });
    wait_briefed(&world, 5);
    world.wait_idle("orchestrator");
    let orchestrator = world.agent("orchestrator");
    let told = inbox(&orchestrator.worktree).into_iter();
    let told = told.filter(|text| text.contains("reported the whole spec complete"));
    assert_eq!(told.count(), 1);
    // What the hub sent, if it did, is at the project manager's by then.
    world.deliver("project_manager", "are you idle?");
    assert_eq!(tasks(), before, "the plan was begun again");
    assert!(finished());
}
