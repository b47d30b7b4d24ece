//! Of many daemons that start at once one stays.

use std::ffi::OsString;

use torch_process::{DetachedChild, facts, spawn_detached};
use torch_testing::{DEADLINE, World};

use super::{named, signal};

const DAEMONS: usize = 20;
const ROUNDS: usize = 20;

fn start(world: &World) -> DetachedChild {
    let spec = world.command("torch");
    let args = ["daemon", "run"].map(OsString::from);
    let log = world.folder().join("daemons.log");
    let started = spawn_detached(&world.program("torch"), &args, &spec.cwd, &spec.env, &log);
    started.expect("it starts")
}

#[test]
fn one_of_twenty_stays() {
    let world = World::new();
    for round in 0..ROUNDS {
        let mut daemons: Vec<DetachedChild> = (0..DAEMONS).map(|_| start(&world)).collect();
        world.wait_for(DEADLINE, "all but one to end", || {
            let mut left = 0;
            daemons.retain_mut(|daemon| match daemon.ended() {
                None => {
                    left += 1;
                    true
                }
                Some(status) => {
                    // EXIT_LOCKED of torch-daemon.
                    assert_eq!(status.code(), Some(1), "round {round}");
                    false
                }
            });
            (left <= 1).then_some(())
        });
        let mut winner = daemons.pop().expect("one stays");
        assert_eq!(winner.first_line(DEADLINE).expect("it is ready"), "ready");
        assert_eq!(named(&world.home()), Some(winner.pid()));
        world.torch(&["daemon", "status"]).ok();
        assert!(winner.ended().is_none());
        // Every other one leaves its socket behind, and the lock file with its pid.
        let how = if round % 2 == 0 { "KILL" } else { "TERM" };
        signal(&world, how, winner.pid());
        world.wait("its end", || winner.ended().is_some());
        let socket = world.home().join("run/torch.sock");
        assert_eq!(socket.exists(), how == "KILL");
    }
    // A stale socket says that nobody is there.
    std::os::unix::net::UnixListener::bind(world.folder().join("stale")).expect("a socket");
    let socket = world.home().join("run/torch.sock");
    std::fs::rename(world.folder().join("stale"), &socket).expect("moved");
    world.torch(&["daemon", "status"]).code(1);
    world.torch(&["daemon", "start"]).ok();
    let pid = named(&world.home()).expect("a pid");
    assert!(facts::process(pid).is_some());
}
