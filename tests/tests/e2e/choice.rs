//! Which team `torch auto` raises without being told: by what the project is.

use std::fs;

use torch_testing::World;

/// A project of Terraform.
fn infrastructure() -> World {
    let world = World::new();
    for file in ["main.tf", "variables.tf"] {
        fs::write(world.project().join(file), "# nothing\n").expect("a file");
    }
    world
}

const AUTO: [&str; 6] = ["auto", "--spec", "spec.md", "--agent", "demo", "--yes"];

fn roles(value: &serde_json::Value) -> Vec<&str> {
    let agents = value.as_array().expect("agents").iter();
    agents.filter_map(|agent| agent["role"].as_str()).collect()
}

#[test]
fn the_plan_says_type_signs_and_reasons_and_raises_nothing() {
    let world = infrastructure();
    let dry = [&AUTO[..], &["--dry-run"]].concat();
    let plan = world.torch(&dry).ok();
    for words in [
        "type     infrastructure_as_code (the highest score",
        "signs    Terraform (main.tf)",
        "takes    about 15 times the tokens of one session (plan max5)",
        "core of infrastructure_as_code",
    ] {
        assert!(plan.stdout.contains(words), "{words}: {plan}");
    }
    let json = world.torch(&[&dry[..], &["--json"]].concat()).ok().json();
    assert_eq!(
        roles(&json["agents"]),
        [
            "orchestrator",
            "project_manager",
            "devops",
            "sysadmin",
            "securityops"
        ]
    );
    assert_eq!(json["choice"]["team_type"], "infrastructure_as_code");
    let sized = [&dry[..], &["--json", "--plan", "pro"]].concat();
    let json = world.torch(&sized).ok().json();
    assert_eq!(
        roles(&json["agents"]),
        ["orchestrator", "project_manager", "devops"]
    );
}

#[test]
fn a_team_that_is_there_keeps_its_roles_when_the_project_changes() {
    let world = infrastructure();
    world.torch(&[&AUTO[..], &["--plan", "pro"]].concat()).ok();
    let there = || -> Vec<String> { world.agents().into_iter().map(|agent| agent.role).collect() };
    let before = there();
    assert_eq!(before, ["orchestrator", "project_manager", "devops"]);
    fs::write(world.project().join("manage.py"), "").expect("a file");
    let again = world.torch(&AUTO).ok();
    assert!(again.stdout.contains("is there already"), "{again}");
    assert_eq!(there(), before);
    // Flags are an order, which it does not have.
    let other = world
        .torch(&[&AUTO[..], &["--team-type", "web"]].concat())
        .code(2);
    assert!(
        other.stderr.contains("is there with other roles"),
        "{other}"
    );
    assert_eq!(there(), before);
}
