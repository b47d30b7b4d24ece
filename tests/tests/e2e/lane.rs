//! The fast lane: what the developer commits reaches the tester's worktree, or somebody is told why not.

use std::fs;
use std::path::{Path, PathBuf};

use torch_testing::{SCRIPTED, World};

use crate::place::git;
use crate::recovery::daemon_that_ends_at;
use crate::recovery::raise::is_gone;

const TEAM: &str = "orchestrator,project_manager,developer,tester";

/// The worktree of a role.
fn at(world: &World, role: &str) -> PathBuf {
    world.home().join("projects/sample/worktrees").join(role)
}

/// A role's agent commits a file, as from its own shell; the commit.
fn commit(world: &World, role: &str, file: &str, text: &str) -> String {
    let folder = at(world, role);
    fs::write(folder.join(file), text).expect("written");
    git(world, &folder, &["add", "-A"]);
    let who = ["-c", "user.name=A", "-c", "user.email=a@example.com"];
    let message = format!("Progress: {file}");
    git(
        world,
        &folder,
        &[&who[..], &["commit", "-q", "-m", &message]].concat(),
    );
    head(world, &folder)
}

fn head(world: &World, folder: &Path) -> String {
    git(world, folder, &["rev-parse", "HEAD"]).trim().to_owned()
}

/// Whether a role's branch has a commit, and its files are those of the branch.
fn has(world: &World, role: &str, commit: &str) -> bool {
    let folder = at(world, role);
    let log = git(world, &folder, &["log", "--format=%H"]);
    let status = ["status", "--porcelain", "--untracked-files=no"];
    log.lines().any(|line| line == commit) && git(world, &folder, &status).trim().is_empty()
}

fn waiting(world: &World) -> serde_json::Value {
    let lane = world.torch(&["git", "lane", "--json"]).ok().json();
    lane["pairs"][0]["waiting"].clone()
}

fn told(world: &World, role: &str, words: &str) -> usize {
    let entries = world.ledger(role);
    let entries = entries.iter().filter(|entry| entry.kind == "prompt");
    entries.filter(|entry| entry.text.contains(words)).count()
}

#[test]
fn a_commit_reaches_the_tester_and_waits_while_its_worktree_has_changes() {
    let world = World::new();
    world.team(TEAM, SCRIPTED);
    let first = commit(&world, "developer", "login.txt", "login\n");
    world.wait("the tester has it", || has(&world, "tester", &first));
    world.wait("the tester is told", || {
        told(
            &world,
            "tester",
            "FAST_LANE_TRIGGER: New implementation ready:",
        ) == 1
    });
    // A half-written file stays as it is.
    fs::write(at(&world, "tester").join("README.md"), "half a test\n").expect("written");
    let second = commit(&world, "developer", "logout.txt", "logout\n");
    world.wait("it waits", || {
        waiting(&world)["why"]
            .as_str()
            .is_some_and(|why| why.contains("uncommitted changes in 1 file"))
    });
    let text = fs::read_to_string(at(&world, "tester").join("README.md"));
    assert_eq!(text.expect("read"), "half a test\n");
    let own = commit(&world, "tester", "README.md", "a test\n");
    world.wait("the tester has both", || {
        has(&world, "tester", &second) && has(&world, "tester", &own)
    });
    // The commit is there before the daemon has heard of its own merge.
    world.wait("the merge is noted", || {
        let lane = world.torch(&["git", "lane"]).ok();
        lane.stdout.contains("logout.txt")
    });
    let day = fs::read_dir(world.home().join("logs/fast-lane")).expect("the day files");
    let day = day
        .flatten()
        .next()
        .expect("a day")
        .path()
        .join("lane.jsonl");
    let lines = fs::read_to_string(day).expect("read");
    assert_eq!(
        lines.matches("\"event\":\"lane.merged\"").count(),
        2,
        "{lines}"
    );
    world.torch(&["audit", "verify"]).ok();
}

#[test]
fn a_conflict_is_told_to_the_project_manager_once_and_off_is_off() {
    let world = World::new();
    world.team(TEAM, SCRIPTED);
    world.torch(&["git", "lane", "off"]).ok().prints("off (by ");
    let ours = commit(&world, "tester", "README.md", "the tester's\n");
    let theirs = commit(&world, "developer", "README.md", "the developer's\n");
    let refused = world.run_as("developer", "torch git lane on");
    refused.code(4).says("lane.manager");
    world.torch(&["git", "lane", "on"]).ok();
    world.wait("the project manager is told", || {
        told(&world, "project_manager", "conflict in README.md") == 1
    });
    assert_eq!(waiting(&world)["conflict"][0], "README.md");
    let heads = ["tester", "developer"].map(|role| head(&world, &at(&world, role)));
    assert_eq!(heads, [ours, theirs.clone()]);
    // The developer goes on elsewhere: the same conflict is not told again.
    let more = commit(&world, "developer", "more.txt", "more\n");
    world.wait("it was looked at again", || {
        let journal = fs::read_dir(world.home().join("logs/fast-lane")).expect("the day files");
        let mut days = journal.flatten().map(|day| day.path().join("lane.jsonl"));
        days.any(|day| fs::read_to_string(day).is_ok_and(|lines| lines.contains(&more)))
    });
    assert_eq!(told(&world, "project_manager", "conflict in README.md"), 1);
    // The tester settles it.
    let merge = [
        "-c",
        "user.name=A",
        "-c",
        "user.email=a@example.com",
        "merge",
        "-q",
        "-X",
        "ours",
        "--no-edit",
        "main-developer",
    ];
    git(&world, &at(&world, "tester"), &merge);
    world.wait("nothing waits", || waiting(&world).is_null());
    assert!(has(&world, "tester", &theirs) && has(&world, "tester", &more));
}

#[test]
fn two_that_meet_by_a_checkout_alone_are_merged() {
    let world = World::new();
    world.team(TEAM, SCRIPTED);
    let tester = at(&world, "tester");
    git(&world, &tester, &["checkout", "-q", "-b", "test/foo"]);
    let theirs = commit(&world, "developer", "login.txt", "login\n");
    world.wait("they are apart", || {
        let why = waiting(&world)["why"].to_string();
        why.contains("tester on test/foo: they are at work on different features")
    });
    assert!(!has(&world, "tester", &theirs));
    git(&world, &tester, &["checkout", "-q", "main-tester"]);
    world.wait("the tester has it", || has(&world, "tester", &theirs));
}

#[test]
fn a_daemon_killed_at_any_point_of_a_merge_loses_nothing() {
    let world = World::new();
    world.team(TEAM, SCRIPTED);
    commit(&world, "tester", "test.txt", "a test\n");
    for (n, point) in [
        "lane.merging",
        "did-lane",
        "before-lane.merged",
        "lane.merged",
    ]
    .iter()
    .enumerate()
    {
        let pid = daemon_that_ends_at(&world, point);
        let sent = commit(&world, "developer", &format!("file-{n}.txt"), "text\n");
        world.wait("the daemon's end", || is_gone(&world, pid));
        world.wait("the tester has it", || has(&world, "tester", &sent));
        let pins = git(
            &world,
            &world.project(),
            &["for-each-ref", "refs/torch/merge"],
        );
        let said = format!("Progress: file-{n}.txt");
        world.wait("the tester is told", || told(&world, "tester", &said) == 1);
        assert!(
            pins.is_empty() || waiting(&world).is_null(),
            "{point}: {pins}"
        );
    }
    assert_eq!(told(&world, "project_manager", "Fast lane"), 0);
    world.torch(&["audit", "verify"]).ok();
}
