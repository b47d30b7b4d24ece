//! Who may want an integration, what words of agents mean, and what a restart finds.

use torch_api::git::{GitRequest, GitResponse};
use torch_api::integrate::{IntegrateOrder, IntegrateRequest};
use torch_api::wire::{FailureKind, TeamSelector};
use torch_api::{Request, Response};
use torch_core::integration::{IntegrationOutcome, TestRun, Verdict};
use torch_core::{Agent, Sender, Write};
use torch_integration::integrate::{Act, RoleWork, Seen};

use super::orders::Said;
use super::*;
use crate::event::Event;
use crate::state::Snapshot;
use crate::state::fixture::{settings, team};

const NOW: Timestamp = Timestamp(1_800_000_000_000);

fn role(name: &str) -> RoleName {
    RoleName::parse(name).expect("a role")
}

/// Two teams on one repository.
fn snapshot() -> Snapshot {
    let teams = vec![team(1, "/repo/.git"), team(2, "/repo/.git")];
    let mut agents = Vec::new();
    for (at, team) in teams.iter().enumerate() {
        for (position, name) in ["orchestrator", "project_manager", "developer", "tester"]
            .into_iter()
            .enumerate()
        {
            let id = AgentId::new(2, (at * 10 + position) as u128);
            agents.push(Agent {
                worktree: format!("/w/{}/{name}", team.name).into(),
                worktree_ready: true,
                ..Agent::new(id, team.id, role(name), "demo", NOW)
            });
        }
    }
    Snapshot {
        teams,
        agents,
        ..Snapshot::default()
    }
}

fn state() -> State {
    State::new(settings(NOW), snapshot(), NOW).0
}

fn sender(name: &str) -> Sender {
    let position = ["orchestrator", "project_manager", "developer", "tester"]
        .iter()
        .position(|one| *one == name)
        .expect("it is there");
    Sender::Agent {
        agent: AgentId::new(2, position as u128),
        team: TeamId::new(1, 1),
        role: role(name),
    }
}

fn begin(test: Option<&str>) -> IntegrateOrder {
    IntegrateOrder::Begin {
        until: None,
        no_pull_request: false,
        test: test.map(str::to_owned),
        metrics: None,
        feature: None,
        wait: false,
    }
}

/// What a caller's request comes to.
fn ask(state: &mut State, number: u128, caller: &Sender, order: IntegrateOrder) -> Vec<Effect> {
    let mut t = Turn {
        now: NOW,
        cause: "test".to_owned(),
        effects: Vec::new(),
    };
    let request = IntegrateRequest {
        team: TeamSelector {
            name: Some(format!("team{number}")),
            cwd: "/".into(),
        },
        order,
    };
    let request = Request::Git(GitRequest::Integrate(Box::new(request)));
    let caller = (caller.clone(), "test");
    state.take_request(&mut t, ConnId(1), caller, request, None);
    t.effects
}

fn failure(effects: &[Effect]) -> Option<FailureKind> {
    effects.iter().find_map(|effect| match effect {
        Effect::Reply {
            response: Response::Failed(failure),
            ..
        } => Some(failure.kind),
        _ => None,
    })
}

fn job(effects: &[Effect]) -> Option<&Job> {
    effects.iter().find_map(|effect| match effect {
        Effect::Integrate { job, .. } => Some(&**job),
        _ => None,
    })
}

fn found(state: &mut State, job: &Job, found: Found) -> Vec<Effect> {
    let event = Event::Integrated {
        team: job.row.team,
        id: job.row.id,
        found: Box::new(found),
    };
    state.handle(NOW, event)
}

/// Until it waits for its review; the tests are by the person's command.
fn to_review(state: &mut State) -> Integration {
    let mut effects = ask(state, 1, &Sender::Human, begin(Some("true")));
    while let Some(job) = job(&effects).cloned() {
        let what = match &job.act {
            Act::Look => Found::Seen(Seen {
                parent: Some("a".repeat(40)),
                work: vec![RoleWork {
                    agent: AgentId::new(2, 2),
                    role: role("developer"),
                    commits: vec![(Some("trunk-developer".to_owned()), "b".repeat(40), 1)],
                    changed: 0,
                    files: Vec::new(),
                    operation: None,
                }],
                ..Seen::default()
            }),
            Act::Branch => Found::Branched,
            Act::Build => Found::Built(vec!["c".repeat(40)]),
            Act::Test { command, commit } => Found::Tested(TestRun {
                commit: commit.clone(),
                command: Some(command.clone()),
                by: "torch".to_owned(),
                exit: Some(0),
                seconds: 1,
                log: None,
                verdict: Verdict::Passed,
                note: String::new(),
            }),
            other => panic!("{other:?}"),
        };
        effects = found(state, &job, what);
    }
    state.integrations.rows[&TeamId::new(1, 1)].clone()
}

#[test]
fn those_that_lead_integrate_and_only_a_person_names_a_command() {
    for (caller, test, expect) in [
        (Sender::Human, Some("make test"), None),
        (Sender::Script, None, None),
        (sender("project_manager"), None, None),
        (sender("orchestrator"), None, None),
        (sender("developer"), None, Some(FailureKind::Refused)),
        (
            sender("project_manager"),
            Some("make test"),
            Some(FailureKind::Refused),
        ),
        (Sender::Unknown, None, Some(FailureKind::Refused)),
    ] {
        let effects = ask(&mut state(), 1, &caller, begin(test));
        assert_eq!(failure(&effects), expect, "{caller:?} {test:?}");
        assert_eq!(
            job(&effects).is_some(),
            expect.is_none(),
            "{caller:?} {test:?}"
        );
    }
    // Another team's is nobody's business.
    let effects = ask(&mut state(), 2, &sender("project_manager"), begin(None));
    assert_eq!(failure(&effects), Some(FailureKind::Refused));
}

#[test]
fn what_is_done_is_on_disk_before() {
    let effects = ask(&mut state(), 1, &Sender::Human, begin(None));
    let kept = |effect: &Effect| matches!(effect, Effect::Write(Write::PutLedger(record)) if matches!(&**record, LedgerRecord::Integration(_)));
    let kept = effects.iter().position(kept).expect("it is kept");
    let done = |effect: &Effect| matches!(effect, Effect::Integrate { .. });
    assert!(kept < effects.iter().position(done).expect("it is done"));
}

/// torch merges the developer's commits into the tester's worktree, and has not come to the end of that.
fn half_merged() -> torch_core::lane::LanePair {
    torch_core::lane::LanePair {
        team: TeamId::new(1, 1),
        from: AgentId::new(2, 2),
        from_role: role("developer"),
        to: AgentId::new(2, 3),
        to_role: role("tester"),
        at: NOW,
        waiting: None,
        conflict: None,
        merge: Some(torch_core::lane::LaneMerge {
            branch: Some("trunk-tester".to_owned()),
            from: "a".repeat(40),
            commit: "b".repeat(40),
            pin: "refs/torch/merge/lane-team1-tester".to_owned(),
            brings: torch_core::lane::LaneBrings {
                theirs: "b".repeat(40),
                branch: None,
                commits: 1,
                subject: "b A commit".to_owned(),
            },
            at: NOW,
        }),
        last: None,
        untold: Vec::new(),
    }
}

#[test]
fn files_that_torch_itself_half_wrote_are_waited_for_by_nobody() {
    for is_merged_into in [false, true] {
        let mut snapshot = snapshot();
        for agent in &mut snapshot.agents {
            agent.state = torch_core::AgentState::Idle;
        }
        if is_merged_into {
            snapshot.ledger = vec![LedgerRecord::Lane(Box::new(half_merged()))];
        }
        let mut state = State::new(settings(NOW), snapshot, NOW).0;
        let effects = ask(&mut state, 1, &Sender::Human, begin(Some("true")));
        let job = job(&effects).expect("a look").clone();
        let merged_into: Vec<_> = job.merged_into.iter().copied().collect();
        let work = |id: u128, name: &str, changed| RoleWork {
            agent: AgentId::new(2, id),
            role: role(name),
            commits: vec![(Some(format!("trunk-{name}")), id.to_string().repeat(40), 1)],
            changed,
            files: Vec::new(),
            operation: None,
        };
        let seen = Seen {
            parent: Some("a".repeat(40)),
            work: vec![work(2, "developer", 0), work(3, "tester", 3_465)],
            ..Seen::default()
        };
        found(&mut state, &job, Found::Seen(seen));
        let row = &state.integrations.rows[&TeamId::new(1, 1)];
        let asked = matches!(&row.wait, Some(wait) if matches!(wait.on, WaitOn::Commits { .. }));
        assert_eq!(asked, !is_merged_into, "{row:?}");
        if is_merged_into {
            assert_eq!(merged_into, [AgentId::new(2, 3)]);
            let said = "torch merges into tester's worktree now";
            assert!(row.steps[0].evidence.contains(said), "{row:?}");
        }
    }
}

#[test]
fn a_second_one_is_shown_and_not_made() {
    let mut state = state();
    let first = ask(&mut state, 1, &Sender::Human, begin(None));
    let id = job(&first).expect("it begins").row.id;
    let effects = ask(&mut state, 1, &sender("project_manager"), begin(None));
    assert!(job(&effects).is_none());
    let shown = effects.iter().find_map(|effect| match effect {
        Effect::Reply {
            response: Response::Git(answer),
            ..
        } => match &**answer {
            GitResponse::Integration(view) => Some(view.integration.id),
            _ => None,
        },
        _ => None,
    });
    assert_eq!(shown, Some(id));
}

#[test]
fn another_team_on_the_repository_waits_for_its_turn() {
    let mut state = state();
    let first = ask(&mut state, 1, &Sender::Human, begin(None));
    let first = job(&first).expect("it begins").clone();
    let second = state.handle(
        NOW.after(std::time::Duration::from_millis(5)),
        Event::Timer(TimerKey::Panes),
    );
    drop(second);
    let effects = ask(&mut state, 2, &Sender::Human, begin(None));
    let (one, two) = (first.row.id, state.integrations.rows[&TeamId::new(1, 2)].id);
    // Ids of one instant are in no order: whichever is older goes first.
    if one < two {
        assert!(job(&effects).is_none());
        let ended = found(
            &mut state,
            &first,
            Found::Seen(Seen {
                parent: Some("a".repeat(40)),
                ..Seen::default()
            }),
        );
        let next = job(&ended).expect("the next one begins");
        assert_eq!(next.row.team, TeamId::new(1, 2));
    }
}

#[test]
fn the_project_manager_reviews_and_nobody_in_its_place_but_a_person() {
    for (caller, may) in [
        (sender("project_manager"), true),
        (Sender::Human, true),
        (sender("orchestrator"), false),
        (sender("developer"), false),
        (Sender::Script, false),
    ] {
        let mut state = state();
        let row = to_review(&mut state);
        assert_eq!(state.reviews(None).len(), 1);
        let request = Request::AnswerQuestion {
            id: row.id.tag(),
            approve: true,
        };
        let mut t = Turn {
            now: NOW,
            cause: "test".to_owned(),
            effects: Vec::new(),
        };
        state.take_request(&mut t, ConnId(2), (caller.clone(), "test"), request, None);
        let lands = job(&t.effects).is_some_and(|job| job.act == Act::Land);
        assert_eq!(lands, may, "{caller:?}");
        let refused = failure(&t.effects) == Some(FailureKind::Refused);
        assert_eq!(refused, !may, "{caller:?}");
    }
}

#[test]
fn whoever_lets_it_in_hears_what_has_moved_and_what_follows() {
    let told = |moved: &[(&str, &str)]| {
        let mut state = state();
        let row = to_review(&mut state);
        let tips = [("trunk", "a"), ("trunk-developer", "b")]
            .iter()
            .chain(moved);
        let tips = tips.map(|(name, digit)| (format!("refs/heads/{name}"), digit.repeat(40)));
        let known = torch_core::git_activity::KnownRefs {
            team: row.team,
            at: NOW,
            tips: tips.collect(),
            told: BTreeSet::new(),
        };
        state.activity.known.insert(row.team, known);
        let request = Request::AnswerQuestion {
            id: row.id.tag(),
            approve: true,
        };
        let mut t = Turn {
            now: NOW,
            cause: "test".to_owned(),
            effects: Vec::new(),
        };
        let caller = (Sender::Human, "test");
        state.take_request(&mut t, ConnId(2), caller, request, None);
        let said = t.effects.iter().find_map(|effect| match effect {
            Effect::Reply {
                response: Response::Done { text },
                ..
            } => Some(text.replace(&row.id.tag(), "i-1")),
            _ => None,
        });
        said.expect("it is let in")
    };
    assert_eq!(
        told(&[]),
        "i-1 is let in; it goes on (torch integrate --list)"
    );
    // It lands as it was built: nothing of it is tested anew.
    let branch = told(&[("trunk-developer", "c")]);
    assert_eq!(
        branch,
        "i-1 is let in as it was built; it goes on (torch integrate --list). Moved since, which is left for the next one: \
         trunk-developer (bbbbbbbb, now cccccccc)"
    );
    let parent = told(&[("trunk", "d")]);
    assert_eq!(
        parent,
        "i-1 is let in; trunk (aaaaaaaa, now dddddddd) has moved since it was built, so it is built and tested anew first, and asks \
         again if other commits go in by then"
    );
    let both = told(&[("trunk", "d"), ("trunk-developer", "c")]);
    assert_eq!(
        both,
        format!("{parent}. Moved as well: trunk-developer (bbbbbbbb, now cccccccc)")
    );
}

#[test]
fn words_of_a_message_review_as_well() {
    for (name, word, lands) in [
        ("project_manager", "APPROVE", true),
        ("project_manager", "approve", false),
        ("developer", "APPROVE", false),
    ] {
        let mut state = state();
        let row = to_review(&mut state);
        let mut t = Turn {
            now: NOW,
            cause: "test".to_owned(),
            effects: Vec::new(),
        };
        let Sender::Agent { agent, .. } = sender(name) else {
            continue;
        };
        let text = format!("I looked at it.\n{word} {}\n", row.id.tag());
        state.integration_words(&mut t, agent, &text);
        assert_eq!(job(&t.effects).is_some(), lands, "{name} {word}");
    }
    let tag = "i-7k3f9q2a";
    for (line, expect) in [
        (
            "TESTS i-7k3f9q2a PASSED",
            Some(Said::Tests(true, String::new())),
        ),
        (
            "TESTS i-7k3f9q2a: PASSED, all 40",
            Some(Said::Tests(true, "all 40".to_owned())),
        ),
        (
            "TESTS i-7k3f9q2a FAILED: two",
            Some(Said::Tests(false, "two".to_owned())),
        ),
        ("DENY i-7k3f9q2a", Some(Said::Review(false))),
        ("APPROVE i-00000000", None),
        ("please APPROVE i-7k3f9q2a", None),
        ("TESTS i-7k3f9q2a maybe", None),
    ] {
        assert_eq!(Said::read(line, tag), expect, "{line}");
    }
}

#[test]
fn a_restart_does_again_what_was_begun_and_waits_for_what_was_waited_for() {
    let mut before = state();
    let effects = ask(&mut before, 1, &Sender::Human, begin(None));
    let first = job(&effects).expect("it begins").clone();
    let mut kept = snapshot();
    kept.ledger = vec![LedgerRecord::Integration(Box::new(
        before.integrations.rows[&first.row.team].clone(),
    ))];
    let (_, effects) = State::new(settings(NOW), kept.clone(), NOW);
    assert_eq!(job(&effects).map(|job| &job.act), Some(&Act::Look));
    let mut before = state();
    let row = to_review(&mut before);
    kept.ledger = vec![LedgerRecord::Integration(Box::new(row))];
    let (after, effects) = State::new(settings(NOW), kept, NOW);
    assert!(job(&effects).is_none());
    assert_eq!(after.reviews(None).len(), 1);
    let timer = |effect: &Effect| {
        matches!(
            effect,
            Effect::Timer {
                key: TimerKey::Integration(_),
                ..
            }
        )
    };
    assert!(effects.iter().any(timer));
    let posted = |effect: &Effect| matches!(effect, Effect::Write(Write::PutMessage(_)));
    assert!(!effects.iter().any(posted), "nothing is said twice");
}

#[test]
fn commits_that_come_while_it_builds_are_not_missed() {
    let mut state = state();
    let effects = ask(&mut state, 1, &Sender::Human, begin(None));
    let look = job(&effects).expect("it begins").clone();
    let team = look.row.team;
    let moves = [RefMove {
        name: "refs/heads/trunk-developer".to_owned(),
        agent: None,
        old: None,
        new: None,
        rewound: false,
        commits: Vec::new(),
        more: 0,
    }];
    let mut t = Turn {
        now: NOW,
        cause: "test".to_owned(),
        effects: Vec::new(),
    };
    state.integration_moved(&mut t, team, &moves);
    assert!(job(&t.effects).is_none());
    // What it waits for then may have come already: it looks once more.
    let mut row = state.integrations.rows[&team].clone();
    row.wait = Some(torch_core::integration::Wait {
        on: WaitOn::Conflicts,
        since: NOW,
        until: None,
        told: false,
    });
    state.integrations.rows.insert(team, row);
    let effects = found(&mut state, &look, Found::Cleaned);
    assert_eq!(job(&effects).map(|job| &job.act), Some(&Act::Look));
}

#[test]
fn one_that_ends_leaves_the_state_and_stays_in_the_ledger() {
    let mut state = state();
    let effects = ask(&mut state, 1, &Sender::Human, begin(None));
    let look = job(&effects).expect("it begins").clone();
    let parent = Some("a".repeat(40));
    let effects = found(
        &mut state,
        &look,
        Found::Seen(Seen {
            parent,
            ..Seen::default()
        }),
    );
    let mut outcomes = effects.iter().filter_map(|effect| match effect {
        Effect::Write(Write::PutLedger(record)) => match &**record {
            LedgerRecord::Integration(row) => Some(row.outcome.clone()),
            _ => None,
        },
        _ => None,
    });
    assert_eq!(
        outcomes.next_back(),
        Some(Some(IntegrationOutcome::Nothing))
    );
    assert!(state.integrations.rows.is_empty());
}

#[test]
fn a_purge_that_is_asked_for_again_is_answered_to_both() {
    let mut state = state();
    to_review(&mut state);
    let team = TeamId::new(1, 1);
    let row = state.teams.get_mut(&team).expect("a team");
    row.phase = torch_core::TeamPhase::Stopped;
    let selector = TeamSelector {
        name: Some("team1".to_owned()),
        cwd: "/".into(),
    };
    let mut purge = |conn: u64| {
        let mut t = Turn {
            now: NOW,
            cause: "test".to_owned(),
            effects: Vec::new(),
        };
        state.purge(&mut t, ConnId(conn), &selector, false);
        t.effects
    };
    let first = purge(1);
    let clean = job(&first).expect("it is given up").clone();
    assert_eq!(clean.act, Act::Clean);
    let told = purge(2).into_iter().find_map(|effect| match effect {
        Effect::Reply {
            conn,
            response: Response::Failed(_),
        } => Some(conn),
        _ => None,
    });
    assert_eq!(told, Some(ConnId(1)), "it would wait for ever");
    let effects = found(&mut state, &clean, Found::Cleaned);
    let removes = effects.iter().find_map(|effect| match effect {
        Effect::Worktrees { conn, .. } => Some(*conn),
        _ => None,
    });
    assert_eq!(removes, Some(ConnId(2)));
}
