//! Signals to the daemon, with agents that go on.

use torch_process::facts;
use torch_testing::{DEADLINE, SCRIPTED, World};

use super::{daemon, named, signal};

#[test]
fn a_hangup_is_no_end() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    let pid = daemon(&world);
    signal(&world, "HUP", pid);
    world.deliver("developer", "after the hang-up");
    assert_eq!(daemon(&world), pid);
}

#[test]
fn the_terminal_that_started_it_may_go() {
    for line in ["torch daemon run", "torch daemon start; sleep 300"] {
        let world = World::new();
        let terminal = world.terminal(line);
        let up = || world.home().join("run/torch.sock").exists();
        world.wait("the daemon", up);
        let pid = daemon(&world);
        world.team("orchestrator,developer", SCRIPTED);
        world.send("developer", "accepted before");
        terminal.close();
        world.deliver("developer", "delivered after");
        assert_eq!(daemon(&world), pid, "{line}");
        assert_eq!(
            world.received("developer"),
            ["accepted before", "delivered after"]
        );
    }
}

#[test]
fn two_interrupts_end_it_in_good_order() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    let pid = daemon(&world);
    let process = facts::process(pid).expect("it runs");
    world.send("developer", "accepted before");
    let kill = format!("kill -INT {pid}; kill -INT {pid} || true");
    world.run(&world.command("sh").args(["-c", &kill])).ok();
    assert!(torch_process::await_end(process, Some(DEADLINE)));
    assert!(!world.home().join("run/torch.sock").exists());
    world.torch(&["audit", "verify"]).ok();
    // The agents went on; what was accepted arrives with the next daemon.
    world.torch(&["daemon", "start"]).ok();
    world.wait("the message", || {
        world.received("developer") == ["accepted before"]
    });
}

#[test]
fn a_stopped_daemon_loses_nothing() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    let pid = daemon(&world);
    world.send("developer", "accepted before");
    signal(&world, "STOP", pid);
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| world.scm(&["--wait", "developer", "sent meanwhile"]));
        // It has connected once the kernel has taken its connection for the daemon.
        world.wait("scm to wait", || {
            let found = world.processes();
            found.iter().any(|(_, line)| line.starts_with("scm --wait"))
        });
        signal(&world, "CONT", pid);
        waits.join().expect("no panic").ok();
    });
    signal(&world, "STOP", pid);
    // Not for ever: after 10 s it says that it was not heard.
    world
        .scm(&["developer", "said in vain"])
        .code(75)
        .says("did not answer in time");
    signal(&world, "CONT", pid);
    world.deliver("developer", "after");
    assert_eq!(
        world.received("developer"),
        ["accepted before", "sent meanwhile", "after"]
    );
    assert_eq!(named(&world.home()), Some(pid));
}
