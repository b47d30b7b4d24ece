//! The whole of it: teams by what a project is, and every rule of communication broken by agents from their own panes.
//!
//! Each test ends with [`ends_well`]: every violation was told to the hub exactly once, and the day judged again gives
//! the same verdicts, as many as the journal has.

mod edges;
mod forms;
mod limits;
mod stated;
mod teams;
mod typed;

use std::fs;

use serde_json::Value;
use torch_testing::{Entry, Ran, World};

use crate::place::git;

/// Everybody who has an edge in the standard matrix, and two who have none.
const SEVEN: &str = "orchestrator,project_manager,developer,tester,testrunner,researcher,devops";

/// A world that says nothing by itself, and whose project has these files, committed.
fn world(files: &[(&str, &str)]) -> World {
    let world = World::new()
        .with("TORCH_CHECK_INS_EVERY", "none")
        .with("TORCH_CHECK_INS_SILENT_AFTER", "none");
    for (name, text) in files {
        fs::write(world.project().join(name), text).expect("a file");
    }
    if !files.is_empty() {
        let project = world.project();
        git(&world, &project, &["add", "."]);
        git(&world, &project, &["commit", "-qm", "files"]);
    }
    world
}

/// What `torch … --json` prints, one value per line.
fn lines(ran: &Ran) -> Vec<Value> {
    let values = ran.stdout.lines().map(serde_json::from_str);
    values.collect::<Result<_, _>>().expect("JSON lines")
}

/// The kinds of the rules in force.
fn kinds(world: &World) -> Vec<String> {
    let rows = lines(&world.torch(&["rules", "list", "--json"]).ok());
    let kinds = rows.iter().filter_map(|row| row["kind"].as_str());
    kinds.map(str::to_owned).collect()
}

/// Sends as an agent, from its pane, in the way that briefings teach.
#[track_caller]
fn say(world: &World, from: &str, to: &str, text: &str) -> Ran {
    world.run_as(
        from,
        &format!("scm {to} --json --stdin <<'END'\n{text}\nEND"),
    )
}

/// Says something that is taken by a rule (or by one whose name begins so); the message.
#[track_caller]
fn passes(world: &World, (from, to, text): (&str, &str, &str), rule: &str) -> Value {
    let ran = say(world, from, to, text).ok();
    let message = ran.json()["message"].clone();
    let by = message["rule"].as_str().expect("a rule");
    assert!(by.starts_with(rule), "{rule}: {ran}");
    message
}

/// Says something that goes to the hub instead, which hears it with whom it was for, by which rule, and the violation's id;
/// the violation.
#[track_caller]
fn goes_to_the_hub(world: &World, said: (&str, &str, &str), rule: &str) -> Value {
    let message = passes(world, said, rule);
    assert_eq!(
        (&message["decision"], &message["to"]),
        (&"reroute".into(), &"orchestrator".into())
    );
    let row = noted(world, rule, said.0, said.1, "medium");
    let (to, by) = (said.1, row["rule"].as_str().expect("a rule"));
    let id = row["id"].as_str().expect("an id");
    let words = format!("(for {to}, re-routed to you by rule {by}, {id}");
    world.wait(&format!("the hub to hear {words:?}"), || {
        heard(world, "orchestrator", &words) > 0
    });
    assert_eq!(heard(world, to, said.2), 0, "{to} has heard it as well");
    row
}

/// Says something that is refused: exit code 4, the rule, a hint, and the violation's id; the violation.
#[track_caller]
fn refused(world: &World, said: (&str, &str, &str), rule: &str, severity: &str) -> Value {
    let ran = say(world, said.0, said.1, said.2).code(4);
    let row = noted(world, rule, said.0, said.1, severity);
    let ran = ran.says(row["rule"].as_str().expect("a rule"));
    ran.says(&format!("noted as {}", row["id"].as_str().expect("an id")));
    assert_eq!(heard(world, said.1, said.2), 0, "{} has heard it", said.1);
    row
}

fn violations(world: &World) -> Vec<Value> {
    lines(&world.torch(&["violations", "--json"]).ok())
}

/// The only violation of this rule (or of one whose name begins so) by this role towards another.
#[track_caller]
fn noted(world: &World, rule: &str, role: &str, to: &str, severity: &str) -> Value {
    let mut rows = violations(world);
    let all = format!("{rows:#?}");
    let begins = |row: &Value| row["rule"].as_str().is_some_and(|by| by.starts_with(rule));
    rows.retain(|row| begins(row) && row["role"] == role && row["to"] == to);
    assert_eq!(rows.len(), 1, "{rule} by {role} towards {to}: {all}");
    let row = rows.remove(0);
    assert_eq!(row["severity"], severity, "{row}");
    row
}

/// A prompt's whole text: that of a long one lies in a file.
fn text(world: &World, entry: &Entry) -> String {
    match &entry.tag {
        Some(tag) if entry.text.contains(".torch/inbox/") => world.message(tag).body,
        _ => entry.text.clone(),
    }
}

/// How many prompts of a role hold these words.
fn heard(world: &World, role: &str, words: &str) -> usize {
    let prompts = world.ledger(role).into_iter();
    let prompts = prompts.filter(|entry| entry.kind == "prompt");
    prompts
        .filter(|entry| text(world, entry).contains(words))
        .count()
}

#[track_caller]
fn hears(world: &World, role: &str, words: &str) {
    world.wait(&format!("{role} to hear {words:?}"), || {
        heard(world, role, words) > 0
    });
}

/// Every violation is complete and was told to the hub once; and the day judged again is the same.
#[track_caller]
fn ends_well(world: &World) {
    // Messages to one agent arrive in order: behind this one nothing is under way.
    world.deliver("orchestrator", "that is all");
    let prompts = world.ledger("orchestrator").into_iter();
    let prompts = prompts.filter(|entry| entry.kind == "prompt");
    let prompts: Vec<String> = prompts.map(|entry| text(world, &entry)).collect();
    for row in violations(world) {
        for key in ["rule", "severity", "evidence", "remedy"] {
            let has = row[key].as_str().is_some_and(|text| !text.is_empty());
            assert!(has, "no {key}: {row}");
        }
        let id = row["id"].as_str().expect("an id");
        let told = |words: &str| prompts.iter().filter(|text| text.contains(words)).count();
        let notices = told(&format!("{id}: "));
        let turned = prompts
            .iter()
            .filter(|text| text.contains("re-routed to you by rule") && text.contains(id))
            .count();
        let once = match turned {
            0 => notices == 1,
            _ => notices == 0 && row["count"] == turned,
        };
        assert!(
            once,
            "{notices} notices and {turned} messages tell of {row}: {prompts:#?}"
        );
    }
    judged_again(world);
}

#[track_caller]
fn judged_again(world: &World) {
    let days = fs::read_dir(world.home().join("logs/communications"));
    let mut messages = 0;
    for day in days.expect("days").flatten() {
        let day = day.file_name().into_string().expect("a date");
        let replay = ["compliance", "replay", &day];
        let report = world.torch(&[&replay[..], &["--json"]].concat()).ok();
        let report = report.json();
        for key in ["differing", "unknown"] {
            assert_eq!(report[key], Value::Array(Vec::new()), "{report}");
        }
        messages += report["messages"].as_u64().expect("a number");
        world.torch(&replay).ok().prints("all the same");
    }
    let judged = u64::try_from(world.judged()).expect("a number");
    assert!(judged > 0);
    assert_eq!(messages, judged, "judged again, and in the journal");
}
