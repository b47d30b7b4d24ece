//! Agents' keys: they outlive a daemon, are missed where they are gone, and turns that fail without one hold the queue.

use std::fs;

use torch_core::Process;
use torch_process::facts;
use torch_testing::{SCRIPTED, World};

use super::{BACK, kill};

/// A value that stands nowhere else.
const KEY: &str = "a-key-of-nobody\nMADE_UP_OTHER=no variable";

fn with_key() -> World {
    World::new()
        .with("MADE_UP_KEY", KEY)
        .with("TORCH_AGENTS_VARIABLES", "MADE_UP_KEY,MADE_UP_OTHER")
}

fn server(world: &World) -> Process {
    let pid: u32 = world.format("_torch", "#{pid}").parse().expect("a pid");
    facts::process(pid).expect("it runs")
}

fn has_key(world: &World, role: &str) -> bool {
    let pid = world.agent(role).pid.expect("it runs");
    let bytes = fs::read(format!("/proc/{pid}/environ")).expect("a process of one's own");
    let wanted = format!("MADE_UP_KEY={KEY}");
    let text = String::from_utf8_lossy(&bytes).into_owned();
    text.split('\0').any(|it| it == wanted) && !text.contains("\0MADE_UP_OTHER=")
}

/// How often a person was told.
fn told(world: &World, words: &str) -> usize {
    let inbox = world.torch(&["inbox", "--all"]).ok().stdout;
    inbox.matches(words).count()
}

#[test]
fn a_new_daemon_has_the_keys_that_the_tmux_session_kept() {
    let world = with_key();
    world.team("orchestrator,developer", SCRIPTED);
    assert!(has_key(&world, "developer"));
    let before: Vec<_> = world.agents().iter().map(|it| it.pid).collect();
    world.torch(&["daemon", "stop"]).ok();
    world.torch(&["daemon", "start"]).ok();
    world.send("developer", "the daemon knows where everybody is");
    world.wait_idle("developer");
    kill(&[server(&world)]);
    for role in ["orchestrator", "developer"] {
        world.wait_agent(role, BACK, "back with its key", |agent| {
            agent.pid.is_some() && !before.contains(&agent.pid) && agent.state == "idle"
        });
        assert!(has_key(&world, role), "{role}");
    }
    assert!(!world.log().contains("a-key-of-nobody"));
}

#[test]
fn an_agent_whose_key_is_gone_is_not_started_without_it() {
    let world = with_key();
    world.team("orchestrator,developer", SCRIPTED);
    let server = server(&world);
    world.torch(&["daemon", "stop"]).ok();
    kill(&[server]);
    world.torch(&["daemon", "start"]).ok();
    for role in ["orchestrator", "developer"] {
        world.wait_state(role, "failed");
    }
    world
        .torch(&["status"])
        .ok()
        .prints("MADE_UP_KEY is gone; torch resume, from a shell that has it");
    world.wait("the person to be told", || {
        told(&world, "had MADE_UP_KEY") == 1
    });
    // From a shell that has none it stays so.
    let without = world.command("torch").args(["resume", "--status-only"]);
    world
        .run(&without.env("MADE_UP_KEY", ""))
        .ok()
        .prints("it needs MADE_UP_KEY, which is not here");
    world.torch(&["resume"]).ok();
    for role in ["orchestrator", "developer"] {
        world.wait_idle(role);
        assert!(has_key(&world, role), "{role}");
    }
    assert_eq!(told(&world, "had MADE_UP_KEY"), 1);
}

#[test]
fn a_turn_without_a_login_holds_what_waits_until_a_person_acts() {
    let world = World::new();
    let demo = include_str!("../../../../templates/agents/demo.toml")
        .replace("⚠ Usage limit reached", "no such line")
        .replace("is = \"limited\"\ntext", "is = \"turn_failed\"\ntext")
        .replace(
            "[hooks.hand_over]",
            "[hooks]\nno_login = [\"You've hit your\"]\n[hooks.hand_over]",
        );
    let folder = world.folder().join("home/.config/torch/agents");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("demo.toml"), demo).expect("a file");
    let script = "[[on]]\nmatch = 'without a login'\nsteps = [{ limit = { seconds = 3, continues = false } }]";
    world.team("orchestrator,developer", &format!("{SCRIPTED}\n{script}"));
    world.deliver("developer", "without a login");
    world.wait("the status to say it", || {
        let status = world.torch(&["status"]).ok().stdout;
        status.contains("developer has no login or no key: You've hit your")
    });
    let held = world.send("developer", "held");
    world.wait_message(&held, "deferred:no_login");
    world.wait("the person to be told", || {
        told(&world, "developer has no login or no key") == 1
    });
    world.torch(&["resume"]).ok();
    world.wait_message(&held, "consumed");
}
