//! Three projects that differ get three teams that differ, each role with its reason, side by side; and none may write into
//! another.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use torch_testing::{Ran, SCRIPTED, World, make_repository};

use super::{judged_again, noted, passes, world};
use crate::place::git;

/// A file and its text.
type File = (&'static str, &'static str);

const SHOP: &[File] = &[
    ("backend/manage.py", "import os\n"),
    ("backend/requirements.txt", "Django==5.0\npsycopg==3.1\n"),
    ("backend/shop/urls.py", "urlpatterns = []\n"),
    (
        "frontend/package.json",
        "{\"name\":\"shop\",\"dependencies\":{\"react\":\"18.3.0\"}}\n",
    ),
    ("frontend/src/components/App.tsx", "export const App = 1;\n"),
    (
        "spec.md",
        "PROJECT: shop

An online shop: a Django REST API and a React front end, shipped as a Docker image.

REQUIREMENTS:
- list the products
- a cart that survives a reload
- order by invoice
",
    ),
];

const WORDS: &[File] = &[
    (
        "Cargo.toml",
        "[package]\nname = \"words\"\nversion = \"0.1.0\"\n\n[dependencies]\nclap = \"4\"\n",
    ),
    ("src/main.rs", "fn main() {}\n"),
    (
        "spec.md",
        "PROJECT: words

A command-line tool that counts words. No Docker, no database.

REQUIREMENTS:
- count the words of a file
- sort by number, then by word
",
    ),
];

const PLATFORM: &[File] = &[
    (
        "main.tf",
        "terraform {\n  required_version = \">= 1.6\"\n}\n",
    ),
    ("variables.tf", "variable \"region\" {}\n"),
    (
        "modules/network/main.tf",
        "resource \"aws_vpc\" \"main\" {}\n",
    ),
    (
        "spec.md",
        "PROJECT: platform

Terraform for two hosts behind a load balancer, watched with Prometheus, with an SLA of 99.9 %.

REQUIREMENTS:
- a network with a private and a public subnet
- two hosts, patched and hardened
- alerts when the balancer answers slowly
",
    ),
];

/// What a project's team is to be.
struct Wanted {
    name: &'static str,
    files: &'static [File],
    team_type: &'static str,
    /// Each role beside orchestrator and project manager, with a word of its reason.
    roles: &'static [(&'static str, &'static str)],
}

const ALL: [Wanted; 3] = [
    Wanted {
        name: "shop",
        files: SHOP,
        team_type: "web_application",
        roles: &[
            ("developer", "core of web_application"),
            ("tester", "core of web_application"),
            ("testrunner", "core of web_application"),
            ("devops", "\"docker\" in spec line 3"),
        ],
    },
    Wanted {
        name: "words",
        files: WORDS,
        team_type: "library_or_cli",
        roles: &[
            ("developer", "core of library_or_cli"),
            ("tester", "core of library_or_cli"),
            ("testrunner", "core of library_or_cli"),
        ],
    },
    Wanted {
        name: "platform",
        files: PLATFORM,
        team_type: "infrastructure_as_code",
        roles: &[
            ("devops", "core of infrastructure_as_code"),
            ("sysadmin", "core of infrastructure_as_code"),
            ("securityops", "core of infrastructure_as_code"),
            ("networkops", "\"load balancer\" in spec line 3"),
            ("monitoringops", "\"prometheus\" in spec line 3"),
        ],
    },
];

fn make(world: &World, wanted: &Wanted) -> PathBuf {
    let folder = world.folder().join(wanted.name);
    make_repository(&folder);
    for (name, text) in wanted.files {
        let file = folder.join(name);
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::write(file, text).expect("a file");
    }
    git(world, &folder, &["add", "."]);
    git(world, &folder, &["commit", "-qm", "project"]);
    folder
}

/// `torch auto`, told nothing but the spec and what plays the agents.
fn auto(world: &World, folder: &Path, more: &[&str]) -> Ran {
    let scenario = world.folder().join("scenario.toml");
    fs::write(&scenario, SCRIPTED).expect("a file");
    let scenario = scenario.display().to_string();
    let auto = ["auto", "--spec", "spec.md", "--agent", "demo"];
    let words = [&auto[..], &["--scenario", &scenario], more].concat();
    let mut spec = world.command("torch").args(words);
    spec.cwd = folder.to_owned();
    world.run(&spec)
}

/// The roles of a team that runs, in the order of their windows.
fn raised(world: &World, team: &str) -> Vec<String> {
    let status = world.status();
    let teams = status["teams"].as_array().expect("teams").iter();
    let team = teams.filter(|it| it["name"] == team);
    let agents = team.flat_map(|team| team["agents"].as_array().cloned().unwrap_or_default());
    let agents = agents.inspect(|agent: &Value| assert_eq!(agent["briefed"], true, "{agent}"));
    agents
        .filter_map(|agent| Some(agent["role"].as_str()?.to_owned()))
        .collect()
}

/// The line of a role in a table.
fn line<'r>(ran: &'r Ran, role: &str) -> &'r str {
    let mut lines = ran.stdout.lines();
    let found = lines.find(|line| line.split_whitespace().next() == Some(role));
    found.unwrap_or_else(|| panic!("no line of {role}: {ran}"))
}

#[test]
fn three_projects_get_three_teams_each_role_with_its_reason() {
    let world = world(&[]).with("TORCH_TEAM_PLAN", "max20");
    for wanted in &ALL {
        let folder = make(&world, wanted);
        let planned = auto(&world, &folder, &["--dry-run"]).ok();
        let done = auto(&world, &folder, &["--yes"]).ok();
        let central = "every team has one";
        let central = [("orchestrator", central), ("project_manager", central)];
        for ran in [&planned, &done] {
            let kind = line(ran, "type");
            assert!(kind.contains(wanted.team_type), "{kind}");
            for (role, why) in central.iter().chain(wanted.roles) {
                let line = line(ran, role);
                assert!(line.contains(why), "{why}: {line}");
            }
        }
        let there = raised(&world, wanted.name);
        let roles = central.iter().chain(wanted.roles);
        let roles: Vec<&str> = roles.map(|(role, _)| *role).collect();
        assert_eq!(there, roles, "{}", wanted.name);
    }
    no_team_writes_into_another(&world);
}

/// Agents are told apart by team and role.
fn no_team_writes_into_another(world: &World) {
    let border = world
        .run_as(
            "words:developer",
            "scm platform:sysadmin --json 'open port 80'",
        )
        .code(4);
    border.says("team.border");
    noted(world, "team.border", "developer", "sysadmin", "high");
    passes(
        world,
        ("words:orchestrator", "platform:orchestrator", "a question"),
        "edge.hub-hub",
    );
    // A team of systems has a matrix of its own.
    passes(
        world,
        ("platform:sysadmin", "securityops", "the accounts"),
        "edge.",
    );
    passes(
        world,
        ("platform:securityops", "devops", "a finding"),
        "mode.matrix",
    );
    judged_again(world);
}
