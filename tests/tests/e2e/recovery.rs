//! Crashes cost nothing: of the daemon at any of its commits, of agents, wrappers and tmux servers, and of all at once.

use std::collections::BTreeMap;
use std::fs;
use std::fs::OpenOptions;
use std::path::Path;
use std::time::Duration;

use torch_core::Process;
use torch_testing::World;

use crate::endurance::named;

mod agents;
mod delivery;
mod keys;
mod plug;
pub(crate) mod raise;
mod server;

/// How long a team may take until it is back, on a busy machine. What it really takes the benchmark says.
const BACK: Duration = Duration::from_secs(30);

/// Kills the daemon and starts one that ends itself at `point`, before any wrapper can do so; its pid.
#[track_caller]
pub(crate) fn daemon_that_ends_at(world: &World, point: &str) -> u32 {
    let run = world.home().join("run");
    fs::create_dir_all(&run).expect("a folder");
    let turn = OpenOptions::new()
        .create(true)
        .append(true)
        .open(run.join("daemon.revive"));
    let turn = turn.expect("the wrappers' lock");
    turn.lock().expect("a wrapper's turn");
    if let Some(pid) = named(&world.home()).and_then(torch_process::facts::process) {
        kill(&[pid]);
    }
    let start = world.command("torch").args(["daemon", "start"]);
    world.run(&start.env("TORCH_TEST_CRASH", point)).ok();
    named(&world.home()).expect("it runs")
}

/// Ends processes by SIGKILL, all of them stopped first, so that none sees another's end; returns once they are gone.
#[track_caller]
pub(crate) fn kill(processes: &[Process]) {
    for signal in ["STOP", "KILL"] {
        let pids: Vec<String> = processes.iter().map(|it| it.pid.to_string()).collect();
        // One that has ended meanwhile makes kill fail.
        let mut spec = torch_process::CommandSpec::new(
            "kill",
            "/",
            torch_process::env::inherited(std::env::vars_os()),
            Duration::from_secs(5),
        );
        spec = spec.args(["-s", signal]).args(&pids);
        torch_process::run(&spec).expect("kill runs");
    }
    for process in processes {
        torch_process::await_end(*process, Some(torch_testing::DEADLINE));
    }
}

/// Checks what an agent's program really received: each message of `wanted` in this order, and again only as a further
/// try. How many came again.
#[track_caller]
fn check_received(world: &World, role: &str, wanted: &[String]) -> usize {
    let mut tries: BTreeMap<String, u32> = BTreeMap::new();
    let (mut order, mut again) = (Vec::new(), 0);
    for entry in world.prompts(role) {
        let body = entry.body();
        let body = body.unwrap_or_else(|| panic!("not exactly one message: {}", entry.text));
        let attempt = entry.field("try").and_then(|text| text.parse().ok());
        let attempt: u32 = attempt.unwrap_or_else(|| panic!("no try in {}", entry.text));
        match tries.insert(body.to_owned(), attempt) {
            None => order.push(body.to_owned()),
            Some(before) => {
                assert!(attempt > before, "{role}: {body:?} came twice unmarked");
                again += 1;
            }
        }
    }
    assert_eq!(order, wanted, "{role}: once each, in order");
    again
}

/// Waits until all agents run and are briefed.
#[track_caller]
fn wait_briefed(world: &World, count: usize) {
    world.wait_for(BACK, "all agents to be briefed", || {
        let agents = world.agents();
        let up = |agent: &torch_testing::Agent| {
            agent.briefed && matches!(agent.state.as_str(), "ready" | "idle" | "working")
        };
        (agents.len() == count && agents.iter().all(up)).then_some(())
    });
}

/// Checks that every role has one window, named after it, and one worktree.
#[track_caller]
fn one_of_each(world: &World) {
    let roles: Vec<String> = world.agents().into_iter().map(|agent| agent.role).collect();
    let format = ["list-windows", "-t", "=sample", "-F", "#{window_name}"];
    let listed = world.tmux(&format).ok().stdout;
    let mut windows: Vec<&str> = listed.lines().collect();
    let mut wanted: Vec<&str> = roles.iter().map(String::as_str).collect();
    windows.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(windows, wanted, "one window each");
    let trees = crate::place::worktrees(world, &world.project());
    assert_eq!(trees.len(), roles.len() + 1, "one worktree each: {trees:?}");
}

/// The texts that torch wrote into a worktree's inbox.
fn inbox(worktree: &Path) -> Vec<String> {
    let files = fs::read_dir(worktree.join(".torch/inbox")).into_iter();
    let files = files.flatten().flatten();
    files
        .filter_map(|file| fs::read_to_string(file.path()).ok())
        .collect()
}
