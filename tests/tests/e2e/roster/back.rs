//! What is said of agents and teams that a person has ended, and what brings them back.

use torch_testing::{SCRIPTED, World};

use super::follow_hint;

#[test]
fn where_two_teams_are_the_hint_changes_neither() {
    let world = World::new();
    world.team("orchestrator", SCRIPTED);
    let other = world.folder().join("other");
    let line = format!(
        "cp -r {} {other} && torch auto --project {other} --spec {other}/spec.md --agent demo --yes --roles orchestrator",
        world.project().display(),
        other = other.display()
    );
    world.run(&world.command("sh").args(["-c", &line])).ok();
    let outside = "cd / && torch stop";
    let unclear = world
        .run(&world.command("sh").args(["-c", outside]))
        .code(2);
    let unclear = unclear
        .says("it is not clear which team is meant")
        .says("sample")
        .says("other");
    // What the hint runs changes no team.
    follow_hint(&world, &unclear)
        .prints("sample")
        .prints("other");
    for running in ["sample", "other"] {
        let status = world.torch(&["status", "--team", running, "--json"]).ok();
        assert_eq!(status.json()["teams"][0]["phase"], "running", "{status}");
    }
}

#[test]
fn an_agent_that_was_ended_is_not_shown_as_if_it_ran() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    world.torch(&["agent", "end", "developer"]).ok();
    let back = "torch agent add developer --team sample";
    let shown = world.torch(&["attach", "developer", "--print"]).code(2);
    let shown = shown.says("it was ended").says(&format!("Hint: {back}\n"));
    assert_eq!(shown.stdout, "");
    let lost = world.torch(&["logs", "developer"]).code(1);
    let lost = lost.says("its last screen was saved in");
    follow_hint(&world, &lost).prints("Handoff");
    let sent = world.scm(&["developer", "for later"]).ok();
    sent.prints("stored").prints(back);
    world.torch(&["why", "developer"]).ok().prints(back);
    world.torch(&["pause", "developer"]).ok().prints(back);
    world.torch(&["unpause", "developer"]).ok();
    follow_hint(&world, &shown).prints("developer is up and briefed");
    world.wait("the message came", || {
        world.received("developer") == ["for later"]
    });
}

#[test]
fn a_stopped_team_is_said_to_be_stopped() {
    let world = World::new();
    world.team("orchestrator,developer", SCRIPTED);
    world.torch(&["stop"]).ok();
    let back = "torch resume --team sample";
    for args in [
        &["attach", "--print"][..],
        &["attach", "developer", "--print"],
        &["logs", "developer"],
    ] {
        let refused = world.torch(args);
        assert_ne!(refused.code, 0, "{refused}");
        assert!(!refused.stderr.contains("torch auto"), "{refused}");
    }
    let shown = world.torch(&["attach", "--print"]).code(2);
    let paused = world.torch(&["pause"]).ok();
    paused.prints(&format!("the pause holds once it runs again ({back})"));
    let raised = follow_hint(&world, &shown);
    raised
        .prints("0 of 2 agents briefed")
        .prints("torch unpause --team sample");
    world.torch(&["unpause"]).ok();
    let again = world.torch(&["resume", "--rebrief-all", "--json"]).ok();
    let last = again.stdout.lines().last().expect("an answer");
    let last: serde_json::Value = serde_json::from_str(last).expect("JSON");
    assert_eq!(last["existed"], true, "{last}");
    // Whoever names a team that is not there is told which ones are.
    for args in [
        &["status"][..],
        &["stop"],
        &["schedule", "list"],
        &["worktree", "list"],
        &["msg", "list"],
    ] {
        let wrong = world.torch(&[args, &["--team", "nope"]].concat()).code(2);
        wrong
            .says("no team is called \"nope\"")
            .says("teams: sample");
    }
}
