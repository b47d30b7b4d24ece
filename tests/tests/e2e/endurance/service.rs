//! The daemon under a service manager that listens on a socket, as systemd does.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::net::UnixDatagram;

use torch_process::spawn_detached;
use torch_testing::{DEADLINE, SCRIPTED, World};

use super::{daemon, signal};

fn line(manager: &UnixDatagram) -> String {
    let mut bytes = [0; 256];
    let length = manager.recv(&mut bytes).expect("a line in time");
    String::from_utf8_lossy(&bytes[..length]).into_owned()
}

#[test]
fn the_manager_hears_of_its_life() {
    let world = World::new();
    let socket = world.folder().join("notify");
    let manager = UnixDatagram::bind(&socket).expect("a socket");
    manager
        .set_read_timeout(Some(DEADLINE))
        .expect("a deadline");
    let spec = world
        .command("torch")
        .args(["daemon", "run", "--resume-teams"])
        .env("NOTIFY_SOCKET", &socket)
        .env("WATCHDOG_USEC", "300000");
    let args: Vec<OsString> = spec.args.clone();
    let log = world.folder().join("daemon.log");
    let torch = world.program("torch");
    let mut service = spawn_detached(&torch, &args, &spec.cwd, &spec.env, &log).expect("starts");
    assert_eq!(line(&manager), "READY=1");
    world.torch(&["daemon", "status"]).ok();
    for _ in 0..3 {
        assert_eq!(line(&manager), "WATCHDOG=1");
    }
    assert!(world.home().join("run/daemon.supervised").exists());

    // Its children know nothing of the manager.
    world.team("orchestrator,developer", SCRIPTED);
    let mut seen = 0;
    for (process, command) in world.processes() {
        if process.pid == service.pid() {
            continue;
        }
        let environ = fs::read(format!("/proc/{}/environ", process.pid)).unwrap_or_default();
        let environ = String::from_utf8_lossy(&environ).into_owned();
        for name in ["NOTIFY_SOCKET=", "WATCHDOG_USEC="] {
            assert!(!environ.contains(name), "{name} in {command}");
        }
        seen += 1;
    }
    assert!(
        seen >= 5,
        "the tmux server, its client, wrappers and agents"
    );

    signal(&world, "TERM", service.pid());
    let last = world.wait_for(DEADLINE, "the end to be told", || {
        Some(line(&manager)).filter(|line| line != "WATCHDOG=1")
    });
    assert_eq!(last, "STOPPING=1");
    world.wait("its end", || {
        service.ended().is_some_and(|status| status.success())
    });
    // Started by hand, it has no manager.
    world.torch(&["daemon", "start"]).ok();
    assert!(!world.home().join("run/daemon.supervised").exists());
}

/// Stands for systemd: starts what the unit says, with the unit's environment and no other.
const SYSTEMCTL: &str = r#"#!/bin/sh
[ "$2" = enable ] || [ "$2" = start ] || exit 0
unit="$HOME/.config/systemd/user/torch.service"
vars="$(sed -n 's/^Environment=//p' "$unit" | tr '\n' ' ')"
command="$(sed -n 's/^ExecStart=//p' "$unit")"
eval "setsid env -i HOME='$HOME' SHELL=/bin/sh NOTIFY_SOCKET=/nowhere/notify $vars $command </dev/null >/dev/null 2>&1 &"
while ! [ -S HOME_OF_TORCH/run/torch.sock ]; do sleep 0.05; done
"#;

#[test]
fn it_takes_over_under_a_running_team() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    let panes = |world: &World| -> Vec<_> {
        let agents = world.agents().into_iter();
        agents
            .map(|agent| (agent.role, agent.pane, agent.pid))
            .collect()
    };
    let (before, pid) = (panes(&world), daemon(&world));
    let fakes = world.folder().join("fakes");
    fs::create_dir(&fakes).expect("a folder");
    let fake = fakes.join("systemctl");
    let text = SYSTEMCTL.replace("HOME_OF_TORCH", &world.home().display().to_string());
    fs::write(&fake, text).expect("a script");
    world
        .run(&world.command("chmod").args(["+x"]).arg(&fake))
        .ok();
    let with_systemd = |program: &str, args: &[&str]| {
        let command = world.command(program).args(args);
        let mut path = fakes.clone().into_os_string();
        path.push(":");
        path.push(&command.env[OsStr::new("PATH")]);
        world.run(&command.env("PATH", path)).ok()
    };
    with_systemd("torch", &["daemon", "install"]).prints("is enabled and runs");
    assert_ne!(daemon(&world), pid, "the one that ran made way");
    world.deliver("developer", "under the service");
    assert_eq!(panes(&world), before);

    // Stopped, it comes back as the service that it was; where systemd can't be asked, without.
    let supervised = || world.home().join("run/daemon.supervised").exists();
    world.torch(&["daemon", "stop"]).ok();
    with_systemd("scm", &["--wait", "developer", "starts the service"]);
    assert!(supervised());
    world.torch(&["daemon", "stop"]).ok();
    world.deliver("developer", "starts it alone");
    assert!(!supervised());
}
