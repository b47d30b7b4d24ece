//! What agents do with git is seen by itself: from the file system while the daemon runs, and afterwards where it did not.

use std::fs;
use std::path::Path;

use serde_json::Value;
use torch_testing::{SCRIPTED, World};

use crate::place::git;

/// A commit of a file in an agent's worktree.
fn commit(world: &World, worktree: &Path, (file, text): (&str, &str), message: &str) {
    fs::write(worktree.join(file), text).expect("written");
    git(world, worktree, &["add", "-A"]);
    let who = ["-c", "user.name=A", "-c", "user.email=a@example.com"];
    let args = [&who[..], &["commit", "-q", "-m", message]].concat();
    git(world, worktree, &args);
}

/// Waits until the journal has so many entries of a kind about a role.
fn has(world: &World, role: &str, kind: &str, many: usize) {
    let what = format!("{many} {kind} of {role}");
    world.wait(&what, || world.journal_of(role, kind).len() >= many);
    assert_eq!(world.journal_of(role, kind).len(), many, "{kind}");
}

/// Whether an agent's program was given a text with these words.
fn heard(world: &World, role: &str, words: &str) -> bool {
    let bodies = world.ledger(role).into_iter();
    bodies
        .filter_map(|entry| entry.body().map(str::to_owned))
        .any(|text| text.contains(words))
}

fn json(world: &World, args: &[&str]) -> Value {
    world.torch(&[args, &["--json"]].concat()).ok().json()
}

#[test]
fn commits_pushes_and_conflicts_are_seen_also_those_that_no_daemon_saw() {
    let world = World::new();
    let remote = world.folder().join("remote.git");
    let remote = remote.to_str().expect("UTF-8").to_owned();
    git(&world, &world.project(), &["init", "-q", "--bare", &remote]);
    git(
        &world,
        &world.project(),
        &["remote", "add", "origin", &remote],
    );
    world.team("orchestrator,developer,tester", SCRIPTED);
    let developer = world.agent("developer").worktree;
    let tester = world.agent("tester").worktree;

    commit(
        &world,
        &developer,
        ("shared.txt", "the developer's\n"),
        "Progress: the parser",
    );
    has(&world, "developer", "git.commit", 1);
    git(&world, &developer, &["push", "-q", "origin", "HEAD"]);
    has(&world, "developer", "git.push", 1);

    // Nobody looks, and nothing is missed or told twice.
    world.torch(&["daemon", "stop"]).ok();
    commit(&world, &developer, ("other.txt", "more\n"), "fixes");
    commit(
        &world,
        &tester,
        ("shared.txt", "the tester's\n"),
        "Progress: the tests",
    );
    world.torch(&["daemon", "start"]).ok();
    has(&world, "developer", "git.commit", 2);
    has(&world, "tester", "git.commit", 1);

    // What says nothing is told to its author, and what would conflict to both.
    world.wait("the author hears of it", || {
        heard(&world, "developer", "\"fixes\", which says nothing")
    });
    for role in ["developer", "tester", "orchestrator"] {
        world.wait("the owners hear of it", || {
            heard(&world, role, "shared.txt: developer and tester")
        });
    }
    world
        .torch(&["violations", "--open"])
        .ok()
        .prints("commit.message");

    let health = json(&world, &["git", "health"]);
    let branch = &health["branches"][1];
    assert_eq!(
        (&branch["role"], &branch["ahead"], &branch["unpushed"]),
        (&"developer".into(), &2.into(), &1.into())
    );
    assert_eq!(branch["commits"], 2, "{health}");
    assert_eq!(branch["deadlines"][0]["rule"], "git.push-late");
    let risk = json(&world, &["git", "risk"]);
    assert_eq!(risk["roles"][0]["risk"], "high", "{risk}");
    world
        .torch(&["git", "log", "--role", "dev", "--since", "1h"])
        .ok()
        .prints("main-developer: fixes")
        .prints("pushed main-developer to origin (1 commit)");
    // The files for people.
    let days = fs::read_dir(world.home().join("logs/git-activity")).expect("a folder");
    let day = days
        .map(|day| day.expect("a day").path())
        .next()
        .expect("a day");
    let lines = fs::read_to_string(day.join("commits.jsonl")).expect("a file");
    assert_eq!(lines.lines().count(), 3, "{lines}");
}
