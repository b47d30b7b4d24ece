//! Roles, briefings and policies of a place, without a daemon.

use crate::place::{Place, TORCH};

const ANALYST: &str = "name = \"analyst\"
title = \"Analyst\"
summary = \"Reads what others overlook.\"
duties = [
  \"Read {{ spec }} for {{ hub }}.\",
  \"{% if commits %}Commit what you find.{% endif %}\",
]
";

#[test]
fn own_roles_are_added_shown_and_checked() {
    let place = Place::new();
    place.file(".torch/roles/analyst.toml", ANALYST);
    let folder = place.path("home/.config/torch/roles");
    std::fs::create_dir_all(&folder).expect("a folder");
    let mine = ANALYST
        .replace("analyst", "developer")
        .replace("Analyst", "My developer");
    std::fs::write(folder.join("developer.toml"), mine).expect("a file");
    let ran = place.run(TORCH, &["roles", "list"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
    assert_eq!(ran.out.lines().count(), 17, "{ran:?}");
    let line = |name: &str| {
        let mut lines = ran.out.lines();
        lines
            .find(|line| line.starts_with(name))
            .expect(name)
            .to_owned()
    };
    assert!(line("analyst").contains(".torch/roles/analyst.toml"));
    assert!(line("developer").contains("(in place of the built-in one)"));
    let ran = place.run(TORCH, &["roles", "show", "analyst"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), ANALYST));
    let ran = place.run(TORCH, &["roles", "show", "pm", "--json"]);
    let role: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(role["role"]["branch_prefix"], "pm-feature/");
    let ran = place.run(TORCH, &["roles", "check"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.contains("ok, the role analyst") && ran.out.contains("ok, the role developer"));
    // What is built in, written out, is a role as well.
    let ran = place.run(TORCH, &["roles", "show", "securityops"]);
    let file = place.path("securityops.toml");
    std::fs::write(&file, ran.out).expect("a file");
    let ran = place.run(TORCH, &["roles", "check", &file.display().to_string()]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

#[test]
fn a_bad_role_is_told_with_file_line_and_hint() {
    let place = Place::new();
    place.file(".torch/roles/analyst.toml", ANALYST.replace("spec", "sepc"));
    let ran = place.run(TORCH, &["roles", "check"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    for words in [
        "analyst.toml, line 5, is no role",
        "there is no variable `sepc`; did you mean `spec`?",
        "Hint: ${EDITOR:-vi} +5 ",
    ] {
        assert!(ran.err.contains(words), "{words}: {ran:?}");
    }
    let ran = place.run(TORCH, &["roles", "list"]);
    assert_eq!(ran.code, Some(0), "the others are listed: {ran:?}");
    assert!(ran.err.contains("line 5, is no role"), "{ran:?}");
    let ran = place.run(TORCH, &["roles", "show", "develper"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(
        ran.err.contains("Hint: torch roles show developer"),
        "{ran:?}"
    );
}

#[test]
fn a_briefing_is_printed_for_a_team_that_might_be() {
    let place = Place::new();
    place.file(".torch/roles/analyst.toml", ANALYST);
    let ran = place.run(TORCH, &["brief", "qa", "--print"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.out.starts_with("BRIEFING for tester (Tester) in team "),
        "{ran:?}"
    );
    assert!(
        ran.out
            .contains("- testrunner (BASE-testrunner, PROGRAM): "),
        "{ran:?}"
    );
    assert!(ran.err.contains("in a new team"), "{ran:?}");
    assert!(
        ran.out
            .contains("directly to: developer, testrunner.\nAfter 3 exchanges"),
        "{ran:?}"
    );
    let analyst = ["brief", "analyst", "--print", "--roles", "orchestrator"];
    let ran = place.run(TORCH, &analyst);
    assert!(
        ran.out
            .contains("spec.md for orchestrator.\n- Commit what you find."),
        "{ran:?}"
    );
    let ran = place.run(
        TORCH,
        &[&analyst[..], &["--policy", "review-only"]].concat(),
    );
    assert!(ran.out.contains("- You commit nothing"), "{ran:?}");
    assert!(!ran.out.contains("Commit what you find"), "{ran:?}");
    let ran = place.run(TORCH, &["brief", "tester", "--print", "--policy", "loose"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(
        ran.err.contains("policies: team, review-only, supervised"),
        "{ran:?}"
    );
    let ran = place.run(TORCH, &["brief", "tester"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
}

/// A type of team whose edges are none of the shipped ones.
const SHOP: &str = "name = \"shop\"
title = \"A shop\"
summary = \"Goods and orders.\"
core = [\"orchestrator\", \"developer\", \"tester\", \"researcher\"]

[[edges]]
from = \"developer\"
to = [\"researcher\"]
";

#[test]
fn a_briefing_without_a_team_has_the_tasks_and_the_edges_of_the_team_that_would_be() {
    let place = Place::new();
    place.file(".torch/teams/shop.toml", SHOP);
    let spec = "# Shop\n\nTYPE: shop\n\n## Tasks\n\n- R7: Import orders (developer)\n- R8: Test the import (tester)\n";
    place.file("spec.md", spec);
    let with_spec = ["brief", "developer", "--print", "--spec", "spec.md"];
    let ran = place.run(TORCH, &with_spec);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.contains("- T1 (R7) Import orders"), "{ran:?}");
    assert!(ran.out.contains("directly to: researcher.\n"), "{ran:?}");
    assert!(!ran.err.contains("in a new team"), "{ran:?}");
    // The roles that are named are those of the team; its type is still the spec's.
    let named = ["--roles", "orchestrator,tester"];
    let ran = place.run(TORCH, &[&with_spec[..], &named[..]].concat());
    assert!(!ran.out.contains("directly to"), "{ran:?}");
    // A matrix that the settings name stands above the template's.
    let config = place.path("home/.config/torch");
    std::fs::create_dir_all(&config).expect("a folder");
    let own = "[router]\nmatrix = \"standard\"\n";
    std::fs::write(config.join("config.toml"), own).expect("a file");
    let ran = place.run(TORCH, &with_spec);
    assert!(ran.out.contains("directly to: tester.\n"), "{ran:?}");
    let ran = place.run(
        TORCH,
        &["brief", "developer", "--print", "--spec", "gone.md"],
    );
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(!place.daemon_was_started());
}

#[test]
fn a_policy_is_shown_with_where_it_comes_from() {
    let place = Place::new();
    place.file(
        "torch.toml",
        "policy = \"review-only\"\n[integration]\nadmin_merge = true\n",
    );
    let ran = place.run(TORCH, &["policy", "show"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let line = |ran: &str, name: &str| {
        let mut lines = ran.lines();
        lines
            .find(|line| line.starts_with(name))
            .expect(name)
            .to_owned()
    };
    let commits = line(&ran.out, "git.agent_commits");
    assert!(
        commits.contains("forbidden") && commits.contains("policy review-only"),
        "{commits}"
    );
    assert!(
        line(&ran.out, "integration.admin_merge").contains("torch.toml"),
        "{ran:?}"
    );
    // A person's own choice is not loosened by a repository.
    let own = place.path("home/.config/torch/config.toml");
    std::fs::create_dir_all(own.parent().expect("a folder")).expect("made");
    std::fs::write(&own, "policy = \"supervised\"\n").expect("a file");
    let ran = place.run(TORCH, &["policy", "show", "--json"]);
    let values: Vec<serde_json::Value> = ran
        .out
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(values.len(), 9);
    assert_eq!(values[0]["value"], "supervised");
    assert_eq!(values[7]["value"], "false", "{values:?}");
    let ran = place.run(TORCH, &["policy", "explain", "agent_commits"]);
    assert!(
        ran.out
            .contains("Profiles: team: required, review-only: forbidden"),
        "{ran:?}"
    );
    let ran = place.run(TORCH, &["policy", "explain", "git.agent_comits"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(
        ran.err
            .contains("Hint: torch policy explain git.agent_commits"),
        "{ran:?}"
    );
}
