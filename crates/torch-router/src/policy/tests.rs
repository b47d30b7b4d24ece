//! The edges, one by one and all of both matrices.

use super::*;
use torch_core::{AgentId, TeamId};

fn role(name: &str) -> RoleName {
    RoleName::parse(name).expect("a role")
}

fn agent(role: &str) -> Sender {
    let role = RoleName::parse(role).expect("a role");
    Sender::Agent {
        agent: AgentId::new(1, 1),
        team: TeamId::new(1, 1),
        role,
    }
}

fn check(from: &str, to: &str, mode: RouterMode, decision: Decision, rule: &str) {
    let to = RoleName::parse(to).expect("a role");
    let matrix = Matrix::from_edges("m", [(role("tester"), role("testrunner"))]);
    let team = TeamRules {
        mode,
        has_hub: true,
        matrix: &matrix,
        project: None,
        time: torch_core::project_rules::DayMinute::default(),
    };
    let verdict = judge(&agent(from), &Destination::Role(&to), team);
    assert_eq!(
        (verdict.decision, verdict.rule.as_str()),
        (decision, rule),
        "{from} → {to}"
    );
}

#[test]
fn hub_and_spoke_holds() {
    use Decision::{Deliver, Refuse, Reroute};
    use RouterMode::{Matrix, Open, Strict};
    check("developer", "orchestrator", Strict, Deliver, "edge.hub");
    check("orchestrator", "tester", Strict, Deliver, "edge.hub");
    check("tester", "pm", Strict, Deliver, "edge.project-manager");
    check("developer", "tester", Strict, Reroute, "mode.strict");
    check("developer", "tester", Open, Deliver, "mode.open");
    check("tester", "testrunner", Strict, Reroute, "mode.strict");
    check("tester", "testrunner", Matrix, Deliver, "edge.matrix");
    check("testrunner", "tester", Matrix, Reroute, "mode.matrix");
    check("developer", "developer", Open, Refuse, "edge.self");
}

#[test]
fn strangers_reach_the_hub_only() {
    let matrix = Matrix::default();
    let team = TeamRules {
        mode: RouterMode::Open,
        has_hub: true,
        matrix: &matrix,
        project: None,
        time: torch_core::project_rules::DayMinute::default(),
    };
    let (hub, tester) = (
        RoleName::parse("hub").expect("a role"),
        RoleName::parse("qa").expect("a role"),
    );
    assert_eq!(
        judge(&Sender::Unknown, &Destination::Role(&hub), team).decision,
        Decision::Deliver
    );
    assert_eq!(
        judge(&Sender::Unknown, &Destination::Role(&tester), team).decision,
        Decision::Refuse
    );
    assert_eq!(
        judge(&Sender::Unknown, &Destination::Human, team).decision,
        Decision::Refuse
    );
    assert_eq!(
        judge(&agent("tester"), &Destination::OtherTeam(&tester), team).decision,
        Decision::Refuse
    );
    assert_eq!(
        judge(&agent("hub"), &Destination::OtherTeam(&hub), team).decision,
        Decision::Deliver
    );
}

#[test]
fn privileges_follow_the_caller() {
    assert!(permits(&agent("tester"), Privilege::Person).is_err());
    assert!(permits(&agent("tester"), Privilege::Agent).is_ok());
    assert!(permits(&Sender::Human, Privilege::Agent).is_err());
    assert!(permits(&Sender::Unknown, Privilege::Person).is_err());
}

const ROLES: [&str; 15] = [
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
];

/// The shipped matrices.
pub(crate) fn shipped() -> [Matrix; 2] {
    [
        include_str!("../../../../templates/matrices/standard.toml"),
        include_str!("../../../../templates/matrices/system_operations.toml"),
    ]
    .map(|text| Matrix::parse(text).expect("valid"))
}

/// One line per sender: what becomes of its message to each of the fifteen roles.
fn table(team: TeamRules<'_>) -> String {
    let mut out = String::new();
    for from in ROLES {
        let line: Vec<String> = ROLES
            .iter()
            .map(|to| {
                let to = role(to);
                let verdict = judge(&agent(from), &Destination::Role(&to), team);
                let sign = match verdict.decision {
                    Decision::Deliver => "deliver",
                    Decision::Reroute => "to-hub",
                    Decision::Refuse => "refuse",
                    Decision::Record => "record",
                };
                format!("{sign}:{}", verdict.rule)
            })
            .collect();
        out.push_str(&format!("{from:<21}{}\n", line.join(" ")));
    }
    out
}

#[test]
fn every_pair_of_roles_in_every_mode() {
    let mut out = format!("to: {}\n", ROLES.join(" "));
    for matrix in &shipped() {
        for mode in [RouterMode::Strict, RouterMode::Matrix, RouterMode::Open] {
            for has_hub in [true, false] {
                let team = TeamRules {
                    mode,
                    has_hub,
                    matrix,
                    project: None,
                    time: torch_core::project_rules::DayMinute::default(),
                };
                let hub = if has_hub { "with" } else { "without" };
                let name = matrix.name();
                let mode = mode.as_str();
                out.push_str(&format!(
                    "\n== {name}, {mode}, {hub} a hub\n{}",
                    table(team)
                ));
            }
        }
    }
    insta::assert_snapshot!(out);
}

#[test]
fn every_edge_of_both_matrices_is_let_pass_and_no_other() {
    let roles = ROLES.map(role);
    for matrix in &shipped() {
        let team = TeamRules {
            mode: RouterMode::Matrix,
            has_hub: true,
            matrix,
            project: None,
            time: torch_core::project_rules::DayMinute::default(),
        };
        let edges: Vec<_> = matrix.edges(&roles).collect();
        for from in &roles {
            for to in roles.iter().filter(|to| *to != from) {
                let central = [from, to]
                    .iter()
                    .any(|role| role.is_hub() || role.is_sub_hub());
                let passes = central || edges.contains(&(from, to));
                let verdict = judge(&agent(from.as_str()), &Destination::Role(to), team);
                let expect = if passes {
                    Decision::Deliver
                } else {
                    Decision::Reroute
                };
                assert_eq!(verdict.decision, expect, "{}: {from} → {to}", matrix.name());
            }
        }
    }
}
