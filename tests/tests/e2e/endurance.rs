//! What torch survives, and what it leaves behind: killed daemons, wrappers and tmux servers, signals, lost sockets.

use std::fs;
use std::path::Path;

use torch_testing::World;

mod orphans;
mod revived;
mod service;
mod signals;
mod singleton;
mod sockets;

/// Sends a signal (`KILL`) to a process.
#[track_caller]
pub(crate) fn signal(world: &World, signal: &str, pid: u32) {
    let kill = world.command("kill");
    world.run(&kill.args(["-s", signal, &pid.to_string()])).ok();
}

/// The pid that the lock of a registry names.
pub(crate) fn named(home: &Path) -> Option<u32> {
    let lock = fs::read_to_string(home.join("run/daemon.lock")).ok()?;
    lock.trim().parse().ok()
}

/// The daemon's pid; it must run.
#[track_caller]
pub(crate) fn daemon(world: &World) -> u32 {
    let status = world.torch(&["daemon", "status", "--json"]).ok().json();
    let pid = status["pid"].as_u64().expect("a pid");
    u32::try_from(pid).expect("a pid")
}

/// Waits, asking nobody who could start it, until another daemon than `before` listens; its pid.
#[track_caller]
pub(crate) fn next_daemon(world: &World, before: u32) -> u32 {
    world.wait_for(torch_testing::DEADLINE, "another daemon", || {
        let pid = named(&world.home()).filter(|pid| *pid != before)?;
        let up = world.home().join("run/torch.sock").exists();
        (up && torch_process::facts::process(pid).is_some()).then_some(pid)
    })
}
