//! The plan of a team, as `torch auto --dry-run` shows it.

use torch_api::choice::{ChoiceView, ChosenRole};
use torch_api::view::{PlanView, PlannedAgent, WritesView};

use super::*;

#[test]
fn plan() {
    let agent = |role: &str, window| PlannedAgent {
        role: role.to_owned(),
        window,
        program: "claude".to_owned(),
        permission_mode: "acceptEdits".to_owned(),
        branch: format!("main-{role}"),
        worktree: PathBuf::from("/r/worktrees/hello").join(role),
    };
    let plan = PlanView {
        team: "hello".to_owned(),
        project: PathBuf::from("/p/hello"),
        spec: PathBuf::from("/p/hello/spec.md"),
        spec_items: 6,
        base_branch: "main".to_owned(),
        base_commit: "0123456789abcdef0123456789abcdef01234567".to_owned(),
        worktree_bytes: 59_000_000,
        caps: torch_api::view::CapsView {
            turns_per_hour: 120,
            restarts_per_hour: 0,
        },
        agents: vec![agent("orchestrator", 0), agent("developer", 1)],
        choice: None,
        writes: Vec::new(),
        exists: false,
    };
    assert_snapshot!(text(&crate::render::plan::plan(&plan, None)));
    // A worktree elsewhere and another program: both are said for each.
    let mut mixed = plan;
    mixed.agents[1].worktree = PathBuf::from("/elsewhere/developer");
    mixed.agents[1].program = "codex".to_owned();
    mixed.agents[1].permission_mode = "workspace-write".to_owned();
    mixed.exists = true;
    assert_snapshot!("plan_mixed", text(&crate::render::plan::plan(&mixed, None)));
    mixed.exists = false;
    mixed.choice = Some(Box::new(a_choice()));
    let writes = |role: &str, to: Option<&[&str]>| WritesView {
        role: role.to_owned(),
        to: to.map(|to| to.iter().map(ToString::to_string).collect()),
    };
    mixed.writes = vec![
        writes("orchestrator", None),
        writes("developer", Some(&["tester", "code_reviewer"])),
        writes("tester", Some(&["developer"])),
        writes("code_reviewer", Some(&[])),
    ];
    assert_snapshot!(
        "plan_chosen",
        text(&crate::render::plan::plan(&mixed, None))
    );
    let narrow = text(&crate::render::plan::plan(&mixed, Some(80)));
    assert!(crate::render::fit::fits(&narrow, Some(80)), "{narrow}");
    assert_snapshot!("plan_narrow", narrow);
}

fn a_choice() -> ChoiceView {
    let chosen = |role: &str, reason: &str| ChosenRole {
        role: role.to_owned(),
        reason: reason.to_owned(),
    };
    ChoiceView {
        team_type: "web_application".to_owned(),
        decided: "the highest score, by 10".to_owned(),
        score: Some(23),
        signs: vec!["Django's manage.py (manage.py)".to_owned()],
        project_size: "small".to_owned(),
        plan: "max5".to_owned(),
        token_multiplier: 15,
        roles: vec![
            chosen("orchestrator", "every team has one"),
            chosen("developer", "core of web_application"),
        ],
        left_out: vec![chosen(
            "devops",
            "the plan max5 has room for 5 agents; --add-roles devops has it join all the same (containers are built (Dockerfile))",
        )],
        matrix: None,
        notes: vec!["a note with \u{1b}[31m colour".to_owned()],
        asked: false,
    }
}

#[test]
fn a_team_without_a_branch_gets_one_and_says_so() {
    let mut team = a_team();
    let planned = |team: &TeamView, on: &str| text(&crate::render::plan::exists(team, on, &[]));
    let nothing = "torch auto would change nothing";
    assert!(planned(&team, "later").contains(nothing));
    team.base_branch = "HEAD".to_owned();
    assert!(planned(&team, "HEAD").contains(nothing));
    let would = "torch auto would have its work go into work from then on";
    assert!(planned(&team, "work").contains(would));
    team.base_branch = "work".to_owned();
    let before = Before::WithoutBranch;
    let said = text(&crate::render::team::raised(&team, before, &clock(), None));
    let first = "hello is there already; its work goes into work from now on";
    assert_eq!(said.lines().next(), Some(first));
}
