//! Several teams: `torch stop --all`, and who may do what in another's.

use torch_testing::{SCRIPTED, World};

#[test]
fn two_teams_are_stopped_at_once_and_stay_apart() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    let other = world.folder().join("other");
    let clone = ["clone", "-q", "sample", &other.display().to_string()].map(str::to_owned);
    let mut git = world.command("git").args(clone);
    git.cwd = world.folder().to_owned();
    world.run(&git).ok();
    let auto = format!(
        "auto --spec spec.md --agent demo --yes --roles orchestrator,developer --scenario {}",
        world.folder().join("scenario.toml").display()
    );
    let mut raise = world.command("torch").args(auto.split(' '));
    raise.cwd = other;
    world.run(&raise).ok();

    // A hub's privileges end with its team.
    world
        .torch(&["agent", "temp", "x", "look around", "--team", "other"])
        .ok();
    for line in [
        "temp spy 'look around' --team other",
        "end other:temp-x",
        "end temp-x --team other",
    ] {
        let ran = world.run_as("orchestrator", &format!("torch agent {line}"));
        ran.code(4).says("privilege.roster");
    }
    world.torch(&["agent", "end", "other:temp-x"]).ok();
    let roles = |world: &World| world.agents().len();
    assert_eq!(roles(&world), 5);
    world.torch(&["stop"]).ok().prints("team sample is stopped");
    world
        .torch(&["agent", "add", "tester", "--team", "other"])
        .ok();
    let stopped = world.torch(&["stop", "--all"]).ok();
    assert_eq!(stopped.stdout.lines().count(), 1, "{stopped}");
    assert!(
        stopped.stdout.contains("team other is stopped"),
        "{stopped}"
    );
    world
        .torch(&["stop", "--all"])
        .ok()
        .prints("no team is running");
    assert_eq!(world.torch(&["stop", "--all", "--json"]).ok().stdout, "");
    for team in ["sample", "other"] {
        world.torch(&["resume", "--team", team]).ok();
    }
    let stopped = world.torch(&["stop", "--all", "--json"]).ok();
    let done = stopped
        .stdout
        .lines()
        .filter(|line| line.contains("is stopped"));
    assert_eq!(done.count(), 2, "{stopped}");
    assert!(world.agents().iter().all(|agent| agent.state == "stopped"));
}
