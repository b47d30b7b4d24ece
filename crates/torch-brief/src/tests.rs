//! Every briefing that torch can send, and files that are no role.

mod bad;
mod every;
mod plan;

use torch_core::config::{Config, Layers, layer};
use torch_core::policy::Profile;

use torch_core::RouterMode;

use crate::{DEFAULT_TEAM, Facts, Member, Roles, Tier};

/// Teams that people raise: the default, those of four types of project, and everybody.
const TEAMS: [(&str, &[&str]); 6] = [
    ("default", DEFAULT_TEAM),
    (
        "web_application",
        &[
            "orchestrator",
            "project_manager",
            "developer",
            "tester",
            "testrunner",
            "devops",
            "researcher",
            "documentation_writer",
        ],
    ),
    (
        "system_deployment",
        &[
            "orchestrator",
            "project_manager",
            "sysadmin",
            "devops",
            "securityops",
            "networkops",
            "monitoringops",
            "databaseops",
        ],
    ),
    (
        "data_pipeline",
        &[
            "orchestrator",
            "project_manager",
            "developer",
            "databaseops",
            "devops",
            "monitoringops",
            "researcher",
        ],
    ),
    (
        "infrastructure_as_code",
        &[
            "orchestrator",
            "project_manager",
            "devops",
            "sysadmin",
            "securityops",
            "networkops",
            "monitoringops",
        ],
    ),
    (
        "everybody",
        &[
            "orchestrator",
            "project_manager",
            "developer",
            "tester",
            "testrunner",
            "researcher",
            "logtracker",
            "devops",
            "code_reviewer",
            "documentation_writer",
            "sysadmin",
            "securityops",
            "networkops",
            "monitoringops",
            "databaseops",
        ],
    ),
];

fn roles() -> Roles {
    Roles::built_in().expect("the shipped roles")
}

/// A team of these, in which `role` is briefed under a profile's settings.
fn facts(roles: &Roles, team: &[&str], role: &str, profile: Profile) -> Facts {
    let text = format!("policy = \"{}\"", profile.as_str());
    let layers = Layers {
        user: Some(("config.toml", &text)),
        project: None,
    };
    let (config, _) = layer(&Config::default(), layers, |_| None).expect("a profile");
    let member = |name: &&str| Member {
        role: (*name).to_owned(),
        summary: roles.get(name).expect("a role").summary.clone(),
        program: "claude".to_owned(),
        branch: Some(format!("main-{name}")),
    };
    Facts {
        team: "app".to_owned(),
        project: "/home/ann/app".to_owned(),
        spec: "/home/ann/app/spec.md".to_owned(),
        worktree: format!("/home/ann/torch/projects/app/worktrees/{role}"),
        branch: Some(format!("main-{role}")),
        base_branch: "main".to_owned(),
        members: team.iter().map(member).collect(),
        policy: config.team_policy(),
        router: config.router.mode,
        direct: match config.router.mode {
            RouterMode::Matrix => direct(roles, team, role),
            RouterMode::Strict | RouterMode::Open => Vec::new(),
        },
        exchanges: config.router.exchanges,
        blocked_minutes: config.router.blocked_seconds.div_ceil(60),
        ..Facts::default()
    }
}

/// The roles that a role may write to directly by the shipped matrix of such a team.
fn direct(roles: &Roles, team: &[&str], role: &str) -> Vec<String> {
    let operates = |name: &&str| {
        roles
            .get(name)
            .is_some_and(|role| role.tier == Tier::Sysops)
    };
    let text = match team.iter().any(operates) {
        true => include_str!("../../../templates/matrices/system_operations.toml"),
        false => include_str!("../../../templates/matrices/standard.toml"),
    };
    let matrix: toml::Table = text.parse().expect("a shipped matrix");
    let row = matrix["edges"].get(role).and_then(toml::Value::as_array);
    let names = row.into_iter().flatten().filter_map(toml::Value::as_str);
    let others = names.filter(|name| team.contains(name) && *name != "orchestrator");
    others.map(str::to_owned).collect()
}
