//! Nothing that torch started outlives `torch stop`.

use std::fs;

use torch_core::Process;
use torch_process::facts;
use torch_testing::{SCRIPTED, World};

use super::{daemon, signal};

/// Lets an agent start what nothing but SIGKILL ends: double-forked, in a session of its own. Once it has ended it may stay as a
/// zombie, where the machine's first process adopts and never looks.
fn stubborn(world: &World, role: &str) -> Process {
    let file = world.folder().join(format!("{role}.stubborn"));
    let script = format!(
        "(setsid sh -c 'trap \"\" HUP TERM INT; echo $$ > {}; while :; do sleep 300; done' >/dev/null 2>&1 &)",
        file.display()
    );
    world.run_as(role, &script).ok();
    world.wait_for(torch_testing::DEADLINE, "its pid", || {
        let text = fs::read_to_string(&file).ok()?;
        facts::process(text.strip_suffix('\n')?.parse().ok()?)
    })
}

/// Kills the tmux server and the wrappers in it, and waits until torch knows.
fn kill_all(world: &World) {
    let server = world.format("_torch", "#{pid}").parse().expect("a pid");
    for agent in world.agents() {
        signal(world, "KILL", agent.wrapper());
    }
    signal(world, "KILL", server);
    world.wait("the end of the server to be known", || {
        let agents = world.agents();
        agents
            .iter()
            .all(|agent| agent.state != "idle" && agent.state != "ready")
    });
}

#[test]
fn of_a_killed_wrapper() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    let stray = stubborn(&world, "developer");
    let agent = world.agent("developer");
    // The wrapper's adopted children are init's now.
    signal(&world, "KILL", agent.wrapper());
    world.wait_agent("developer", torch_testing::DEADLINE, "gone", |agent| {
        !matches!(agent.state.as_str(), "ready" | "idle" | "working")
    });
    assert!(facts::is_alive(stray));
    let pid = daemon(&world);
    world.torch(&["stop"]).ok();
    assert!(!facts::is_alive(stray));
    assert_eq!(daemon(&world), pid);
}

#[test]
fn of_a_killed_tmux_server() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    let strays = [
        stubborn(&world, "orchestrator"),
        stubborn(&world, "developer"),
    ];
    kill_all(&world);
    assert!(strays.iter().all(|&stray| facts::is_alive(stray)));
    world.torch(&["stop"]).ok();
    assert!(!strays.iter().any(|&stray| facts::is_alive(stray)));
}

#[test]
fn of_a_running_team() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    let stray = stubborn(&world, "developer");
    // A person's own window in the team's session is none of its processes.
    let session = world.agent("developer").pane.expect("a pane").session;
    let window = world.tmux(&[
        "new-window",
        "-d",
        "-t",
        &session,
        "-P",
        "-F",
        "#{pane_pid}",
        "--",
        "sleep",
        "300",
    ]);
    let window: u32 = window.ok().stdout.trim().parse().expect("a pid");
    world.torch(&["stop"]).ok();
    assert!(!facts::is_alive(stray));
    assert!(facts::process(window).is_some());
}

#[test]
fn of_the_launch_before() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    let folder = world.run_folder("developer");
    let id = folder.file_name().expect("the agent's id").to_owned();
    world.torch(&["stop"]).ok();
    // Whatever may bring it about: a process of the agent that the stop did not see.
    let file = world.folder().join("late");
    let line = format!(
        "setsid sh -c 'trap \"\" HUP TERM; echo $$ > {}; while :; do sleep 300; done' >/dev/null 2>&1 &",
        file.display()
    );
    let late = world.command("sh").args(["-c", &line]);
    world.run(&late.env("TORCH_AGENT", id)).ok();
    let late = world.wait_for(torch_testing::DEADLINE, "its pid", || {
        let text = fs::read_to_string(&file).ok()?;
        facts::process(text.strip_suffix('\n')?.parse().ok()?)
    });
    world.team("orchestrator,developer", SCRIPTED);
    assert!(!facts::is_alive(late));
    world.deliver("developer", "to the second launch");
}
