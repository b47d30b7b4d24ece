//! The communication matrix of a team's own template, what a project tightens, and what a killed daemon does not forget.

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
    world
        .torch(&[
            "resume",
            "--add-roles",
            "researcher",
            "--agent",
            "researcher=demo",
        ])
        .ok();
    assert_eq!(rule(&world, "developer", "researcher", "hi"), "mode.matrix");
    assert_eq!(
        rule(&world, "researcher", "project_manager", "hi"),
        "edge.project-manager"
    );
    fs::remove_file(folder.join("shop.toml")).expect("the template");
    assert!(replayed(&world) >= 8);
}

#[test]
fn a_killed_daemon_forgets_nothing_that_was_said() {
    let world = World::new();
    world.team("orchestrator,project_manager,developer,tester", SCRIPTED);
    let mut decided = Vec::new();
    for n in 0..7 {
        let (from, to) = [("developer", "tester"), ("tester", "developer")][n % 2];
        decided.push(rule(&world, from, to, &format!("word {n}")));
        if n % 3 == 1 {
            kill_daemon(&world);
        }
    }
    let mut expect = vec!["edge.matrix"; 6];
    expect.push("limit.thread");
    assert_eq!(decided, expect);
    rule(&world, "tester", "orchestrator", "the schema is ready");
    kill_daemon(&world);
    world
        .run_as("tester", "scm orchestrator 'the schema is ready'")
        .code(4)
        .says("limit.repeat");
    assert!(replayed(&world) >= 9);
}

#[test]
fn a_projects_file_tightens_the_limits_and_loosens_none() {
    let world = World::new();
    let file = world.project().join("torch.toml");
    fs::write(
        &file,
        "[router]\nexchanges = 1\npair_messages = 0\ncritical = \"outage\"\n",
    )
    .expect("the project's settings");
    let config = world.torch(&["config"]).ok();
    assert!(
        config.stdout.contains("a project may only be stricter"),
        "{config}"
    );
    world.team("orchestrator,developer,tester", SCRIPTED);
    assert_eq!(rule(&world, "developer", "tester", "a"), "edge.matrix");
    assert_eq!(rule(&world, "tester", "developer", "b"), "edge.matrix");
    assert_eq!(rule(&world, "developer", "tester", "c"), "limit.thread");
    // It was taken when the team was started, and it is kept with it.
    fs::remove_file(&file).expect("the project's settings");
    kill_daemon(&world);
    assert_eq!(rule(&world, "developer", "tester", "d"), "limit.thread");
    rule(
        &world,
        "tester",
        "developer",
        "Pushed a1b2c3d, an outage is near",
    );
    world.wait("the copy", || {
        let ledger = world.ledger("orchestrator");
        ledger
            .iter()
            .any(|entry| entry.text.contains("(copy of m-") && entry.text.contains("outage"))
    });
    assert!(replayed(&world) >= 5);
}
