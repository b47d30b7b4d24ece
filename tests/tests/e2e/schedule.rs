//! Planned notes on real tmux: said once, through restarts and moved clocks, and proven by the self-check.

use std::fs;

use serde_json::Value;
use torch_testing::{DEADLINE, Entry, SCRIPTED, World};

/// The prompts that say this.
fn said(world: &World, role: &str, words: &str) -> Vec<Entry> {
    let mut entries = world.ledger(role);
    entries.retain(|entry| entry.kind == "prompt" && entry.text.contains(words));
    entries
}

#[track_caller]
fn arrives(world: &World, role: &str, words: &str) -> Entry {
    world.wait_for(DEADLINE, &format!("`{words}` to arrive"), || {
        said(world, role, words).into_iter().next()
    })
}

fn pending(world: &World) -> Vec<Value> {
    let ran = world.torch(&["schedule", "list", "--json"]).ok();
    let lines = ran.stdout.lines();
    lines
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .filter(|row: &Value| row["kind"] != "check_in")
        .collect()
}

/// `kill -9` for the daemon.
fn kill_daemon(world: &World) {
    let pid = world.status()["daemon"]["pid"].as_u64().expect("a pid");
    let kill = format!("kill -9 {pid}");
    world.run(&world.command("sh").args(["-c", &kill])).ok();
}

#[test]
fn a_note_is_said_once_also_through_the_death_of_the_daemon() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    let ran = world
        .torch(&["schedule", "1s", "look at the build", "developer"])
        .ok();
    assert!(
        ran.stdout.contains("planned → developer, in 1s, at "),
        "{ran}"
    );
    world.torch(&["schedule", "3s", "look at the tests"]).ok();
    let later = world
        .torch(&["schedule", "90", "much later", "sample:1", "--json"])
        .ok()
        .json();
    let status = world.torch(&["status"]).ok();
    assert!(status.stdout.contains("note "), "{status}");

    let entry = arrives(&world, "developer", "look at the build");
    let tag = entry.tag.expect("a message");
    let message = world.wait_message(&tag, "consumed");
    assert_eq!(
        (message.from.as_str(), message.rule.as_str()),
        ("script", "schedule.person")
    );
    assert!(
        message.body.starts_with("Planned note (planned 1 s ago, "),
        "{}",
        message.body
    );

    // The hub's is pending; nobody but the registry knows of it now.
    kill_daemon(&world);
    world.wait("the list without the daemon", || {
        let ran = world.torch(&["schedule", "list"]);
        ran.stdout.contains("much later")
    });
    world.torch(&["daemon", "start"]).ok();
    arrives(&world, "orchestrator", "look at the tests");
    let left = pending(&world);
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(
        (&left[0]["id"], &left[0]["to"]),
        (&later["id"], &"developer".into())
    );
    world
        .torch(&["why", "developer"])
        .ok()
        .prints("a planned note in 1 h");
    let id = later["id"].as_str().expect("an id");
    world
        .torch(&["schedule", "cancel", id])
        .ok()
        .prints("is cancelled");
    world
        .torch(&["schedule", "cancel", id])
        .code(2)
        .says("Hint: torch schedule list");
    for (role, words) in [
        ("developer", "look at the build"),
        ("orchestrator", "look at the tests"),
    ] {
        assert_eq!(said(&world, role, words).len(), 1, "{words}");
    }
}

#[test]
fn a_stopped_team_hears_its_notes_once_it_is_back() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    for note in ["first", "second"] {
        world
            .torch(&["schedule", "2s", &format!("the {note} note"), "developer"])
            .ok();
    }
    world.torch(&["stop"]).ok();
    world.wait("the notes to be overdue", || {
        let now = torch_process::clock::now().0;
        pending(&world)
            .iter()
            .all(|row| row["due"].as_u64() < Some(now))
    });
    let list = world.torch(&["schedule", "list"]).ok();
    // Two notes, and the check-ins of two agents.
    assert!(list.stdout.matches("team stopped").count() == 4, "{list}");
    world.team("orchestrator,developer", SCRIPTED);
    let entry = arrives(&world, "developer", "the first note");
    assert!(entry.text.contains("2 planned notes"), "{}", entry.text);
    assert!(entry.text.contains("the second note"), "{}", entry.text);
    assert_eq!(said(&world, "developer", "the second note").len(), 1);
    // The briefing of the new launch came before it.
    let ledger = world.ledger("developer");
    let newest = ledger
        .iter()
        .rposition(|entry| entry.text.contains("BRIEFING"));
    let note = ledger
        .iter()
        .position(|entry| entry.text.contains("the first note"));
    assert!(newest < note, "{ledger:#?}");
}

#[test]
fn roles_plan_for_those_they_may() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    let ran = world
        .run_as("developer", "torch schedule 1 'do it' orchestrator")
        .code(4);
    assert!(ran.stderr.contains("schedule.own-only"), "{ran}");
    world
        .run_as("developer", "torch schedule 2s 'my own note'")
        .ok()
        .prints("→ developer");
    world
        .run_as(
            "orchestrator",
            "torch schedule 0.05 'from the hub' developer",
        )
        .ok();
    let own = arrives(&world, "developer", "my own note");
    assert_eq!(
        (own.field("from"), own.field("to")),
        (Some("developer"), Some("developer"))
    );
    let hubs = arrives(&world, "developer", "from the hub");
    assert_eq!(hubs.field("from"), Some("orchestrator"));
    // What can't be done changes nothing.
    let ran = world.torch(&["schedule", "1", "note", "devlopr"]).code(2);
    assert!(
        ran.stderr.contains("near matches: sample:developer"),
        "{ran}"
    );
    for (line, words) in [
        ("schedule 0.001 note", "at least 1 s"),
        ("schedule 367d note", "at most 366 days"),
        ("schedule soon note", "a time ahead is minutes"),
        ("schedule 5", "no note was given"),
    ] {
        let args: Vec<&str> = line.split(' ').collect();
        world.torch(&args).code(2).says(words);
    }
    assert_eq!(pending(&world), [Value::Null; 0]);
}

#[test]
fn the_self_check_proves_what_it_says() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    // A person's: typed, and proven by the program's hook.
    let ran = world.torch(&["schedule", "--check"]).ok();
    assert!(ran.stdout.contains("planned notes work: m-"), "{ran}");
    assert!(
        ran.stdout.contains("for sample:orchestrator")
            && ran.stdout.contains("proven to have arrived"),
        "{ran}"
    );
    assert_eq!(
        said(&world, "orchestrator", "this is a test by torch").len(),
        1
    );

    // An agent's, in its own turn: the command itself takes it.
    let ran = world.run_as("developer", "torch schedule --check").ok();
    assert!(
        ran.stdout.contains("for sample:developer") && ran.stdout.contains("this command took it"),
        "{ran}"
    );
    // In the background it waits for the end of the turn, and for the window.
    let file = world.folder().join("check.json");
    let script = format!(
        "(torch schedule --check --json > '{0}.new'; mv '{0}.new' '{0}') > /dev/null 2>&1 &",
        file.display()
    );
    world.run_as("developer", &script).ok();
    let text = world.wait_for(DEADLINE, "the check to end", || {
        fs::read_to_string(&file).ok()
    });
    let answer: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(answer["works"], true, "{answer}");
    assert_eq!(answer["message"]["to"], "developer");
    world.wait_idle("developer");
    assert_eq!(pending(&world), [Value::Null; 0]);
    assert_eq!(world.agent("developer").waiting, 0);

    // Nothing arrives while a person is at a draft: not proven, and nothing stays behind.
    let pane = world.agent("developer").pane_id().to_owned();
    world
        .tmux(&["send-keys", "-t", &pane, "-l", "a draft"])
        .ok();
    let ran = world
        .torch(&["schedule", "--check", "developer", "--timeout", "4"])
        .code(3);
    assert!(
        ran.stderr.contains("not proven to have arrived within 4 s"),
        "{ran}"
    );
    assert_eq!(world.agent("developer").waiting, 0);
    assert_eq!(pending(&world), [Value::Null; 0]);
}

#[test]
fn a_note_that_comes_again_is_listed_and_cancelled() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    let line = ["schedule", "--cron", "0 9 * * 1-5", "the morning round"];
    let to = ["--to", "developer", "--zone", "Europe/Berlin"];
    world
        .torch(&[&line[..], &to[..]].concat())
        .ok()
        .prints("planned → developer, at `0 9 * * 1-5` (Europe/Berlin), next in ");
    let rows = pending(&world);
    assert_eq!(rows[0]["cron"], "0 9 * * 1-5");
    assert_eq!(rows[0]["zone"], "Europe/Berlin");
    let listed = world.torch(&["schedule", "list"]).ok();
    assert!(
        listed.stdout.contains("(0 9 * * 1-5) the morning round"),
        "{listed}"
    );
    let id = rows[0]["id"].as_str().expect("an id");
    world.torch(&["schedule", "cancel", id]).ok();
    assert_eq!(pending(&world).len(), 0);
    for (cron, words) in [
        ("61 * * * *", "failed to read the cron expression"),
        ("0 0 30 2 *", "names a time that never comes"),
        ("9 o'clock", "has five fields"),
    ] {
        world
            .torch(&["schedule", "--cron", cron, "never"])
            .code(2)
            .says(words);
    }
    assert_eq!(pending(&world).len(), 0);
}

/// Debug builds read their clocks through a file, so that they can be set and the machine seems to sleep.
#[cfg(debug_assertions)]
#[test]
fn a_moved_clock_moves_no_note() {
    let world = World::new();
    let file = world.folder().join("clock");
    let moved = |set: i64, slept: u32| {
        let new = file.with_extension("new");
        fs::write(&new, format!("{set} {slept}")).expect("a file");
        fs::rename(&new, &file).expect("a file");
    };
    let path = file.display().to_string();
    let world = world.with("TORCH_TEST_CLOCK", &path);
    moved(0, 0);
    world.team("orchestrator,developer", SCRIPTED);
    let due = |world: &World| pending(world)[0]["due"].as_u64().expect("a time");
    world
        .torch(&["schedule", "2h", "after two hours", "developer"])
        .ok();
    let before = due(&world);
    // Five hours forward: it is due five hours later by that clock.
    let hours = |hours: u32| hours * 3_600_000;
    moved(i64::from(hours(5)), 0);
    world.wait("the daemon to notice", || due(&world) > before);
    assert!(due(&world).abs_diff(before + u64::from(hours(5))) < 1_000);
    // Messages pass as ever.
    world.deliver("developer", "hello");
    // Also while no daemon runs: three hours back. Told to end, so that no wrapper starts one without the test's clock.
    world.torch(&["daemon", "stop"]).ok();
    moved(i64::from(hours(2)), 0);
    world.torch(&["daemon", "start"]).ok();
    assert!(due(&world).abs_diff(before + u64::from(hours(2))) < 1_000);
    // Eight hours of sleep are real time: it is said at the wake-up, with how late it is.
    moved(i64::from(hours(2)), hours(8));
    let entry = arrives(&world, "developer", "after two hours");
    assert!(entry.text.contains(", due 6 h ago)"), "{}", entry.text);
    assert_eq!(said(&world, "developer", "after two hours").len(), 1);
}
