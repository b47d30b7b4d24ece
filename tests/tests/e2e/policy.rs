//! Policies, and roles of a project's own, in a team that runs.

use std::fs;
use std::path::Path;

use torch_testing::{SCRIPTED, World};

use crate::place::git;

const ANALYST: &str = "name = \"analyst\"
title = \"Analyst\"
summary = \"Reads what others overlook.\"
duties = [\"Read {{ spec }} and write down what is missing in it.\"]
";

/// A world whose project has a policy and a role.
fn world(policy: &str) -> World {
    let world = World::new();
    let roles = world.project().join(".torch/roles");
    fs::create_dir_all(&roles).expect("a folder");
    fs::write(roles.join("analyst.toml"), ANALYST).expect("a file");
    let settings = format!("policy = \"{policy}\"\n");
    fs::write(world.project().join("torch.toml"), settings).expect("a file");
    world
}

/// The briefing that lies in an agent's inbox, without what stands before its own part, where others' branches are named that
/// may not have been made yet.
fn briefed(worktree: &Path) -> String {
    let files = fs::read_dir(worktree.join(".torch/inbox")).expect("an inbox");
    let texts = files.map(|file| fs::read_to_string(file.expect("a file").path()).expect("a text"));
    let mut texts = texts.filter(|text| text.starts_with("BRIEFING for "));
    own_part(&texts.next().expect("a briefing"))
}

fn own_part(text: &str) -> String {
    let at = text.find("## Your part").expect("an own part");
    text[at..].trim().to_owned()
}

#[test]
fn under_review_only_no_agent_commits() {
    let world = world("review-only");
    world.team("orchestrator,developer,analyst", SCRIPTED);
    let worktree = world.agent("developer").worktree;
    let head = git(&world, &worktree, &["rev-parse", "HEAD"]);
    for (role, hint) in [
        ("developer", "scm orchestrator"),
        ("orchestrator", "scm human"),
    ] {
        world
            .run_as(role, "echo x > new; torch commit -m mine")
            .code(4)
            .says("commit.forbidden")
            .says(hint);
    }
    assert_eq!(git(&world, &worktree, &["rev-parse", "HEAD"]), head);
    let refused = world.journal_of("developer", "commit.refused");
    assert_eq!(refused[0].data["rule"], "commit.forbidden");
    let text = briefed(&worktree);
    assert!(text.contains("- You commit nothing"), "{text}");
    // What is printed is what was sent, by the role of the project's own too.
    for role in ["developer", "analyst"] {
        let printed = world.torch(&["brief", role, "--print"]).ok();
        assert_eq!(
            own_part(&printed.stdout),
            briefed(&world.agent(role).worktree)
        );
    }
    let analyst = briefed(&world.agent("analyst").worktree);
    assert!(analyst.contains("write down what is missing"), "{analyst}");
    // The person reviews and commits.
    world
        .torch(&["commit", "--role", "developer", "-m", "reviewed"])
        .ok();
    let subject = git(&world, &worktree, &["log", "-1", "--format=%s"]);
    assert_eq!(subject.trim(), "reviewed");
}

#[test]
fn a_team_keeps_the_policy_it_was_started_with() {
    let world = world("team");
    world.team("orchestrator,developer", SCRIPTED);
    world
        .run_as("developer", "echo x > new; torch commit -m mine")
        .ok();
    fs::write(
        world.project().join("torch.toml"),
        "policy = \"review-only\"\n",
    )
    .expect("a file");
    world
        .torch(&["policy", "show"])
        .ok()
        .says("was started with another policy and keeps it");
    let auto = ["auto", "--spec", "spec.md", "--agent", "demo", "--yes"];
    world
        .torch(&auto)
        .code(2)
        .says("is running under another policy")
        .says("torch stop --team");
    world
        .run_as("developer", "echo y > new; torch commit -m mine-too")
        .ok();
    world.torch(&["stop"]).ok();
    world.team("orchestrator,developer", SCRIPTED);
    world
        .run_as("developer", "echo z > new; torch commit -m never")
        .code(4)
        .says("commit.forbidden");
}
