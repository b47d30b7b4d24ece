//! What `torch doctor` tells of programs: what was seen of them in use, and what a launch of its own shows.

use std::fs;

use crate::recovery::kill;
use serde_json::Value;
use torch_testing::{DEADLINE, SCRIPTED, World, processes_of};

/// A program that is the demo agent without its hooks.
fn mute(world: &World) {
    let demo = world.torch(&["agents", "show", "demo"]).ok().stdout;
    let mute = demo
        .replace("name = \"demo\"", "name = \"mute\"")
        .replace("\"--settings\", \"{run}/settings.json\", ", "");
    assert_eq!(mute.matches("--settings").count(), 0, "{mute}");
    let folder = world.folder().join("home/.config/torch/agents");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("mute.toml"), mute).expect("a file");
}

/// What was seen of a program, as JSON; null where nothing was.
fn observed(world: &World, program: &str) -> Value {
    let shown: Value = world
        .torch(&["agents", "show", program, "--json"])
        .ok()
        .json();
    shown["observed"].clone()
}

/// The check of `torch doctor` that tells of a program in use.
fn in_use(world: &World, program: &str) -> Value {
    let ran = world.torch(&["doctor", "--json"]);
    let checks = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let mut found = checks.filter(|check| {
        let words = check["found"].as_str().unwrap_or_default();
        check["name"] == "in use" && words.starts_with(&format!("{program}: "))
    });
    found.next().unwrap_or_else(|| panic!("{ran}"))
}

#[test]
fn what_agents_use_is_told_also_without_the_daemon() {
    let world = World::new();
    assert_eq!(observed(&world, "demo"), Value::Null);
    world.team("orchestrator,developer", SCRIPTED);
    let launched = observed(&world, "demo");
    let seen = &launched["observed"];
    assert!(
        seen["hooks"]["ready"].is_u64() && seen["hooks"]["prompt"].is_u64(),
        "{launched:#}"
    );
    assert_eq!(seen["briefing"]["by"], "hooks", "{launched:#}");
    assert_eq!(seen["delivery"]["by"], "hooks", "{launched:#}");
    assert!(seen["doors"].get("commit").is_none(), "{launched:#}");
    world
        .run_as(
            "developer",
            "torch status && echo x > made.txt && torch commit -m made && echo hi > .torch/outbox/orchestrator--hi.md",
        )
        .ok();
    let used = world.wait_for(DEADLINE, "the file to be taken", || {
        let used = observed(&world, "demo");
        used["observed"]["doors"]
            .get("outbox")
            .is_some()
            .then_some(used)
    });
    let doors = &used["observed"]["doors"];
    assert!(
        doors["shell"].is_u64() && doors["commit"].is_u64(),
        "{used:#}"
    );
    assert!(doors.get("mcp").is_none(), "{used:#}");
    let check = in_use(&world, "demo");
    assert_eq!(check["verdict"], "ok", "{check:#}");
    assert!(
        check["found"]
            .as_str()
            .is_some_and(|it| it.contains("MCP never")),
        "{check:#}"
    );
    // A second use in the same launch is no news and nothing is written for it.
    world.run_as("developer", "torch status").ok();
    assert_eq!(observed(&world, "demo")["observed"]["doors"], *doors);
    world.torch(&["daemon", "stop"]).ok();
    assert_eq!(observed(&world, "demo"), used);
}

#[test]
fn a_program_whose_hooks_do_not_come_loses_its_grade() {
    let world = World::new()
        .with("TORCH_DELIVERY_SUBMIT_TIMEOUT_SECONDS", "1")
        .with("TORCH_IDENTITY_SCRIPTS", "true");
    mute(&world);
    let terminal =
        world.terminal("torch auto --spec spec.md --yes --roles orchestrator --agent mute");
    let seen = world.wait_for(DEADLINE, "the briefing to be in doubt", || {
        let seen = observed(&world, "mute");
        seen["observed"]["briefing"].is_object().then_some(seen)
    });
    assert_eq!(seen["observed"]["briefing"]["by"], Value::Null, "{seen:#}");
    assert_eq!(seen["observed"]["hooks"], serde_json::json!({}), "{seen:#}");
    let check = in_use(&world, "mute");
    assert_eq!(check["verdict"], "warn", "{check:#}");
    let words = check["found"].as_str().unwrap_or_default();
    assert!(
        words.contains("nothing proved its last briefing"),
        "{words}"
    );
    assert!(words.contains("its rules promise hooks"), "{words}");
    assert_eq!(check["hint"], "torch doctor --probe mute");
    terminal.close();
}

#[test]
fn a_probe_finds_hooks_that_come_and_hooks_that_do_not() {
    let world = World::new();
    mute(&world);
    let mut reports = Vec::new();
    for (program, code) in [("demo", 0), ("mute", 1)] {
        let ran = world.torch(&["doctor", "--probe", program, "--json"]);
        assert_eq!(ran.code, code, "{ran}");
        reports.push(serde_json::from_str::<Value>(ran.stdout.trim()).expect("JSON"));
    }
    assert_eq!(reports[0]["missing"], serde_json::json!([]));
    assert_eq!(
        reports[1]["missing"],
        serde_json::json!(["its hooks do not come"])
    );
    // It is nobody's registry but its own.
    assert!(!world.home().join("torch.db").exists());
    assert!(!world.home().join("probe/registry").exists());
    assert!(!world.home().join("probe/project").exists());
    let left = processes_of(world.folder());
    assert!(left.is_empty(), "{left:?}");
    // What there is no such program of is said before anything is started.
    let ran = world.torch(&["doctor", "--probe", "nobody"]);
    assert_eq!(ran.code, 2, "{ran}");
}

#[test]
fn a_probe_that_is_interrupted_leaves_nothing() {
    let world = World::new();
    // The shells of the terminal get the key as well; this one outlives it.
    let terminal = world.terminal("trap '' INT HUP; torch doctor --probe demo; echo $? > ended");
    let registry = world.home().join("probe/registry");
    world.wait("the probe's agent", || {
        fs::read_dir(registry.join("run/agents")).is_ok_and(|mut agents| agents.next().is_some())
    });
    // A second one does not meddle.
    let ran = world.torch(&["doctor", "--probe", "demo"]);
    assert_eq!(ran.code, 1, "{ran}");
    assert!(ran.stderr.contains("another probe is under way"), "{ran}");
    terminal.keys(&["C-c"]);
    let ended = world.project().join("ended");
    world.wait("the probe's end", || {
        fs::read_to_string(&ended).is_ok_and(|code| code.trim() == "130")
    });
    assert!(!registry.exists() && !world.home().join("probe/project").exists());
    terminal.close();
    world.wait("everything to end", || {
        processes_of(&world.home()).is_empty()
    });
}

/// Nobody tells its daemon, its agent's wrapper or its tmux server.
#[test]
fn a_probe_that_is_killed_leaves_nothing() {
    for daemon_too in [false, true] {
        let world = World::new();
        let terminal = world.terminal("torch doctor --probe demo");
        let probe = world.home().join("probe");
        let registry = probe.join("registry");
        world.wait("the probe's agent", || {
            let agents = fs::read_dir(registry.join("run/agents"));
            let mut agents = agents.into_iter().flatten().flatten();
            // Its wrapper is up.
            agents.any(|agent| {
                let files = fs::read_dir(agent.path()).into_iter().flatten().flatten();
                let mut spools =
                    files.filter(|file| file.file_name().to_string_lossy().starts_with("spool-"));
                spools.any(|spool| spool.metadata().is_ok_and(|meta| meta.len() > 0))
            })
        });
        let traces = torch_process::traces::Traces::new(&registry);
        let owner = traces.owner().expect("whose it is");
        let daemon = traces.daemon().expect("its daemon");
        let tmux = traces.tmux().expect("its tmux server").process;
        if daemon_too {
            // One after the other, as by `kill -9` with both pids; the wrapper starts another daemon.
            kill(&[owner, daemon]);
        } else {
            kill(&[owner]);
        }
        world.wait("everything to end", || {
            let left = [daemon, tmux].map(torch_process::facts::is_alive);
            left == [false; 2] && processes_of(&probe).is_empty()
        });
        world.wait("the folders to go", || {
            !registry.exists() && !probe.join("project").exists()
        });
        // Nor does it hold the next one up.
        let ran = world.torch(&["doctor", "--probe", "demo", "--json"]);
        assert_eq!(ran.code, 0, "{ran}");
        terminal.close();
    }
}

#[test]
fn a_shell_without_a_fence_has_every_door() {
    let world = World::new();
    let demo = world.torch(&["agents", "show", "demo"]).ok().stdout;
    let open = demo
        .replace("name = \"demo\"", "name = \"open\"")
        .replace(
            "[launch]\n",
            "[install]\ncommand = \"torch\"\nhow = \"it is there\"\nrank = 9\n[launch]\nmode = \"own\"\n",
        )
        .replace("at_start = [\"hooks\"]", "at_start = [\"hooks\"]\nsandbox = [\"env\", \"{sandbox}\"]\nsandboxes = { own = [\"X=1\"] }")
        + "\n[launch.modes.own]\nargs = []\nsays = \"as it is\"\n";
    let folder = world.folder().join("home/.config/torch/agents");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("open.toml"), open).expect("a file");
    let ran = world.torch(&["doctor", "--probe", "open", "--json"]);
    assert_eq!(ran.code, 0, "{ran}");
    let report: Value = serde_json::from_str(ran.stdout.trim()).expect("JSON");
    let verdict = |door: &str| {
        let doors = report["doors"].as_array().expect("doors");
        let found = doors.iter().find(|it| it["door"] == door);
        found.map_or(Value::Null, |it| it["verdict"].clone())
    };
    for door in [
        "start",
        "hooks",
        "shell",
        "outbox",
        "torch commit",
        "git commit",
    ] {
        assert_eq!(verdict(door), "works", "{door}: {report:#}");
    }
    assert_eq!(verdict("MCP tools"), "untried", "{report:#}");
}
