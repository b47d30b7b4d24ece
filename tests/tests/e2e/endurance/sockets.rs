//! Sockets that are too far away, or gone.

use std::fs;

use torch_testing::{SCRIPTED, World};

use super::{daemon, next_daemon, signal};
use crate::place::Place;

#[test]
fn a_registry_with_a_long_path_has_its_socket_elsewhere() {
    let world = World::new();
    let home = world.folder().join("r".repeat(120));
    let runtime = world.folder().join("runtime");
    fs::create_dir(&runtime).expect("a folder");
    let place = Place::new(&world, world.project(), home.clone());
    let start = place
        .command("torch")
        .args(["daemon", "start", "--json"])
        .env("XDG_RUNTIME_DIR", &runtime);
    let pid = world.run(&start).ok().json()["pid"].clone();
    let sockets = || fs::read_dir(&runtime).expect("a folder").count();
    assert_eq!(sockets(), 1, "it lies in the runtime directory");
    // A client that knows no such directory (cron, another login) finds it all the same.
    let status = place.torch(&["daemon", "status", "--json"]).ok().json();
    assert_eq!(status["pid"], pid);
    // Agents find it too.
    let line = "auto --spec spec.md --agent demo --yes --roles orchestrator,developer";
    place.torch(&line.split(' ').collect::<Vec<_>>()).ok();
    place
        .scm(&["--wait", "developer", "over the long way"])
        .ok();
    assert!(place.ledgers().contains("over the long way"));
    place.torch(&["stop"]).ok();
    place.torch(&["daemon", "stop"]).ok();
    assert_eq!(sockets(), 0, "and goes with the daemon");
    place.torch(&["daemon", "status"]).code(1);
}

#[test]
fn a_deleted_socket_of_the_daemon_is_open_again() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    let pid = daemon(&world);
    let socket = world.home().join("run/torch.sock");
    fs::remove_file(&socket).expect("removed");
    world.wait("the socket", || socket.exists());
    assert_eq!(daemon(&world), pid);
    world.deliver("developer", "through the new one");
}

#[test]
fn a_deleted_socket_of_tmux_is_made_again() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    let server = world.format("_torch", "#{pid}");
    let socket = world.format("_torch", "#{socket_path}");
    let socket = std::path::PathBuf::from(socket);
    fs::remove_file(&socket).expect("removed");
    world.wait("tmux's socket", || socket.exists());
    assert_eq!(world.format("_torch", "#{pid}"), server);

    // With the daemon's connection to it.
    let client = |world: &World| {
        let found = world.processes().into_iter();
        let mut clients = found.filter(|(_, line)| line.contains(" -C attach-session"));
        clients.next().map(|(process, _)| process.pid)
    };
    let before = client(&world).expect("a client");
    fs::remove_file(&socket).expect("removed");
    signal(&world, "KILL", before);
    world.wait("another client", || {
        client(&world).is_some_and(|now| now != before)
    });
    assert_eq!(world.format("_torch", "#{pid}"), server, "no second server");
    world.deliver("developer", "over another connection");

    // With its folder, and with the daemon that knew it.
    let pid = daemon(&world);
    fs::remove_dir_all(socket.parent().expect("a folder")).expect("removed");
    signal(&world, "KILL", pid);
    next_daemon(&world, pid);
    world.wait("tmux's socket", || socket.exists());
    assert_eq!(world.format("_torch", "#{pid}"), server, "no second server");
    world.deliver("developer", "still there");
    world.deliver("orchestrator", "still there");
}
