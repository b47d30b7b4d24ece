//! What is written for people: the day files and `sessions.json`.

use std::fs;

use serde_json::Value;
use torch_testing::{SCRIPTED, World};

/// All lines of all day files, in the order of the journal.
fn exported(world: &World) -> Vec<Value> {
    let days = fs::read_dir(world.home().join("logs/communications"))
        .into_iter()
        .flatten()
        .flatten();
    let mut files: Vec<_> = days.map(|day| day.path().join("messages.jsonl")).collect();
    files.sort();
    let text: String = files
        .iter()
        .filter_map(|file| fs::read_to_string(file).ok())
        .collect();
    text.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

#[test]
fn day_files_tell_what_was_said() {
    let world = World::new();
    world.team("orchestrator,developer,tester", SCRIPTED);
    let id = world.deliver("developer", "for the record");
    world
        .run_as("developer", "scm developer 'to myself'")
        .code(4);
    world.wait("the day file", || {
        let lines = exported(&world);
        lines
            .iter()
            .any(|line| line["id"] == id.as_str() && line["event"] == "delivery.consumed")
            && lines
                .iter()
                .any(|line| line["event"] == "message.refused" && line["rule"] == "edge.self")
    });
    let lines = exported(&world);
    let accepted = lines
        .iter()
        .find(|line| line["id"] == id.as_str() && line["event"] == "message.accepted")
        .expect("its line");
    for (field, value) in [
        ("text", "for the record"),
        ("to", "developer"),
        ("from", "script"),
        ("team", "sample"),
        ("kind", "message"),
        ("decision", "deliver"),
        ("state", "queued"),
    ] {
        assert_eq!(accepted[field], value, "{field}");
    }
    let seqs: Vec<u64> = lines
        .iter()
        .filter_map(|line| line["seq"].as_u64())
        .collect();
    assert!(seqs.is_sorted() && seqs.len() == lines.len(), "{seqs:?}");
}

#[test]
fn sessions_are_those_that_are_to_run() {
    let world = World::new();
    let file = world.home().join("sessions.json");
    let sessions = || -> Value {
        serde_json::from_str(&fs::read_to_string(&file).unwrap_or_default()).unwrap_or_default()
    };
    world.team("orchestrator,developer", SCRIPTED);
    world.wait("the file", || {
        sessions()["sessions"][0]["phase"] == "running"
    });
    let session = sessions()["sessions"][0].clone();
    assert_eq!(
        (&session["name"], &session["base_branch"]),
        (&"sample".into(), &"main".into())
    );
    let agent = &session["agents"][1];
    assert_eq!(
        (&agent["role"], &agent["branch"], &agent["briefed"]),
        (&"developer".into(), &"main-developer".into(), &true.into())
    );
    assert_eq!(
        agent["pane"].as_str(),
        Some(world.agent("developer").pane_id())
    );
    world.torch(&["stop"]).ok();
    world.wait("an empty list", || {
        sessions()["sessions"] == serde_json::json!([])
    });
}
