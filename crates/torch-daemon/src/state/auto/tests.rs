//! A team that is ordered at the moment at which the tmux server ends.

use serde_json::json;
use torch_core::Timestamp;

use super::*;
use crate::event::Event;
use crate::state::Snapshot;
use crate::state::fixture::settings;

const NOW: Timestamp = Timestamp(1_800_000_000_000);

fn state() -> State {
    let settings = settings(NOW);
    State::new(settings, Snapshot::default(), NOW).0
}

/// `torch auto`, after its project and spec were looked at.
fn inspected() -> Event {
    let request: AutoRequest = serde_json::from_value(json!({
        "project": "/project", "spec": "/project/spec.md", "roles": ["orchestrator"],
        "agents": ["demo"], "dry_run": false, "scenario": null, "env": {},
    }))
    .expect("a request");
    let project = ProjectFacts {
        root: "/project".into(),
        common_dir: "/project/.git".into(),
        branch: Some("main".to_owned()),
        head: "0".repeat(40),
        worktree_bytes: 1,
        installed: Vec::new(),
        sessions: Vec::new(),
        rules: None,
    };
    let spec = SpecFacts {
        path: "/project/spec.md".into(),
        text: "Build it.".to_owned(),
        sha256: "1".repeat(64),
    };
    Event::Inspected {
        conn: ConnId(1),
        request: Box::new(request),
        result: Ok((project, spec)),
    }
}

fn starts_server(effects: &[Effect]) -> bool {
    effects
        .iter()
        .any(|effect| matches!(effect, Effect::StartServer))
}

#[test]
fn the_server_is_started_again_for_a_team_new_or_stopped() {
    let mut state = state();
    let effects = state.handle(NOW, inspected());
    assert!(starts_server(&effects), "{effects:?}");
    let (id, team) = state.teams.iter_mut().next().expect("a team");
    team.desired = DesiredState::Stopped;
    team.phase = TeamPhase::Stopped;
    assert!(!state.undos.contains_key(id));
    let effects = state.handle(NOW, inspected());
    assert!(starts_server(&effects), "{effects:?}");
}
