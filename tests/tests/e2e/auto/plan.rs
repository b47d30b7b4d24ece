//! `--dry-run`: the plan, and nothing else.

use torch_testing::{SCRIPTED, World};

use crate::bad_input::{Untouched, auto};
use crate::place::git;

#[test]
fn a_plan_is_shown_and_nothing_is_made() {
    let world = World::new();
    let before = Untouched::now(&world);
    let shown = world.torch(&auto(&["--spec=spec.md", "--dry-run"])).ok();
    for word in [
        "sample would be raised",
        "3 tasks",
        "main at",
        "orchestrator",
        "main-developer",
        "permissions:",
    ] {
        assert!(shown.stdout.contains(word), "no `{word}` in {shown}");
    }
    before.still(&world);
    // Without --yes too: there is nothing to agree to.
    world
        .torch(&["auto", "--spec=spec.md", "--agent=demo", "--dry-run"])
        .ok();

    let plan = world
        .torch(&auto(&[
            "--spec=spec.md",
            "--dry-run",
            "--json",
            "--roles=tester,developer",
        ]))
        .ok()
        .json();
    let head = git(&world, &world.project(), &["rev-parse", "HEAD"]);
    assert_eq!(plan["response"], "planned");
    for (key, value) in [
        ("team", "sample"),
        ("base_branch", "main"),
        ("base_commit", &head),
    ] {
        assert_eq!(plan[key], value, "{key}");
    }
    assert_eq!(
        (&plan["spec_items"], &plan["exists"]),
        (&3.into(), &false.into())
    );
    assert!(
        plan["worktree_bytes"]
            .as_u64()
            .is_some_and(|bytes| bytes > 50),
        "{plan}"
    );
    let agents = plan["agents"].as_array().expect("agents");
    let windows: Vec<_> = agents
        .iter()
        .map(|agent| {
            (
                agent["role"].as_str().unwrap_or_default(),
                agent["window"].as_u64(),
            )
        })
        .collect();
    assert_eq!(
        windows,
        [
            ("orchestrator", Some(0)),
            ("tester", Some(1)),
            ("developer", Some(2))
        ]
    );
    let tree = world.home().join("projects/sample/worktrees/developer");
    assert_eq!(agents[2]["worktree"].as_str(), tree.to_str());
    assert_eq!(agents[2]["branch"], "main-developer");
    before.still(&world);
}

#[test]
fn the_plan_of_a_team_that_is_there_names_it() {
    let world = World::new();
    world.team("orchestrator", SCRIPTED);
    let plan = world
        .torch(&auto(&["--spec=spec.md", "--dry-run", "--json"]))
        .ok()
        .json();
    assert_eq!(
        (&plan["team"], &plan["exists"]),
        (&"sample".into(), &true.into())
    );
    world
        .torch(&auto(&["--spec=spec.md", "--dry-run"]))
        .ok()
        .prints("is there already");
    assert_eq!(world.agents().len(), 1);
}

#[test]
fn nobody_to_ask_means_no() {
    let world = World::new();
    let before = Untouched::now(&world);
    let ran = world
        .torch(&["auto", "--spec=spec.md", "--agent=demo"])
        .code(2);
    let hint = crate::bad_input::explained(&world, &ran, "nobody can be asked");
    assert_eq!(hint, "torch auto --spec=spec.md --agent=demo --yes");
    before.still(&world);
    // A person says no.
    let terminal = world.terminal("torch auto --spec=spec.md --agent=demo");
    terminal.shows("Start?");
    terminal.keys(&["n", "Enter"]);
    assert_eq!(terminal.ended(torch_testing::DEADLINE), 1);
    terminal.close();
    before.still(&world);
}
