//! `torch auto` where a team is, or was.

use std::fs;
use std::path::PathBuf;

use torch_testing::{SCRIPTED, World};

use crate::bad_input::auto;
use crate::place::{Place, branches, git, repository, worktrees};
use crate::snapshot::Tree;

#[test]
fn a_second_time_changes_nothing() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    let look = |world: &World| {
        let panes = world
            .tmux(&[
                "list-panes",
                "-a",
                "-F",
                "#{pane_id} #{pane_pid} #{window_name}",
            ])
            .ok()
            .stdout;
        (
            world.agents(),
            panes,
            Tree::of(&world.project()),
            world.ledger("developer"),
        )
    };
    let before = look(&world);
    let ran = world.torch(&auto(&["--spec=spec.md"])).ok();
    for word in [
        "sample is there already; nothing was changed",
        "attach",
        "torch status",
        "torch stop --team sample",
        "developer",
    ] {
        assert!(ran.stdout.contains(word), "no `{word}` in {ran}");
    }
    // What it can't be made into is said, not passed over.
    world
        .torch(&auto(&["--spec=spec.md", "--roles=tester"]))
        .code(2)
        .says("other roles");
    fs::write(world.project().join("other.md"), "- something else\n").expect("a file");
    world
        .torch(&auto(&["--spec=other.md"]))
        .code(2)
        .says("another spec");
    fs::remove_file(world.project().join("other.md")).expect("the file");
    // From a subfolder it is the same project. Who works in an agent's worktree without a terminal is no person.
    let sub = world.project().join("sub");
    fs::create_dir(&sub).expect("a folder");
    let again = |folder: PathBuf| {
        let place = Place::new(&world, folder, world.home());
        let spec = format!("--spec={}", world.project().join("spec.md").display());
        let ran = place.torch(&auto(&[&spec]));
        // Its drop must not end the world's team.
        std::mem::forget(place);
        ran
    };
    again(sub.clone()).ok().prints("is there already");
    again(world.agent("developer").worktree)
        .code(4)
        .says("identity.agents-worktree");
    fs::remove_dir(sub).expect("removed");
    assert_eq!(look(&world), before);
}

#[test]
fn after_a_stop_everything_goes_on() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    world.deliver("developer", "before");
    let (first, trees) = (
        world.agent("developer"),
        worktrees(&world, &world.project()),
    );
    fs::write(first.worktree.join("draft"), "half done\n").expect("a file");
    git(
        &world,
        &first.worktree,
        &["commit", "-q", "--allow-empty", "-m", "mine"],
    );
    let ran = world.torch(&["stop"]).ok();
    assert!(
        ran.stdout
            .contains("worktrees, branches and messages are kept"),
        "{ran}"
    );
    world.torch(&["stop"]).ok().prints("stopped already");
    assert_eq!(worktrees(&world, &world.project()), trees);
    let held = world.send("developer", "meanwhile");
    world.wait_message(&held, "deferred:no_agent");

    world.team("orchestrator,developer", SCRIPTED);
    world.wait_message(&held, "consumed");
    assert_eq!(world.received("developer"), ["before", "meanwhile"]);
    let briefings = |role: &str| {
        let ledger = world.ledger(role);
        ledger
            .iter()
            .filter(|entry| entry.text.contains("BRIEFING"))
            .count()
    };
    assert_eq!(
        (briefings("developer"), briefings("orchestrator")),
        (2, 2),
        "briefed again"
    );
    let second = world.agent("developer");
    assert_eq!(
        (&second.worktree, &second.branch),
        (&first.worktree, &first.branch)
    );
    assert_ne!(second.pid, first.pid);
    assert_eq!(
        fs::read_to_string(second.worktree.join("draft")).expect("kept"),
        "half done\n"
    );
    assert_eq!(
        git(&world, &second.worktree, &["log", "-1", "--format=%s"]),
        "mine"
    );
    assert_eq!(
        branches(&world, &world.project()),
        ["main", "main-developer", "main-orchestrator"]
    );
}

#[test]
fn stopped_and_raised_at_once_again_and_again() {
    let world = World::new();
    for _ in 0..6 {
        world.team("orchestrator,developer", SCRIPTED);
        world.torch(&["stop"]).ok();
    }
    world.team("orchestrator,developer", SCRIPTED);
    world.deliver("developer", "hello");
}

#[test]
fn two_projects_of_one_name() {
    let world = World::new();
    let other = world.folder().join("other/sample");
    repository(&world, &other);
    world.team("orchestrator,developer", SCRIPTED);
    let place = Place::new(&world, other.clone(), world.home());
    let scenario = format!(
        "--scenario={}",
        world.folder().join("scenario.toml").display()
    );
    place
        .torch(&auto(&[
            "--spec=spec.md",
            "--roles=orchestrator,developer",
            &scenario,
        ]))
        .ok();
    let status = world.status();
    let teams = status["teams"].as_array().expect("teams");
    let named = |project: &std::path::Path| {
        let found = teams
            .iter()
            .find(|team| team["project"].as_str() == project.to_str());
        found
            .and_then(|team| team["name"].as_str())
            .expect("its team")
            .to_owned()
    };
    assert_eq!(named(&world.project()), "sample");
    let name = named(&other);
    let hash = name.strip_prefix("sample-").expect("a suffix");
    assert!(
        hash.len() == 6 && hash.chars().all(|c| c.is_ascii_hexdigit()),
        "{name}"
    );

    // A bare role is the project's own; a name reaches the other; outside of both it must be said.
    let to = |ran: &torch_testing::Ran| {
        ran.clone().ok().json()["message"]["team"]
            .as_str()
            .map(str::to_owned)
    };
    assert_eq!(
        to(&world.scm(&["developer", "mine", "--json"])),
        Some("sample".to_owned())
    );
    assert_eq!(
        to(&place.scm(&["developer", "mine", "--json"])),
        Some(name.clone())
    );
    assert_eq!(
        to(&world.scm(&[&format!("{name}:developer"), "over", "--json"])),
        Some(name.clone())
    );
    let outside = Place::new(&world, world.folder().to_owned(), world.home());
    let ran = outside.scm(&["developer", "whose?"]).code(2);
    assert!(
        ran.stderr.contains("sample:developer") || ran.stderr.contains(&name),
        "{ran}"
    );
    outside.torch(&["stop"]).code(2);
    std::mem::forget(outside);
    place.torch(&["stop"]).ok();
    assert_eq!(world.status()["teams"].as_array().map(Vec::len), Some(2));
    world.deliver("sample:developer", "the other team goes on");
    std::mem::forget(place);
    world.torch(&["stop", "--team", "sample"]).ok();
}
