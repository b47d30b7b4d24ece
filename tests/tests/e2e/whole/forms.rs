//! Forms that are wrong or right, acknowledgements, and a block that lasts.

use torch_testing::{SCRIPTED, World};

use super::{SEVEN, ends_well, heard, hears, lines, noted, passes, violations, world};

const TASK: &str = "TASK T-1: The parser
Assigned to: developer
Objective: read every sample
Success Criteria:
- all samples parse
Priority: HIGH";

fn unacked(world: &World) -> Vec<String> {
    let rows = lines(&world.torch(&["task", "list", "--unacked", "--json"]).ok());
    let ids = rows.iter().filter_map(|row| row["task"].as_str());
    ids.map(str::to_owned).collect()
}

/// What the commands that write forms don't take changes nothing.
fn commands_refuse_what_is_wrong(world: &World) {
    for wrong in [
        "torch report status --eta 10m",
        "torch report status --current 'the parser'",
        "torch task assign tester --id 'T 3' --title t --objective o --criterion c --priority HIGH",
        "torch task assign tester --id T-3 --title t --objective o --criterion c --priority SOON",
        "torch task assign tester --id T-3 --title t --criterion c --priority HIGH",
    ] {
        let ran = world.run_as("orchestrator", wrong).code(2);
        assert!(ran.stderr.contains("Hint: torch "), "{ran}");
    }
    assert!(unacked(world).is_empty());
}

#[test]
fn a_wrong_form_is_noted_with_all_that_is_wrong_and_settled_by_a_right_one() {
    let world = world(&[]);
    world.team(SEVEN, SCRIPTED);
    commands_refuse_what_is_wrong(&world);

    let status = "STATUS developer today\nCompleted:\nCurrent: the parser";
    passes(&world, ("developer", "orchestrator", status), "edge.hub");
    let row = noted(&world, "form.wrong", "developer", "orchestrator", "low");
    let evidence = row["evidence"].as_str().expect("evidence");
    for wrong in ["ETA", "Blocked"] {
        assert!(evidence.contains(wrong), "{wrong}: {evidence}");
    }
    assert!(
        row["remedy"]
            .as_str()
            .is_some_and(|it| it.contains("torch report status --help"))
    );
    let task = "TASK T-1: The parser\nAssigned to: developer\nPriority: SOON";
    passes(
        &world,
        ("project_manager", "developer", task),
        "edge.project-manager",
    );
    let row = noted(&world, "form.wrong", "project_manager", "developer", "low");
    let evidence = row["evidence"].as_str().expect("evidence");
    for wrong in ["Objective", "SOON"] {
        assert!(evidence.contains(wrong), "{wrong}: {evidence}");
    }
    assert!(unacked(&world).is_empty(), "a wrong form assigns nothing");

    passes(
        &world,
        ("project_manager", "developer", TASK),
        "edge.project-manager",
    );
    let right = "torch report status --completed 'the lexer' --current 'the parser' --eta 30m";
    world.run_as("developer", right).ok();
    for row in violations(&world) {
        assert_eq!(row["state"], "resolved", "{row}");
    }
    assert_eq!(unacked(&world), ["T-1"]);
    ends_well(&world);
}

#[test]
fn what_breaks_two_rules_is_told_of_both() {
    let world = world(&[]);
    world.team("orchestrator,developer,researcher", SCRIPTED);
    passes(
        &world,
        ("developer", "researcher", "STATUS: all is well"),
        "mode.matrix",
    );
    noted(&world, "form.wrong", "developer", "researcher", "low");
    noted(&world, "mode.matrix", "developer", "researcher", "medium");
    ends_well(&world);
}

#[test]
fn tasks_are_open_until_they_are_acknowledged() {
    let rule = "[[rule]]\nkind = \"ack-within\"\nfrom = \"everyone\"\nseconds = 1\n";
    let world = world(&[("rules.toml", rule)]);
    world.team(SEVEN, SCRIPTED);
    let assigned = |id: &str, role: &str| {
        let text = TASK.replace("T-1", id).replace("developer", role);
        let message = passes(&world, ("orchestrator", role, &text), "edge.hub");
        message["id"].as_str().expect("an id").to_owned()
    };
    let first = assigned("T-1", "developer");
    let second = assigned("T-2", "tester");
    assert_eq!(unacked(&world), ["T-1", "T-2"]);
    let late = |message: &str| {
        let rows = violations(&world);
        rows.into_iter().find(|row| row["message"] == message)
    };
    for message in [&first, &second] {
        world.wait_message(message, "consumed");
        world.wait("the missing acknowledgement", || late(message).is_some());
    }
    passes(
        &world,
        ("developer", "orchestrator", "ACK T-1"),
        "ack.quiet",
    );
    world.run_as("tester", &format!("torch ack {second}")).ok();
    assert!(unacked(&world).is_empty());
    for message in [&first, &second] {
        world.wait_message(message, "acked");
        let row = late(message).expect("a violation");
        assert!(
            row["rule"]
                .as_str()
                .is_some_and(|rule| rule.starts_with("project.ack-within-")),
            "{row}"
        );
        assert_eq!(row["state"], "resolved", "{row}");
    }
    ends_well(&world);
}

#[test]
fn a_block_over_its_time_is_told_once() {
    let world = world(&[]).with("TORCH_ROUTER_BLOCKED_SECONDS", "1");
    world.team(SEVEN, SCRIPTED);
    let blocked =
        "torch report status --current 'the parser' --blocked 'no password, from devops' --eta 30m";
    world.run_as("developer", blocked).ok();
    let words = "sample:developer has been blocked for";
    hears(&world, "orchestrator", words);
    hears(&world, "orchestrator", "no password, from devops");
    // The same block, said in other words, is not another one.
    passes(
        &world,
        ("developer", "orchestrator", "BLOCKED: still no password"),
        "edge.hub",
    );
    world
        .run_as(
            "developer",
            "torch report status --current 'the parser' --eta 10m",
        )
        .ok();
    ends_well(&world);
    assert_eq!(heard(&world, "orchestrator", words), 1);
    // A new one is told anew.
    passes(
        &world,
        ("developer", "orchestrator", "BLOCKED: no disk"),
        "edge.hub",
    );
    world.wait("the second block to be told", || {
        heard(&world, "orchestrator", words) == 2
    });
}
