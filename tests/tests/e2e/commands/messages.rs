//! `torch msg`, `torch inbox`, `torch why`, `torch logs`, `torch status`.

use serde_json::Value;
use torch_testing::{SCRIPTED, World};

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

#[test]
fn messages_are_listed_shown_and_traced() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    let first = world.deliver("developer", "the first one");
    let second = world.deliver("orchestrator", "the second one");
    let ids = |args: &[&str]| -> Vec<String> {
        let ran = world
            .torch(&[&["msg", "list", "--json"], args].concat())
            .ok();
        lines(&ran.stdout)
            .iter()
            .filter_map(|message| message["id"].as_str().map(str::to_owned))
            .collect()
    };
    assert_eq!(
        ids(&["-n", "2"]),
        [second.as_str(), first.as_str()],
        "newest first"
    );
    let developers = ids(&["--role", "developer"]);
    assert!(
        developers.contains(&first) && !developers.contains(&second),
        "{developers:?}"
    );
    assert_eq!(ids(&["--state", "deferred"]), [""; 0]);
    assert_eq!(ids(&["--team", "sample"]).len(), 4, "two briefings besides");
    world.torch(&["msg", "list"]).ok().prints("the first one");
    world.torch(&["msg", "list", "--state", "lost"]).code(2);

    let shown = world.torch(&["msg", "show", &first]).ok();
    for word in [first.as_str(), "the first one", "consumed", "sender.script"] {
        assert!(shown.stdout.contains(word), "no `{word}` in {shown}");
    }
    // With or without its prefix.
    world
        .torch(&["msg", "show", first.trim_start_matches("m-")])
        .ok()
        .prints("the first one");
    world
        .torch(&["msg", "show", "m-zzzzzzzz"])
        .code(2)
        .says("Hint: torch msg list");
    let steps = world.trace(&first);
    let wanted = [
        "message.accepted",
        "delivery.claimed",
        "delivery.pasting",
        "delivery.pasted",
        "delivery.entering",
        "delivery.consumed",
    ];
    let mut rest = steps.iter();
    for step in wanted {
        assert!(
            rest.any(|found| found == step),
            "no {step}, in order, in {steps:?}"
        );
    }
    world
        .torch(&["msg", "trace", &first])
        .ok()
        .prints("UserPromptSubmit");
}

#[test]
fn a_message_is_given_up_or_tried_again() {
    let world = World::new().with("TORCH_RESTART_POLICY", "never");
    let rules = "[[on]]\nmatch = 'end now'\nsteps = [{ crash = { status = 0 } }]";
    world.team("orchestrator,developer", &format!("{SCRIPTED}\n{rules}"));
    world.send("developer", "end now");
    world.wait_state("developer", "exited");
    let (kept, given_up) = (
        world.send("developer", "kept"),
        world.send("developer", "given up"),
    );
    world.wait_message(&kept, "deferred:no_agent");
    world.torch(&["msg", "cancel", &given_up]).ok();
    assert_eq!(world.message(&given_up).state, "dead");
    let why = world.torch(&["why", "developer"]).ok();
    assert!(why.stdout.contains("exited"), "{why}");
    let status = world.torch(&["status", "--json"]).ok().json();
    assert_eq!(status["teams"][0]["waiting"], 1);
    world.torch(&["msg", "retry", &kept]).ok();
    world.wait_message(&kept, "deferred:no_agent");
    let done = world.deliver("orchestrator", "done");
    let ran = world.torch(&["msg", "cancel", &done]).code(1);
    assert!(ran.stderr.contains("it is consumed already"), "{ran}");
    assert_eq!(world.message(&done).state, "consumed");
    // A stop and another start bring it.
    world.torch(&["stop"]).ok();
    world.team("orchestrator,developer", SCRIPTED);
    world.wait_message(&kept, "consumed");
    assert!(!world.received("developer").contains(&"given up".to_owned()));
}

#[test]
fn the_inbox_keeps_what_is_for_people() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    world.run_as("developer", "scm human 'please look'").ok();
    let unread = |args: &[&str]| {
        let ran = world.torch(&[&["inbox", "--json"], args].concat()).ok();
        lines(&ran.stdout)
            .iter()
            .filter_map(|message| message["body"].as_str().map(str::to_owned))
            .collect::<Vec<_>>()
    };
    assert_eq!(unread(&[]), ["please look"]);
    assert_eq!(unread(&[]), ["please look"], "a program has not read it");
    let shown = world.torch(&["inbox"]).ok();
    assert!(
        shown.stdout.contains("please look") && shown.stdout.contains("developer"),
        "{shown}"
    );
    assert_eq!(unread(&[]), [""; 0], "it was read");
    assert_eq!(unread(&["--all"]), ["please look"]);
    // A person may write to the own inbox as well.
    world.scm(&["human", "a note"]).ok();
    assert_eq!(unread(&[]), ["a note"]);
}

#[test]
fn status_has_its_fields() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    world.deliver("developer", "hello");
    world.wait_idle("developer");
    let status = world.status();
    for field in [
        "version",
        "pid",
        "started",
        "home",
        "tmux_socket",
        "tmux_version",
    ] {
        assert!(!status["daemon"][field].is_null(), "{field} in {status}");
    }
    let team = &status["teams"][0];
    for (field, value) in [
        ("name", "sample"),
        ("base_branch", "main"),
        ("phase", "running"),
        ("router", "matrix"),
        ("enforcement", "advice"),
    ] {
        assert_eq!(team[field], value, "{field}");
    }
    assert_eq!(
        team["attach"],
        format!("tmux -L {} attach -t '=sample'", world.socket())
    );
    let agent = &team["agents"][1];
    for (field, value) in [
        ("role", "developer"),
        ("program", "demo"),
        ("branch", "main-developer"),
    ] {
        assert_eq!(agent[field], value, "{field}");
    }
    assert_eq!(
        (&agent["window"], &agent["briefed"], &agent["waiting"]),
        (&1.into(), &true.into(), &0.into())
    );
    assert!(
        agent["evidence"]["source"].is_string() || agent["evidence"].is_object(),
        "{agent}"
    );
    assert_eq!(agent["since"].as_u64().map(|since| since > 0), Some(true));
    world
        .torch(&["status", "--team", "sample"])
        .ok()
        .prints("developer");
    world
        .torch(&["status", "--team", "nobody"])
        .code(2)
        .says("Error:");
}

#[test]
fn logs_and_why_look_into_an_agent() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    world.deliver("developer", "a word to find again");
    world.wait("the screen", || {
        world
            .torch(&["logs", "developer"])
            .stdout
            .contains("a word to find again")
    });
    let pane = world.agent("developer").pane_id().to_owned();
    for target in ["sample:developer", "sample:1", "dev", &pane] {
        world
            .torch(&["logs", target])
            .ok()
            .prints("a word to find again");
    }
    let few = world.torch(&["logs", "developer", "-n", "3"]).ok();
    assert!(few.stdout.lines().count() <= 3, "{few}");
    world.torch(&["logs", "plumber"]).code(2).says("Error:");
    world.wait_idle("developer");
    let why = world.torch(&["why", "developer", "--json"]).ok().json();
    assert_eq!(why["response"], "why");
    assert_eq!(why["agent"]["role"], "developer");
    assert!(
        why["history"]
            .as_array()
            .is_some_and(|history| history.len() > 2),
        "{why}"
    );
    world.torch(&["why", "developer"]).ok().prints("developer");
}
