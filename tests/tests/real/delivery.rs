//! Messages of every kind reach real programs once, whole and in order, whatever they are doing.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use torch_testing::model::Scenario;
use torch_testing::{REAL_DEADLINE, RealWorld};

use crate::team::{ROLE, team};

/// How long all waiting messages may take to be delivered.
const ALL: Duration = Duration::from_secs(120);

/// How many messages go to an agent that is idle, to one that is in a turn, and across turns.
struct Counts {
    idle: usize,
    busy: usize,
    across: usize,
}

/// A body of each awkward kind in turn.
fn body(n: usize) -> String {
    match n % 12 {
        0 => format!("plain words, number {n}"),
        1 => format!("/help me with {n}"),
        2 => format!("!touch executed-{n}"),
        3 => format!("number {n} ends with \\"),
        4 => format!("number {n} ends with;"),
        5 => format!("first line of {n}\nsecond line\nthird line of {n}"),
        6 => format!(
            "ünïcode ✓ 漢字 👍🏽 e\u{301} ❤\u{fe0f} 🇩🇪 👩\u{200d}🚀 1\u{fe0f}\u{20e3} हिन्दी — {n}"
        ),
        7 => format!("it's \"quoted\" $(touch executed-{n}) `id` %1 #{{pane_id}} $HOME ~ {n}"),
        8 => format!("-x --flag @README.md #hash ? & | > {n}"),
        9 => format!("a\ttab and    blanks in {n}"),
        10 => format!("[Pasted text #1 +3 lines] Enter C-c \\n \\e[201~ {n}"),
        _ => format!("{} {n}", "long line of words ".repeat(28)),
    }
}

/// What the programs themselves make of a text: Claude Code writes a tab as four blanks, and composes letters.
fn as_read(text: &str) -> String {
    text.replace('\t', "    ").replace("e\u{301}", "é")
}

fn delivers(name: &str, counts: &Counts) {
    let Some(world) = team("delivery", name) else {
        return;
    };
    let mut sent = Vec::new();
    for _ in 0..counts.idle {
        let id = send(&world, &mut sent);
        world.wait_consumed(&id);
        if let Err(failure) = world.await_turn(&id, REAL_DEADLINE) {
            panic!("{failure:?}\n{}", world.whole_picture());
        }
    }
    if counts.busy > 0 {
        busy(&world, &mut sent, counts);
    }
    world.wait_quiet(ROLE);
    check(&world, &sent);
}

/// A turn that goes on, and messages meanwhile; then messages while the turns of earlier ones come and go.
fn busy(world: &RealWorld, sent: &mut Vec<(String, String)>, counts: &Counts) {
    world.model().next([Scenario::Gate]);
    let gate = world.post(ROLE, "a turn that goes on");
    world.wait_consumed(&gate);
    sent.push((gate, "a turn that goes on".to_owned()));
    let first = send(world, sent);
    let mut last = first.clone();
    for _ in 1..counts.busy {
        last = send(world, sent);
    }
    world.wait_message(&first, "deferred:busy");
    world.model().release();
    world.wait_message_for(&last, "consumed", ALL);
    world
        .model()
        .sticky(Some(Scenario::Slow(Duration::from_millis(400))));
    for _ in 0..counts.across {
        last = send(world, sent);
    }
    world.wait_message_for(&last, "consumed", ALL);
}

/// Sends the next body; its id.
fn send(world: &RealWorld, sent: &mut Vec<(String, String)>) -> String {
    let body = body(sent.len());
    let id = world.post(ROLE, &body);
    sent.push((id.clone(), body));
    id
}

/// What was sent arrived, each once, in order and whole, and its chain ends in `consumed`.
fn check(world: &RealWorld, sent: &[(String, String)]) {
    let arrived = world.arrived(ROLE);
    let ids: Vec<&String> = arrived.iter().map(|message| &message.id).collect();
    let expected: Vec<&String> = sent.iter().map(|(id, _)| id).collect();
    assert_eq!(ids, expected, "each once, in order");
    for (message, (id, body)) in arrived.iter().zip(sent) {
        assert_eq!(as_read(&message.body), as_read(body), "{id}");
        assert_eq!(message.attempt, 1, "{id}");
    }
    let numbers = arrived
        .windows(2)
        .map(|pair| pair[1].pair_seq - pair[0].pair_seq);
    assert!(numbers.clone().all(|gap| gap == 1), "no gap in the numbers");
    let limit = (sent.len() + 50).to_string();
    let list = world.torch(&["msg", "list", "--json", "-n", &limit]).ok();
    let ends: BTreeMap<String, String> = list
        .stdout
        .lines()
        .map(|line| {
            let message: Value = serde_json::from_str(line).expect("a message");
            let word = |name: &str| message[name].as_str().unwrap_or_default().to_owned();
            (word("id"), word("state"))
        })
        .collect();
    for (id, _) in sent {
        // The list has an end; what is older is asked for by itself.
        let end = ends.get(id).cloned();
        let end = end.unwrap_or_else(|| world.message(id).state);
        assert_eq!(end, "consumed", "{id}\n{}", world.whole_picture());
    }
    let trace = world.trace(&sent[sent.len() - 1].0);
    let last = trace.last().map(String::as_str);
    assert_eq!(last, Some("delivery.consumed"), "{trace:?}");
    let worktree = world.agent(ROLE).worktree;
    for folder in [world.project(), worktree] {
        let made = std::fs::read_dir(&folder).expect("a folder").flatten();
        let ran = made.filter(|entry| entry.file_name().to_string_lossy().starts_with("executed"));
        assert_eq!(ran.count(), 0, "nothing was run in {}", folder.display());
    }
}

#[test]
fn claude_gets_two_hundred_messages_while_it_is_idle() {
    delivers(
        "claude",
        &Counts {
            idle: 200,
            busy: 0,
            across: 0,
        },
    );
}

#[test]
fn claude_gets_a_hundred_messages_in_and_across_turns() {
    delivers(
        "claude",
        &Counts {
            idle: 0,
            busy: 50,
            across: 50,
        },
    );
}

#[test]
fn codex_gets_a_hundred_messages() {
    delivers(
        "codex",
        &Counts {
            idle: 60,
            busy: 20,
            across: 20,
        },
    );
}

/// A long text comes as a file with its sum in the message. One that is wanted inline is pasted, stands as a label in the
/// composer, and comes whole: what the program submits is what the label stands for.
fn long_texts(name: &str) {
    let Some(world) = team("delivery", name) else {
        return;
    };
    let long: String = (0..200)
        .map(|n| format!("{n}: ünïcode, \"quotes\", $(x) and a \\ at the end\\\n"))
        .collect();
    assert!(long.len() > 10_000, "{}", long.len());
    let source = world.folder().join("long.txt");
    std::fs::write(&source, &long).expect("a file");
    let source = source.display().to_string();
    let send = |words: &[&str]| {
        let answer = world.scm(&[&[ROLE, "--json"], words].concat()).ok().json();
        let id = answer["message"]["id"].as_str().expect("an id").to_owned();
        let message = world.wait_consumed(&id);
        world.wait_quiet(ROLE);
        assert_eq!(
            world.trace(&id).last().map(String::as_str),
            Some("delivery.consumed")
        );
        let arrived = world.arrived(ROLE).into_iter().filter(|it| it.id == id);
        let arrived: Vec<_> = arrived.collect();
        assert_eq!(arrived.len(), 1, "{words:?}\n{}", world.whole_picture());
        (message, arrived[0].body.clone())
    };

    let (message, body) = send(&["--file", &source]);
    let file = message.body_file.expect("a file in its inbox");
    let text = std::fs::read_to_string(world.agent(ROLE).worktree.join(&file));
    assert_eq!(text.expect("the body's file").trim_end(), long.trim_end());
    assert!(body.contains(&file), "{body}");

    let (message, body) = send(&["--inline", "--file", &source]);
    assert_eq!(message.body_file, None);
    assert_eq!(body.trim_end(), long.trim_end());
    let trace = world.torch(&["msg", "trace", &message.id]).ok().stdout;
    assert!(trace.contains("the label of this paste"), "{trace}");
}

#[test]
fn claude_gets_long_texts() {
    long_texts("claude");
}

#[test]
fn codex_gets_long_texts() {
    long_texts("codex");
}
