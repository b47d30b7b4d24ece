//! What is broken between words where the terminal is narrow.

use torch_api::roster::{ResumeAgentView, ResumeView};

use super::*;

#[test]
fn bodies_of_the_inbox() {
    let mut message = a_message();
    message.body = format!("one line\n{}", "words of a longer one ".repeat(8));
    let seen = (&clock(), Some(NARROW));
    let shown = narrow(&crate::render::message::inbox(&[message], true, seen));
    assert!(shown.contains("\n  one line\n  words of a"), "{shown}");
    assert!(!shown.ends_with("\n\n"), "{shown:?}");
}

#[test]
fn why_a_team_is_resumed_so() {
    let agent = |role: &str, why: &str| ResumeAgentView {
        role: role.to_owned(),
        desired: "running".to_owned(),
        state: AgentState::Starting,
        class: "exhausted".to_owned(),
        evidence: String::new(),
        waiting: 12,
        action: "re-brief".to_owned(),
        why: why.to_owned(),
    };
    let why = "its program runs, and it is told again where it was";
    let view = ResumeView {
        team: "hello".to_owned(),
        project: "/p".into(),
        phase: "running".to_owned(),
        desired: "running".to_owned(),
        rebooted: true,
        tmux: "running".to_owned(),
        agents: vec![agent("project_manager", why), agent("developer", "")],
    };
    let shown = narrow(&crate::render::resume::resume(&view, Some(NARROW)));
    let words = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    for word in why.split(' ') {
        assert!(words.contains(word), "{word}: {shown}");
    }
    assert!(!shown.contains('…'), "{shown}");
}

#[test]
fn that_a_team_is_on_no_branch() {
    let mut team = a_team();
    team.base_branch = "HEAD".to_owned();
    team.agents.truncate(1);
    let raised = |width| {
        text(&crate::render::team::raised(
            &team,
            crate::render::team::Before::None,
            &clock(),
            width,
        ))
    };
    let lines = raised(Some(NARROW));
    let is_it = |line: &&str| line.contains("HEAD is detached") || line.contains("git switch -c");
    let told: Vec<&str> = lines.lines().filter(is_it).collect();
    assert!(!told.is_empty(), "{lines}");
    assert!(
        told.iter().all(|line| line.chars().count() <= NARROW),
        "{lines}"
    );
    assert!(raised(None).contains("run torch auto again\n"));
}
