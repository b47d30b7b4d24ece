//! Who may read what: each request that reads, by each kind of caller.

use std::path::PathBuf;

use torch_api::git::GitRequest;
use torch_api::rules::{RulesRequest, ViolationFilter};
use torch_api::task::{TasksOrder, TasksRequest};
use torch_api::wire::MessageFilter;
use torch_core::{Agent, AgentId, RoleName, SessionName, Team, Timestamp};

use super::*;
use crate::event::ConnId;
use crate::state::Snapshot;
use crate::state::fixture::{self, settings};

const NOW: Timestamp = Timestamp(1_800_000_000_000);

fn team(number: u128, name: &str) -> Team {
    Team {
        name: SessionName::slug(name),
        project: format!("/{name}").into(),
        ..fixture::team(number, &format!("/{name}/.git"))
    }
}

fn role(name: &str) -> RoleName {
    RoleName::parse(name).expect("a role")
}

/// The teams `one` and `three`, each with the same four roles.
fn state() -> State {
    let teams = [team(1, "one"), team(3, "three")];
    let mut agents = Vec::new();
    for team in &teams {
        for (position, name) in ["orchestrator", "project_manager", "developer", "tester"]
            .into_iter()
            .enumerate()
        {
            let number = team.id.to_string().bytes().map(u128::from).sum::<u128>() * 10;
            let id = AgentId::new(2, number + position as u128);
            agents.push(Agent {
                worktree: format!("/worktrees/{}/{name}", team.name).into(),
                ..Agent::new(id, team.id, role(name), "demo", NOW)
            });
        }
    }
    let snapshot = Snapshot {
        teams: teams.into(),
        agents,
        ..Snapshot::default()
    };
    State::new(settings(NOW), snapshot, NOW).0
}

fn agent(state: &State, name: &str) -> Sender {
    let one = TeamId::new(1, 1);
    let mut runs = state.agents.values();
    let run = runs
        .find(|run| run.agent.team == one && run.agent.role == role(name))
        .expect("it is there");
    Sender::Agent {
        agent: run.agent.id,
        team: one,
        role: role(name),
    }
}

/// What becomes of a request: the rule that refuses it, or the request as it is carried out.
fn outcome(state: &State, caller: &Sender, request: Request) -> Result<Request, String> {
    permits(caller, privilege(&request)).map_err(|rule| {
        let name = rule.split(':').next().unwrap_or_default();
        name.to_owned()
    })?;
    state.narrowed(caller, request).map_err(|failure| {
        let mut words = failure
            .causes
            .iter()
            .flat_map(|cause| cause.split([' ', ':']));
        let rule = words.find(|word| word.starts_with("read."));
        rule.unwrap_or("usage").to_owned()
    })
}

fn selector(name: Option<&str>) -> TeamSelector {
    TeamSelector {
        name: name.map(str::to_owned),
        // Where it stands decides nothing for an agent.
        cwd: PathBuf::from("/three"),
    }
}

/// Each request that reads of a team, with the team that is named.
fn of_a_team(name: Option<&str>) -> Vec<Request> {
    let team = name.map(str::to_owned);
    let select = || selector(name);
    let rules = |request| Request::Rules(Box::new(request));
    vec![
        Request::Messages(MessageFilter {
            team: team.clone(),
            ..MessageFilter::default()
        }),
        Request::Stats {
            team: team.clone(),
            limit: 5,
        },
        Request::Credit { team: team.clone() },
        Request::Schedules { team: team.clone() },
        Request::WorktreeList { team: team.clone() },
        Request::Pending {
            team: select(),
            all: false,
        },
        Request::Why {
            team: select(),
            role: "tester".to_owned(),
        },
        Request::Logs {
            team: select(),
            target: "developer".to_owned(),
            lines: 5,
        },
        Request::Git(GitRequest::Radar { team: select() }),
        Request::Tasks(Box::new(TasksRequest {
            team: select(),
            order: TasksOrder::Show,
        })),
        rules(RulesRequest::Violations(ViolationFilter {
            team: team.clone(),
            ..ViolationFilter::default()
        })),
        rules(RulesRequest::Assignments {
            team,
            unacked: false,
        }),
        rules(RulesRequest::Dependencies { team: select() }),
        rules(RulesRequest::InForce { team: select() }),
        rules(RulesRequest::Test {
            team: select(),
            from: "developer".to_owned(),
            to: "tester".to_owned(),
            text: "x".to_owned(),
        }),
    ]
}

#[test]
fn an_agent_reads_its_own_team_and_nobody_unknown_reads() {
    let state = state();
    let agents = ["orchestrator", "project_manager", "developer"].map(|name| agent(&state, name));
    let named = [None, Some("one"), Some("three")];
    let requests = named.map(of_a_team);
    for ((unnamed, own), other) in requests[0].iter().zip(&requests[1]).zip(&requests[2]) {
        for person in [Sender::Human, Sender::Script] {
            for request in [unnamed, own, other] {
                let made = outcome(&state, &person, request.clone());
                assert_eq!(made.as_ref(), Ok(request), "{person:?}");
            }
        }
        for request in [unnamed, own, other] {
            let made = outcome(&state, &Sender::Unknown, request.clone());
            assert_eq!(made, Err("privilege.known".to_owned()), "{request:?}");
        }
        for caller in &agents {
            for request in [unnamed, own] {
                let made = outcome(&state, caller, request.clone());
                assert_eq!(made.as_ref(), Ok(own), "{caller:?}");
            }
            let made = outcome(&state, caller, other.clone());
            assert_eq!(
                made,
                Err("read.own-team".to_owned()),
                "{caller:?}: {other:?}"
            );
        }
    }
}

#[test]
fn a_target_of_another_team_is_another_teams() {
    let state = state();
    let hub = agent(&state, "orchestrator");
    for target in ["three:tester", "three:tester.0", "three:nobody"] {
        let logs = Request::Logs {
            team: selector(None),
            target: target.to_owned(),
            lines: 5,
        };
        let why = Request::Why {
            team: selector(None),
            role: target.to_owned(),
        };
        for request in [logs, why] {
            assert!(outcome(&state, &Sender::Human, request.clone()).is_ok());
            let made = outcome(&state, &hub, request.clone());
            assert_eq!(made, Err("read.own-team".to_owned()), "{request:?}");
        }
    }
    let own = Request::Why {
        team: selector(None),
        role: "tester:0".to_owned(),
    };
    assert!(outcome(&state, &hub, own).is_ok());
}

/// Whatever an agent asks for and mistypes, no other team's name stands in the answer.
#[test]
fn an_agent_is_told_no_other_teams_name() {
    let mut state = state();
    let hub = agent(&state, "orchestrator");
    let send = |target: &str| {
        Request::Send(Box::new(torch_api::wire::SendRequest {
            target: target.to_owned(),
            body: torch_api::Body::Text("x".to_owned()),
            key: None,
            inline: false,
            urgent: false,
            ttl_seconds: None,
            wait: None,
            wait_millis: 0,
            cwd: "/three".into(),
            pane_hint: None,
        }))
    };
    let agents = |name: Option<&str>| {
        Request::Agent(Box::new(torch_api::roster::AgentRequest {
            team: selector(name),
            act: torch_api::roster::AgentAct::Temp {
                purpose: "x".to_owned(),
                task: "y".to_owned(),
                program: None,
            },
            env: Default::default(),
            secrets: Default::default(),
            role_files: Default::default(),
        }))
    };
    let standup = |name: Option<&str>| Request::Standup {
        team: selector(name),
        wait_millis: None,
    };
    let why = |role: &str| Request::Why {
        team: selector(None),
        role: role.to_owned(),
    };
    for request in [
        send("devloper"),
        send("nowhere:devloper"),
        why("devloper"),
        agents(Some("nowhere")),
        standup(Some("nowhere")),
        Request::Status {
            team: Some("nowhere".to_owned()),
        },
        Request::Schedules {
            team: Some("nowhere".to_owned()),
        },
    ] {
        let mut turn = Turn {
            now: NOW,
            cause: "test".to_owned(),
            effects: Vec::new(),
        };
        let caller = (hub.clone(), "identity.test");
        state.take_request(&mut turn, ConnId(1), caller, request.clone(), None);
        let told = turn.effects.iter().find_map(|effect| match effect {
            Effect::Reply {
                response: Response::Failed(failure),
                ..
            } => Some(format!("{failure:?}")),
            _ => None,
        });
        let told = told.unwrap_or_else(|| panic!("{request:?} was not refused"));
        assert!(!told.contains("three"), "{request:?}: {told}");
    }
}

#[test]
fn a_screen_is_seen_by_its_agent_and_by_those_that_lead() {
    let state = state();
    for (caller, target, seen) in [
        ("developer", "developer", true),
        ("developer", "tester", false),
        ("orchestrator", "tester", true),
        ("project_manager", "tester", true),
    ] {
        let request = Request::Logs {
            team: selector(None),
            target: target.to_owned(),
            lines: 5,
        };
        let made = outcome(&state, &agent(&state, caller), request);
        let expected = if seen {
            Ok(())
        } else {
            Err("read.own-screen".to_owned())
        };
        assert_eq!(made.map(drop), expected, "{caller} looks at {target}");
    }
}

#[test]
fn the_status_is_an_agents_own_teams() {
    let state = state();
    let status = |team: Option<&str>| Request::Status {
        team: team.map(str::to_owned),
    };
    let hub = agent(&state, "orchestrator");
    for team in [None, Some("one")] {
        assert_eq!(outcome(&state, &hub, status(team)), Ok(status(Some("one"))));
    }
    let made = outcome(&state, &hub, status(Some("three")));
    assert_eq!(made, Err("read.own-team".to_owned()));
    for team in [None, Some("three")] {
        let made = outcome(&state, &Sender::Human, status(team));
        assert_eq!(made, Ok(status(team)));
    }
}

#[test]
fn the_questions_of_all_teams_are_a_persons() {
    let state = state();
    let all = Request::Pending {
        team: selector(None),
        all: true,
    };
    let own = Request::Pending {
        team: selector(Some("one")),
        all: false,
    };
    let made = outcome(&state, &agent(&state, "orchestrator"), all.clone());
    assert_eq!(made, Ok(own));
    assert_eq!(outcome(&state, &Sender::Human, all.clone()), Ok(all));
}

#[test]
fn what_needs_no_team_is_known_callers_and_the_status_anybodys() {
    let state = state();
    let id = || "m-00000000".to_owned();
    let known = [
        Request::Message { id: id() },
        Request::Trace { id: id() },
        Request::AwaitTurn {
            id: id(),
            wait_millis: 1,
        },
        Request::AuditVerify,
        Request::Observed,
    ];
    let developer = agent(&state, "developer");
    for request in known {
        for caller in [&developer, &Sender::Human, &Sender::Script] {
            let made = outcome(&state, caller, request.clone());
            assert_eq!(made.as_ref(), Ok(&request));
        }
        let made = outcome(&state, &Sender::Unknown, request);
        assert_eq!(made, Err("privilege.known".to_owned()));
    }
    for request in [Request::Ping, Request::Status { team: None }] {
        let made = outcome(&state, &Sender::Unknown, request.clone());
        assert_eq!(made, Ok(request));
    }
    let inbox = Request::Inbox {
        all: true,
        mark_read: false,
    };
    let made = outcome(&state, &developer, inbox);
    assert_eq!(made, Err("privilege.person".to_owned()));
}
