//! Who may write to whom: the three modes, the hub's copies of critical words, and what holds in each mode.

use torch_testing::{SCRIPTED, World};

use super::{
    SEVEN, ends_well, goes_to_the_hub, heard, hears, kinds, noted, passes, refused, world,
};

const REPORT: &str = "(Report to Orchestrator: scm orchestrator)";

/// What no mode changes: hub, deputy and person may be written to, oneself and nobody may not.
fn holds_in_every_mode(world: &World) {
    for (from, to, rule) in [
        ("developer", "orchestrator", "edge.hub"),
        ("orchestrator", "researcher", "edge.hub"),
        ("researcher", "project_manager", "edge.project-manager"),
        ("project_manager", "devops", "edge.project-manager"),
        ("devops", "human", "edge.human"),
    ] {
        let message = passes(world, (from, to, &format!("{from} to {to}")), rule);
        assert_eq!(message["decision"], "deliver");
    }
    let own = refused(
        world,
        ("tester", "tester", "remember the fixtures"),
        "edge.self",
        "low",
    );
    assert!(
        own["remedy"]
            .as_str()
            .is_some_and(|it| it.contains("torch schedule"))
    );
    world
        .run_as("tester", "scm nobody 'are you there'")
        .code(2)
        .says("nobody");
}

#[test]
fn strict_sends_everything_between_other_roles_to_the_hub() {
    let world = world(&[("torch.toml", "[router]\nmode = \"strict\"\n")]);
    world.team(SEVEN, SCRIPTED);
    holds_in_every_mode(&world);
    let row = goes_to_the_hub(
        &world,
        ("developer", "tester", "the parser can be tested"),
        "mode.strict",
    );
    assert!(
        row["evidence"]
            .as_str()
            .is_some_and(|it| it.contains("the parser can be tested")),
        "{row}"
    );
    assert_eq!(
        row["remedy"],
        "write to the orchestrator or the project manager"
    );
    // The sender is told in words as well.
    let said = world
        .run_as("developer", "scm tester 'the lexer can be tested'")
        .ok();
    for words in ["rerouted from tester", "rule mode.strict"] {
        assert!(said.stdout.contains(words), "{words}: {said}");
    }
    assert_eq!(
        noted(&world, "mode.strict", "developer", "tester", "medium")["count"],
        2
    );
    ends_well(&world);
}

#[test]
fn the_matrix_lets_six_edges_pass_and_critical_words_are_copied() {
    let world = world(&[]);
    world.team(SEVEN, SCRIPTED);
    holds_in_every_mode(&world);
    let three = ["developer", "tester", "testrunner"];
    for from in three {
        for to in three.iter().filter(|to| **to != from) {
            let text = format!("{from} hands something to {to}");
            passes(&world, (from, to, &text), "edge.matrix");
            hears(&world, to, &text);
        }
    }
    goes_to_the_hub(&world, ("tester", "devops", "a new port"), "mode.matrix");
    goes_to_the_hub(&world, ("devops", "tester", "which port"), "mode.matrix");

    for quiet in [
        "incomplete: blockchain, failover and error_log are words",
        "no errors, 0 failed, not blocked, errors: none",
    ] {
        passes(&world, ("developer", "tester", quiet), "edge.matrix");
        hears(&world, "tester", quiet);
    }
    let told = passes(
        &world,
        ("developer", "tester", "the build failed again"),
        "edge.matrix",
    );
    hears(
        &world,
        "tester",
        &format!("the build failed again {REPORT}"),
    );
    let id = told["id"].as_str().expect("an id");
    hears(
        &world,
        "orchestrator",
        &format!("(copy of {id}) developer → tester: the build failed again"),
    );
    // The hub has what is said to it anyway.
    passes(
        &world,
        ("tester", "orchestrator", "the deployment is blocked"),
        "edge.hub",
    );
    ends_well(&world);
    assert_eq!(heard(&world, "orchestrator", "(copy of m-"), 1);
    assert_eq!(heard(&world, "tester", REPORT), 1);
}

#[test]
fn an_open_team_holds_nothing_back_and_notes_it() {
    let rules = "# Team rules\n- Developers must not message devops\n- Messages must never contain \"password\"\n";
    // The person's own word: a project's file opens nothing.
    let world = world(&[("CLAUDE.md", rules)]).with("TORCH_ROUTER_MODE", "open");
    world.team(SEVEN, SCRIPTED);
    world.wait("the rules", || kinds(&world).len() == 2);
    holds_in_every_mode(&world);
    let free = passes(
        &world,
        ("researcher", "developer", "use the other parser"),
        "mode.open",
    );
    assert_eq!(free["decision"], "deliver");
    for (to, text, rule, severity) in [
        ("devops", "open port 80", "project.may-not-write", "medium"),
        (
            "researcher",
            "the password is in the vault",
            "project.forbidden-words",
            "medium",
        ),
        ("tester", "STATUS: all is well", "form.wrong", "low"),
    ] {
        passes(&world, ("developer", to, text), "mode.open");
        hears(&world, to, text);
        noted(&world, rule, "developer", to, severity);
    }
    passes(&world, ("tester", "developer", "once"), "mode.open");
    passes(&world, ("tester", "developer", "once"), "mode.open");
    noted(&world, "limit.repeat", "tester", "developer", "low");
    ends_well(&world);
}
