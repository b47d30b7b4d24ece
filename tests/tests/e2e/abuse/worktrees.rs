//! Worktrees that go away under an agent.

use std::fs;

use torch_testing::{SCRIPTED, World};

use super::{next_program, panes_of};
use crate::place::git;
use crate::roster::{session, windows};

const COMMIT: &str = "echo done > work.txt && git add work.txt && git commit -q -m 'the work'";

#[test]
fn a_deleted_worktree_is_made_again_on_its_branch() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    world.run_as("developer", COMMIT).ok();
    let before = world.agent("developer");
    fs::remove_dir_all(&before.worktree).expect("removed");
    // While it runs, what concerns others goes on.
    world.deliver("orchestrator", "hello");
    world.torch(&["status"]).ok();
    world.torch(&["agent", "restart", "developer"]).ok();
    let after = world.agent("developer");
    assert_eq!(
        (&after.worktree, &after.branch),
        (&before.worktree, &before.branch)
    );
    assert_eq!(
        fs::read_to_string(after.worktree.join("work.txt")).expect("made again"),
        "done\n"
    );
    assert_eq!(
        windows(&world, &session(&world)),
        ["orchestrator", "developer"]
    );
    assert_eq!(panes_of(&world, "developer"), 1);
    world.deliver("developer", "hello");

    // It ends without one.
    fs::remove_dir_all(&after.worktree).expect("removed");
    world.keys("developer", &["C-c"]);
    world.keys("developer", &["C-c"]);
    let third = next_program(&world, "developer", after.pid);
    assert_eq!(third.branch, before.branch);
    assert_eq!(
        windows(&world, &session(&world)),
        ["orchestrator", "developer"]
    );
    world.deliver("developer", "hello");
    world.torch(&["stop"]).ok();
    assert_eq!(panes_of(&world, "developer"), 0);
}

#[test]
fn a_moved_worktree_stays_where_it_was_put() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    world
        .run_as("developer", &format!("{COMMIT}; echo loose > loose.txt"))
        .ok();
    let before = world.agent("developer");
    let away = world.folder().join("away");
    fs::rename(&before.worktree, &away).expect("moved");
    world.torch(&["agent", "restart", "developer"]).ok();
    let after = world.agent("developer");
    assert_eq!(
        fs::read_to_string(away.join("loose.txt")).expect("untouched"),
        "loose\n"
    );
    assert!(after.worktree.join("work.txt").is_file());
    assert_eq!(panes_of(&world, "developer"), 1);
    world.deliver("developer", "hello");
    // With git's own words it is known where it is.
    world.torch(&["agent", "end", "developer"]).ok();
    let there = world.folder().join("there");
    let paths = [&after.worktree, &there].map(|path| path.display().to_string());
    git(
        &world,
        &world.project(),
        &["worktree", "move", &paths[0], &paths[1]],
    );
    world.torch(&["agent", "add", "developer"]).ok();
    let last = world.agent("developer");
    assert!(there.join("work.txt").is_file());
    assert_ne!(last.worktree, there);
    assert_eq!(
        last.branch.as_deref(),
        Some("main-developer-2"),
        "its branch is the moved one's"
    );
}
