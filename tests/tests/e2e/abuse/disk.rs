//! No room for a worktree.

use torch_testing::{Ran, World};

use crate::roster::follow_hint;

/// Runs a line as root of a mount namespace of its own, where the machine allows that.
fn apart(world: &World, line: &str) -> Ran {
    world.run(&world.command("unshare").args(["-m", "sh", "-ec", line]))
}

#[test]
fn a_full_disk_is_told_and_costs_nothing() {
    let world = World::new();
    let folder = world.home().join("projects/sample/worktrees");
    let mount = format!(
        "mkdir -p -m 700 '{home}'; mkdir -p '{folder}'; mount -t tmpfs -o size=3m none '{folder}'",
        home = world.home().display(),
        folder = folder.display()
    );
    if apart(&world, &mount).code != 0 {
        // Only root may have a small disk.
        return;
    }
    let big = "head -c 2000000 /dev/urandom > big && git add big && git commit -q -m big";
    world.run(&world.command("sh").args(["-c", big])).ok();
    let auto = "torch auto --spec spec.md --agent demo --yes --roles orchestrator";
    apart(&world, &format!("{mount}; exec {auto}")).ok();
    let full = world.torch(&["agent", "add", "developer"]).code(1);
    assert!(full.stderr.contains("unable to write file big"), "{full}");
    let developer = world.agent("developer");
    assert_eq!(
        (developer.state.as_str(), &developer.pane),
        ("failed", &None)
    );
    world.deliver("orchestrator", "the others go on");
    follow_hint(&world, &full).prints("unable to write file");
    let branches = world
        .run(
            &world
                .command("git")
                .args(["branch", "--list", "main-developer*"]),
        )
        .ok();
    assert_eq!(branches.stdout, "", "no branch is left of it");

    // With room it works; no second branch is made.
    let daemon = world.status()["daemon"]["pid"].to_string();
    let grow = [
        "-t",
        &daemon,
        "-m",
        "mount",
        "-o",
        "remount,size=30m",
        &folder.display().to_string(),
    ]
    .map(str::to_owned);
    world.run(&world.command("nsenter").args(grow)).ok();
    let there = world
        .torch(&["agent", "add", "developer"])
        .code(1)
        .says("in the team already");
    follow_hint(&world, &there).prints("is up and briefed, on branch main-developer\n");
}
