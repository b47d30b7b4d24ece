//! A team of five works a spec through the fast lane and integration to a green parent branch, and nobody helps: two roles change the
//! same line, one breaks the tests, and the daemon and an agent's program are killed while the tests run.
//!
//! What the agents do is in `unattended/scenario.toml`; the test raises the team, kills, and looks.

use std::fs;
use std::time::Duration;

use serde_json::Value;
use torch_testing::World;

use crate::bad_input::auto;
use crate::endurance::{named, next_daemon};
use crate::place::{branches, git, worktrees};
use crate::recovery::kill;

/// How long the whole of it may take on a busy machine; on a quiet one it takes less than half a minute.
const LONG: Duration = Duration::from_secs(300);

/// The team's parent branch.
const PARENT: &str = "feature/greet";

const ROLES: [&str; 5] = [
    "orchestrator",
    "project_manager",
    "developer",
    "tester",
    "testrunner",
];

/// What each of them made.
const WORK: [(&str, &str); 7] = [
    ("orchestrator", "docs/decisions.md"),
    ("project_manager", "project_management/report.md"),
    ("developer", "demo/item-1.md"),
    ("developer", "demo/item-2.md"),
    ("developer", "farewell.sh"),
    ("tester", "tests/demo-verification.md"),
    ("testrunner", "test-results/feature-greet-developer.md"),
];

const SPEC: &str = "# Greeter\n\n- greet by name\n- say goodbye\n";

/// The project's own tests.
const CHECK: &str = "set -eu\n[ \"$(sh greet.sh Ann)\" = \"Hello and hi, Ann\" ] || [ \"$(sh greet.sh Ann)\" = \"Hi, Ann\" ] \
    || [ \"$(sh greet.sh Ann)\" = \"Hello, Ann\" ]\n[ ! -e farewell.sh ] || [ \"$(sh farewell.sh)\" = Goodbye ]\n";

/// A suite that takes long: it says that it runs, and then goes on when it may, at most two minutes later.
const GATE: &str = "set -eu\ncd \"$(dirname \"$0\")\"\n: > running\ncount=0\nwhile [ ! -e go ]; do\n  count=$((count + 1))\n  \
    [ $count -lt 1200 ]\n  sleep 0.1\ndone\n";

/// A project on a feature branch, whose tests the person's own settings name.
fn world() -> World {
    let world = World::new();
    let project = world.project();
    fs::write(project.join("spec.md"), SPEC).expect("a spec");
    fs::write(project.join("check.sh"), CHECK).expect("the tests");
    fs::write(project.join("greet.sh"), "echo \"Hi, Ann\"\n").expect("code");
    git(&world, &project, &["add", "."]);
    git(&world, &project, &["commit", "-qm", "the beginning"]);
    git(&world, &project, &["switch", "-qc", PARENT]);
    let gate = world.folder().join("gate.sh");
    fs::write(&gate, GATE).expect("a script");
    let settings = world.folder().join("home/.config/torch");
    fs::create_dir_all(&settings).expect("a folder");
    let test = format!("sh '{}' && sh check.sh", gate.display());
    let text = format!("[integration]\nrun_tests = true\ntest = {test:?}\n");
    fs::write(settings.join("config.toml"), text).expect("the settings");
    world
}

/// All integrations, the oldest first.
fn integrations(world: &World) -> Vec<Value> {
    let listed = world.torch(&["integrate", "--list", "--json"]).ok().stdout;
    let row = |line: &str| {
        let mut row: Value = serde_json::from_str(line).expect("JSON");
        row["integration"].take()
    };
    listed.lines().rev().map(row).collect()
}

/// Kills the daemon and the developer's program in the middle of the first run of the tests; a wrapper starts the daemon again.
#[track_caller]
fn crash(world: &World) {
    let folder = world.folder();
    world.wait_for(LONG, "the tests to run", || {
        folder.join("running").exists().then_some(())
    });
    let before = named(&world.home()).expect("it runs");
    let developer = world.agent("developer").pid.expect("it runs");
    let processes = [before, developer].map(torch_process::facts::process);
    kill(&processes.map(|process| process.expect("it runs")));
    next_daemon(world, before);
    fs::write(folder.join("go"), "").expect("a file");
    world.wait_agent("developer", LONG, "started again", |agent| {
        agent.pid.is_some_and(|pid| pid != developer)
    });
}

/// Everything is in the parent branch, its tests are green, and nothing else was touched.
#[track_caller]
fn parent_is_green(world: &World, main: &str) {
    let project = world.project();
    let files = git(world, &project, &["ls-tree", "-r", "--name-only", PARENT]);
    for (role, file) in WORK {
        assert!(files.lines().any(|line| line == file), "{role}: {files}");
        assert!(project.join(file).exists(), "{file} is not checked out");
    }
    for role in ROLES {
        // Merges of the fast lane may be newer; no work is.
        let range = format!("{PARENT}..{PARENT}-{role}");
        let left = git(
            world,
            &project,
            &["log", "--no-merges", "--oneline", &range],
        );
        assert_eq!(left, "", "of {role}");
    }
    let checkout = world.folder().join("checkout");
    let clone = ["clone", "-q", "-b", PARENT];
    let from = [
        project.display().to_string(),
        checkout.display().to_string(),
    ];
    let clone = clone.iter().copied().chain(from.iter().map(String::as_str));
    git(world, world.folder(), &clone.collect::<Vec<_>>());
    let mut check = world.command("sh").args(["check.sh"]);
    check.cwd.clone_from(&checkout);
    world.run(&check).ok();
    let greeting = fs::read_to_string(checkout.join("greet.sh")).expect("code");
    assert_eq!(greeting, "echo \"Hello and hi, $1\"\n", "as it was solved");
    assert_eq!(git(world, &project, &["rev-parse", "main"]), main);
}

/// Nothing is half done.
#[track_caller]
fn is_whole(world: &World) {
    let project = world.project();
    git(world, &project, &["fsck", "--strict", "--no-dangling"]);
    let trees = worktrees(world, &project);
    assert_eq!(trees.len(), ROLES.len() + 1, "{trees:?}");
    for tree in &trees {
        let tree = std::path::Path::new(tree);
        assert_eq!(git(world, tree, &["status", "--porcelain"]), "", "{tree:?}");
        let state = git(world, tree, &["rev-parse", "--git-path", "MERGE_HEAD"]);
        assert!(!tree.join(&state).exists(), "{tree:?} is in a merge");
    }
    let left = branches(world, &project);
    let is_torchs = |name: &String| name.starts_with("integration/");
    assert!(!left.iter().any(is_torchs), "{left:?}");
    let pins = git(world, &project, &["for-each-ref", "refs/torch/merge"]);
    assert_eq!(pins, "");
}

/// The kinds and data of the journal's entries about an integration.
fn journal(world: &World, row: &Value) -> Vec<(String, Value)> {
    let rows = world.journal(row["id"].as_str().expect("an id"));
    rows.into_iter().map(|row| (row.kind, row.data)).collect()
}

#[test]
fn five_work_a_spec_to_a_green_parent_past_a_conflict_a_red_test_and_a_crash() {
    let world = world();
    let main = git(&world, &world.project(), &["rev-parse", "main"]);
    let scenario = world.folder().join("scenario.toml");
    fs::write(&scenario, include_str!("unattended/scenario.toml")).expect("a scenario");
    let scenario = scenario.display().to_string();
    let raise = auto(&["--spec=spec.md", "--scenario", &scenario]);
    world.torch(&raise).ok();
    let mut roles: Vec<_> = world.agents().into_iter().map(|agent| agent.role).collect();
    roles.sort_unstable();
    assert_eq!(
        roles,
        [
            "developer",
            "orchestrator",
            "project_manager",
            "tester",
            "testrunner"
        ]
    );
    crash(&world);
    let team = world.wait_for(LONG, "the end of the spec", || {
        let team = world.status()["teams"][0].clone();
        (team["phase"] == "finished").then_some(team)
    });
    assert_eq!(team["tasks"]["done"], team["tasks"]["total"], "{team}");
    world.torch(&["status"]).ok().prints("finished");

    parent_is_green(&world, &main);
    is_whole(&world);
    let rows = integrations(&world);
    let verified: Vec<&Value> = rows
        .iter()
        .filter(|row| row["outcome"]["outcome"] == "verified")
        .collect();
    assert!(verified.len() >= 2, "{rows:#?}");
    let last = verified.last().expect("one");
    let tags = git(&world, &world.project(), &["tag", "--points-at", PARENT]);
    assert_eq!(last["tag"], tags.as_str(), "{last:#}");
    assert!(rows.iter().all(|row| row["by"] == "project_manager"));

    // The conflict went to the developer, by name.
    let first = journal(&world, &rows[0]);
    let conflicts: Vec<&Value> = of(&first, "integration.conflict");
    assert_eq!(conflicts.len(), 1, "{first:#?}");
    assert_eq!(conflicts[0]["file"], "greet.sh");
    assert_eq!(conflicts[0]["owner"], "developer");
    // The red run, and whose branch it was: nobody else is blamed for it.
    let tests = of(&first, "integration.tests");
    let red = |data: &&Value| {
        data["said"]
            .as_str()
            .is_some_and(|said| said.contains(" failed on "))
    };
    assert!(tests.iter().any(red), "{first:#?}");
    let out = of(&first, "integration.left_out");
    let broke: Vec<_> = out
        .iter()
        .filter(|data| data["why"] == "the tests fail with it")
        .map(|data| &data["role"])
        .collect();
    assert_eq!(broke, ["developer"], "{first:#?}");
    // The fast lane met the conflict too, and brought commits on.
    let day = fs::read_dir(world.home().join("logs/fast-lane")).expect("the day files");
    let lane: String = day
        .flatten()
        .filter_map(|day| fs::read_to_string(day.path().join("lane.jsonl")).ok())
        .collect();
    assert!(lane.contains("\"event\":\"lane.merged\""), "{lane}");
    assert!(lane.contains("\"event\":\"lane.conflict\""), "{lane}");
    assert_eq!(world.journal_of("developer", "agent.launch").len(), 2);

    // Nobody was asked, nobody broke a rule, and what was written down is what happened.
    let open = world.torch(&["pending", "--json"]).ok();
    assert!(!open.stdout.contains("\"id\""), "{open}");
    let violations = world.torch(&["violations", "--json"]).ok();
    assert_eq!(violations.stdout, "", "{violations}");
    world.torch(&["stop"]).ok();
    world.torch(&["audit", "verify"]).ok();
}

/// The data of one kind of entry.
fn of<'a>(entries: &'a [(String, Value)], kind: &str) -> Vec<&'a Value> {
    let found = entries.iter().filter(|(of, _)| of == kind);
    found.map(|(_, data)| data).collect()
}
