//! A project's own time to push.

use super::*;

/// A developer whose commits no remote has since now, under the project's rule.
fn unpushed(rule: &str) -> Stage {
    let mut stage = known();
    stage.read(Ok(rule));
    stage.set("developer", AgentState::Idle);
    stage
}

fn stands(stage: &mut Stage, commits: Option<u64>, since: Timestamp) {
    let mut standing = standing("developer", 2, since);
    standing.unpushed = commits;
    standing.unpushed_since = commits.filter(|commits| *commits > 0).map(|_| since);
    stage.stands(standing);
}

fn of_rule(stage: &Stage) -> usize {
    let open = stage.open().into_iter();
    open.filter(|rule| rule.starts_with("project.push-within-"))
        .count()
}

#[test]
fn a_push_that_the_project_wants_sooner_is_late_and_settled_by_it() {
    let mut stage = unpushed("- Push within 5 minutes of a commit");
    let begin = stage.now;
    stands(&mut stage, Some(2), begin);
    stage.works(4 * MINUTE, false);
    assert_eq!(of_rule(&stage), 0);
    stage.works(2 * MINUTE, false);
    assert_eq!(of_rule(&stage), 1, "{:?}", stage.open());
    assert_eq!(stage.open().len(), 1, "the policy's time is not over yet");
    let told = stage.said_to("orchestrator");
    assert_eq!(told.len(), 1, "{told:?}");
    for part in [
        "2 commits of main-developer pushed nowhere",
        "git push -u origin HEAD",
    ] {
        assert!(told[0].contains(part), "{part}: {told:?}");
    }
    stage.works(2 * MINUTE, false);
    assert_eq!(stage.said_to("orchestrator").len(), 1, "it is told once");
    // A push.
    stands(&mut stage, Some(0), begin);
    assert_eq!(of_rule(&stage), 0);
}

#[test]
fn nothing_has_to_be_pushed_where_nothing_can_be() {
    let rule = "- Push within 5 minutes of a commit";
    // Without a remote.
    let mut stage = unpushed(rule);
    let begin = stage.now;
    stands(&mut stage, None, begin);
    stage.works(10 * MINUTE, false);
    assert_eq!(of_rule(&stage), 0);
    // Where nobody may push.
    let mut stage = unpushed(rule);
    let row = stage.state.teams.get_mut(&team().id).expect("a team");
    row.policy.git.push_minutes = 0;
    let begin = stage.now;
    stands(&mut stage, Some(2), begin);
    stage.works(10 * MINUTE, false);
    assert_eq!(of_rule(&stage), 0);
    // An agent that can't is not held to it.
    let mut stage = unpushed(rule);
    let begin = stage.now;
    stands(&mut stage, Some(2), begin);
    stage.set("developer", AgentState::Limited);
    stage.works(10 * MINUTE, false);
    assert_eq!(of_rule(&stage), 0);
    stage.set("developer", AgentState::Idle);
    stage.works(MINUTE, false);
    assert_eq!(of_rule(&stage), 1);
}
