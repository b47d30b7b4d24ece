//! The rules that a project's own files state: taken up while agents work, kept over a broken file, watched, judged again.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::Value;
use torch_testing::{Ran, SCRIPTED, World};

const DEADLINE: Duration = Duration::from_secs(60);
const FOUR: &str = "orchestrator,developer,tester,researcher";

/// What `torch … --json` prints, one value per line.
fn lines(ran: &Ran) -> Vec<Value> {
    let values = ran.stdout.lines().map(serde_json::from_str);
    values.collect::<Result<_, _>>().expect("JSON lines")
}

fn listed(world: &World) -> Vec<Value> {
    lines(&world.torch(&["rules", "list", "--json"]).ok())
}

fn violations(world: &World) -> Vec<Value> {
    lines(&world.torch(&["violations", "--json"]).ok())
}

fn write(world: &World, name: &str, text: impl AsRef<[u8]>) {
    fs::write(world.project().join(name), text).expect("a file of rules");
}

#[track_caller]
fn prints(world: &World, args: &[&str], words: &str) {
    let ran = world.torch(args).ok();
    assert!(ran.stdout.contains(words), "no {words:?} in {}", ran.stdout);
}

/// The rule that would decide.
fn tried(world: &World, from: &str, to: &str, text: &str) -> String {
    let verdict = world
        .torch(&["rules", "test", from, to, text, "--json"])
        .ok()
        .json();
    verdict["rule"].as_str().expect("a rule").to_owned()
}

/// Waits until a rule of this kind decides; how long that took.
fn decides(world: &World, kind: &str, (from, to, text): (&str, &str, &str)) -> Duration {
    let begin = Instant::now();
    world.wait(&format!("{kind} to decide"), || {
        tried(world, from, to, text).starts_with(kind)
    });
    begin.elapsed()
}

/// What the files loosen, and it is held back until a person at a terminal accepts it.
fn accepts(world: &World, rule: &str) {
    let held = || {
        let rows = listed(world).into_iter();
        let rows = rows.filter(|row| row["rule"] == rule);
        rows.filter_map(|row| row["stays"].as_str().map(ToOwned::to_owned))
            .next()
    };
    world.wait("the rule to be held", || held().is_some());
    let id = held().expect("an id");
    let command = format!("torch rules accept {id}");
    for args in [
        &["status"][..],
        &["pending"],
        &["why", "developer"],
        &["rules", "explain", rule],
    ] {
        prints(world, args, &command);
    }
    // Neither an agent nor a script accepts.
    let asked = world.run_as("developer", &command).code(4);
    asked.says("privilege.approval");
    let asked = world.torch(&["rules", "accept", &id]).code(4);
    asked.says("privilege.approval").says(&command);
    assert!(held().is_some());
    let terminal = world.terminal(&format!("exec {command}"));
    assert_eq!(terminal.ended(DEADLINE), 0, "{}", terminal.screen());
    terminal.close();
    assert_eq!(held(), None);
}

fn broken_files_change_nothing(world: &World, said: (&str, &str, &str)) {
    write(world, "rules.toml", "[[rule]]\nkind = \"fly\"\n");
    // What changes in a burst is gathered for the person, for 15 s after the last message; `status` says it at once.
    world.wait("status to say it", || {
        let status = world.torch(&["status"]).ok().stdout;
        status.contains("the project's rules can't be read")
    });
    world.wait_for(3 * DEADLINE, "the person to hear of it", || {
        let inbox = world.torch(&["inbox", "--all"]).ok().stdout;
        inbox
            .contains("rules.toml:2: unknown variant")
            .then_some(())
    });
    let decided = tried(world, said.0, said.1, said.2);
    assert!(decided.starts_with("project.may-not-write"), "{decided}");
    prints(world, &["rules", "list"], "can't be read as they are");
    prints(world, &["rules", "list"], "CLAUDE.md:2");
    prints(world, &["status"], "the project's rules can't be read");
    write(world, "rules.toml", b"\0\x01binary");
    world.wait("the binary file to be told", || {
        world
            .torch(&["rules", "list"])
            .ok()
            .stdout
            .contains("rules.toml: it is binary")
    });
}

#[test]
fn a_change_is_in_force_within_two_seconds_and_a_broken_file_changes_nothing() {
    let world = World::new();
    world.team(FOUR, SCRIPTED);
    assert_eq!(listed(&world), Vec::<Value>::new());
    let said = ("developer", "tester", "run the suite");
    assert_eq!(tried(&world, said.0, said.1, said.2), "edge.matrix");

    write(
        &world,
        "CLAUDE.md",
        "# Team rules\n- Developers must not message the tester\n- Be kind\n",
    );
    let took = decides(&world, "project.may-not-write", said);
    // Two seconds, and what the command itself takes on a busy machine.
    assert!(took < Duration::from_secs(4), "{took:?}");
    let sent = world
        .run_as("developer", "scm tester --json 'test it'")
        .ok();
    let rule = sent.json()["message"]["rule"].clone();
    let rule = rule.as_str().expect("a rule");
    assert!(rule.starts_with("project.may-not-write-"), "{rule}");
    let rows = listed(&world);
    assert_eq!(
        (&rows[0]["rule"], &rows[0]["file"], &rows[0]["line"]),
        (&rule.into(), &"CLAUDE.md".into(), &2.into())
    );
    assert_eq!(
        (&rows[1]["kind"], &rows[1]["text"]),
        (&"not-checkable".into(), &"Be kind".into())
    );
    prints(
        &world,
        &["rules", "explain", rule],
        "CLAUDE.md:2 says: Developers must not",
    );
    prints(&world, &["rules", "explain", "mode.matrix"], "no edge");
    world
        .torch(&["rules", "explain", "nothing.such"])
        .code(2)
        .says("no rule is called");
    assert!(violations(&world).iter().any(|row| row["rule"] == rule));

    broken_files_change_nothing(&world, said);

    // A daemon that starts anew has what was in force; without the file its rule holds until a person accepts its end.
    fs::remove_file(world.project().join("rules.toml")).expect("removed");
    world.wait("the trouble to end", || {
        !world
            .torch(&["rules", "list"])
            .ok()
            .stdout
            .contains("binary")
    });
    world.torch(&["daemon", "stop"]).ok();
    assert_eq!(listed(&world), rows);
    world.torch(&["daemon", "start"]).ok();
    let decided = tried(&world, said.0, said.1, said.2);
    assert!(decided.starts_with("project.may-not-write"), "{decided}");
    fs::remove_file(world.project().join("CLAUDE.md")).expect("removed");
    accepts(&world, rule);
    decides(&world, "edge.matrix", said);
    let told = world
        .torch(&["inbox", "--all"])
        .ok()
        .stdout
        .matches("unknown variant")
        .count();
    assert_eq!(told, 1);
}

#[test]
fn a_late_commit_is_noticed_and_settled_by_the_commit() {
    let world = World::new();
    let rules = "[[rule]]\nkind = \"commit-every\"\nfrom = [\"developer\"]\nseconds = 2\n";
    world.team(FOUR, SCRIPTED);
    write(&world, "rules.toml", rules);
    world.wait("the rule", || listed(&world).len() == 1);
    // Nothing is late where nothing is to be committed, or nobody works.
    assert_eq!(violations(&world), Vec::<Value>::new());
    let work = "echo x > work.txt\nuntil torch violations --json | grep -q commit-every; do sleep 0.2; done\ngit add work.txt && git commit -qm 'Progress: work'";
    world.run_as("developer", work).ok();
    let found = violations(&world);
    let row = found.iter().find(|row| {
        row["rule"]
            .as_str()
            .is_some_and(|rule| rule.starts_with("project.commit-every-"))
    });
    let row = row.expect("a late commit");
    assert_eq!(
        (&row["role"], &row["severity"]),
        (&"developer".into(), &"medium".into())
    );
    assert!(
        row["remedy"]
            .as_str()
            .is_some_and(|text| text.contains("torch commit") && text.contains("rules.toml:1")),
        "{row}"
    );
    world.wait("the commit to settle it", || {
        violations(&world)[0]["state"] == "resolved"
    });
}

#[test]
fn a_task_without_acknowledgement_is_noticed_and_settled_by_it() {
    let world = World::new();
    world.team(FOUR, SCRIPTED);
    write(
        &world,
        "rules.toml",
        "[[rule]]\nkind = \"ack-within\"\nfrom = \"everyone\"\nseconds = 1\n",
    );
    world.wait("the rule", || listed(&world).len() == 1);
    let assign = "torch task assign developer --id T-1 --title T --objective O --criterion C --priority HIGH --json";
    let sent = world.run_as("orchestrator", assign).ok().json();
    let id = sent["message"]["id"].as_str().expect("an id").to_owned();
    world.wait("the missing acknowledgement", || {
        violations(&world)
            .iter()
            .any(|row| row["message"].as_str() == Some(id.as_str()))
    });
    world.run_as("developer", &format!("torch ack {id}")).ok();
    world.wait("it to be settled", || {
        violations(&world)[0]["state"] == "resolved"
    });
}

#[test]
fn a_day_judged_again_is_the_same() {
    let world = World::new();
    world.team(FOUR, SCRIPTED);
    let say =
        |from: &str, to: &str, text: &str| world.run_as(from, &format!("scm {to} --json '{text}'"));
    say("developer", "tester", "one").ok();
    say("tester", "developer", "thanks").ok();
    say("developer", "researcher", "off the matrix").ok();
    write(
        &world,
        "CLAUDE.md",
        "# Team rules\n- Messages must never contain \"secret\"\n- Researcher must not write to the developer\n",
    );
    decides(
        &world,
        "project.may-not-write",
        ("researcher", "developer", "x"),
    );
    say("developer", "tester", "the secret is x")
        .code(4)
        .says("project.forbidden-words");
    say("researcher", "developer", "found it").ok();
    write(
        &world,
        "CLAUDE.md",
        "# Team rules\n- Tester must not write to the developer\n",
    );
    decides(
        &world,
        "project.may-not-write",
        ("tester", "developer", "x"),
    );
    say("researcher", "developer", "found more").ok();
    say("developer", "orchestrator", "one").ok();
    say("developer", "orchestrator", "one").code(4);
    world.torch(&["daemon", "stop"]).ok();
    world.torch(&["daemon", "start"]).ok();
    // A daemon that starts anew begins counting anew.
    say("developer", "orchestrator", "one").ok();
    let today = world.wait_for(DEADLINE, "the day's folder", || {
        let days = fs::read_dir(world.home().join("logs/communications"));
        let names = days
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|day| day.file_name().into_string().ok());
        names.max()
    });
    let report = world
        .torch(&["compliance", "replay", &today, "--json"])
        .ok()
        .json();
    assert_eq!(report["differing"], Value::Array(Vec::new()), "{report}");
    assert_eq!(report["unknown"], Value::Array(Vec::new()), "{report}");
    assert!(
        report["messages"].as_u64().is_some_and(|count| count >= 9),
        "{report}"
    );
    assert_eq!(report["sets"].as_array().map(Vec::len), Some(2), "{report}");
    assert!(
        !report["teams"][0]["pairs"]
            .as_array()
            .expect("pairs")
            .is_empty()
    );
    prints(&world, &["compliance", "replay", &today], "all the same");
    let none = world
        .torch(&["compliance", "replay", "2020-01-01", "--json"])
        .ok()
        .json();
    assert_eq!(none["messages"], 0);
}
