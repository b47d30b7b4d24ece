//! The projects of `projects.toml`: each is taken for its type and gets its team.

use serde::Deserialize;

use super::{catalog, detect};
use crate::{Choice, Detection, Plan, Wishes, choose};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default)]
    files: String,
    /// So many files `src/fN.ts` beside them.
    #[serde(default)]
    sources: usize,
    /// The plan of the account; console without one.
    plan: Option<String>,
    size: Option<String>,
    #[serde(default)]
    spec: String,
    #[serde(rename = "type")]
    template: String,
    #[serde(default = "five")]
    roles: String,
    said: String,
}

fn five() -> String {
    "developer tester testrunner".to_owned()
}

/// Everything that is said about a project and its team.
fn lines(detection: &Detection, choice: &Choice) -> Vec<String> {
    let mut said = vec![detection.decision.words()];
    said.extend(detection.notes.iter().cloned());
    for sign in detection.chosen().map_or(&[][..], |chosen| &chosen.signs) {
        said.push(format!("{}: {}", sign.name, sign.seen.places.join(", ")));
    }
    let members = choice.members.iter();
    said.extend(choice.notes.iter().cloned());
    said.extend(members.map(|member| format!("{}: {}", member.role, member.reason.words())));
    said
}

fn sorted(roles: &str) -> Vec<&str> {
    let mut roles: Vec<&str> = roles.split_whitespace().collect();
    roles.sort_unstable();
    roles
}

/// What is wrong with a case.
fn fault(case: &Case) -> Option<String> {
    let sources = (0..case.sources).map(|n| format!("\nsrc/f{n}.ts"));
    let files = case.files.clone() + &sources.collect::<String>();
    let detection = detect(&files, &case.spec);
    let plan = case
        .plan
        .as_deref()
        .map(|plan| plan.parse().expect("a plan"));
    let size = case
        .size
        .as_deref()
        .map(|size| size.parse().expect("a size"));
    let wishes = Wishes {
        plan: Some(plan.unwrap_or(Plan::Console)),
        size,
        ..Wishes::default()
    };
    let choice = choose(&detection, catalog(), &wishes).expect("a team");
    let roles: Vec<&str> = choice.roles().map(|role| role.as_str()).skip(2).collect();
    let roles = roles.join(" ");
    let said = lines(&detection, &choice);
    let right = detection.template == case.template
        && sorted(&roles) == sorted(&case.roles)
        && said.iter().any(|line| line.contains(&case.said));
    let scores = detection
        .types
        .iter()
        .map(|it| format!("{} {}", it.name, it.score));
    let scores: Vec<String> = scores.collect();
    (!right).then(|| {
        format!(
            "{}: expected {} with {} and {:?},\n  found {} with {roles}\n  scores {}\n  said {said:#?}",
            case.name, case.template, case.roles, case.said, detection.template, scores.join(", ")
        )
    })
}

#[test]
fn each_project_gets_its_team() {
    let table: Table = toml::from_str(include_str!("projects.toml")).expect("a table");
    assert!(table.case.len() >= 60, "{}", table.case.len());
    let wrong: Vec<String> = table.case.iter().filter_map(fault).collect();
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ordinary {
    case: Vec<OrdinaryCase>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OrdinaryCase {
    name: String,
    #[serde(default)]
    files: String,
    #[serde(default)]
    spec: String,
    /// What is right, with `|` between.
    #[serde(rename = "type")]
    templates: String,
    /// Roles that are in the team on the default plan.
    has: String,
}

/// What is wrong with an ordinary project's team.
fn ordinary_fault(case: &OrdinaryCase) -> Option<String> {
    let detection = detect(&case.files, &case.spec);
    let choice = choose(&detection, catalog(), &Wishes::default()).expect("a team");
    let roles: Vec<&str> = choice.roles().map(|role| role.as_str()).collect();
    let right = case.templates.split('|').any(|it| it == detection.template)
        && case
            .has
            .split_whitespace()
            .all(|role| roles.contains(&role));
    let scores: Vec<String> = detection
        .types
        .iter()
        .map(|it| format!("{} {}", it.name, it.score))
        .collect();
    (!right).then(|| {
        format!(
            "{}: expected {} with {}, found {} ({}) with {}; {}",
            case.name,
            case.templates,
            case.has,
            detection.template,
            detection.decision.words(),
            roles.join(" "),
            scores.join(", ")
        )
    })
}

#[test]
fn ordinary_projects_get_what_a_senior_engineer_would_choose() {
    let table: Ordinary = toml::from_str(include_str!("ordinary.toml")).expect("a table");
    assert!(table.case.len() >= 180, "{}", table.case.len());
    let wrong: Vec<String> = table.case.iter().filter_map(ordinary_fault).collect();
    assert!(
        wrong.is_empty(),
        "{} of {} wrong:\n{}",
        wrong.len(),
        table.case.len(),
        wrong.join("\n")
    );
}
