//! What torch does by itself on real tmux: check-ins with news and none without, silent completions, standups.

use serde_json::Value;
use torch_testing::{DEADLINE, Entry, SCRIPTED, World};

/// The prompts that say this.
fn said(world: &World, role: &str, words: &str) -> Vec<Entry> {
    let mut entries = world.ledger(role);
    entries.retain(|entry| entry.kind == "prompt" && entry.text.contains(words));
    entries
}

/// What is known of a role's check-ins.
fn check_in(world: &World, role: &str) -> Value {
    let ran = world.torch(&["schedule", "list", "--json"]).ok();
    let rows = ran.stdout.lines();
    let mut rows = rows.map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    rows.find(|row| row["kind"] == "check_in" && row["to"] == role)
        .unwrap_or_default()
}

/// `kill -9` for the daemon.
fn kill_daemon(world: &World) {
    let pid = world.status()["daemon"]["pid"].as_u64().expect("a pid");
    let kill = format!("kill -9 {pid}");
    world.run(&world.command("sh").args(["-c", &kill])).ok();
}

#[test]
fn the_hub_hears_of_what_happened_and_of_nothing_else() {
    let world = World::new()
        .with("TORCH_CHECK_INS_EVERY", "3s")
        .with("TORCH_CHECK_INS_ROLES", "developer=none")
        .with("TORCH_CHECK_INS_SILENT_AFTER", "none");
    world.team("orchestrator,developer", SCRIPTED);
    // Looks go by, and nothing is said.
    world.wait("a look that says nothing", || {
        check_in(&world, "orchestrator")["skipped"] == "nothing happened since the last one"
    });
    assert_eq!(said(&world, "orchestrator", "Check-in:").len(), 0);
    assert_eq!(
        check_in(&world, "developer"),
        Value::Null,
        "none are set up"
    );
    world
        .run_as("developer", "torch complete 'the parser stands'")
        .ok();
    let told = world.wait_for(DEADLINE, "the check-in", || {
        said(&world, "orchestrator", "Check-in:").into_iter().next()
    });
    assert!(
        told.text.contains("developer reported complete"),
        "{}",
        told.text
    );
    assert!(told.text.contains("the parser stands"), "{}", told.text);
    let listed = world.torch(&["schedule", "list"]).ok();
    assert!(listed.stdout.contains("CHECK-IN"), "{listed}");
    // It was news once.
    world.wait("a look after that", || {
        check_in(&world, "orchestrator")["skipped"] == "nothing happened since the last one"
    });
    assert_eq!(said(&world, "orchestrator", "Check-in:").len(), 1);
}

#[test]
fn a_silent_completion_is_asked_about_once_and_then_told() {
    let world = World::new()
        .with("TORCH_CHECK_INS_EVERY", "none")
        .with("TORCH_CHECK_INS_SILENT_AFTER", "2s");
    world.team("orchestrator,developer", SCRIPTED);
    world.run_as("developer", "echo text > new.txt").ok();
    let asked = world.wait_for(DEADLINE, "the question", || {
        said(&world, "developer", "told nobody what came of it")
            .into_iter()
            .next()
    });
    assert!(
        asked.text.contains("1 file that is not committed"),
        "{}",
        asked.text
    );
    // A scripted agent reads it, ends its turn, and says nothing.
    world.wait("the hub to be told", || {
        !said(&world, "orchestrator", "developer went silent").is_empty()
    });
    world
        .run_as("developer", "torch complete 'it was that file'")
        .ok();
    assert_eq!(
        said(&world, "developer", "told nobody what came of it").len(),
        1
    );
    assert_eq!(
        said(&world, "orchestrator", "developer went silent").len(),
        1
    );
}

#[test]
fn a_standup_is_gathered_over_the_death_of_the_daemon() {
    let world = World::new()
        .with("TORCH_CHECK_INS_EVERY", "none")
        .with("TORCH_CHECK_INS_SILENT_AFTER", "none")
        .with("TORCH_CHECK_INS_STANDUP_WAIT", "20s");
    world.team("orchestrator,project_manager,developer,tester", SCRIPTED);
    world.torch(&["pause", "tester"]).ok();
    world
        .torch(&["standup"])
        .ok()
        .prints("2 of team sample are asked; 1 could not be asked");
    world
        .torch(&["standup"])
        .code(1)
        .says("has a standup already");
    let asked = world.wait_for(DEADLINE, "the question", || {
        said(&world, "developer", "STATUS UPDATE")
            .into_iter()
            .next()
    });
    assert!(asked.text.contains("3) Any blockers"), "{}", asked.text);
    world
        .run_as(
            "developer",
            "torch standup answer 'completed: the parser; blocked: no'",
        )
        .ok();
    world
        .run_as("developer", "torch standup answer 'again'")
        .code(1)
        .says("you have answered");
    kill_daemon(&world);
    let report = world.wait_for(DEADLINE * 2, "the answers in one message", || {
        said(&world, "project_manager", "Standup, asked by")
            .into_iter()
            .next()
    });
    // It is longer than what is typed: its text is a file.
    let tag = report.tag.expect("a message");
    let body = world.wait_message(&tag, "consumed").body;
    for words in [
        "- developer: completed: the parser; blocked: no",
        "No answer: orchestrator.",
        "Not asked: tester (a person paused it).",
    ] {
        assert!(body.contains(words), "{words}: {body}");
    }
    assert_eq!(
        said(&world, "project_manager", "Standup, asked by").len(),
        1
    );
    assert_eq!(said(&world, "tester", "STATUS UPDATE").len(), 0);
}
