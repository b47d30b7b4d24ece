//! `torch integrate`: a team's work gets into its parent branch, past conflicts, red tests and killed daemons.

mod commands;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use torch_testing::{SCRIPTED, World};

use crate::place::{branches, git, worktrees};
use crate::recovery::daemon_that_ends_at;

/// How long one may take on a busy machine.
const LONG: Duration = Duration::from_secs(120);

/// The worktree of a role.
fn path(world: &World, role: &str) -> PathBuf {
    world.home().join("projects/sample/worktrees").join(role)
}

/// A role's commit.
fn commit(world: &World, role: &str, file: &str, text: &str) {
    let folder = path(world, role);
    fs::write(folder.join(file), text).expect("written");
    git(world, &folder, &["add", "-A"]);
    git(world, &folder, &["commit", "-q", "-m", "work"]);
}

/// The newest integration, as it is kept; none while the daemon comes back.
fn seen(world: &World) -> Option<Value> {
    let listed = world.torch(&["integrate", "--list", "--json"]);
    if listed.code == 75 {
        return None;
    }
    let newest = listed.ok().stdout.lines().next()?.to_owned();
    let newest: Value = serde_json::from_str(&newest).expect("JSON");
    Some(newest["integration"].clone())
}

/// As [`seen`], where the daemon lives.
fn newest(world: &World) -> Value {
    seen(world).expect("there is one")
}

/// Waits until the newest one waits for this.
#[track_caller]
fn waits(world: &World, on: &str) -> Value {
    world.wait_for(LONG, &format!("the integration to wait for {on}"), || {
        let row = seen(world)?;
        (row["wait"]["on"]["on"] == on).then_some(row)
    })
}

/// Waits until the newest one is over, which it must be as verified.
#[track_caller]
fn verified(world: &World) -> Value {
    let row = world.wait_for(LONG, "the end of the integration", || {
        let row = seen(world)?;
        (!row["outcome"].is_null()).then_some(row)
    });
    assert_eq!(row["outcome"]["outcome"], "verified", "{row}");
    row
}

/// Whether torch said this to a role.
fn told(world: &World, role: &str, words: &str) -> bool {
    let entries = world.ledger(role);
    entries
        .iter()
        .any(|entry| entry.kind == "prompt" && entry.text.contains(words))
}

fn tag(row: &Value) -> String {
    let id = row["id"].as_str().expect("an id");
    format!("i-{}", id[18..].to_ascii_lowercase())
}

/// Nothing is left but what should be.
#[track_caller]
fn is_whole(world: &World, trees: usize) {
    let project = world.project();
    git(world, &project, &["fsck", "--strict", "--no-dangling"]);
    assert_eq!(git(world, &project, &["status", "--porcelain"]), "");
    assert_eq!(worktrees(world, &project).len(), trees);
    let left = branches(world, &project);
    assert!(
        !left.iter().any(|name| name.starts_with("integration/")),
        "{left:?}"
    );
    // The fast lane may be at work yet.
    world.wait("no merge is under way", || {
        git(world, &project, &["for-each-ref", "refs/torch/merge"]).is_empty()
    });
}

/// Whether the project's own worktree has a file, and its branch too.
fn has(world: &World, file: &str) -> bool {
    let listed = git(world, &world.project(), &["ls-tree", "--name-only", "main"]);
    let there = listed.lines().any(|line| line == file);
    assert_eq!(world.project().join(file).exists(), there, "{file}");
    there
}

#[test]
fn work_is_integrated_past_a_conflict_and_without_what_is_red() {
    let world = World::new();
    world.team("orchestrator,developer,tester", SCRIPTED);
    commit(&world, "developer", "a.py", "x = 1\n");
    commit(&world, "tester", "test_a.py", "assert True\n");
    let shown = world.torch(&["integrate", "--dry-run"]).ok();
    shown
        .prints("1 developer: main-developer")
        .prints("nothing was changed");
    let test = "test -f a.py && test ! -f red";
    // Nobody but those that lead, and nobody but a person names a command.
    let refused = world.run_as("developer", "torch integrate");
    refused.code(4).says("integrate.lead");
    let begun = world.torch(&["integrate", "--test", test]).ok();
    begun.prints("waits for orchestrator to review it");
    let row = newest(&world);
    world
        .torch(&["status"])
        .ok()
        .prints(&format!("integration {}", tag(&row)));
    world.torch(&["pending"]).ok().prints(&tag(&row));
    let approve = |row: &Value| {
        let line = format!("torch approve {}", tag(row));
        world.run_as("orchestrator", &line).ok();
        verified(&world)
    };
    let row = approve(&row);
    assert!(has(&world, "a.py") && has(&world, "test_a.py"));
    let stable = row["tag"].as_str().expect("a tag").to_owned();
    let tags = git(&world, &world.project(), &["tag", "--points-at", "main"]);
    assert_eq!(tags, stable);
    is_whole(&world, 4);
    world.wait("the tester to hear of it", || {
        told(&world, "tester", "git merge main")
    });
    // What was before the first one is known.
    let plan = world.torch(&["rollback", "plan"]).code(2);
    let before = row["parent_tip"].as_str().expect("where it stood");
    let plan = plan.says(&format!("before it main stood at {}", &before[..8]));
    let revert = format!(
        "torch rollback revert {}..main --team sample",
        &before[..12]
    );
    plan.says(&format!("Hint: {revert}\n"));

    // Both change the same line: it is the developer's to solve, and goes on by itself then.
    commit(&world, "developer", "b.py", "x = 2\n");
    commit(&world, "tester", "b.py", "x = 3\n");
    let before = git(&world, &world.project(), &["rev-parse", "main"]);
    let begun = world.torch(&["integrate", "--test", test]).ok();
    begun.prints("conflict: b.py").prints("developer solves it");
    world.wait("the developer to be told", || {
        told(&world, "developer", "git merge main-tester")
    });
    assert_eq!(
        git(&world, &world.project(), &["rev-parse", "main"]),
        before
    );
    let solve = "git merge main-tester; echo 'x = 5' > b.py; git add -A; git commit -q -m solved";
    world.run_as("developer", solve).ok();
    approve(&waits(&world, "review"));
    let text = fs::read_to_string(world.project().join("b.py")).expect("it is there");
    assert_eq!(text, "x = 5\n");
    is_whole(&world, 4);

    // The tester's commit turns the tests red: it stays out, and the developer's goes in.
    commit(&world, "developer", "c.py", "x = 1\n");
    commit(&world, "tester", "red", "red\n");
    let begun = world.torch(&["integrate", "--test", test]).ok();
    begun.prints("left out: tester");
    approve(&newest(&world));
    assert!(has(&world, "c.py") && !has(&world, "red"));
    is_whole(&world, 4);
    // One that waits goes with its team; a stopped team begins none.
    commit(&world, "developer", "d.py", "x = 1\n");
    world.torch(&["integrate", "--test", test]).ok();
    let left = branches(&world, &world.project());
    assert!(left.iter().any(|name| name.starts_with("integration/")));
    world.torch(&["stop"]).ok();
    world.torch(&["stop", "--purge", "--yes"]).ok();
    is_whole(&world, 1);
    world.torch(&["audit", "verify"]).ok();
}

#[test]
fn a_stopped_team_begins_no_integration() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    commit(&world, "developer", "a.py", "x = 1\n");
    world.torch(&["stop"]).ok();
    let refused = world.torch(&["integrate"]).code(1);
    refused
        .says("the team is stopped")
        .says("Hint: torch resume --team sample\n");
}

#[test]
fn a_daemon_killed_at_any_step_ends_what_it_began() {
    let world = World::new().with("TORCH_IDENTITY_SCRIPTS", "true");
    world.team("orchestrator,developer", SCRIPTED);
    for (number, point) in [
        "did-integrate-look",
        "did-integrate-branch",
        "integration.merge",
        "did-integrate-build",
        "did-integrate-test",
        "integration.land",
        "did-integrate-land",
        "did-integrate-verify",
        "did-integrate-clean",
    ]
    .into_iter()
    .enumerate()
    {
        let file = format!("file{number}");
        commit(&world, "developer", &file, "x\n");
        daemon_that_ends_at(&world, point);
        let args = ["integrate", "--test", "true", "--no-wait"];
        world.torch(&args).ok();
        let row = waits(&world, "review");
        // The daemon may end in the very turn that takes it: it is kept then, and nobody was told.
        let approved = world.torch(&["approve", &tag(&row)]);
        assert!(approved.code == 0 || approved.code == 75, "{approved}");
        verified(&world);
        let line = format!("TORCH_TEST_CRASH ends the daemon at {point}");
        assert!(world.log().contains(&line), "{point}\n{}", world.log());
        assert!(has(&world, &file), "{point}");
        is_whole(&world, 3);
    }
    world.torch(&["stop"]).ok();
    world.torch(&["audit", "verify"]).ok();
}
