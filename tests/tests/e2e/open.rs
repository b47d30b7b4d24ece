//! `torch open`: a project by a part of its name, one agent, a shell, and a server that is watched until it really runs.

mod servers;
mod stop;

use std::fs;
use std::path::PathBuf;

use torch_testing::{SCRIPTED, World, make_repository};

/// A world with projects in a root of its own; each is a git repository.
fn with_projects(names: &[&str]) -> World {
    let world = World::new();
    fs::create_dir(root(&world)).expect("a folder");
    for name in names {
        make_repository(&root(&world).join(name));
    }
    fs::write(world.folder().join("scenario.toml"), SCRIPTED).expect("a file");
    let roots = root(&world).display().to_string();
    world.with("TORCH_PROJECTS_ROOTS", &roots)
}

fn root(world: &World) -> PathBuf {
    world.folder().join("projects")
}

/// `torch open` with the demo agent, unasked and without a terminal.
fn open(world: &World, args: &[&str]) -> torch_testing::Ran {
    let scenario = world.folder().join("scenario.toml").display().to_string();
    let mut all = vec!["open"];
    all.extend_from_slice(args);
    all.extend([
        "--agent",
        "demo",
        "--scenario",
        &scenario,
        "--yes",
        "--no-attach",
    ]);
    world.torch(&all)
}

fn windows(world: &World, team: &str) -> Vec<(String, String)> {
    let listed = world.tmux(&[
        "list-panes",
        "-s",
        "-t",
        &format!("={team}"),
        "-F",
        "#{window_name} #{pane_current_path}",
    ]);
    let listed = listed.ok().stdout;
    let lines = listed.lines();
    lines
        .filter_map(|line| line.split_once(' '))
        .map(|(name, path)| (name.to_owned(), path.to_owned()))
        .collect()
}

#[test]
fn a_project_is_opened_with_an_agent_a_shell_and_a_server_that_listens() {
    let world = with_projects(&["weather-app", "shop"]);
    let server = "exec python3 -u -m http.server 0 --bind 127.0.0.1";
    open(&world, &["weather", "--server", server])
        .ok()
        .prints("listens on port ");
    let folder = root(&world).join("weather-app");
    let folder = folder.canonicalize().expect("a folder");
    let folder = folder.display().to_string();
    let there = windows(&world, "weather-app");
    let names: Vec<&str> = there.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["developer", "shell", "server"]);
    assert_eq!(there[1].1, folder);
    assert_eq!(there[2].1, folder);
    // The agent knows that the project is its own.
    let briefing = world.wait_for(torch_testing::DEADLINE, "the briefing", || {
        let mut ledger = world.ledger("developer").into_iter();
        ledger.find(|entry| entry.text.contains("BRIEFING"))
    });
    assert!(briefing.text.contains("m-"), "{}", briefing.text);
    let told = world
        .torch(&["brief", "developer", "--print", "--team", "weather-app"])
        .ok()
        .prints("You own this codebase");
    assert!(!told.stdout.contains("orchestrator gives"), "{told}");
    assert!(!told.stdout.contains("## The plan"), "{told}");
    // Once more: it is said, and nothing is opened twice.
    let again = open(&world, &["WEATHER-APP", "--server", server]).ok();
    assert!(
        again.stderr.contains("has a team already: weather-app"),
        "{again}"
    );
    assert_eq!(windows(&world, "weather-app").len(), 3);
}

#[test]
fn a_server_that_fails_is_shown_with_its_last_lines_and_a_cause() {
    let world = with_projects(&["shop"]);
    let server = "echo starting; echo 'Error: listen EADDRINUSE: address already in use :::3000' >&2; exit 3";
    let ran = open(&world, &["shop", "--server", server, "--timeout", "20"]).code(1);
    for words in [
        "server  has failed in window `server`",
        "perhaps: a port is in use already",
        "| starting",
        "has ended with status 3",
    ] {
        assert!(ran.stdout.contains(words), "{words}: {ran}");
    }
    // What it showed stays there, and the agent is up all the same.
    assert_eq!(windows(&world, "shop").len(), 3);
    assert!(
        world
            .torch(&["status", "--team", "shop"])
            .ok()
            .stdout
            .contains("developer")
    );
}

#[test]
fn a_server_that_only_lives_is_said_to_run() {
    let world = with_projects(&["shop"]);
    let server = "echo watching; exec tail -f /dev/null";
    let ran = open(&world, &["shop", "--server", server, "--timeout", "2"]).ok();
    assert!(
        ran.stdout.contains("after 2 s it listens on no port"),
        "{ran}"
    );
}

#[test]
fn names_that_fit_several_or_none_are_refused() {
    let world = with_projects(&["chat-app", "chat-bot", "shop"]);
    let several = open(&world, &["chat"]).code(2);
    for name in ["chat-app", "chat-bot"] {
        let line = format!("Hint: torch open {}", root(&world).join(name).display());
        assert!(several.stderr.contains(&line), "{line}: {several}");
    }
    let none = open(&world, &["shpo"]).code(2);
    assert!(none.stderr.contains("Hint: torch open shop"), "{none}");
    assert!(
        none.stderr.contains("no project is called \"shpo\""),
        "{none}"
    );
    // Nothing was started for any of them.
    assert!(
        world.torch(&["status"]).stdout.contains("no teams"),
        "nothing runs"
    );
    // No server is made out of these files, which is said and is no fault.
    let ran = open(&world, &["shop"]).ok();
    assert!(ran.stderr.contains("server  none"), "{ran}");
    let names: Vec<String> = windows(&world, "shop")
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(names, ["developer", "shell"]);
}
