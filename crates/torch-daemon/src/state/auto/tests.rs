//! A team that is ordered at the moment at which the tmux server ends.

use serde_json::json;
use torch_core::{RouterMode, Timestamp};

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
    inspected_on(Some("main"))
}

/// Likewise, with this branch checked out in the project.
fn inspected_on(branch: Option<&str>) -> Event {
    let request: AutoRequest = serde_json::from_value(json!({
        "project": "/project", "spec": "/project/spec.md", "roles": ["orchestrator"],
        "agents": ["demo"], "dry_run": false, "scenario": null, "env": {},
    }))
    .expect("a request");
    let project = ProjectFacts {
        root: "/project".into(),
        common_dir: "/project/.git".into(),
        branch: branch.map(str::to_owned),
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

#[test]
fn a_plan_says_who_may_write_to_whom() {
    let writes = |mode: RouterMode, rules: &str| {
        let Event::Inspected {
            conn,
            mut request,
            result,
        } = inspected()
        else {
            unreachable!("it is one");
        };
        let (mut project, spec) = result.expect("facts");
        request.dry_run = true;
        request.router = Some(mode);
        request.roles = ["developer", "tester", "researcher"]
            .map(str::to_owned)
            .to_vec();
        let choice = json!({
            "team_type": "shop", "decided": "", "signs": [],
            "project_size": "small", "plan": "max5", "token_multiplier": 1, "roles": [], "asked": true,
            "matrix": {"name": "shop", "edges": {"developer": ["researcher"], "tester": ["developer"]}},
        });
        request.choice = Some(Box::new(serde_json::from_value(choice).expect("a choice")));
        let text = format!("# Team rules\n{rules}\n");
        let file = torch_router::project::RuleFile {
            name: "CLAUDE.md",
            text: &text,
        };
        project.rules = Some(Ok(Box::new(
            torch_router::project::read(&[file]).expect("rules"),
        )));
        let result = Ok((project, spec));
        let effects = state().handle(
            NOW,
            Event::Inspected {
                conn,
                request,
                result,
            },
        );
        let planned = effects.into_iter().find_map(|effect| match effect {
            Effect::Reply {
                response: Response::Planned(plan),
                ..
            } => Some(plan.writes),
            _ => None,
        });
        let rows = planned.expect("a plan").into_iter().map(|row| {
            let to = row.to.map_or("everyone".to_owned(), |to| to.join(","));
            format!("{}: {to}", row.role)
        });
        rows.collect::<Vec<_>>()
    };
    let of_template = [
        "orchestrator: everyone",
        "developer: researcher",
        "tester: developer",
        "researcher: ",
    ];
    assert_eq!(writes(RouterMode::Matrix, ""), of_template);
    let ruled =
        "- Developers must not message the researcher\n- Researcher may write to the tester";
    let by_rules = [
        "orchestrator: everyone",
        "developer: ",
        "tester: developer",
        "researcher: tester",
    ];
    assert_eq!(writes(RouterMode::Matrix, ruled), by_rules);
    let none = [
        "orchestrator: everyone",
        "developer: ",
        "tester: ",
        "researcher: ",
    ];
    assert_eq!(writes(RouterMode::Strict, ruled), none);
    assert!(
        writes(RouterMode::Open, ruled)
            .iter()
            .all(|row| row.ends_with("everyone"))
    );
}

#[test]
fn a_team_without_a_branch_says_that_it_gets_the_projects() {
    let mut state = state();
    state.handle(NOW, inspected_on(None));
    let base = |state: &State| {
        let team = state.teams.values().next().expect("a team");
        team.base_branch.clone()
    };
    // While it is raised it stays as it was ordered.
    state.handle(NOW, inspected_on(Some("work")));
    assert_eq!(base(&state), "HEAD");
    let team = state.teams.values_mut().next().expect("a team");
    team.phase = TeamPhase::Running;
    for run in state.agents.values_mut() {
        run.agent.state = torch_core::AgentState::Idle;
    }
    let refused = |state: &mut State| {
        let mut event = inspected_on(Some("work"));
        if let Event::Inspected {
            result: Ok((_, spec)),
            ..
        } = &mut event
        {
            spec.path = "/project/other.md".into();
        }
        let effects = state.handle(NOW, event);
        effects.into_iter().any(|effect| {
            let Effect::Reply { response, .. } = effect else {
                return false;
            };
            matches!(response, Response::Failed(_))
        })
    };
    assert!(refused(&mut state));
    assert_eq!(base(&state), "HEAD", "a refusal changes nothing");
    let mut answer = |branch: Option<&str>| {
        let effects = state.handle(NOW, inspected_on(branch));
        let raised = effects.into_iter().find_map(|effect| match effect {
            Effect::Reply {
                response:
                    Response::Raised {
                        existed,
                        adopted,
                        team,
                    },
                ..
            } => Some((existed, adopted, team.base_branch)),
            _ => None,
        });
        raised.expect("it is there")
    };
    assert_eq!(answer(None), (true, false, "HEAD".to_owned()));
    assert_eq!(answer(Some("work")), (true, true, "work".to_owned()));
    assert_eq!(answer(Some("later")), (true, false, "work".to_owned()));
}
