//! The rules of communication, as agents meet them: what is re-routed, refused, handed over or only kept, what follows from
//! forms, and what becomes of violations.

use std::fs;

use serde_json::Value;
use torch_testing::{Ran, SCRIPTED, World};

const FIVE: &str = "orchestrator,project_manager,developer,tester,researcher";

/// What `torch … --json` prints, one value per line.
fn lines(ran: &Ran) -> Vec<Value> {
    let values = ran.stdout.lines().map(serde_json::from_str);
    values.collect::<Result<_, _>>().expect("JSON lines")
}

fn violations(world: &World) -> Vec<Value> {
    lines(&world.torch(&["violations", "--json"]).ok())
}

/// How many prompts of a role hold these words, torch's notices among them.
fn heard(world: &World, role: &str, words: &str) -> usize {
    let ledger = world.ledger(role);
    let prompts = ledger.iter().filter(|entry| entry.kind == "prompt");
    prompts.filter(|entry| entry.text.contains(words)).count()
}

fn hears(world: &World, role: &str, words: &str) {
    world.wait(&format!("{role} to hear {words:?}"), || {
        heard(world, role, words) > 0
    });
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

#[test]
fn the_matrix_lets_its_edges_pass_and_turns_the_rest_to_the_hub() {
    let world = World::new();
    world.team(FIVE, SCRIPTED);
    assert_eq!(
        rule(&world, "developer", "tester", "test a please"),
        "edge.matrix"
    );
    hears(&world, "tester", "test a please");
    assert_eq!(
        rule(&world, "developer", "researcher", "psst"),
        "mode.matrix"
    );
    hears(
        &world,
        "orchestrator",
        "(for researcher, re-routed to you by rule mode.matrix, v-",
    );
    assert!(world.received("researcher").is_empty());
    let found = violations(&world);
    assert_eq!(found.len(), 1, "{found:?}");
    let row = &found[0];
    assert_eq!(
        (
            &row["rule"],
            &row["role"],
            &row["to"],
            &row["severity"],
            &row["state"]
        ),
        (
            &"mode.matrix".into(),
            &"developer".into(),
            &"researcher".into(),
            &"medium".into(),
            &"open".into()
        )
    );
    let id = row["id"].as_str().expect("an id");
    // The same again is the same violation, told once.
    rule(&world, "developer", "researcher", "psst again");
    assert_eq!(violations(&world)[0]["count"], 2);

    // Settled by the hub, and by nobody else.
    let resolve = format!("torch violations resolve {id}");
    world
        .run_as("developer", &resolve)
        .code(4)
        .says("violations.resolve");
    world.run_as("orchestrator", &resolve).ok();
    let row = &violations(&world)[0];
    assert_eq!(
        (&row["state"], &row["by"]),
        (&"resolved".into(), &"orchestrator".into())
    );
    assert!(lines(&world.torch(&["violations", "--open", "--json"]).ok()).is_empty());
    world.torch(&["violations", "resolve", id]).code(2);
    let day = lines(
        &world
            .torch(&["violations", "--date", "2020-01-01", "--json"])
            .ok(),
    );
    assert!(day.is_empty());
    world.wait("the day file", || {
        let days = fs::read_dir(world.home().join("logs/communications"));
        let files = days.into_iter().flatten().flatten();
        let text: String = files
            .filter_map(|day| fs::read_to_string(day.path().join("violations.jsonl")).ok())
            .collect();
        [
            "violation.opened",
            "violation.repeated",
            "violation.resolved",
        ]
        .iter()
        .all(|event| text.contains(event))
    });
    // Without the daemon as well.
    world.torch(&["daemon", "stop"]).ok();
    assert_eq!(violations(&world).len(), 1);
}

#[test]
fn agents_broadcast_nothing() {
    let world = World::new();
    world.team(FIVE, SCRIPTED);
    let refused = world.run_as("developer", "scm all 'FYI to all'").code(4);
    refused.says("limit.broadcast");
    hears(
        &world,
        "orchestrator",
        "developer broke rule limit.broadcast",
    );
    rule(&world, "tester", "developer", "FYI: x");
    rule(&world, "tester", "orchestrator", "FYI: x");
    world
        .run_as("tester", "scm project_manager 'FYI: x'")
        .code(4)
        .says("limit.broadcast");
    // A person is told that there is no such target, as before.
    world.scm(&["all", "x"]).code(2);
}

/// Two agents that answer each other for ever.
const PING_PONG: &str = r#"
play = false
[[on]]
match = "to=developer.*(kick-off|pong)"
steps = [{ shell = { command = "scm tester \"ping $(date +%s%N)\"" } }]
[[on]]
match = "to=tester.*ping"
steps = [{ shell = { command = "scm developer \"pong $(date +%s%N)\"" } }]
"#;

#[test]
fn two_agents_that_answer_each_other_end_at_the_hub() {
    let world = World::new();
    world.team(FIVE, PING_PONG);
    world.deliver("developer", "kick-off");
    hears(
        &world,
        "orchestrator",
        "re-routed to you by rule limit.thread",
    );
    assert_eq!(
        heard(&world, "tester", "] ping "),
        3,
        "{:#?}",
        world.ledger("tester")
    );
    assert_eq!(heard(&world, "developer", "] pong "), 3);
    let found = violations(&world);
    assert_eq!(found[0]["rule"], "limit.thread", "{found:?}");
    // A person's word begins anew.
    world.deliver("developer", "kick-off again");
    world.wait("three more", || heard(&world, "tester", "] ping ") == 6);
}

#[test]
fn what_wakes_nobody_and_what_is_said_twice() {
    let world = World::new();
    world.team(FIVE, SCRIPTED);
    let sent = world
        .run_as("developer", "scm orchestrator --json thanks")
        .ok();
    let message = sent.json()["message"].clone();
    assert_eq!(
        (&message["state"], &message["rule"]),
        (&"recorded".into(), &"ack.quiet".into())
    );
    rule(&world, "developer", "orchestrator", "the schema is ready");
    world
        .run_as("developer", "scm orchestrator 'the schema is ready'")
        .code(4)
        .says("limit.repeat")
        .says("noted as v-");
    rule(&world, "developer", "orchestrator", "May I merge?");
    assert_eq!(rule(&world, "orchestrator", "developer", "ok"), "edge.hub");
    hears(&world, "developer", "ok");
    assert!(
        !world
            .received("orchestrator")
            .iter()
            .any(|text| text == "thanks")
    );
}

#[test]
fn a_status_is_a_form_and_a_block_that_lasts_is_escalated_once() {
    let world = World::new().with("TORCH_ROUTER_BLOCKED_SECONDS", "1");
    world.team(FIVE, SCRIPTED);
    assert_eq!(
        rule(&world, "developer", "orchestrator", "STATUS: all fine"),
        "edge.hub"
    );
    let wrong = violations(&world);
    assert_eq!(
        (&wrong[0]["rule"], &wrong[0]["severity"]),
        (&"form.wrong".into(), &"low".into())
    );
    let report = "torch report status --completed 'the lexer' --current 'the parser' --blocked 'no password' --eta 30m";
    world.run_as("developer", report).ok();
    let settled = violations(&world);
    assert_eq!(settled[0]["state"], "resolved", "{settled:?}");
    hears(&world, "orchestrator", "STATUS developer 20");
    hears(
        &world,
        "orchestrator",
        "sample:developer has been blocked for 0 minutes: no password",
    );
    world
        .run_as(
            "developer",
            "torch report status --current 'the parser' --eta 10m",
        )
        .ok();
    assert_eq!(heard(&world, "orchestrator", "has been blocked"), 1);
    world
        .torch(&["report", "status", "--current", "x", "--eta", "y"])
        .code(4);
}

#[test]
fn a_task_has_an_acknowledgement_or_is_listed_without() {
    let world = World::new();
    world.team(FIVE, SCRIPTED);
    let assign = |role: &str, id: &str| {
        let command = format!(
            "torch task assign {role} --id {id} --title T --objective O --criterion C --priority HIGH --json"
        );
        let sent = world.run_as("orchestrator", &command).ok();
        let message = sent.json()["message"]["id"].clone();
        message.as_str().expect("an id").to_owned()
    };
    let one = assign("developer", "T-1");
    let two = assign("tester", "T-2");
    let unacked = || {
        let rows = lines(&world.torch(&["task", "list", "--unacked", "--json"]).ok());
        let ids = rows
            .iter()
            .map(|row| row["task"].as_str().expect("an id").to_owned());
        ids.collect::<Vec<_>>()
    };
    assert_eq!(unacked(), ["T-1", "T-2"]);
    world.wait_message(&one, "consumed");
    world.wait_message(&two, "consumed");
    assert_eq!(
        rule(&world, "developer", "orchestrator", "ACK T-1"),
        "ack.quiet"
    );
    assert_eq!(unacked(), ["T-2"]);
    world.wait_message(&one, "acked");
    // What is open survives the daemon.
    world.torch(&["daemon", "stop"]).ok();
    world.run_as("tester", &format!("torch ack {two}")).ok();
    assert!(unacked().is_empty());
    let all = lines(&world.torch(&["task", "list", "--json"]).ok());
    assert_eq!(all.len(), 2);
    world
        .torch(&[
            "task",
            "assign",
            "developer",
            "--id",
            "T 3",
            "--title",
            "t",
            "--objective",
            "o",
            "--criterion",
            "c",
        ])
        .code(2);
}

#[test]
fn a_completion_is_told_to_those_who_wait_for_it() {
    let world = World::new();
    world.team(FIVE, SCRIPTED);
    let on = "developer,tester";
    world
        .torch(&["deps", "set", "project_manager", "--on", on])
        .ok();
    world
        .torch(&["deps", "set", "developer", "--on", "project_manager"])
        .code(2)
        .says("wait for itself");
    world
        .run_as("developer", "torch deps set tester --on developer")
        .code(4);
    world
        .run_as("developer", "torch complete 'parser in 3f2c1aa'")
        .ok();
    hears(&world, "orchestrator", "COMPLETE: parser in 3f2c1aa");
    hears(
        &world,
        "project_manager",
        "developer, whom you wait for, has completed: parser in 3f2c1aa",
    );
    hears(&world, "project_manager", "You still wait for tester.");
    let listed = lines(&world.torch(&["deps", "list", "--json"]).ok());
    assert_eq!(listed[0]["on"][0]["complete"], true, "{listed:?}");
    world.run_as("tester", "torch complete 'all green'").ok();
    hears(&world, "project_manager", "Nobody else is waited for");
}
