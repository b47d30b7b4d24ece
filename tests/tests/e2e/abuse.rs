//! Agents and people that do what nobody should: floods, hangs, killed panes, worktrees that go away.

use torch_testing::{DEADLINE, World};

mod disk;
mod panes;
mod persons;
mod programs;
#[cfg(target_os = "linux")]
mod spools;
mod worktrees;

/// Waits until another program of the role is up and briefed than the one with this pid.
#[track_caller]
fn next_program(world: &World, role: &str, before: Option<u32>) -> torch_testing::Agent {
    world.wait_agent(role, DEADLINE, "up again", |agent| {
        agent.briefed && agent.pid.is_some() && agent.pid != before
    })
}

/// How many panes of the role's launches there are: those that torch marked as the agent's own.
#[track_caller]
fn panes_of(world: &World, role: &str) -> usize {
    let list = [
        "list-panes",
        "-a",
        "-F",
        "#{@torch_kind} #{pane_start_command} #{window_name}",
    ];
    // Without a session there is no server.
    let text = world.tmux(&list).stdout;
    let own = text
        .lines()
        .filter(|line| line.starts_with("agent ") && line.ends_with(&format!(" {role}")));
    own.count()
}

/// Whether a pane runs the process that it had.
#[track_caller]
fn runs(world: &World, pane: &str, pid: &str) -> bool {
    let list = world.tmux(&[
        "list-panes",
        "-a",
        "-F",
        "#{pane_id} #{pane_pid} #{pane_dead}",
    ]);
    list.ok()
        .stdout
        .lines()
        .any(|line| line == format!("{pane} {pid} 0"))
}
