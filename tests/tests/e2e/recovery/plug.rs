//! The plug is pulled: everything dies at one moment, and one word brings it back.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::hash::{BuildHasher as _, RandomState};

use torch_core::Process;
use torch_process::spawn_detached;
use torch_testing::{DEADLINE, SCRIPTED, World};

use super::{BACK, kill, one_of_each, wait_briefed};
use crate::bad_input::auto;
use crate::place::git;
use crate::snapshot::Tree;

/// Kills all processes of a world at once.
#[track_caller]
fn pull_the_plug(world: &World) {
    let all = |world: &World| world.processes().into_iter().map(|(it, _)| it).collect();
    // A daemon that a wrapper was just starting is nobody's for a moment, while its program is loaded.
    let mut calm = 0;
    world.wait("everything to be dead", || {
        let processes: Vec<Process> = all(world);
        kill(&processes);
        calm = if processes.is_empty() { calm + 1 } else { 0 };
        calm >= 5
    });
}

/// How many lines all ledgers have when the sample's play is over, at least.
const LINES: usize = 17;

/// The number of a ledger line out of those that come before the last item is done.
fn random_moment() -> usize {
    usize::try_from(RandomState::new().hash_one(0) % 14).expect("a small number")
}

/// How many lines all ledgers have; nobody is asked.
fn lines(world: &World) -> usize {
    let agents = std::fs::read_dir(world.home().join("run/agents"));
    let files = agents.into_iter().flatten().flatten();
    let files = files.filter_map(|agent| std::fs::read_dir(agent.path()).ok());
    let files = files.flatten().flatten().map(|file| file.path());
    let ledgers = files.filter(|path| path.to_string_lossy().ends_with(".ledger.jsonl"));
    ledgers
        .filter_map(|path| std::fs::read_to_string(path).ok())
        .map(|text| text.lines().count())
        .sum()
}

/// A team that plays the sample, killed at a random moment of it.
#[track_caller]
fn killed_in_the_play() -> World {
    let world = World::new();
    world.torch(&auto(&["--spec=spec.md"])).ok();
    // On a busy machine the play may be far ahead already.
    let moment = (lines(&world) + random_moment()).min(LINES);
    let what = format!("ledger line {moment}, at which the plug is pulled");
    world.wait(&what, || lines(&world) >= moment);
    pull_the_plug(&world);
    world
}

/// Waits for the play's end and checks its outcome: each item of the spec committed once.
#[track_caller]
fn played_to_its_end(world: &World) {
    world.wait_for(BACK, "the spec to be complete", || {
        (world.status()["teams"][0]["phase"] == "finished").then_some(())
    });
    one_of_each(world);
    let log = ["log", "--reverse", "--format=%s", "main..main-developer"];
    let log = git(world, &world.project(), &log);
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for subject in log.lines() {
        *counts.entry(subject).or_default() += 1;
    }
    let items = ["greet by name", "greet the world", "refuse an empty name"];
    let wanted = (1..)
        .zip(items)
        .map(|(n, item)| format!("demo: item {n}: T{n} {item}"));
    let wanted: Vec<String> = wanted.collect();
    let wanted: BTreeMap<&str, usize> = wanted.iter().map(|it| (it.as_str(), 1)).collect();
    assert_eq!(counts, wanted);
    // What came twice was marked.
    for role in [
        "orchestrator",
        "project_manager",
        "developer",
        "tester",
        "testrunner",
    ] {
        let mut tries: BTreeMap<String, u32> = BTreeMap::new();
        for entry in world.prompts(role) {
            let attempt = entry.field("try").and_then(|text| text.parse().ok());
            let (tag, attempt) = (entry.tag.clone().expect("a tag"), attempt.unwrap_or(0));
            let before = tries.insert(tag, attempt).unwrap_or(0);
            assert!(attempt > before, "{role} got this twice: {}", entry.text);
        }
    }
    world.torch(&["audit", "verify"]).ok();
}

#[test]
fn after_a_reboot_one_resume_is_enough() {
    let world = killed_in_the_play().with("TORCH_TEST_BOOT_ID", "other");
    let before = Tree::of(&world.home());
    let status = world.torch(&["status"]).ok();
    assert!(status.stdout.contains("suspended"), "{status}");
    // Without a daemon, which it does not start.
    let seen = world.torch(&["resume", "--status-only"]).ok();
    for word in ["was restarted since", "developer", "start"] {
        assert!(seen.stdout.contains(word), "no `{word}` in {seen}");
    }
    assert_eq!(world.processes(), []);
    let changes = before.changes(&Tree::of(&world.home()));
    let read = ["torch.db-shm", "torch.db-wal"];
    let others = changes
        .iter()
        .filter(|change| !read.contains(&&change[1..]));
    assert_eq!(others.collect::<Vec<_>>(), Vec::<&String>::new());
    // With one: that starts no team either.
    world.torch(&["daemon", "start"]).ok();
    let with = world.torch(&["resume", "--status-only"]).ok();
    assert!(with.stdout.contains("was restarted since"), "{with}");
    let status = world.torch(&["status"]).ok();
    assert!(status.stdout.contains("suspended"), "{status}");
    // A person hears of it, once in each boot.
    world.torch(&["daemon", "stop"]).ok();
    world.torch(&["daemon", "start"]).ok();
    let inbox = world.torch(&["inbox", "--all"]).ok().stdout;
    let told = inbox.matches("the machine was restarted; team").count();
    assert_eq!(told, 1, "{inbox}");
    let programs = world.processes().into_iter();
    let programs: Vec<_> = programs
        .filter(|(_, line)| !line.contains("daemon run"))
        .collect();
    assert_eq!(programs, [], "only the daemon runs");

    let ran = world.torch(&["resume"]).ok();
    assert!(ran.stdout.contains("5 of 5 agents briefed"), "{ran}");
    played_to_its_end(&world);
}

#[test]
fn within_one_boot_any_command_is_enough() {
    let world = killed_in_the_play();
    world.torch(&["status"]).ok();
    assert_eq!(world.processes(), [], "status starts nothing");
    let id = world.send("developer", "are you there");
    world.wait_message_for(&id, "consumed", BACK);
    wait_briefed(&world, 5);
    played_to_its_end(&world);
}

#[test]
fn a_daemon_that_is_to_resume_teams_does() {
    let world = World::new();
    world.team("orchestrator,developer,tester", SCRIPTED);
    let before = world.send("developer", "before");
    world.wait_message(&before, "consumed");
    pull_the_plug(&world);
    let world = world.with("TORCH_TEST_BOOT_ID", "other");
    let spec = world.command("torch");
    let args = ["daemon", "run", "--resume-teams"].map(OsString::from);
    let log = world.folder().join("resumer.log");
    let started = spawn_detached(&world.program("torch"), &args, &spec.cwd, &spec.env, &log);
    let mut started = started.expect("it starts");
    let line = started.first_line(DEADLINE).unwrap_or_else(|error| {
        panic!(
            "{error}: {}",
            std::fs::read_to_string(&log).unwrap_or_default()
        )
    });
    assert_eq!(line, "ready");
    wait_briefed(&world, 3);
    one_of_each(&world);
    world.deliver("developer", "after");
    assert_eq!(world.received("developer"), ["before", "after"]);
    assert_eq!(world.status()["teams"][0]["phase"], "running");
}
