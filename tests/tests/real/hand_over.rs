//! Urgent messages to real programs that are in a turn: read at the end of a tool, within the turn, and never typed.

use std::fs;

use serde_json::{Value, json};
use torch_testing::model::{ModelRequest, Scenario};
use torch_testing::{RealWorld, Tagged, tagged};

use crate::dialogs_others::trusted_gemini;
use crate::team::{ROLE, kill, raise, world};

/// What the model answers: two tools that end when the test says so.
const TURN: [&str; 3] = ["bash sh gate.sh 1", "bash sh gate.sh 2", "say the end"];

/// What a tool runs.
const GATE: &str = "until test -e \"gate-$1\"; do sleep 0.05; done; echo opened\n";

/// Gemini CLI's own rule for it.
const MAY_RUN: &str = "[[rule]]
toolName = \"run_shell_command\"
commandPrefix = [\"sh\"]
decision = \"allow\"
priority = 200
";

/// Bodies with what programs could misread.
const BODIES: [&str; 2] = [
    "stop \"that\", first\nlook at $HOME & <b> \\",
    "/clear !ls ünïcode ✓ 漢字 👍🏽",
];

fn open(world: &RealWorld, gate: usize) {
    let worktree = world.agent(ROLE).worktree;
    fs::write(worktree.join(format!("gate-{gate}")), "").expect("a gate");
}

/// A team of a program that may run the script unasked.
fn team(name: &str) -> Option<RealWorld> {
    let world = world("hand_over", name, |setup| match name {
        "claude" => setup.settings(json!({"permissions": {"allow": ["Bash(sh:*)"]}})),
        "opencode" => setup.settings(json!({"permission": {"bash": "allow"}})),
        _ => setup,
    })?;
    if name == "gemini" {
        let policies = world.folder().join("home/.gemini/policies");
        fs::create_dir_all(&policies).expect("a folder");
        fs::write(policies.join("script.toml"), MAY_RUN).expect("a policy");
        trusted_gemini(&world);
        return Some(world);
    }
    // It decides by itself what to ask about only in front of its own servers.
    let world = match name {
        "claude" | "codex" => world.with("TORCH_AGENTS_MODE", "accept-edits"),
        _ => world,
    };
    raise(&world, name);
    Some(world)
}

/// A team whose developer is in the first tool of its turn.
fn in_turn(name: &str) -> Option<RealWorld> {
    let world = team(name)?;
    let worktree = world.agent(ROLE).worktree;
    fs::write(worktree.join("gate.sh"), GATE).expect("a script");
    let turn = TURN.map(|answer| answer.parse::<Scenario>().expect("a scenario"));
    world.model().next(turn);
    let turn = world.post(ROLE, "a turn with two tools");
    world.wait_consumed(&turn);
    world.wait_state(ROLE, "working");
    Some(world)
}

fn urgent(world: &RealWorld, body: &str) -> String {
    let ran = world.scm(&[ROLE, "--urgent", "--json", "--", body]).ok();
    let id = ran.json()["message"]["id"].as_str().map(str::to_owned);
    id.expect("an id")
}

/// torch's messages in requests after a tool's end, each as often as a request was the first to have it: beside the tool's result,
/// in it, or as the user's own words.
fn within(name: &str, requests: &[ModelRequest]) -> Vec<Tagged> {
    let main = requests.iter().filter(|request| request.is_main());
    let after = main.filter(|request| !request.tool_results.is_empty());
    let texts = after.flat_map(|request| match name {
        "opencode" => request.user.clone(),
        "gemini" => request.tool_results.iter().map(|it| output(it)).collect(),
        _ => request.injected.clone(),
    });
    texts.flat_map(|text| tagged(&text)).collect()
}

/// What a tool of Gemini CLI says to the model.
fn output(result: &str) -> String {
    let result: Value = serde_json::from_str(result).unwrap_or_default();
    result["output"].as_str().unwrap_or_default().to_owned()
}

/// The states that a message passed.
fn passed(world: &RealWorld, id: &str) -> Vec<String> {
    let trace = world.trace(id);
    let states = trace
        .iter()
        .filter_map(|kind| kind.strip_prefix("delivery."));
    states.map(str::to_owned).collect()
}

fn hands_over(name: &str, bodies: [&str; 2]) {
    let Some(world) = in_turn(name) else {
        return;
    };
    let first = urgent(&world, bodies[0]);
    let second = urgent(&world, bodies[1]);
    let last = world.post(ROLE, "after the turn");
    world.wait_message(&first, "offered");
    open(&world, 1);
    world.wait_consumed(&first);
    world.wait_message(&second, "offered");
    assert_eq!(world.agent(ROLE).state, "working", "the same turn");
    open(&world, 2);
    world.wait_consumed(&second);
    world.wait_consumed(&last);
    world.wait_quiet(ROLE);
    let added = within(name, &world.requests());
    let read: Vec<(&str, &str)> = added
        .iter()
        .map(|it| (it.id.as_str(), it.body.as_str()))
        .collect();
    assert_eq!(
        read,
        [(first.as_str(), bodies[0]), (second.as_str(), bodies[1])],
        "{}",
        world.whole_picture()
    );
    for id in [&first, &second] {
        let states = passed(&world, id);
        let passed = |state: &str| states.iter().any(|it| it == state);
        assert!(passed("offered") && passed("consumed"), "{states:?}");
        assert!(!passed("pasting"), "nothing is typed: {states:?}");
    }
    let arrived = world.bodies(ROLE);
    assert_eq!(arrived.last().map(String::as_str), Some("after the turn"));
    if name != "opencode" {
        // Elsewhere a text of the user was typed.
        assert!(
            !arrived.iter().any(|it| bodies.contains(&it.as_str())),
            "{arrived:?}"
        );
    }
}

#[test]
fn claude_reads_urgent_messages_within_its_turn() {
    hands_over("claude", BODIES);
}

#[test]
fn codex_reads_urgent_messages_within_its_turn() {
    hands_over("codex", BODIES);
}

#[test]
fn gemini_reads_urgent_messages_within_its_turn() {
    let plain = ["stop \"that\", first\nlook at $HOME & b \\", BODIES[1]];
    hands_over("gemini", plain);
}

/// Gemini CLI would change it on the way: it waits for the turn's end, and is typed as it is.
#[test]
fn gemini_gets_what_it_would_change_after_its_turn() {
    let Some(world) = in_turn("gemini") else {
        return;
    };
    let id = urgent(&world, BODIES[0]);
    open(&world, 1);
    open(&world, 2);
    world.wait_consumed(&id);
    world.wait_quiet(ROLE);
    let states = passed(&world, &id);
    assert!(!states.iter().any(|it| it == "offered"), "{states:?}");
    assert_eq!(
        world.bodies(ROLE).last().map(String::as_str),
        Some(BODIES[0])
    );
}

#[test]
fn opencode_reads_urgent_messages_within_its_turn() {
    hands_over("opencode", BODIES);
}

/// The program is killed while one lies ready, and goes on with its conversation: it is read once, then.
fn killed(name: &str) {
    let Some(world) = in_turn(name) else {
        return;
    };
    let id = urgent(&world, "for whoever lives");
    world.wait_message(&id, "offered");
    let pid = world.agent(ROLE).pid.expect("a program");
    kill(&world, &[pid]);
    // Its next turn may have a tool again, or not: typed or handed over, it comes once.
    open(&world, 1);
    open(&world, 2);
    let message = world.wait_consumed(&id);
    world.wait_quiet(ROLE);
    assert_eq!(message.attempt, 1);
    let mut read = world.arrived(ROLE);
    if name != "opencode" {
        read.extend(within(name, &world.requests()));
    }
    let read = read.iter().filter(|it| it.id == id);
    assert_eq!(read.count(), 1, "{}", world.whole_picture());
}

#[test]
fn claude_is_killed_while_an_urgent_message_lies_ready() {
    killed("claude");
}

#[test]
fn gemini_is_killed_while_an_urgent_message_lies_ready() {
    killed("gemini");
}

#[test]
fn opencode_is_killed_while_an_urgent_message_lies_ready() {
    killed("opencode");
}
