//! Urgent messages to real programs that are in a turn: read at the end of a tool, within the turn, and never typed.

use std::fs;

use serde_json::json;
use torch_testing::model::{ModelRequest, Scenario};
use torch_testing::{RealWorld, Tagged, tagged};

use crate::team::{ROLE, raise, world};

/// What the model answers: two tools that end when the test says so.
const TURN: [&str; 3] = ["bash sh gate.sh 1", "bash sh gate.sh 2", "say the end"];

/// What a tool runs.
const GATE: &str = "until test -e \"gate-$1\"; do sleep 0.05; done; echo opened\n";

/// Bodies with what programs could misread.
const BODIES: [&str; 2] = [
    "stop \"that\", first\nlook at $HOME & <b> \\",
    "/clear !ls ünïcode ✓ 漢字 👍🏽",
];

fn open(world: &RealWorld, gate: usize) {
    let worktree = world.agent(ROLE).worktree;
    fs::write(worktree.join(format!("gate-{gate}")), "").expect("a gate");
}

/// A team whose developer is in the first tool of its turn.
fn in_turn(name: &str) -> Option<RealWorld> {
    let allowed = json!({"permissions": {"allow": ["Bash(sh:*)"]}});
    let world = world("hand_over", name, |setup| match name {
        "claude" => setup.settings(allowed),
        _ => setup,
    })?;
    // It decides by itself what to ask about only in front of its own servers.
    let world = world.with("TORCH_AGENTS_MODE", "accept-edits");
    raise(&world, name);
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

/// torch's messages among what the program itself added to the conversation, each as often as a request was the first to have
/// it.
fn added(requests: &[ModelRequest]) -> Vec<Tagged> {
    let main = requests.iter().filter(|request| request.is_main());
    let texts = main.flat_map(|request| &request.injected);
    texts.flat_map(|text| tagged(text)).collect()
}

fn hands_over(name: &str) {
    let Some(world) = in_turn(name) else {
        return;
    };
    let first = urgent(&world, BODIES[0]);
    let second = urgent(&world, BODIES[1]);
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
    let added = added(&world.requests());
    let read: Vec<(&str, &str)> = added
        .iter()
        .map(|it| (it.id.as_str(), it.body.as_str()))
        .collect();
    assert_eq!(
        read,
        [(first.as_str(), BODIES[0]), (second.as_str(), BODIES[1])]
    );
    let typed = world.bodies(ROLE);
    assert!(
        !typed.iter().any(|body| BODIES.contains(&body.as_str())),
        "{typed:?}"
    );
    assert_eq!(typed.last().map(String::as_str), Some("after the turn"));
    for id in [&first, &second] {
        let trace = world.trace(id);
        let states: Vec<&str> = trace
            .iter()
            .filter_map(|kind| kind.strip_prefix("delivery."))
            .collect();
        let passed = |state| states.contains(&state);
        assert!(passed("offered") && passed("consumed"), "{states:?}");
        assert!(!passed("pasting"), "nothing is typed: {states:?}");
    }
}

#[test]
fn claude_reads_urgent_messages_within_its_turn() {
    hands_over("claude");
}

#[test]
fn codex_reads_urgent_messages_within_its_turn() {
    hands_over("codex");
}

/// The program is killed while one lies ready, and goes on with its conversation: it is read once, then.
#[test]
fn claude_is_killed_while_an_urgent_message_lies_ready() {
    let Some(world) = in_turn("claude") else {
        return;
    };
    let id = urgent(&world, "for whoever lives");
    world.wait_message(&id, "offered");
    let pid = world.agent(ROLE).pid.expect("a program");
    let kill = world.command("kill").args(["-s", "KILL", &pid.to_string()]);
    world.run(&kill).ok();
    // Its next turn may have a tool again, or not: typed or handed over, it comes once.
    open(&world, 1);
    open(&world, 2);
    let message = world.wait_consumed(&id);
    world.wait_quiet(ROLE);
    assert_eq!(message.attempt, 1);
    let typed = world.arrived(ROLE).into_iter();
    let read = typed
        .chain(added(&world.requests()))
        .filter(|it| it.id == id);
    assert_eq!(read.count(), 1, "{}", world.whole_picture());
}
