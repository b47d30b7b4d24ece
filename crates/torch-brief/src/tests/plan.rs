//! What else goes into a briefing: a plan's part, one task, words before, and texts that look like templates.

use torch_core::policy::Profile;

use super::{facts, roles};
use crate::{DEFAULT_TEAM, Recovery, Role, briefing, recovery};

#[test]
fn a_plan_has_a_part_of_its_own() {
    let roles = roles();
    let mut facts = facts(&roles, DEFAULT_TEAM, "developer", Profile::Team);
    facts.plan = "Your tasks:\n- T1: Part {{ 1 }}.\n".to_owned();
    let text = briefing(roles.get("developer").expect("a role"), &facts).expect("a text");
    let part = text.split("## The plan\n").nth(1).expect("a part");
    let part = part.split("\n## ").next().expect("its end");
    assert_eq!(part, "Your tasks:\n- T1: Part {{ 1 }}.\n");
    facts.plan.clear();
    let text = briefing(roles.get("developer").expect("a role"), &facts).expect("a text");
    assert!(!text.contains("## The plan"));
}

#[test]
fn a_temporary_agent_has_its_task_alone() {
    let roles = roles();
    let mut facts = facts(&roles, DEFAULT_TEAM, "temp-login", Profile::Team);
    facts.task = Some("find out why {{ login }} fails".to_owned());
    facts.branch = None;
    let text = briefing(&Role::bare("temp-login"), &facts).expect("a text");
    assert!(text.contains("for one task, together with"));
    assert!(text.contains("- One task, and nothing else: find out why {{ login }} fails\n"));
    assert!(text.contains("Branch: `(detached HEAD)`"));
    assert!(text.contains("Your task is all that counts") && !text.contains("## Your part"));
}

#[test]
fn nothing_of_the_facts_is_read_as_a_template() {
    let roles = roles();
    let mut facts = facts(&roles, DEFAULT_TEAM, "tester", Profile::Team);
    let hostile = "{{ nope }}{% include '/etc/passwd' %}{# x #}";
    facts.spec = format!("/p/{hostile}.md");
    facts.project = hostile.to_owned();
    facts.base_branch = hostile.to_owned();
    facts.before = format!("## Where you were\n{hostile}");
    facts.members[2].summary = hostile.to_owned();
    let text = briefing(roles.get("tester").expect("a role"), &facts).expect("a text");
    assert!(text.matches(hostile).count() >= 5, "{text}");
    facts.spec = String::new();
    let text = briefing(roles.get("tester").expect("a role"), &facts).expect("a text");
    assert!(text.contains("This team has no spec"));
}

#[test]
fn where_an_agent_was_is_said_first() {
    let said = recovery(&Recovery {
        why: "You were started again after this: it ended with status 1.".to_owned(),
        memory: "You have no memory of what you did before.".to_owned(),
        work: "- Branch `main-developer` at 01234567.".to_owned(),
        report: "You have reported nothing complete yet.".to_owned(),
        messages: "One message waits for you.".to_owned(),
        duty: "Go on.".to_owned(),
    })
    .expect("a text");
    let roles = roles();
    let mut facts = facts(&roles, DEFAULT_TEAM, "developer", Profile::Team);
    facts.before = said;
    let text = briefing(roles.get("developer").expect("a role"), &facts).expect("a text");
    let head: Vec<&str> = text.lines().take(11).collect();
    insta::assert_snapshot!(head.join("\n"), @r"
    BRIEFING for developer (Developer) in team app

    ## Where you were
    You were started again after this: it ended with status 1. You have no memory of what you did before. This is what is known:
    - Branch `main-developer` at 01234567.
    - You have reported nothing complete yet.
    - One message waits for you.

    Go on.
    Everything below is your briefing, as the team is now.
    ");
}
