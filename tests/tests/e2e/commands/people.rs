//! What people run at a terminal: attach, shell, doctor, init, config, completions, manual pages.

use std::fs;

use torch_testing::{DEADLINE, SCRIPTED, World};

#[test]
fn attach_shows_the_right_window() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    let socket = world.socket();
    let printed = world.torch(&["attach", "--print"]).ok().stdout;
    assert!(
        printed.contains(&format!("-L {socket}")) && printed.contains("attach"),
        "{printed}"
    );
    let one = world.torch(&["attach", "developer", "--print"]).ok().stdout;
    assert!(
        one.contains(&world.agent("developer").pane.expect("a pane").window),
        "{one}"
    );
    // Inside of a tmux the client must not be seen as nested.
    let inside = world
        .command("torch")
        .args(["attach", "--print"])
        .env("TMUX", "/tmp/other,1,0");
    let inside = world.run(&inside).ok().stdout;
    assert!(inside.starts_with("env -u TMUX"), "{inside}");
    // Without a terminal it says what to run.
    world
        .torch(&["attach"])
        .code(2)
        .says("Hint: torch attach --print");
    world.torch(&["attach", "plumber"]).code(2).says("Error:");

    let terminal = world.attach("developer");
    terminal.shows("developer");
    world.wait("its window to be shown", || {
        let session = world.agent("developer").pane.expect("a pane").session;
        world.format(&session, "#{window_name}") == "developer"
    });
    // What is printed attaches as well; leaving it leaves the agents.
    let second = world.terminal(&format!("exec {}", printed.trim()));
    second.shows("orchestrator");
    second.keys(&["C-b", "d"]);
    assert_eq!(second.ended(DEADLINE), 0);
    terminal.close();
    world.deliver("developer", "still here");
}

#[test]
fn a_shell_opens_in_the_worktree() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    let terminal = world.terminal("exec torch shell developer");
    terminal.shows("developer-shell");
    let file = world.folder().join("where");
    terminal.type_text(&format!("pwd > '{}'", file.display()));
    terminal.keys(&["Enter"]);
    let place = world.wait_for(DEADLINE, "the shell", || {
        fs::read_to_string(&file)
            .ok()
            .filter(|text| text.ends_with('\n'))
    });
    assert_eq!(
        place.trim(),
        world.agent("developer").worktree.display().to_string()
    );
    terminal.close();
    world
        .torch(&["shell", "developer"])
        .code(2)
        .says("terminal");
}

/// What is typed after the `exit` of a shell must not reach an agent.
#[test]
fn a_shell_that_ends_brings_the_terminal_back() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    let session = world.agent("developer").pane.expect("a pane").session;
    let clients = || {
        let args = ["list-clients", "-F", "#{client_session} #{window_name}"];
        let all = world.tmux(&args).ok().stdout;
        let seen = all.lines().filter(|line| !line.starts_with("_torch"));
        seen.map(str::to_owned).collect::<Vec<_>>()
    };
    let windows = || {
        let args = ["list-windows", "-F", "#{window_name}", "-t", &session];
        world.tmux(&args).ok().stdout
    };
    // A terminal that was attached for the shell alone is the person's own again.
    let outside = world.terminal("torch shell developer; exec cat");
    outside.shows("developer-shell");
    outside.type_text("exit 3");
    outside.keys(&["Enter"]);
    outside.shows("[detached");
    assert_eq!(clients(), [""; 0]);
    assert_eq!(world.format(&session, "#{session_windows}"), "2");
    outside.close();

    // One that was on the same server is where it was, also in another session.
    let inside = world.terminal("exec torch shell orchestrator");
    inside.shows("orchestrator-shell");
    let own = world.format(&session, "#{window_id}");
    for place in ["sample", "mine"] {
        if place == "mine" {
            let client = world.tmux(&["list-clients", "-F", "#{client_name}", "-t", &session]);
            let client = client.ok().stdout.trim().to_owned();
            let words = [
                "new-session",
                "-d",
                "-s",
                "mine",
                ";",
                "move-window",
                "-d",
                "-s",
                &own,
                "-t",
                "mine:",
                ";",
                "switch-client",
                "-c",
                &client,
                "-t",
                "mine:orchestrator-shell",
            ];
            world.tmux(&words).ok();
        }
        let here = [format!("{place} orchestrator-shell")];
        world.wait("the own window", || clients() == here);
        inside.type_text("clear; torch shell developer");
        inside.keys(&["Enter"]);
        world.wait("the other window", || {
            clients() == ["sample developer-shell"]
        });
        inside.type_text("exit");
        inside.keys(&["Enter"]);
        world.wait("the own window again", || clients() == here);
        let shell = || !windows().contains("developer-shell");
        world.wait("the shell's end", shell);
    }
    inside.close();
    world.tmux(&["kill-session", "-t", "=mine"]).ok();

    // Who looks at something else by then is left there.
    let looks = world.attach("orchestrator");
    let outside = world.terminal("exec torch shell developer");
    outside.shows("developer-shell");
    let window = world.format(&session, "#{window_id}");
    outside.keys(&["C-b", "0"]);
    world.wait("another window", || {
        world.format(&session, "#{window_id}") != window
    });
    let end = ["send-keys", "-t", &window, "exit", "Enter"];
    world.tmux(&end).ok();
    world.wait("the shell's end", || {
        world.format(&session, "#{session_windows}") == "2"
    });
    assert_eq!(clients().len(), 2);
    outside.close();
    looks.close();
}

/// The README's tour, as far as it needs no terminal and no agent program, in its order.
#[test]
fn the_tour_works_as_it_stands() {
    let readme = include_str!("../../../../README.md");
    let tour = readme.split("## A short tour").nth(1).expect("a tour");
    let tour = tour.split("\n## ").next().expect("its text");
    let lines = tour.lines().filter_map(|line| line.strip_prefix("    "));
    let command = |line: &str| line.split(" # ").next().unwrap_or(line).trim().to_owned();
    // A rollback needs an integration that has landed.
    let needs = ["--probe", "auto", "attach", "shell", "trace", "rollback"];
    let commands: Vec<String> = lines
        .map(command)
        .filter(|line| line.starts_with("torch ") || line.starts_with("scm developer"))
        .filter(|line| !needs.iter().any(|word| line.contains(word)))
        .collect();
    assert!(commands.len() >= 14, "{commands:#?}");
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    for line in &commands {
        // Nobody can be asked here.
        let yes = if line.starts_with("torch worktree remove") {
            " --yes"
        } else {
            ""
        };
        let script = format!("{line}{yes}");
        let ran = world.run(&world.command("sh").args(["-c", &script]));
        assert_eq!(ran.code, 0, "{script}: {ran}");
    }
    world.wait_agent("developer", DEADLINE, "briefed again", |agent| {
        agent.briefed
    });
}

#[test]
fn doctor_init_and_config() {
    let world = World::new();
    let doctor = world.torch(&["doctor"]).ok();
    for word in ["tmux", "git", "registry", "socket"] {
        assert!(doctor.stdout.contains(word), "no `{word}` in {doctor}");
    }
    for line in world.torch(&["doctor", "--json"]).ok().stdout.lines() {
        let check: serde_json::Value = serde_json::from_str(line).expect("JSON");
        assert_ne!(check["verdict"], "fail", "{check}");
    }
    assert!(!world.home().exists(), "doctor makes nothing");

    let config = world.torch(&["config"]).ok();
    assert!(
        config.stdout.contains("router.mode") && config.stdout.contains("matrix"),
        "{config}"
    );
    let file = world.torch(&["init"]).ok().stdout.trim().to_owned();
    assert_eq!(
        file,
        world
            .folder()
            .join("home/.config/torch/config.toml")
            .display()
            .to_string()
    );
    let text = fs::read_to_string(&file).expect("written");
    assert!(text.lines().any(|line| line.starts_with('#')), "{text}");
    world.torch(&["init"]).code(2).says("left as it is");
    assert_eq!(fs::read_to_string(&file).expect("there"), text);
    // As it is written, it changes nothing; a value in it counts, and the project's goes over it.
    let config = world.torch(&["config", "--json"]).ok();
    assert_ne!(config.stdout, "");
    assert!(!config.stdout.contains("open"), "{config}");
    fs::write(&file, "[router]\nmode = \"open\"\n").expect("written");
    world.torch(&["config"]).ok().prints("open");
    world
        .torch(&["init", "--project"])
        .ok()
        .prints("torch.toml");
    fs::write(
        world.project().join("torch.toml"),
        "[router]\nmode = \"strict\"\n",
    )
    .expect("written");
    let mode = |world: &World| {
        let ran = world.torch(&["config"]).ok();
        ran.stdout
            .lines()
            .find(|line| line.contains("router.mode"))
            .unwrap_or_default()
            .to_owned()
    };
    assert!(
        mode(&world).contains("strict") && mode(&world).contains("torch.toml"),
        "{}",
        mode(&world)
    );
    let world = world.with("TORCH_ROUTER_MODE", "open");
    assert!(
        mode(&world).contains("open") && mode(&world).contains("TORCH_ROUTER_MODE"),
        "{}",
        mode(&world)
    );
    fs::write(
        world.project().join("torch.toml"),
        "[router]\nmoed = \"open\"\n",
    )
    .expect("written");
    world.torch(&["config"]).code(2).says("moed").says("mode");
}

#[test]
fn completions_and_manual_pages() {
    let world = World::new();
    for shell in ["bash", "zsh", "fish"] {
        for program in ["torch", "scm"] {
            let text = world
                .torch(&["completions", shell, "--program", program])
                .ok()
                .stdout;
            assert!(
                text.contains(program) && text.len() > 500,
                "{shell} for {program}"
            );
            // Shells that are here must be able to read it.
            let found = world
                .command("sh")
                .args(["-c", &format!("command -v {shell}")]);
            if world.run(&found).code == 0 {
                world
                    .run(&world.command(shell).args(["-n"]).stdin(text))
                    .ok();
            }
        }
    }
    let pages = world.folder().join("man pages");
    world
        .torch(&["man", "--dir", &pages.display().to_string()])
        .ok();
    let mut names: Vec<String> = fs::read_dir(&pages)
        .expect("pages")
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    for page in ["torch.1", "torch-auto.1", "scm.1"] {
        assert!(
            names.iter().any(|name| name == page),
            "no {page} in {names:?}"
        );
    }
    for name in &names {
        let text = fs::read_to_string(pages.join(name)).expect("a page");
        assert!(text.contains(".SH NAME"), "{name}");
    }
    world.torch(&["man"]).ok().prints(".TH torch");
    assert!(!world.home().exists(), "none of it needs a registry");
}

#[test]
fn names_may_be_written_as_people_write_them() {
    let world = World::new();
    world.team("orchestrator,project_manager,tester,researcher", SCRIPTED);
    for (role, names) in [
        (
            "project_manager",
            &["PM", "Project-Manager", "PM:0", "SAMPLE:pm", "Sample:1"][..],
        ),
        ("tester", &["QA", "qa", "Tester:0", "sample:QA.0"]),
        ("researcher", &["RESEARCHER", "Researcher:0", "=Sample:3"]),
    ] {
        let window = world.agent(role).pane.expect("a pane").window;
        for name in names {
            let why = world.torch(&["why", name, "--json"]).ok().json();
            assert_eq!(why["agent"]["role"], role, "{name}");
            world.torch(&["logs", name]).ok();
            let attach = world.torch(&["attach", name, "--print"]).ok().stdout;
            assert!(attach.contains(&window), "{name}: {attach}");
            world.scm(&[name, "hello", "--wait"]).ok();
        }
        assert_eq!(world.received(role), vec!["hello"; names.len()]);
        let list = world.torch(&["msg", "list", "--json", "--role", names[0]]);
        // The briefing is listed as well.
        assert_eq!(list.ok().stdout.lines().count(), names.len() + 1, "{role}");
    }
    let terminal = world.terminal("exec torch shell QA");
    terminal.shows("tester-shell");
    terminal.close();
}
