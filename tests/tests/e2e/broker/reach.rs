//! What keeps agents from pushing past the broker, as it is seen: by a remote that only who has the person's way to it reaches, and
//! by sandboxes. And what others push, fetched for agents that have no way there.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use serde_json::{Value, json};
use torch_testing::{DEADLINE, SCRIPTED, World};

use super::{WORK, at, git};

/// A project whose remote lies behind a program that stands for ssh with the person's key: it runs what git wants to be run there.
/// Agents have the real ssh, without any key, and a host that does not exist.
fn behind_a_key() -> (World, PathBuf) {
    let world = World::new();
    let key = world.folder().join("key");
    fs::write(&key, "#!/bin/sh\nexec sh -c \"$2\"\n").expect("written");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o755)).expect("executable");
    let key = key.display().to_string();
    let world = world
        .with("GIT_SSH_COMMAND", &key)
        .with("GIT_SSH_VARIANT", "simple");
    let remote = world.folder().join("remote.git");
    let path = remote.display().to_string();
    git(&world, world.folder(), &["init", "-q", "--bare", &path]);
    let project = world.project();
    git(
        &world,
        &project,
        &["remote", "add", "origin", &url(&remote)],
    );
    git(&world, &project, &["push", "-q", "origin", "HEAD"]);
    (world, remote)
}

fn url(remote: &std::path::Path) -> String {
    format!("host.invalid:{}", remote.display())
}

/// Switches the broker on, and starts the agents anew.
fn on(world: &World) {
    world.torch(&["git", "broker", "on"]).ok();
    again(world);
}

fn again(world: &World) {
    world.torch(&["stop"]).ok();
    world.torch(&["resume"]).ok();
    world.wait("the agents", || {
        let agents = world.agents();
        agents
            .iter()
            .all(|agent| agent.briefed && agent.state == "idle")
    });
}

fn status(world: &World) -> Value {
    let ran = world.torch(&["git", "broker", "status", "--json"]);
    serde_json::from_str(&ran.stdout).unwrap_or_default()
}

fn why(status: &Value) -> String {
    status["why"].to_string()
}

#[test]
fn a_remote_behind_a_key_is_withheld_and_what_changes_is_seen() {
    let (world, remote) = behind_a_key();
    world.team("orchestrator,developer", SCRIPTED);
    on(&world);
    world.wait("keys to be withheld", || {
        status(&world)["level"] == "withheld"
    });
    world
        .torch(&["git", "broker", "status"])
        .ok()
        .prints("withheld, the remote was tried");
    // An agent's own way to it is closed, and torch's is open.
    let past = format!(
        "{WORK} && git -c core.hooksPath=/dev/null push {}/x HEAD:refs/heads/past",
        url(&remote)
    );
    assert_ne!(world.run_as("developer", &past).code, 0);
    world
        .run_as("developer", "git push -q origin feature/login")
        .ok();
    world.wait("the branch at the remote", || {
        at(&world, &remote, "feature/login").is_some()
    });
    // Another place of the remote, which lets in everybody: it is tried by itself.
    let project = world.project();
    let open = remote.display().to_string();
    git(&world, &project, &["remote", "set-url", "origin", &open]);
    world.wait("the open remote to be seen", || {
        why(&status(&world)).contains("lets in whoever runs as you")
    });
    assert_eq!(status(&world)["level"], "advice");
    git(
        &world,
        &project,
        &["remote", "set-url", "origin", &url(&remote)],
    );
    world.wait("agents that were told of another place", || {
        let why = why(&status(&world));
        why.contains("launched before") && !why.contains("lets in whoever")
    });
    again(&world);
    world.wait("keys to be withheld again", || {
        status(&world)["level"] == "withheld"
    });
    // Without the person's way nothing is claimed; a daemon that begins looks.
    let key = world.folder().join("key");
    let gone = key.with_file_name("gone");
    fs::rename(&key, &gone).expect("moved");
    world.torch(&["daemon", "stop"]).ok();
    world.wait("the closed way to be seen", || {
        why(&status(&world)).contains("does not let torch itself in")
    });
    fs::rename(&gone, &key).expect("moved");
    world.torch(&["agent", "restart", "developer"]).ok();
    world.wait("the open way to be seen", || {
        status(&world)["level"] == "withheld"
    });
    world.torch(&["stop"]).ok();
    world.torch(&["audit", "verify"]).ok();
}

/// The demo agent as a program whose only mode closes its shell.
fn shut_in(world: &World) {
    let demo = include_str!("../../../../templates/agents/demo.toml");
    let text = demo
        .replacen("name = \"demo\"", "name = \"shut\"", 1)
        .replacen(
            "permission_mode = ",
            "mode = \"closed\"\npermission_mode = ",
            1,
        )
        .replacen(
            "[[launch.files]]",
            "[launch.modes.closed]\nargs = []\nsays = \"no shell\"\n\n[[launch.files]]",
            1,
        )
        .replacen("[doors]", "[doors]\nclosed_shell = [\"closed\"]", 1);
    let folder = world.folder().join("home/.config/torch/agents");
    fs::create_dir_all(&folder).expect("made");
    fs::write(folder.join("shut.toml"), text).expect("written");
}

#[test]
fn pushes_past_the_broker_are_prevented_where_sandboxes_were_seen() {
    let (world, _) = behind_a_key();
    shut_in(&world);
    let scenario = world.folder().join("scenario.toml");
    fs::write(&scenario, SCRIPTED).expect("written");
    let scenario = scenario.display().to_string();
    let line = "auto --spec spec.md --agent shut --yes --roles orchestrator,developer --scenario";
    let args: Vec<&str> = line.split(' ').chain([scenario.as_str()]).collect();
    world.torch(&args).ok();
    on(&world);
    world.wait("keys to be withheld", || {
        status(&world)["level"] == "withheld"
    });
    assert!(why(&status(&world)).contains("no sandbox without network was seen for"));
    // Each speaks by the door that is open to it.
    for role in ["orchestrator", "developer"] {
        crate::doors::mcp::calls(&world, role, &json!([["status", {}]]));
    }
    world.wait("the sandboxes to be seen", || {
        status(&world)["level"] == "prevented"
    });
    // A word by the door that should be closed takes that back.
    world.run_as("developer", "torch status").ok();
    world.wait("the open shell to be seen", || {
        status(&world)["level"] == "withheld"
    });
    assert!(why(&status(&world)).contains("developer"));
    world.torch(&["stop"]).ok();
}

#[test]
fn what_others_push_is_fetched_for_agents_without_keys() {
    let (world, remote) = behind_a_key();
    world.team("orchestrator,developer", SCRIPTED);
    on(&world);
    let base = git(&world, &world.project(), &["branch", "--show-current"]);
    // Somebody else pushes.
    let other = world.folder().join("other");
    let (from, to) = (remote.display().to_string(), other.display().to_string());
    git(
        &world,
        world.folder(),
        &["clone", "-q", "-b", &base, &from, &to],
    );
    let who = ["-c", "user.name=e", "-c", "user.email=e@x"];
    git(
        &world,
        &other,
        &[&who[..], &["commit", "-q", "--allow-empty", "-m", "theirs"]].concat(),
    );
    git(&world, &other, &["push", "-q", "origin", &base]);
    let theirs = git(&world, &other, &["rev-parse", "HEAD"]);
    assert_ne!(
        world.run_as("developer", "git fetch origin").code,
        0,
        "it has no key"
    );
    let line = format!("origin/{base}: ");
    world
        .run_as("developer", "torch git broker fetch")
        .ok()
        .prints(&line);
    world
        .run_as("developer", "torch git broker fetch")
        .ok()
        .prints("origin has nothing new");
    let merged = format!(
        "git -c user.name=d -c user.email=d@x merge -q origin/{base} && git rev-parse HEAD"
    );
    let ran = world.run_as("developer", &merged);
    assert!(ran.stdout.contains(&theirs), "{ran}");
    // What is away is said, and nothing is lost by it.
    let away = remote.with_file_name("away.git");
    fs::rename(&remote, &away).expect("moved");
    let ran = world.torch(&["git", "broker", "fetch"]);
    assert_eq!(ran.code, 1, "{ran}");
    fs::rename(&away, &remote).expect("moved");
    let note = format!("refs/remotes/origin/{base}");
    assert_eq!(git(&world, &world.project(), &["rev-parse", &note]), theirs);
    world.torch(&["git", "broker", "off"]).ok();
    let ran = world.torch(&["git", "broker", "fetch"]);
    ran.says("the broker is off");
    world.torch(&["stop"]).ok();
    world.wait_for(DEADLINE, "the audit", || {
        Some(world.torch(&["audit", "verify"]).ok())
    });
}
