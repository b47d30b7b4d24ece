//! What a project's own files state: each kind of rule that is judged when a message is sent.

use std::fs;

use serde_json::Value;
use torch_testing::{DEADLINE, SCRIPTED, World};

use super::{
    SEVEN, ends_well, goes_to_the_hub, heard, hears, kinds, noted, passes, refused, world,
};

const CLAUDE: &str = r#"# Shop

## Communication

- Developers must not message the testrunner
- The tester may write to the researcher
- The researcher only writes to the PM
- Only the project manager may message devops
- Testers report results to the PM
- At most 2 exchanges per thread
- Testrunner: at most 3 messages per 10 minutes
- Use the STATUS template for status reports
- Messages must never contain "password"
- Messages to the tester must include "build"
- Critical words: "outage"
- Keep messages under 500 characters
- No broadcasts
"#;

/// Developer and tester answer each other for ever.
const PING_PONG: &str = r#"
[[on]]
match = "to=developer.*(kick-off|pong)"
steps = [{ shell = { command = "scm tester \"ping of build $(date +%s%N)\"" } }]
[[on]]
match = "to=tester.*ping"
steps = [{ shell = { command = "scm developer \"pong $(date +%s%N)\"" } }]
"#;

/// A violation's remedy names the file and the line.
#[track_caller]
fn names_its_line(row: &Value) {
    let remedy = row["remedy"].as_str().expect("a remedy");
    assert!(remedy.contains("(CLAUDE.md:"), "{row}");
}

#[test]
fn every_kind_that_is_judged_when_a_message_is_sent() {
    let world = world(&[("CLAUDE.md", CLAUDE)]);
    world.team(SEVEN, &format!("{SCRIPTED}{PING_PONG}"));
    world.wait("the rules", || !kinds(&world).is_empty());
    assert_eq!(
        kinds(&world),
        [
            "may-not-write",
            "may-write",
            "writes-only-to",
            "hears-only",
            "reports-to",
            "max-exchanges",
            "max-messages",
            "form",
            "forbidden-words",
            "required-words",
            "critical-words",
            "max-length",
            "no-broadcast",
        ]
    );
    who_writes_to_whom(&world);
    what_is_said(&world);
    how_often(&world);
    ends_well(&world);
}

fn who_writes_to_whom(world: &World) {
    for (from, to, rule) in [
        ("developer", "testrunner", "project.may-not-write"),
        ("researcher", "developer", "project.writes-only-to"),
        ("developer", "devops", "project.hears-only"),
    ] {
        let text = format!("{from} tries {to}");
        let row = goes_to_the_hub(world, (from, to, &text), rule);
        let rule = row["rule"].as_str().expect("a rule");
        let explained = world.torch(&["rules", "explain", rule]).ok();
        explained.prints("CLAUDE.md:");
    }
    for (from, to, rule) in [
        ("tester", "researcher", "project.may-write"),
        ("researcher", "project_manager", "edge.project-manager"),
        ("project_manager", "devops", "edge.project-manager"),
    ] {
        let text = format!("{from} may write to {to}");
        passes(world, (from, to, &text), rule);
        hears(world, to, &text);
    }
    // The hub and the person can't be cut off.
    passes(world, ("orchestrator", "devops", "go on"), "edge.hub");
    passes(world, ("researcher", "human", "a question"), "edge.human");
}

fn what_is_said(world: &World) {
    let secret = refused(
        world,
        (
            "developer",
            "project_manager",
            "the password is in the vault",
        ),
        "project.forbidden-words",
        "medium",
    );
    names_its_line(&secret);
    refused(
        world,
        ("developer", "tester", "please test it"),
        "project.required-words",
        "medium",
    );
    let long = "word ".repeat(120);
    let row = refused(
        world,
        ("devops", "orchestrator", long.trim()),
        "project.max-length",
        "medium",
    );
    names_its_line(&row);
    passes(
        world,
        ("developer", "tester", "the build saw an outage"),
        "edge.matrix",
    );
    hears(
        world,
        "orchestrator",
        "developer → tester: the build saw an outage",
    );
    // Noted, and not held back.
    passes(
        world,
        ("tester", "developer", "Done: 3 of 4 pass"),
        "edge.matrix",
    );
    hears(world, "developer", "Done: 3 of 4 pass");
    noted(world, "project.reports-to", "tester", "developer", "low");
    passes(
        world,
        ("developer", "orchestrator", "Status: all is well"),
        "edge.hub",
    );
    noted(world, "project.form", "developer", "orchestrator", "low");
}

fn how_often(world: &World) {
    for to in ["orchestrator", "project_manager"] {
        passes(world, ("devops", to, "FYI: a new image"), "");
    }
    refused(
        world,
        ("devops", "researcher", "FYI: a new image"),
        "project.no-broadcast",
        "medium",
    );
    for text in ["first", "second", "third"] {
        passes(world, ("testrunner", "developer", text), "edge.matrix");
    }
    refused(
        world,
        ("testrunner", "developer", "fourth"),
        "project.max-messages",
        "medium",
    );
    world.deliver("developer", "kick-off");
    hears(
        world,
        "orchestrator",
        "(for tester, re-routed to you by rule project.max-exchanges-",
    );
    assert_eq!(heard(world, "tester", "] ping of build "), 2);
    noted(
        world,
        "project.max-exchanges",
        "developer",
        "tester",
        "medium",
    );
}

#[test]
fn in_quiet_hours_agents_are_silent_and_people_are_not() {
    let rules = "# Team rules\n- No messages between 00:00 and 12:00\n- No messages between 12:00 and 00:00\n";
    let world = world(&[("CLAUDE.md", rules)]);
    world.team("orchestrator,developer,tester", SCRIPTED);
    world.wait("the rules", || kinds(&world).len() == 2);
    let row = refused(
        &world,
        ("developer", "tester", "are you awake"),
        "project.quiet-hours",
        "medium",
    );
    assert!(
        row["remedy"]
            .as_str()
            .is_some_and(|it| it.contains("torch schedule"))
    );
    // A person's order has just arrived, and the person's inbox is open.
    passes(
        &world,
        ("developer", "human", "nobody is awake"),
        "edge.human",
    );
    fs::write(world.project().join("CLAUDE.md"), "# Team rules\n").expect("a file");
    // What loosens the rules waits for a person.
    let accept = world.wait_for(DEADLINE, "the end of the hours to be held back", || {
        let status = world.torch(&["status"]).ok().stdout;
        let at = status.find("torch rules accept ")?;
        let words = status[at..].split_whitespace().take(4);
        Some(words.collect::<Vec<_>>().join(" "))
    });
    let terminal = world.terminal(&format!("exec {accept}"));
    assert_eq!(terminal.ended(DEADLINE), 0, "{}", terminal.screen());
    terminal.close();
    world.wait("the hours to end", || kinds(&world).is_empty());
    passes(
        &world,
        ("developer", "tester", "good morning"),
        "edge.matrix",
    );
    ends_well(&world);
}
