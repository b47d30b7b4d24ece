//! The daemon comes and goes; teams go on.

use std::fs;

use torch_testing::{SCRIPTED, World};

#[test]
fn the_daemon_is_replaced_under_a_running_team() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    world.deliver("developer", "before");
    let agents = world.agents();
    let pids = |agents: &[torch_testing::Agent]| {
        agents
            .iter()
            .map(|agent| (agent.role.clone(), agent.pid, agent.pane.clone()))
            .collect::<Vec<_>>()
    };
    let daemon = world.torch(&["daemon", "status", "--json"]).ok().json();

    world
        .torch(&["daemon", "stop"])
        .ok()
        .prints("running teams and agents go on");
    world.torch(&["daemon", "status"]).code(1);
    world
        .torch(&["daemon", "stop"])
        .ok()
        .prints("was not running");
    // What can be told from the registry alone does not start it.
    for args in [
        &["status"][..],
        &["msg", "list"],
        &["inbox"],
        &["audit", "verify"],
        &["doctor"],
    ] {
        world.torch(args).ok();
    }
    world
        .torch(&["why", "developer"])
        .code(75)
        .says("Hint: torch daemon start");
    world.torch(&["daemon", "status"]).code(1);

    world.torch(&["daemon", "start"]).ok();
    world.wait("the agents to be found again", || {
        world.agents().iter().all(|agent| agent.state != "unknown")
    });
    assert_eq!(
        pids(&world.agents()),
        pids(&agents),
        "the same processes in the same panes"
    );
    world.deliver("developer", "after");
    world.torch(&["daemon", "stop"]).ok();
    // A message starts it again.
    world.deliver("developer", "and again");
    assert_eq!(
        world.received("developer"),
        ["before", "after", "and again"]
    );
    assert_eq!(pids(&world.agents()), pids(&agents));
    let later = world.torch(&["daemon", "status", "--json"]).ok().json();
    assert_ne!(daemon["pid"], later["pid"]);
    // Two starts are one.
    world.torch(&["daemon", "start"]).ok();
    assert_eq!(
        world.torch(&["daemon", "status", "--json"]).ok().json()["pid"],
        later["pid"]
    );
}

#[test]
fn agents_bring_it_back() {
    let world = World::new();
    let rules = "[[on]]\nmatch = 'end it'\nsteps = [{ shell = { command = 'while [ -S \"$TORCH_HOME/run/torch.sock\" ]; do :; done; scm orchestrator \"it is back\"' } }]";
    world.team("orchestrator,developer", &format!("{SCRIPTED}\n{rules}"));
    world.deliver("developer", "end it");
    world.torch(&["daemon", "stop"]).ok();
    world.wait("the message of the agent", || {
        let up = world.home().join("run/torch.sock").exists();
        up && world
            .received("orchestrator")
            .contains(&"it is back".to_owned())
    });
    let message = world.prompts("orchestrator").pop().expect("a prompt");
    assert_eq!(message.field("from"), Some("developer"));
    // It does not end with the agent that brought it back.
    let daemon = world.torch(&["daemon", "status", "--json"]).ok().json()["pid"].clone();
    let agent = torch_process::facts::process(world.agent("developer").pid.expect("it runs"));
    torch_process::end(&[agent.expect("it runs")], torch_testing::DEADLINE);
    world.wait("the end of the agent", || {
        !matches!(
            world.agent("developer").state.as_str(),
            "ready" | "working" | "idle"
        )
    });
    world.torch(&["stop"]).ok();
    assert_eq!(
        world.torch(&["daemon", "status", "--json"]).ok().json()["pid"],
        daemon
    );
}

#[test]
fn the_audit_finds_a_changed_byte() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    world.deliver("developer", "the tamper-evident words");
    for role in ["orchestrator", "developer"] {
        world.wait_state(role, "idle");
    }
    let ran = world.torch(&["audit", "verify"]).ok();
    let answer = world.torch(&["audit", "verify", "--json"]).ok().json();
    assert!(
        answer["entries"]
            .as_u64()
            .is_some_and(|entries| entries > 10)
            && answer["broken"].is_null(),
        "{answer}"
    );
    assert!(
        ran.stdout
            .contains(answer["head"].as_str().unwrap_or("no head")),
        "{ran}"
    );
    world.torch(&["stop"]).ok();
    world.torch(&["daemon", "stop"]).ok();
    world.torch(&["audit", "verify"]).ok();

    let copy = world.folder().join("copy");
    fs::create_dir(&copy).expect("a folder");
    for name in ["torch.db", "torch.db-wal", "torch.db-shm"] {
        if world.home().join(name).exists() {
            fs::copy(world.home().join(name), copy.join(name)).expect("copied");
        }
    }
    let verify = world
        .command("torch")
        .args(["audit", "verify"])
        .env("TORCH_HOME", &copy);
    world.run(&verify).ok();
    for file in ["torch.db", "torch.db-wal"] {
        let path = copy.join(file);
        let mut bytes = fs::read(&path).unwrap_or_default();
        let needle = b"tamper-evident";
        let found: Vec<usize> = bytes
            .windows(needle.len())
            .enumerate()
            .filter(|(_, part)| part == needle)
            .map(|(at, _)| at)
            .collect();
        for at in found {
            bytes[at] = b'T';
        }
        if path.exists() {
            fs::write(path, bytes).expect("written");
        }
    }
    let ran = world.run(&verify).code(1);
    assert!(
        ran.stdout.contains("broken") || ran.stderr.contains("broken"),
        "{ran}"
    );
    // The registry itself is as it was.
    world.torch(&["audit", "verify"]).ok();
}
