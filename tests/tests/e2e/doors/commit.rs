//! `torch commit`: the daemon commits what an agent has changed.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use torch_testing::{SCRIPTED, World};

use crate::place::git;

fn team() -> World {
    let world = World::new();
    world.team("orchestrator,developer,tester", SCRIPTED);
    world
}

/// The newest commit of a role's worktree: author, committer, subject.
fn last(world: &World, role: &str) -> String {
    let worktree = world.agent(role).worktree;
    git(world, &worktree, &["log", "-1", "--format=%an|%ae|%cn|%s"])
}

#[test]
fn an_agent_commits_its_own_work() {
    let world = team();
    let hook = world.project().join(".git/hooks/pre-commit");
    fs::create_dir_all(hook.parent().expect("a folder")).expect("made");
    fs::write(
        &hook,
        "#!/bin/sh\ntest ! -e bad || { echo not that; exit 1; }\n",
    )
    .expect("written");
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).expect("executable");
    let ran = world.run_as(
        "developer",
        "mkdir -p src/deep && echo one > src/deep/new && cd src && torch commit --json -m 'add a file' -m 'and say why' deep",
    );
    let view = ran.ok().json();
    assert_eq!(
        (&view["files"], &view["insertions"]),
        (&1.into(), &1.into())
    );
    assert_eq!(view["branch"], "main-developer");
    let name = view["worktree"].as_str().expect("a path").to_owned();
    assert_eq!(
        name,
        world.agent("developer").worktree.display().to_string()
    );
    let who = last(&world, "developer");
    assert!(
        who.starts_with("developer (torch)|developer@sample.torch.invalid|"),
        "{who}"
    );
    assert!(who.ends_with("|add a file"), "{who}");
    // Nothing new: the same message names the same commit, another one is refused.
    let again = world
        .run_as("developer", "torch commit -m 'add a file' -m 'and say why'")
        .ok();
    assert!(again.stdout.contains("made before"), "{again}");
    world
        .run_as("developer", "torch commit -m other")
        .code(1)
        .says("nothing to commit");
    world
        .run_as("developer", "torch commit -m ' '")
        .code(2)
        .says("no message");
    // The project's hooks hold for agents as well.
    world
        .run_as("developer", "echo x > bad; torch commit -m bad")
        .code(1)
        .says("not that");
    assert!(last(&world, "developer").ends_with("|add a file"));
    let noted = world.journal_of("developer", "commit.made");
    assert_eq!(noted.len(), 1, "{noted:?}");
    assert_eq!(noted[0].data["id"], view["id"]);
    assert_eq!(noted[0].cause, "request commit by developer");
    assert_eq!(world.journal_of("developer", "commit.failed").len(), 2);
}

#[test]
fn nobody_commits_for_another_agent() {
    let world = team();
    let worktree = world.agent("tester").worktree;
    fs::write(worktree.join("new"), "x\n").expect("written");
    for role in ["developer", "orchestrator"] {
        world
            .run_as(role, "torch commit --role tester -m mine")
            .code(4)
            .says("commit.own-only");
    }
    assert!(
        last(&world, "tester").ends_with("|first commit")
            || !last(&world, "tester").contains("mine")
    );
    // A person does, by the role or from within.
    world
        .torch(&["commit", "-m", "x"])
        .code(2)
        .says("Hint: torch commit --role");
    let ran = world
        .torch(&["commit", "--role", "tester", "-m", "for the tester"])
        .ok();
    assert!(
        ran.stdout
            .contains("for the tester (main-tester: 1 file, +1 -0)"),
        "{ran}"
    );
    fs::write(worktree.join("more"), "x\n").expect("written");
    let within = "torch commit -m 'from within'";
    let mut inside = world.command("setsid").args(["-w", "sh", "-c", within]);
    inside.cwd.clone_from(&worktree);
    // Nobody can tell such a process from one that an agent has left there.
    world.run(&inside).code(4).says("commit.unknown");
    let mut inside = world.command("script").args(["-qec", within, "/dev/null"]);
    inside.cwd = worktree;
    world.run(&inside).ok();
    assert!(last(&world, "tester").starts_with("tester (torch)|"));
}

#[test]
fn work_that_is_not_ready_stays_uncommitted() {
    let world = team();
    let ran = world.run_as(
        "developer",
        "printf '<<<<<<< a\\n=======\\n>>>>>>> b\\n' > conflict; torch commit -m x",
    );
    ran.code(1).says("conflicts are left in conflict");
    let ran = world.run_as(
        "developer",
        "rm conflict; git checkout -q -b own; echo x > new; torch commit -m x",
    );
    let ran = ran.code(2).says("has the branch own checked out");
    assert!(ran.stderr.contains("switch main-developer"), "{ran}");
    world
        .run_as(
            "developer",
            "git checkout -q main-developer; torch commit -m x /etc/hosts",
        )
        .code(2)
        .says("outside of the agent's worktree");
    world.run_as("developer", "torch commit -m x").ok();
}

#[test]
fn a_commit_whose_answer_was_lost_is_made_once() {
    let world = team();
    world.torch(&["daemon", "stop"]).ok();
    let crash = world.command("torch").args(["daemon", "start"]);
    world.run(&crash.env("TORCH_TEST_CRASH", "did-commit")).ok();
    let worktree = world.agent("developer").worktree;
    fs::write(worktree.join("new"), "x\n").expect("written");
    let args = ["commit", "--role", "developer", "-m", "once"];
    world.torch(&args).code(75).says("it is made once");
    let before = last(&world, "developer");
    assert!(before.ends_with("|once"), "{before}");
    let again = world.torch(&args).ok();
    assert!(again.stdout.contains("made before"), "{again}");
    let count = git(&world, &worktree, &["rev-list", "--count", "main..HEAD"]);
    assert_eq!(count, "1");
    assert_eq!(world.journal_of("developer", "commit.repeated").len(), 1);
}
