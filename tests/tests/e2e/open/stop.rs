//! `torch stop` ends what `torch open` opened: the shell and the server; what a person opened stays.

use std::fs;

use torch_testing::World;

use super::{open, root, windows, with_projects};

/// A server that writes a file when it is asked to end, and a child that takes no request.
const SERVER: &str = r#"
import os, signal, socket, subprocess, sys
def end(*_):
    open("tidied", "w").close()
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
child = subprocess.Popen(["sh", "-c", "trap '' TERM HUP INT; while :; do sleep 1; done"])
open("pids", "w").write(f"{os.getpid()} {child.pid}")
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen()
print("ready", flush=True)
while True:
    signal.pause()
"#;

fn opened(world: &World) {
    fs::write(root(world).join("shop/server.py"), SERVER).expect("a file");
    open(world, &["shop", "--server", "exec python3 server.py"])
        .ok()
        .prints("listens on port ");
}

fn names(world: &World) -> Vec<String> {
    let there = windows(world, "shop").into_iter();
    there.map(|(name, _)| name).collect()
}

#[test]
fn the_shell_and_the_server_end_with_the_team() {
    let world = with_projects(&["shop"]);
    opened(&world);
    let folder = root(&world).join("shop");
    let pids = fs::read_to_string(folder.join("pids")).expect("two pids");
    let processes: Vec<_> = pids
        .split(' ')
        .map(|pid| torch_process::facts::process(pid.parse().expect("a pid")).expect("it runs"))
        .collect();
    assert_eq!(names(&world), ["developer", "shell", "server"]);
    let stopped = world.torch(&["stop", "--team", "shop"]).ok();
    assert!(stopped.stdout.contains("team shop is stopped"), "{stopped}");
    assert!(!stopped.stdout.contains("stays"), "{stopped}");
    // It was asked, and had its time; its child was not, and is gone as well.
    assert!(folder.join("tidied").exists());
    for process in processes {
        assert!(!torch_process::facts::is_alive(process), "{process:?}");
    }
    let left = world.tmux(&["list-panes", "-a", "-F", "#{session_name}:#{window_name}"]);
    assert!(!left.stdout.contains("shop:"), "{left}");
    world.torch(&["resume", "--team", "shop"]).ok();
    assert_eq!(names(&world), ["developer"]);
    // What is missing is opened again.
    let server = "exec python3 server.py";
    let again = open(&world, &["shop", "--server", server]).ok();
    assert!(
        again.stderr.contains("has a team already: shop, running"),
        "{again}"
    );
    assert!(again.stdout.contains("listens on port "), "{again}");
    assert_eq!(names(&world), ["developer", "shell", "server"]);
    world.torch(&["stop", "--team", "shop"]).ok();
}

#[test]
fn what_was_stopped_is_opened_again_with_all_of_it() {
    let world = with_projects(&["shop"]);
    opened(&world);
    world.torch(&["stop", "--team", "shop"]).ok();
    let server = "exec python3 server.py";
    let all = ["open", "shop", "--server", server, "--no-attach"];
    let asks = world.torch(&all).code(2);
    assert!(asks.stderr.contains("--yes"), "{asks}");
    open(&world, &["shop", "--dry-run"]).ok();
    assert_eq!(world.status()["teams"][0]["phase"], "stopped");
    let again = open(&world, &["shop", "--server", server]).ok();
    assert!(again.stdout.contains("listens on port "), "{again}");
    assert_eq!(names(&world), ["developer", "shell", "server"]);
    // Once more, there is nothing left to open.
    let third = open(&world, &["shop", "--server", server]).ok();
    let there = "the windows `shell` and `server` are there";
    assert!(third.stderr.contains(there), "{third}");
    assert_eq!(names(&world), ["developer", "shell", "server"]);
    world.torch(&["stop", "--team", "shop"]).ok();
}

#[test]
fn a_window_that_a_person_made_stays() {
    let world = with_projects(&["shop"]);
    opened(&world);
    let made = [
        "new-window",
        "-d",
        "-t",
        "=shop:",
        "-n",
        "mine",
        "sleep 1000",
    ];
    world.tmux(&made).ok();
    let split = ["split-window", "-d", "-t", "=shop:server", "sleep 1000"];
    world.tmux(&split).ok();
    world.torch(&["stop", "--team", "shop"]).ok();
    assert_eq!(
        names(&world),
        ["server", "mine"],
        "the split pane, and the window"
    );
}
