//! What an agent may read, and that the hub does not judge itself.

use serde_json::Value;
use torch_testing::{SCRIPTED, World};

use super::{sent, team};

/// A second team in a clone of the project.
fn second_team(world: &World) {
    let other = world.folder().join("other");
    let mut git = world.command("git");
    git = git.args(["clone", "-q", "sample", &other.display().to_string()]);
    git.cwd = world.folder().to_owned();
    world.run(&git).ok();
    let scenario = world.folder().join("scenario.toml");
    let auto = format!(
        "auto --spec spec.md --agent demo --yes --roles orchestrator,developer --scenario {}",
        scenario.display()
    );
    let mut raise = world.command("torch").args(auto.split(' '));
    raise.cwd = other;
    world.run(&raise).ok();
}

/// What an agent asks about another team, and is not told.
const OF_OTHERS: [&str; 13] = [
    "msg list --team other",
    "msg stats --team other",
    "why developer --team other",
    "why other:developer",
    "logs other:developer",
    "schedule list --team other",
    "credit --team other",
    "violations --team other",
    "worktree list --team other",
    "plan show --team other",
    "status --team other",
    "context --team other",
    "brief developer --print --team other",
];

#[test]
fn an_agent_reads_its_own_messages_and_of_its_team_the_heads() {
    let world = World::new().with("TORCH_ROUTER_MODE", "strict");
    world.team("orchestrator,developer,tester", SCRIPTED);
    second_team(&world);
    let of_person = world.deliver("tester", "secret-of-the-person");
    let of_other = world.deliver("other:developer", "secret-of-others");
    let ran = world.run_as("tester", "scm orchestrator --json secret-of-the-tester");
    let of_tester = sent(&world, &ran).id;
    let ran = world.run_as("tester", "scm human --json secret-to-the-person");
    let to_person = sent(&world, &ran).id;

    let secrets = [
        (&of_person, "secret-of-the-person", ["tester"].as_slice()),
        (
            &of_tester,
            "secret-of-the-tester",
            &["tester", "orchestrator"],
        ),
        (&to_person, "secret-to-the-person", &["tester"]),
    ];
    for role in ["orchestrator", "developer", "tester"] {
        for (id, words, readers) in &secrets {
            let reads = readers.contains(&role);
            let show = world.run_as(role, &format!("torch msg show {id}")).ok();
            assert_eq!(show.stdout.contains(words), reads, "{show}");
            assert_eq!(show.stdout.contains("(not shown"), !reads, "{show}");
            for act in ["msg show --json", "msg trace", "msg trace --json"] {
                let ran = world.run_as(role, &format!("torch {act} {id}")).ok();
                assert!(reads || !ran.stdout.contains(words), "{ran}");
            }
        }
        let list = world.run_as(role, "torch msg list --json --limit 500").ok();
        for (_, words, readers) in &secrets {
            assert_eq!(
                list.stdout.contains(words),
                readers.contains(&role),
                "{list}"
            );
        }
        // Its team's heads, and nothing of the other one.
        for line in list.stdout.lines() {
            let row: Value = serde_json::from_str(line).expect("JSON");
            assert_eq!(row["team"], "sample", "{line}");
        }
        for act in ["show", "trace"] {
            let ran = world.run_as(role, &format!("torch msg {act} {of_other}"));
            ran.code(2).says("there is no message");
        }
        for act in OF_OTHERS {
            let ran = world.run_as(role, &format!("torch {act}"));
            ran.code(4).says("read.own-team");
        }
        for act in ["status", "context"] {
            let ran = world.run_as(role, &format!("torch {act} --json")).ok();
            assert!(ran.stdout.contains("\"sample\""), "{ran}");
            assert!(!ran.stdout.contains("\"other\""), "{ran}");
        }
    }
    world
        .run_as("developer", "torch logs tester")
        .code(4)
        .says("read.own-screen");
    world.run_as("orchestrator", "torch logs tester").ok();
    // A person reads all of it.
    for (id, words) in [
        (&of_person, "secret-of-the-person"),
        (&of_other, "secret-of-others"),
    ] {
        let show = world.torch(&["msg", "show", id]).ok();
        assert!(show.stdout.contains(words), "{show}");
    }
}

/// What reads the registry itself goes by the same rule, with a daemon and without.
#[test]
fn the_registry_is_read_by_an_agent_as_its_own_team_is() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    second_team(&world);
    let of_own = world.deliver("developer", "for the first team");
    let of_other = world.deliver("other:developer", "for the other team");
    let ran = world.run_as("developer", "printenv TORCH_AGENT").ok();
    let agent = ran.stdout.trim().to_owned();
    let as_agent = |args: &str| {
        let spec = world.command("torch").args(args.split(' '));
        world.run(&spec.env("TORCH_AGENT", &agent))
    };
    let replayed =
        |ran: &torch_testing::Ran| -> Value { serde_json::from_str(&ran.stdout).expect("JSON") };
    let days = std::fs::read_dir(world.home().join("logs/communications")).expect("the days");
    let days = days.filter_map(|day| day.ok()?.file_name().into_string().ok());
    let today = days.max().expect("a day");
    let all = replayed(&world.torch(&["compliance", "replay", &today, "--json"]));
    let own = replayed(&as_agent(&format!("compliance replay {today} --json")));
    let teams = |report: &Value| -> Vec<String> {
        let rows = report["teams"].as_array().expect("teams");
        let names = rows
            .iter()
            .map(|row| row["team"].as_str().unwrap_or("?").to_owned());
        names.collect()
    };
    assert_eq!(teams(&all), ["other", "sample"], "{all}");
    assert_eq!(teams(&own), ["sample"], "{own}");
    assert!(
        own["messages"].as_u64() < all["messages"].as_u64(),
        "{own} {all}"
    );
    as_agent("backup").code(4).says("privilege.person");
    world.torch(&["backup"]).ok();

    world.torch(&["daemon", "stop"]).ok();
    for act in [
        "status",
        "context",
        "msg list",
        "msg stats",
        "schedule list",
        "credit",
    ] {
        let ran = as_agent(&format!("{act} --json")).ok();
        assert!(!ran.stdout.contains("\"other\""), "{ran}");
        as_agent(&format!("{act} --team other"))
            .code(4)
            .says("read.own-team");
    }
    as_agent(&format!("msg show {of_own}"))
        .ok()
        .prints("for the first team");
    as_agent(&format!("msg show {of_other}"))
        .code(2)
        .says("there is no message");
    for act in [
        "brief developer --print --team other",
        "violations --team other",
        "plan show --team other",
    ] {
        as_agent(act).code(4).says("read.own-team");
    }
    for act in ["inbox", "gc --dry-run", "backup"] {
        as_agent(act).code(4).says("privilege.person");
    }
    // A person reads both.
    let ran = world.torch(&["status", "--json"]).ok();
    ran.prints("\"other\"").prints("\"sample\"");
}

#[test]
fn what_the_hub_broke_itself_needs_a_person() {
    let world = team();
    world.run_as("orchestrator", "scm all 'hear me'").code(4);
    let rows = world.torch(&["violations", "--open", "--json"]).ok().stdout;
    let row: Value = serde_json::from_str(rows.lines().next().expect("one")).expect("JSON");
    assert_eq!(row["role"], "orchestrator");
    let id = row["id"].as_str().expect("an id");
    world
        .run_as("orchestrator", &format!("torch violations resolve {id}"))
        .code(4)
        .says("settled by a person");
    world.torch(&["violations", "resolve", id]).ok();
}
