//! Which branch an agent gets where its own is taken, or left from before.

use torch_testing::{SCRIPTED, World};

use crate::place::{branches, git};

#[test]
fn a_branch_that_another_worktree_has_is_left_alone() {
    let world = World::new();
    let project = world.project();
    let mine = world.folder().join("mine");
    git(
        &world,
        &project,
        &[
            "worktree",
            "add",
            "-q",
            "-b",
            "main-developer",
            &mine.display().to_string(),
        ],
    );
    git(
        &world,
        &mine,
        &["commit", "-q", "--allow-empty", "-m", "mine"],
    );
    let tip = git(&world, &mine, &["rev-parse", "HEAD"]);
    world.team("orchestrator,developer", SCRIPTED);
    assert_eq!(
        world.agent("developer").branch.as_deref(),
        Some("main-developer-2")
    );
    assert_eq!(
        world.agent("orchestrator").branch.as_deref(),
        Some("main-orchestrator")
    );
    world.deliver("developer", "hello");
    assert_eq!(git(&world, &mine, &["rev-parse", "HEAD"]), tip);
    assert_eq!(
        git(&world, &mine, &["branch", "--show-current"]),
        "main-developer"
    );
}

#[test]
fn a_branch_that_is_left_and_free_keeps_its_commits() {
    let world = World::new();
    let project = world.project();
    git(
        &world,
        &project,
        &["checkout", "-q", "-b", "main-developer"],
    );
    git(
        &world,
        &project,
        &["commit", "-q", "--allow-empty", "-m", "from before"],
    );
    git(&world, &project, &["checkout", "-q", "main"]);
    world.team("orchestrator,developer", SCRIPTED);
    let agent = world.agent("developer");
    assert_eq!(agent.branch.as_deref(), Some("main-developer"));
    assert_eq!(
        git(&world, &agent.worktree, &["log", "-1", "--format=%s"]),
        "from before"
    );
}

#[test]
fn all_branches_taken_leave_a_detached_head() {
    let world = World::new();
    let project = world.project();
    // A branch below each name makes it impossible.
    for n in ["", "-2", "-3", "-4", "-5", "-6", "-7", "-8", "-9"] {
        git(
            &world,
            &project,
            &["branch", &format!("main-developer{n}/taken")],
        );
    }
    let before = branches(&world, &project);
    world.team("developer", SCRIPTED);
    let agent = world.agent("developer");
    assert_eq!(agent.branch, None);
    assert_eq!(
        git(&world, &agent.worktree, &["rev-parse", "HEAD"]),
        git(&world, &project, &["rev-parse", "main"])
    );
    assert_eq!(
        branches(&world, &project).len(),
        before.len() + 1,
        "the orchestrator's alone"
    );
    world.deliver("developer", "hello");
}

#[test]
fn a_project_without_a_branch() {
    let world = World::new();
    let project = world.project();
    git(&world, &project, &["checkout", "-q", "--detach"]);
    world.team("developer", SCRIPTED);
    let head = git(&world, &project, &["rev-parse", "HEAD"]);
    assert_eq!(
        world.agent("developer").branch,
        Some(format!("{}-developer", &head[..12]))
    );
    assert_eq!(git(&world, &project, &["branch", "--show-current"]), "");
}
