//! What holds for every team, whatever is wanted.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use torch_core::RoleName;

use super::{ROLES, catalog, detect};
use crate::{Plan, Size, Wishes, choose};

/// Files that set off conditions and types.
const FILES: [&str; 14] = [
    "Dockerfile",
    "package.json: {\"dependencies\": {\"react\": \"18\", \"stripe\": \"1\"}}",
    "requirements.txt: torch",
    "manage.py",
    "main.tf",
    "vpc.tf",
    "nginx.conf",
    "schema.sql",
    "prometheus.yml",
    "airflow.cfg",
    "app_deployment_spec.md",
    "Cargo.toml: clap",
    "compliance/a.md",
    "docker-compose.yml: services:\\n  a:\\n  b:\\n  c:\\n  d:\\n  e:\\n  f:",
];

fn roles(max: usize) -> impl Strategy<Value = Vec<RoleName>> {
    vec(select(ROLES.to_vec()), 0..=max).prop_map(|names| {
        names
            .into_iter()
            .map(|name| RoleName::parse(name).expect("a role"))
            .collect()
    })
}

prop_compose! {
    fn wishes()(
        team_type in option::of(select(vec!["web", "iac", "etl", "ops", "docs", "default", "monorepo", "ml"])),
        roles in prop_oneof![3 => Just(Vec::new()), 1 => roles(6)],
        add_roles in prop_oneof![1 => Just(Vec::new()), 1 => roles(4)],
        size in option::of(select(Size::ALL.to_vec())),
        plan in option::of(select(Plan::ALL.to_vec())),
    ) -> Wishes {
        Wishes { team_type: team_type.map(str::to_owned), roles, add_roles, size, plan, default_plan: Plan::default() }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn teams_are_sound(files in vec(select(FILES.to_vec()), 0..10), wishes in wishes()) {
        let catalog = catalog();
        let detection = detect(&files.join("\n"), "");
        let choice = choose(&detection, catalog, &wishes).expect("a team");
        let members: Vec<&RoleName> = choice.roles().collect();
        // The hub is never dropped and stands first; nobody is in it twice.
        prop_assert!(members[0].is_hub());
        prop_assert!(members.iter().all(|role| members.iter().filter(|other| *other == role).count() == 1));
        // What was asked for is in it.
        for role in wishes.roles.iter().chain(&wishes.add_roles) {
            prop_assert!(members.contains(&role), "{role}");
        }
        // Nobody lacks what he needs.
        for ops in ["monitoringops", "securityops", "databaseops", "networkops"] {
            let has = |name: &str| members.iter().any(|role| role.as_str() == name);
            // In a data pipeline the database is there, and filled by the developer.
            let need = match (ops, choice.template.as_str()) {
                ("databaseops", "data_pipeline") => "developer",
                _ => "sysadmin",
            };
            prop_assert!(!has(ops) || has(need), "{ops} has no {need}");
        }
        // Caps hold, but for what was asked for.
        if wishes.roles.is_empty() && wishes.add_roles.is_empty() {
            let max = wishes.plan.unwrap_or_default().max();
            prop_assert!(max.is_none_or(|max| members.len() <= max), "{members:?}");
            prop_assert!(members[1].is_sub_hub());
            prop_assert!(members.len() >= 3);
        }
        // Nothing is both in and out, and ways lead to members only.
        prop_assert!(choice.left_out.iter().all(|it| !members.contains(&&it.role)));
        for edge in &choice.edges {
            prop_assert!(members.contains(&&edge.from) && edge.to.iter().all(|to| members.contains(&to)));
        }
        // The same again is the same.
        let again = choose(&detect(&files.join("\n"), ""), catalog, &wishes).expect("a team");
        prop_assert_eq!(choice, again);
    }

    #[test]
    fn no_spec_makes_it_panic(text in "\\PC{0,200}|([a-zA-Z:,.#\\-\n ]|no |not |docker ){0,60}") {
        drop(detect("", &text));
    }
}
