//! The communication matrix of a team's own template, what a project tightens, and what a killed daemon does not forget.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;
use torch_testing::{Ran, SCRIPTED, World};

use crate::endurance::{daemon, next_daemon, signal};

/// What `torch … --json` prints, one value per line.
fn lines(ran: &Ran) -> Vec<Value> {
    let values = ran.stdout.lines().map(serde_json::from_str);
    values.collect::<Result<_, _>>().expect("JSON lines")
}

/// Sends as an agent; the rule that decided.
#[track_caller]
fn rule(world: &World, from: &str, to: &str, text: &str) -> String {
    let sent = world
        .run_as(from, &format!("scm {to} --json '{text}'"))
        .ok();
    let message = sent.json()["message"].clone();
    message["rule"].as_str().expect("a rule").to_owned()
}

fn kill_daemon(world: &World) {
    let pid = daemon(world);
    signal(world, "KILL", pid);
    next_daemon(world, pid);
}

/// Judges this and the day before again: the test may run over midnight.
fn replayed(world: &World) -> u64 {
    let days = fs::read_dir(world.home().join("logs/communications")).expect("the days");
    let names = days.map(|day| day.expect("a day").file_name());
    let mut count = 0;
    for day in names.filter_map(|name| name.into_string().ok()) {
        let report = world
            .torch(&["compliance", "replay", &day, "--json"])
            .ok()
            .json();
        assert_eq!(report["differing"], Value::Array(Vec::new()), "{report}");
        assert_eq!(report["unknown"], Value::Array(Vec::new()), "{report}");
        count += report["messages"].as_u64().expect("a number");
    }
    count
}

/// A template of the project: developers write to devops, and not to the tester.
const SHOP: &str = r#"
name = "shop"
title = "A shop"
summary = "A shop, with its own ways."
core = ["developer", "tester", "devops"]

[[edges]]
from = "developer"
to = ["devops"]

[[signs]]
name = "the shop"
strength = "decisive"
files = ["shop.txt"]
"#;

#[test]
fn the_edges_of_a_projects_template_are_in_force_and_stay_as_they_were() {
    let world = World::new();
    let folder = world.project().join(".torch/teams");
    fs::create_dir_all(&folder).expect("the project's templates");
    fs::write(folder.join("shop.toml"), SHOP).expect("a template");
    let scenario = world.folder().join("scripted.toml");
    fs::write(&scenario, SCRIPTED).expect("a scenario");
    let scenario = scenario.to_str().expect("a path");
    world
        .torch(&[
            "auto",
            "--spec",
            "spec.md",
            "--agent",
            "demo",
            "--yes",
            "--team-type",
            "shop",
            "--scenario",
            scenario,
        ])
        .ok();
    assert_eq!(
        rule(&world, "developer", "devops", "ship it"),
        "edge.matrix"
    );
    assert_eq!(rule(&world, "developer", "tester", "psst"), "mode.matrix");
    assert_eq!(rule(&world, "tester", "developer", "psst"), "mode.matrix");
    assert_eq!(
        rule(&world, "tester", "orchestrator", "all green"),
        "edge.hub"
    );

    // What says so: the briefing, the roles, the policy.
    let briefing = world.torch(&["brief", "developer", "--print"]).ok().stdout;
    assert!(
        briefing
            .lines()
            .any(|line| line.contains("devops") && line.contains("directly")),
        "{briefing}"
    );
    let roles = lines(&world.torch(&["roles", "list", "--json"]).ok());
    let direct = |name: &str| {
        let row = roles.iter().find(|row| row["role"]["name"] == name);
        row.expect("a role")["direct"]["to"].clone()
    };
    assert_eq!(direct("developer"), serde_json::json!(["devops"]));
    assert_eq!(direct("tester"), serde_json::json!([]));
    assert_eq!(direct("orchestrator"), "everyone");
    let listed = world.torch(&["roles", "list"]).ok();
    assert!(listed.stdout.contains("WRITES TO"), "{listed}");
    let policy = world.torch(&["policy", "explain", "router.mode"]).ok();
    assert!(
        policy.stdout.contains("the edges of its template shop"),
        "{policy}"
    );

    // A changed template changes neither the team nor what was judged; nor does a restart.
    let changed = SHOP.replace("to = [\"devops\"]", "to = [\"tester\"]");
    fs::write(folder.join("shop.toml"), changed).expect("a template");
    world.torch(&["daemon", "stop"]).ok();
    assert_eq!(
        rule(&world, "developer", "devops", "ship it now"),
        "edge.matrix"
    );
    assert_eq!(
        rule(&world, "developer", "tester", "psst, you"),
        "mode.matrix"
    );
    // A role that joins later, and that the template does not name, has no edges of its own.
    world.torch(&["resume", "--add-roles", "researcher"]).ok();
    assert_eq!(rule(&world, "developer", "researcher", "hi"), "mode.matrix");
    assert_eq!(
        rule(&world, "researcher", "project_manager", "hi"),
        "edge.project-manager"
    );
    fs::remove_file(folder.join("shop.toml")).expect("the template");
    assert!(replayed(&world) >= 8);
}

/// Two agents that answer each other for ever, a second apart.
const PING_PONG: &str = r#"
play = false
[[on]]
match = "to=developer.*(kick-off|pong)"
steps = [{ shell = { command = "sleep 1; scm tester \"ping $(date +%s%N)\"" } }]
[[on]]
match = "to=tester.*ping"
steps = [{ shell = { command = "sleep 1; scm developer \"pong $(date +%s%N)\"" } }]
"#;

#[test]
fn a_killed_daemon_forgets_nothing_that_was_said() {
    let world = World::new();
    world.team("orchestrator,developer,tester", PING_PONG);
    let heard = |role: &str, word: &str| {
        let texts = world.received(role).into_iter();
        let texts: BTreeSet<String> = texts.filter(|text| text.starts_with(word)).collect();
        texts.len()
    };
    world.deliver("developer", "kick-off");
    for pings in 1..=3 {
        world.wait("a ping", || heard("tester", "ping ") >= pings);
        kill_daemon(&world);
    }
    world.wait("the orchestrator to hear of the loop", || {
        let texts = world.received("orchestrator").into_iter();
        let mut texts = texts.filter(|text| text.contains("by rule limit.thread"));
        texts.next().is_some()
    });
    assert_eq!(
        (heard("tester", "ping "), heard("developer", "pong ")),
        (3, 3)
    );
    assert!(replayed(&world) >= 8);
}

#[test]
fn a_projects_file_tightens_the_limits_and_loosens_none() {
    let world = World::new();
    let file = world.project().join("torch.toml");
    let text = "[router]\nexchanges = 0\npair_messages = 2\ncritical = \"outage\"\n";
    fs::write(&file, text).expect("the project's settings");
    let config = world.torch(&["config"]).ok();
    assert!(
        config.stdout.contains("a project may only be stricter"),
        "{config}"
    );
    world.team("orchestrator,developer,tester", SCRIPTED);
    assert_eq!(rule(&world, "developer", "tester", "a"), "edge.matrix");
    assert_eq!(rule(&world, "developer", "tester", "b"), "edge.matrix");
    let third = |text: &str| {
        let said = format!("scm tester '{text}'");
        world
            .run_as("developer", &said)
            .code(4)
            .says("limit.pair-rate");
    };
    third("c");
    // It was taken when the team was started, and is kept with it.
    fs::remove_file(&file).expect("the project's settings");
    kill_daemon(&world);
    third("d");
    rule(&world, "tester", "developer", "an outage is near");
    world.wait("the copy", || {
        let ledger = world.ledger("orchestrator");
        let copies = ledger
            .iter()
            .filter(|entry| entry.text.contains("(copy of m-"));
        copies
            .into_iter()
            .any(|entry| entry.text.contains("outage"))
    });
    assert!(replayed(&world) >= 5);
}
