//! What is written for people: the day files and `sessions.json`.

use std::fs;

use serde_json::Value;
use torch_testing::{DEADLINE, SCRIPTED, World};

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

#[test]
fn the_day_files_are_analysed_when_a_team_finishes() {
    let world = World::new().with("TORCH_ROUTER_MODE", "strict");
    world.team("orchestrator,developer,tester", SCRIPTED);
    world.deliver("developer", "for the record");
    world
        .run_as("developer", "scm developer 'to myself'")
        .code(4);
    world.run_as("tester", "scm developer 'psst'").ok();
    world
        .run_as("orchestrator", "torch complete 'all is done'")
        .ok();
    let team = world.wait_for(DEADLINE, "the analysis", || {
        let days = fs::read_dir(world.home().join("logs/communications")).ok()?;
        let files = days
            .flatten()
            .map(|day| day.path().join("compliance_analysis.jsonl"));
        let text: String = files
            .filter_map(|file| fs::read_to_string(file).ok())
            .collect();
        let lines = text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        let mut finished = lines.filter(|line: &Value| line["closed_by"] == "finish");
        finished.next().map(|line| line["teams"][0].clone())
    });
    assert_eq!(team["team"], "sample");
    let told = world.torch(&["msg", "stats", "--json"]).ok().json();
    let pair = |team: &Value| {
        let pairs = team["pairs"].as_array().cloned().unwrap_or_default();
        let found = pairs
            .into_iter()
            .find(|pair| pair["from"] == "script" && pair["to"] == "developer");
        found.unwrap_or_else(|| panic!("no such pair in {team}"))
    };
    assert!(pair(&team)["p50_ms"].is_u64(), "{team}");
    assert_eq!(pair(&team), pair(&told), "the same numbers");
    let rules = serde_json::json!([
        {"decision": "refuse", "rule": "edge.self", "count": 1},
        {"decision": "reroute", "rule": "mode.strict", "count": 1},
    ]);
    assert_eq!((&team["rules"], &told["rules"]), (&rules, &rules));
    // Without the daemon as well.
    world.torch(&["daemon", "stop"]).ok();
    let alone = world.torch(&["msg", "stats", "--json"]).ok().json();
    assert_eq!(alone["rules"], rules);
}
