//! Projects that can't be used: no repository, no commit, bare, in the middle of something.

use std::fs;
use std::path::Path;

use torch_testing::World;

use crate::place::{Place, git, repository};
use crate::snapshot::Tree;

use super::{auto, explained, follow};

/// Runs `torch auto` there, which must be refused with these words and change nothing. Then the hint is followed, and
/// the plan can be made in `after`.
#[track_caller]
fn refused(world: &World, project: &Path, words: &str, after: &Path) {
    let hint = refusal(world, project, words);
    follow(world, &hint);
    planned(world, after);
}

/// A spec outside any project.
fn spec(world: &World) -> String {
    let spec = world.folder().join("spec.md");
    fs::write(&spec, "- a tool\n").expect("a spec");
    spec.display().to_string()
}

/// The plan can be made there.
#[track_caller]
fn planned(world: &World, project: &Path) {
    let place = Place::new(world, project.to_owned(), world.home());
    place
        .torch(&auto(&["--spec", &spec(world), "--dry-run"]))
        .ok();
}

/// `torch auto` is refused there with these words, and changes nothing; its hint.
#[track_caller]
fn refusal(world: &World, project: &Path, words: &str) -> String {
    let spec = spec(world);
    let before = Tree::of(project);
    let place = Place::new(world, project.to_owned(), world.home());
    let ran = place.torch(&auto(&["--spec", &spec])).code(2);
    let hint = explained(world, &ran, words);
    assert_eq!(
        before.changes(&Tree::of(project)),
        [""; 0],
        "the project was changed"
    );
    assert!(
        !world.home().join("projects").exists(),
        "something was made in the registry"
    );
    super::no_team(world);
    hint
}

#[test]
fn no_repository() {
    let world = World::new();
    let project = world.folder().join("plain folder");
    fs::create_dir(&project).expect("a folder");
    fs::write(project.join("file"), "text\n").expect("a file");
    refused(&world, &project, "is in no git repository", &project);
}

#[test]
fn no_commit() {
    let world = World::new();
    let project = world.folder().join("fresh one");
    fs::create_dir(&project).expect("a folder");
    git(&world, &project, &["init", "-q"]);
    refused(&world, &project, "has no commit yet", &project);
}

#[test]
fn bare() {
    let world = World::new();
    let project = world.folder().join("bare.git");
    git(
        &world,
        &world.project(),
        &["clone", "-q", "--bare", ".", "../bare.git"],
    );
    refused(
        &world,
        &project,
        "is bare",
        &world.folder().join("bare-clone"),
    );
}

/// A repository with two branches that conflict.
fn conflicting(world: &World) -> std::path::PathBuf {
    let project = world.folder().join("it's in conflict");
    repository(world, &project);
    git(world, &project, &["checkout", "-q", "-b", "theirs"]);
    for branch in ["theirs", "main"] {
        git(world, &project, &["checkout", "-q", branch]);
        fs::write(project.join("file"), branch).expect("a file");
        git(world, &project, &["add", "."]);
        git(world, &project, &["commit", "-q", "-m", branch]);
    }
    project
}

/// Runs `git` that stops in the middle.
#[track_caller]
fn stops(world: &World, project: &Path, args: &[&str]) {
    let mut command = world.command("git").args(args);
    project.clone_into(&mut command.cwd);
    assert_ne!(world.run(&command).code, 0, "a conflict is wanted");
}

#[test]
fn in_the_middle_of_something() {
    for (args, words) in [
        (&["merge", "theirs"][..], "merge"),
        (&["rebase", "theirs"], "rebase"),
        (&["cherry-pick", "theirs"], "cherry-pick"),
        (&["revert", "--no-edit", "theirs^"], "revert"),
    ] {
        let world = World::new();
        let project = conflicting(&world);
        if words == "revert" {
            // Something to revert that was changed since.
            fs::write(project.join("file"), "later").expect("a file");
            git(&world, &project, &["commit", "-q", "-a", "-m", "later"]);
            stops(&world, &project, &["revert", "--no-edit", "HEAD^"]);
        } else {
            stops(&world, &project, args);
        }
        let go_on = format!("git {words} --continue");
        // The hint runs while there are conflicts, and after them.
        let hint = refusal(&world, &project, &go_on);
        assert!(follow(&world, &hint).stdout.contains("Unmerged paths"));
        fs::write(project.join("file"), "settled").expect("a file");
        git(&world, &project, &["add", "file"]);
        let hint = refusal(&world, &project, &go_on);
        follow(&world, &hint);
        let there = format!("cd \"{}\" && {go_on}", project.display());
        follow(&world, &there);
        planned(&world, &project);
    }
}

#[test]
fn a_broken_repository() {
    let world = World::new();
    let project = world.folder().join("broken");
    repository(&world, &project);
    fs::write(project.join(".git/HEAD"), "nonsense\n").expect("a file");
    let before = Tree::of(&project);
    let place = Place::new(&world, project.clone(), world.home());
    let ran = place.torch(&auto(&["--spec=spec.md"])).code(2);
    assert!(ran.stderr.starts_with("Error: "), "{ran}");
    assert_eq!(before.changes(&Tree::of(&project)), [""; 0]);
    super::no_team(&world);
}
