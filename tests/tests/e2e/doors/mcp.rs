//! `torch mcp`: a real client over standard input and output, started by an agent's program.

use std::fs;

use serde_json::{Value, json};
use torch_testing::{Ran, SCRIPTED, World};

use crate::place::git;

/// The client's script.
const CLIENT: &str = include_str!("client.py");

/// The tools, as they are listed.
const TOOLS: [&str; 21] = [
    "send",
    "ask",
    "ack",
    "complete",
    "commit",
    "schedule",
    "status",
    "report_status",
    "report_blocked",
    "report_unblocked",
    "task_assign",
    "task_list",
    "standup_answer",
    "deps_set",
    "deps_list",
    "integrate_start",
    "integrate_status",
    "integrate_tests",
    "integrate_review",
    "integrate_resume",
    "integrate_abort",
];

/// The shell's line that makes these calls.
fn line(world: &World, calls: &Value) -> String {
    let client = world.folder().join("client.py");
    fs::write(&client, CLIENT).expect("a file for the client");
    let calls = calls.to_string();
    assert!(!calls.contains('\''), "quoted with single quotes: {calls}");
    format!("python3 '{}' '{calls}'", client.display())
}

/// What a role's program gets when it makes these calls.
pub(crate) fn calls(world: &World, role: &str, calls: &Value) -> Value {
    checked(world.run_as(role, &line(world, calls)))
}

fn checked(ran: Ran) -> Value {
    let all = ran.ok().json();
    assert_eq!(
        (&all["code"], &all["rest"]),
        (&json!(0), &json!("")),
        "it ends with its input"
    );
    all
}

fn text(result: &Value) -> &str {
    result["content"][0]["text"].as_str().expect("a text")
}

#[test]
fn an_agents_program_speaks_for_the_agent() {
    let world = World::new();
    world.team("orchestrator,developer,tester", SCRIPTED);
    let id = world.deliver("developer", "please act on this");
    fs::write(world.agent("developer").worktree.join("new"), "one\n").expect("written");
    let all = calls(
        &world,
        "developer",
        &json!([
            ["send", {"to": "orchestrator", "text": "from the server\n$HOME `ls`"}],
            ["ask", {"text": "which colour?"}],
            ["ack", {"id": id}],
            ["commit", {"message": "by request", "paths": ["new"]}],
            ["schedule", {"minutes": 30, "note": "look again"}],
            ["status", {}],
            ["complete", {"text": "all done in one commit"}],
        ]),
    );
    assert_eq!(all["greeting"]["protocolVersion"], "2025-06-18");
    assert_eq!(all["greeting"]["serverInfo"]["name"], "torch");
    let tools = all["tools"]["tools"].as_array().expect("tools");
    let names: Vec<_> = tools
        .iter()
        .filter_map(|tool| tool["name"].as_str())
        .collect();
    assert_eq!(names, TOOLS);
    let results = all["results"].as_array().expect("results");
    for result in results {
        assert_eq!(result["isError"], false, "{result}");
    }
    // The process told who it was.
    for (at, to) in [(0, "orchestrator"), (1, "human"), (6, "orchestrator")] {
        let id = results[at]["structuredContent"]["message"]["id"]
            .as_str()
            .expect("an id");
        let message = world.message(id);
        assert_eq!(
            (message.from.as_str(), message.to.as_str()),
            ("developer", to)
        );
        assert!(
            message.from_rule.starts_with("identity.agent-pane"),
            "{message:?}"
        );
        assert!(text(&results[at]).starts_with(id), "{}", results[at]);
    }
    world.wait("it to arrive", || {
        let got = world.received("orchestrator");
        got.iter().any(|body| body == "from the server\n$HOME `ls`")
    });
    assert_eq!(world.message(&id).state, "acked");
    let worktree = world.agent("developer").worktree;
    assert_eq!(
        git(&world, &worktree, &["log", "-1", "--format=%an|%s"]),
        "developer (torch)|by request"
    );
    let notes = world.torch(&["schedule", "list"]).ok();
    assert!(notes.stdout.contains("look again"), "{notes}");
    assert!(text(&results[5]).contains("- tester: "), "{}", results[5]);
}

/// Whether a message to a role has such a body.
fn sent(world: &World, to: &str, is: impl Fn(&str) -> bool) -> bool {
    let all = world.torch(&["msg", "list", "--json"]).ok();
    let rows = all.stdout.lines().map(serde_json::from_str::<Value>);
    rows.flatten()
        .filter(|row| row["to"] == to)
        .any(|row| row["body"].as_str().is_some_and(&is))
}

#[test]
fn forms_are_made_by_tools() {
    let world = World::new();
    world.team("orchestrator,developer,tester", SCRIPTED);
    let task = json!({"to": "developer", "id": "T-7", "title": "The parser", "objective": "read all", "criteria": ["all parse"]});
    let by_hub = calls(
        &world,
        "orchestrator",
        &json!([
            ["task_assign", task],
            ["deps_set", {"role": "tester", "on": ["developer"]}],
            ["deps_list", {}],
            ["task_list", {"unacked": true}],
            ["task_assign", {"to": "developer", "id": "T 8", "title": "t", "objective": "o", "criteria": ["c"]}],
            ["deps_set", {"role": "developer", "on": ["plumber"]}],
        ]),
    );
    let results = by_hub["results"].as_array().expect("results");
    for result in &results[..4] {
        assert_eq!(result["isError"], false, "{result}");
    }
    assert_eq!(text(&results[2]), "- tester waits for developer");
    let listed = text(&results[3]);
    assert!(
        listed.contains("T-7 to developer from orchestrator")
            && listed.contains("not acknowledged"),
        "{listed}"
    );
    assert!(
        text(&results[4]).contains("TASK ID: title"),
        "{}",
        results[4]
    );
    assert!(
        text(&results[4]).contains("Hint: the tool `task_assign` takes to, id"),
        "{}",
        results[4]
    );
    // What the command's hint says is said in terms of the tools.
    assert!(
        text(&results[5]).ends_with("Hint: call the tool `status`"),
        "{}",
        results[5]
    );
    let by_developer = calls(
        &world,
        "developer",
        &json!([
            ["report_blocked", {"text": "no database"}],
            ["report_status", {"current": "the parser", "eta": "30m", "completed": ["the lexer"], "blocked": "no key"}],
            ["report_unblocked", {"text": "the key came"}],
            ["report_status", {"current": " ", "eta": "30m"}],
            ["standup_answer", {"text": "now the parser"}],
            ["deps_set", {"role": "tester", "on": []}],
        ]),
    );
    let results = by_developer["results"].as_array().expect("results");
    for result in &results[..3] {
        assert_eq!(result["isError"], false, "{result}");
    }
    let check = |at: usize, words: &str, hint: &str| {
        let told = text(&results[at]);
        assert!(told.contains(words) && told.ends_with(hint), "{told}");
    };
    check(3, "has no `current`", "Hint: call the tool `report_status`");
    check(
        4,
        "no standup waits for an answer of yours",
        "Hint: call the tool `send` with to=\"orchestrator\"",
    );
    check(
        5,
        "rule deps.set",
        "Hint: call the tool `send` with to=\"orchestrator\"",
    );
    world.wait("the status to be on its way", || {
        sent(&world, "orchestrator", |body| {
            body.starts_with("STATUS developer ") && body.ends_with("Blocked: no key\nETA: 30m")
        })
    });
    // Blocked by the first, and not any more after the third.
    assert_eq!(world.journal_of("developer", "agent.blocked").len(), 1);
    assert_eq!(world.journal_of("developer", "agent.unblocked").len(), 1);
}

#[test]
fn work_is_integrated_by_tools_alone() {
    let world = World::new();
    world.team("orchestrator,developer,tester", SCRIPTED);
    let worktree = world.agent("developer").worktree;
    fs::write(worktree.join("new"), "one\n").expect("written");
    let asked = json!([["commit", {"message": "a feature"}], ["integrate_start", {}]]);
    let refused = by(&world, "developer", asked).remove(1);
    assert_eq!(refused["structuredContent"]["kind"], "refused");
    let told = text(&refused);
    assert!(told.contains("rule integrate.lead"), "{told}");
    assert!(
        told.ends_with("Hint: call the tool `integrate_status`"),
        "{told}"
    );
    let begun = by(&world, "orchestrator", json!([["integrate_start", {}]]));
    let begun = &begun[0]["structuredContent"]["integration"];
    let id = begun["id"].as_str().expect("an id").to_owned();
    let stands = |world: &World| {
        let shown = by(world, "orchestrator", json!([["integrate_status", {}]]));
        text(&shown[0]).to_owned()
    };
    world.wait("the tests to be asked of the tester", || {
        stands(&world)
            == format!(
                "- {id} into main: waits at test: tester to run the tests (`integrate_tests`)"
            )
    });
    let early = by(
        &world,
        "orchestrator",
        json!([["integrate_review", {"id": id, "approve": true}]]),
    );
    assert!(
        text(&early[0]).contains("does not wait for a review"),
        "{}",
        early[0]
    );
    let passed = by(
        &world,
        "tester",
        json!([["integrate_tests", {"passed": true, "note": "all three"}]]),
    );
    assert_eq!(passed[0]["isError"], false, "{passed:?}");
    assert!(
        stands(&world).ends_with("waits at review: orchestrator to review it (`integrate_review`)")
    );
    let other = by(
        &world,
        "tester",
        json!([["integrate_review", {"id": id, "approve": true}]]),
    );
    assert_eq!(
        other[0]["structuredContent"]["kind"], "refused",
        "{other:?}"
    );
    by(
        &world,
        "orchestrator",
        json!([["integrate_review", {"id": id, "approve": true}]]),
    );
    world.wait("the end of it", || {
        stands(&world) == format!("- {id} into main: is in main, verified")
    });
    assert!(world.project().join("new").exists());
}

/// The results of the calls that a role's program makes.
fn by(world: &World, role: &str, asked: Value) -> Vec<Value> {
    let all = calls(world, role, &asked);
    all["results"].as_array().cloned().expect("results")
}

#[test]
fn a_standup_is_answered_by_a_tool() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    world.torch(&["standup"]).ok();
    let answer = json!([["standup_answer", {"text": "now the parser"}]]);
    let all = calls(&world, "developer", &answer);
    assert_eq!(all["results"][0]["isError"], false, "{all}");
    world.wait("the report", || {
        sent(&world, "orchestrator", |body| {
            body.contains("now the parser")
        })
    });
}

#[test]
fn a_refusal_is_the_tools_error() {
    let world = World::new().with("TORCH_ROUTER_MODE", "strict");
    world.team("orchestrator,developer,tester", SCRIPTED);
    let all = calls(
        &world,
        "developer",
        &json!([
            ["send", {"to": "developer", "text": "to myself"}],
            ["send", {"to": "plumber", "text": "x"}],
            ["send", {"to": "tester", "text": "sideways"}],
            ["send", {"to": "tester", "txt": "x"}],
            ["commit", {"message": "nothing"}],
            ["schedule", {"minutes": 5, "note": "x", "to": "tester"}],
            ["schedule", {"minutes": -5, "note": "x"}],
            ["stop", {}],
        ]),
    );
    let results = all["results"].as_array().expect("results");
    let check = |at: usize, kind: &str, words: &str| {
        let result: &Value = &results[at];
        assert_eq!(result["isError"], true, "{result}");
        assert_eq!(result["structuredContent"]["kind"], kind, "{result}");
        assert!(text(result).contains(words), "{result}");
    };
    check(0, "refused", "rule edge.self");
    check(1, "usage", "no such target: \"plumber\"");
    assert!(
        text(&results[2]).contains("goes to orchestrator by rule mode.strict"),
        "{}",
        results[2]
    );
    check(3, "usage", "unknown field `txt`");
    check(4, "other", "nothing to commit");
    check(5, "refused", "schedule.own-only");
    check(6, "usage", "at least 1 s");
    assert_eq!(results[7]["error"]["code"], -32602);
}

#[test]
fn what_no_client_should_send_is_answered() {
    let world = World::new();
    let request = |id: u32, method: &str, params: Value| {
        json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string()
    };
    let hello = json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}});
    let lines = [
        request(1, "initialize", hello),
        r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#.to_owned(),
        request(2, "tools/call", json!({"text": "x".repeat(50 << 20)})),
        "[".repeat(100_000),
        request(3, "ping", json!({})),
    ];
    let command = world.command("torch").arg("mcp");
    let ran = world.run(&command.stdin(lines.join("\n") + "\n")).ok();
    let answers = ran.stdout.lines().map(serde_json::from_str);
    let answers: Vec<Value> = answers.collect::<Result<_, _>>().expect("JSON");
    let [greeting, long, nested, pong] = &answers[..] else {
        panic!("{ran}");
    };
    assert_eq!((&greeting["id"], &pong["id"]), (&json!(1), &json!(3)));
    assert_eq!(
        (&long["id"], &long["error"]["code"]),
        (&json!(2), &json!(-32600))
    );
    assert_eq!(
        (&nested["id"], &nested["error"]["code"]),
        (&Value::Null, &json!(-32700))
    );
}

#[test]
fn it_starts_the_daemon_as_every_command_does() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    world.torch(&["daemon", "stop"]).ok();
    // By a person's script this time, outside of every pane.
    let asked =
        json!([["send", {"to": "developer", "text": "good morning"}], ["complete", {"text": "x"}]]);
    let line = line(&world, &asked);
    let all = checked(world.run(&world.command("sh").args(["-c", &line])));
    let id = all["results"][0]["structuredContent"]["message"]["id"]
        .as_str()
        .expect("an id");
    world.wait_message(id, "consumed");
    assert_eq!(world.message(id).from, "script");
    assert_eq!(all["results"][1]["isError"], true);
    // A client that leaves at once, and one that speaks something else.
    world.run(&world.command("torch").args(["mcp"])).ok();
    let odd = world.command("torch").args(["mcp"]).stdin("hello\n");
    let answer = world.run(&odd).ok().json();
    assert_eq!(
        (&answer["id"], &answer["error"]["code"]),
        (&Value::Null, &json!(-32700))
    );
}
