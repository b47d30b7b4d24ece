//! What flags make of a team.

use torch_core::RoleName;

use super::{catalog, detect};
use crate::{Choice, ChoiceError, Plan, Size, Wishes, choose};

const WEB: &str =
    "package.json: {\"dependencies\": {\"react\": \"18\"}}\nDockerfile\ncompliance/a.md";

fn roles(text: &str) -> Vec<RoleName> {
    text.split_whitespace()
        .map(|role| RoleName::parse(role).expect("a role"))
        .collect()
}

fn team(files: &str, wishes: &Wishes) -> Choice {
    let catalog = catalog();
    choose(&detect(files, ""), catalog, wishes).expect("a team")
}

/// The roles, each by its first letters.
fn names(choice: &Choice) -> String {
    choice
        .roles()
        .map(RoleName::as_str)
        .collect::<Vec<_>>()
        .join(" ")
}

fn out(choice: &Choice, role: &str) -> String {
    let found = choice.left_out.iter().find(|it| it.role.as_str() == role);
    found.map_or_else(|| "not left out".to_owned(), |it| it.why.clone())
}

#[test]
fn the_default_plan_has_room_for_five() {
    let choice = team(WEB, &Wishes::default());
    assert_eq!(
        names(&choice),
        "orchestrator project_manager developer tester testrunner"
    );
    assert_eq!(
        out(&choice, "devops"),
        "the plan max5 has room for 5 agents; --add-roles devops has it join all the same"
    );
    assert_eq!(
        out(&choice, "securityops"),
        "the plan max5 has room for 5 agents; --add-roles securityops has it join all the same"
    );
    assert_eq!(choice.estimate.token_multiplier, 15);
    assert!(!choice.asked);
    assert!(
        choice.notes.is_empty(),
        "what torch chose: {:?}",
        choice.notes
    );
}

#[test]
fn plans_trim_optional_roles_then_the_runner_then_the_tester() {
    for (plan, expected) in [
        (Plan::Pro, "orchestrator project_manager developer"),
        (
            Plan::Max5,
            "orchestrator project_manager developer tester testrunner",
        ),
        (
            Plan::Max20,
            "orchestrator project_manager developer tester testrunner devops sysadmin securityops",
        ),
    ] {
        let choice = team(
            WEB,
            &Wishes {
                plan: Some(plan),
                ..Wishes::default()
            },
        );
        let mut found: Vec<&str> = choice.roles().map(RoleName::as_str).collect();
        let mut expected: Vec<&str> = expected.split(' ').collect();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "{plan}");
    }
    let choice = team(
        "main.tf\nvariables.tf",
        &Wishes {
            plan: Some(Plan::Pro),
            ..Wishes::default()
        },
    );
    assert_eq!(names(&choice), "orchestrator project_manager devops");
}

#[test]
fn a_size_decides_and_the_plan_caps_it() {
    let sized = |size, plan| {
        names(&team(
            WEB,
            &Wishes {
                size: Some(size),
                plan: Some(plan),
                ..Wishes::default()
            },
        ))
    };
    assert_eq!(
        sized(Size::Small, Plan::Max5),
        "orchestrator project_manager developer tester devops"
    );
    assert_eq!(
        sized(Size::Small, Plan::Pro),
        "orchestrator project_manager developer"
    );
    assert_eq!(
        sized(Size::Medium, Plan::Console),
        "orchestrator project_manager developer tester testrunner devops securityops sysadmin"
    );
    assert_eq!(
        sized(Size::Large, Plan::Max20),
        "orchestrator project_manager developer tester testrunner devops securityops sysadmin"
    );
    assert_eq!(
        sized(Size::Enterprise, Plan::Console),
        "orchestrator project_manager developer tester testrunner devops securityops sysadmin researcher documentation_writer code_reviewer"
    );
}

#[test]
fn named_roles_beat_size_and_plan() {
    let wishes = Wishes {
        roles: roles("tester dev monitoringops code_reviewer researcher"),
        size: Some(Size::Small),
        plan: Some(Plan::Pro),
        ..Wishes::default()
    };
    let choice = team(WEB, &wishes);
    assert_eq!(
        names(&choice),
        "orchestrator tester developer monitoringops sysadmin code_reviewer researcher"
    );
    let reason = |role: &str| {
        let member = choice
            .members
            .iter()
            .find(|member| member.role.as_str() == role);
        member.expect("a member").reason.words()
    };
    assert_eq!(reason("orchestrator"), "every team has one");
    assert_eq!(reason("developer"), "named by --roles");
    assert_eq!(
        reason("sysadmin"),
        "monitoringops needs it for access to the systems"
    );
    assert_eq!(
        choice.notes,
        [
            "--size changes nothing where --roles names the team",
            "7 agents were asked for, and the plan pro has room for 3: they will reach its limits sooner"
        ]
    );
}

#[test]
fn added_roles_join_and_throw_nobody_out() {
    let wishes = Wishes {
        add_roles: roles("devops"),
        ..Wishes::default()
    };
    let choice = team("", &wishes);
    assert_eq!(
        names(&choice),
        "orchestrator project_manager developer tester testrunner devops"
    );
    assert_eq!(
        choice.notes,
        [
            "6 agents were asked for, and the plan max5 has room for 5: they will reach its limits sooner"
        ]
    );
    let wishes = Wishes {
        add_roles: roles("devops"),
        plan: Some(Plan::Pro),
        ..Wishes::default()
    };
    let choice = team("", &wishes);
    assert_eq!(
        names(&choice),
        "orchestrator project_manager developer devops"
    );
    assert!(
        choice.notes[0].starts_with("4 agents were asked for"),
        "{:?}",
        choice.notes
    );
}

#[test]
fn a_type_that_was_named_counts() {
    let choice = team(
        WEB,
        &Wishes {
            team_type: Some("Infrastructure as code".to_owned()),
            ..Wishes::default()
        },
    );
    assert_eq!(choice.template, "infrastructure_as_code");
    let catalog = catalog();
    let wishes = Wishes {
        team_type: Some("moble".to_owned()),
        ..Wishes::default()
    };
    let error = choose(&detect("", ""), catalog, &wishes).expect_err("no such type");
    let ChoiceError::UnknownType { near, .. } = error else {
        panic!("{error:?}")
    };
    assert_eq!(near, ["mobile"]);
    let wishes = Wishes {
        add_roles: roles("dba"),
        ..Wishes::default()
    };
    assert!(matches!(
        choose(&detect("", ""), catalog, &wishes),
        Err(ChoiceError::UnknownRole { .. })
    ));
}

#[test]
fn all_built_in_templates_fit_the_plan_of_most_people() {
    for template in catalog().templates() {
        let choice = team(
            "",
            &Wishes {
                team_type: Some(template.name.clone()),
                ..Wishes::default()
            },
        );
        assert_eq!(choice.members.len(), 5, "{}", template.name);
        assert_eq!(choice.template, template.name);
    }
}

#[test]
fn the_settings_plan_counts_without_the_flag() {
    let wishes = Wishes {
        default_plan: Plan::Pro,
        ..Wishes::default()
    };
    let choice = team(WEB, &wishes);
    assert_eq!(names(&choice), "orchestrator project_manager developer");
    assert!(!choice.asked, "the settings are no order");
}

/// Files of a site that make so many source files.
fn site(sources: usize) -> String {
    let react = "package.json: {\"dependencies\": {\"react\": \"18\"}}\n";
    let files: String = (0..sources).map(|n| format!("src/f{n}.ts\n")).collect();
    react.to_owned() + &files
}

#[test]
fn a_projects_figures_bring_further_roles_where_there_is_room() {
    let of = |sources: usize, plan: Plan, size: Option<Size>| {
        let wishes = Wishes {
            plan: Some(plan),
            size,
            ..Wishes::default()
        };
        team(&site(sources), &wishes)
    };
    let five = "orchestrator project_manager developer tester testrunner";
    let (medium, large) = (
        format!("{five} devops researcher"),
        format!("{five} devops researcher documentation_writer"),
    );
    // The figures say how many, the plan how many at most.
    assert_eq!(names(&of(10, Plan::Console, None)), five);
    assert_eq!(names(&of(100, Plan::Console, None)), medium);
    assert_eq!(names(&of(100, Plan::Max5, None)), five);
    assert_eq!(names(&of(1_200, Plan::Max20, None)), large);
    assert_eq!(
        names(&of(1_200, Plan::Console, None)),
        format!("{large} code_reviewer")
    );
    // A size that is asked for stands above all figures, up and down.
    let four = "orchestrator project_manager developer tester";
    assert_eq!(names(&of(1_200, Plan::Console, Some(Size::Small))), four);
    assert_eq!(names(&of(10, Plan::Console, Some(Size::Medium))), medium);
    // Roles that are named are all that is wanted.
    let wishes = Wishes {
        plan: Some(Plan::Console),
        roles: roles("developer"),
        ..Wishes::default()
    };
    assert_eq!(
        names(&team(&site(1_200), &wishes)),
        "orchestrator developer"
    );
    let why = of(100, Plan::Console, None);
    let devops = why.members.iter().find(|it| it.role.as_str() == "devops");
    assert_eq!(
        devops.map(|it| it.reason.words()).as_deref(),
        Some("useful in a project that is medium by its 100 source files")
    );
}

#[test]
fn a_large_project_is_told_of_its_size() {
    let choice = team(&site(1_200), &Wishes::default());
    let said = "the project is large by its 1200 source files, and has work for more roles than the plan max5 has room for; --add-roles takes those that you name";
    assert!(
        choice.notes.iter().any(|note| note == said),
        "{:?}",
        choice.notes
    );
    assert!(choice.left_out.is_empty(), "{:?}", choice.left_out);
}

#[test]
fn a_team_has_the_whole_matrix_of_its_template() {
    let role = |name| RoleName::parse(name).expect("a role");
    let choice = team(WEB, &Wishes::default());
    let matrix = choice.matrix.expect("a matrix");
    assert_eq!(matrix.name(), "web_application");
    assert!(matrix.allows(&role("developer"), &role("tester")));
    // Of a role that is not in the team yet, and may join.
    assert!(!choice.edges.iter().any(|edge| edge.from == role("devops")));
    assert!(matrix.allows(&role("devops"), &role("developer")));
    assert!(!matrix.allows(&role("devops"), &role("tester")));
    // Of roles that the template does not know its edges say nothing.
    let named = |list| Wishes {
        roles: roles(list),
        ..Wishes::default()
    };
    let foreign = team(WEB, &named("sysadmin"));
    assert_eq!(foreign.matrix, None, "{:?}", foreign.members);
    let mixed = team(WEB, &named("developer researcher"));
    assert!(mixed.matrix.is_some());
}

#[test]
fn whom_the_spec_names_joins_or_is_told() {
    let spec = "# Shop\n\n| ID | Task | Owner |\n|--|--|--|\n| 1 | the schema in PostgreSQL | databaseops |\n| 2 | pages | dev |\n";
    let detection = detect(
        "package.json: {\"dependencies\": {\"react\": \"18\"}}",
        spec,
    );
    let chosen = |plan| {
        let wishes = Wishes {
            plan: Some(plan),
            ..Wishes::default()
        };
        choose(&detection, catalog(), &wishes).expect("a team")
    };
    assert_eq!(
        names(&chosen(Plan::Max20)),
        "orchestrator project_manager developer tester testrunner databaseops sysadmin"
    );
    let small = chosen(Plan::Max5);
    assert_eq!(
        out(&small, "databaseops"),
        "the plan max5 has room for 5 agents; --add-roles databaseops has it join all the same"
    );
    let left = small
        .left_out
        .iter()
        .find(|it| it.role.as_str() == "databaseops");
    assert_eq!(
        left.expect("left out").reason.words(),
        "the spec gives it work in line 5"
    );
}

#[test]
fn programs_beside_infrastructure_have_somebody_who_writes_and_tests_them() {
    let files = "main.tf\nvars.tf\nlambdas/a/h.py\nlambdas/b/h.py\nlambdas/c/h.py";
    let choice = team(files, &Wishes::default());
    assert_eq!(choice.template, "infrastructure_as_code");
    assert_eq!(
        names(&choice),
        "orchestrator project_manager devops developer tester"
    );
}

#[test]
fn a_few_files_are_no_large_project() {
    let files: String = (0..8)
        .map(|n| format!("p{n}/package.json\np{n}/a.ts\n"))
        .collect();
    let detection = detect(&files, "");
    assert_eq!((detection.figures.parts, detection.size), (8, Size::Medium));
}

#[test]
fn what_is_said_of_too_many_is_true() {
    let note = |wishes: Wishes| {
        let choice = team(WEB, &wishes);
        let notes = choice.notes.iter();
        let mut found = notes.filter_map(|note| note.split("; ").nth(1).map(str::to_owned));
        (choice.members.len(), found.next_back().unwrap_or_default())
    };
    let five = roles("project_manager developer tester testrunner");
    let named = Wishes {
        roles: five.clone(),
        ..Wishes::default()
    };
    assert_eq!(note(named), (5, "name fewer in --roles".to_owned()));
    let added = |size| Wishes {
        add_roles: roles("tester testrunner"),
        size,
        ..Wishes::default()
    };
    let (agents, words) = note(added(None));
    let small = team(WEB, &added(Some(Size::Small))).members.len();
    match small < agents {
        true => assert_eq!(words, format!("--size small takes {small}")),
        false => assert_eq!(words, "name fewer in --add-roles"),
    }
}

#[test]
fn owners_that_are_no_roles_are_told() {
    let spec = "# Site\n| Task | Role |\n|---|---|\n| Cast it | wizard |\n| Write it | developer |\n\n- Explain it @documentation_writer and @alice\n";
    let found = detect(WEB, spec);
    let roles: Vec<&str> = found.owners.iter().map(|it| it.role.as_str()).collect();
    assert_eq!(roles, ["developer", "documentation_writer"]);
    let told: Vec<&String> = found
        .notes
        .iter()
        .filter(|it| it.contains("wizard"))
        .collect();
    assert_eq!(told.len(), 1);
    assert!(
        told[0].starts_with("the spec gives work to \"wizard\" in line 4: no role"),
        "{told:?}"
    );
    assert!(!found.notes.iter().any(|it| it.contains("alice")));
    let left = choose(&found, catalog(), &Wishes::default()).expect("a team");
    assert!(out(&left, "documentation_writer").contains("has room for 5"));
}

#[test]
fn any_word_is_no_near_match() {
    for word in ["nope", "foo", "wibble", "x"] {
        assert_eq!(catalog().near(word), [""; 0], "{word}");
    }
    assert_eq!(catalog().near("web-aplication"), ["web_application"]);
}
