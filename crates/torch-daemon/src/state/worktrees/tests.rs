//! Removing and bringing back with a plain state: who may, what is durable when, and what follows.

use torch_api::worktree::{CleanScope, KeptView, RemovedView};
use torch_core::config::Config;
use torch_core::identity::{Ancestor, Ancestry};
use torch_core::{
    Agent, AgentState, DesiredState, Process, RouterMode, SessionName, Team, TeamPhase, Timestamp,
};

use super::*;
use crate::event::Event;
use crate::state::{Settings, Snapshot};
use crate::templates;

const NOW: Timestamp = Timestamp(1_800_000_000_000);
const CONN: ConnId = ConnId(1);

fn team() -> Team {
    Team {
        id: TeamId::new(1, 1),
        name: SessionName::slug("app"),
        project: "/project".into(),
        common_dir: "/project/.git".into(),
        spec: "/project/spec.md".into(),
        spec_sha256: String::new(),
        base_branch: "main".to_owned(),
        base_commit: "0".repeat(40),
        desired: DesiredState::Stopped,
        phase: TeamPhase::Stopped,
        router: RouterMode::Strict,
        env: Default::default(),
        session: None,
        created: NOW,
        finished: None,
        summary: None,
        paused: false,
        boot: None,
        told_suspended: None,
        policy: Default::default(),
        matrix: None,
        limits: Default::default(),
        role_files: Default::default(),
        standup: None,
        supervision: Default::default(),
        lane: Default::default(),
    }
}

fn agent(state: AgentState) -> Agent {
    let role = RoleName::parse("developer").expect("a role");
    Agent {
        position: 1,
        worktree: "/registry/projects/app/worktrees/developer".into(),
        branch: Some("main-developer".to_owned()),
        worktree_ready: true,
        state,
        ..Agent::new(AgentId::new(1, 2), team().id, role, "demo", NOW)
    }
}

fn state(agent_state: AgentState) -> State {
    state_of(vec![team()], vec![agent(agent_state)])
}

fn state_of(teams: Vec<Team>, agents: Vec<Agent>) -> State {
    let settings = Settings {
        home: "/registry".into(),
        torch: "/bin/torch".into(),
        config: Config::default(),
        tmux_socket: "torch".to_owned(),
        env: Default::default(),
        programs: templates::programs().expect("the programs"),
        templates: templates::roles().expect("the roles"),
        started: NOW,
        pid: 1,
        seed: 1,
        zone: jiff::tz::TimeZone::UTC,
        boot: torch_core::BootClock::default(),
        resume_teams: false,
    };
    let snapshot = Snapshot {
        teams,
        agents,
        ..Snapshot::default()
    };
    State::new(settings, snapshot, NOW).0
}

/// A person asks.
fn ask(state: &mut State, request: Request) -> Vec<Effect> {
    let caller = Ancestor {
        process: Process { pid: 5, start: 1 },
        name: "torch".to_owned(),
        terminal: true,
        mark: None,
        cwd: None,
    };
    let peer = Ancestry {
        chain: vec![caller],
        complete: true,
    };
    let event = Event::Request {
        conn: CONN,
        peer,
        request,
        known: None,
    };
    state.handle(NOW, event)
}

fn selector() -> TeamSelector {
    TeamSelector {
        name: None,
        cwd: "/project/sub".into(),
    }
}

fn remove(role: &str, dry_run: bool) -> Request {
    Request::WorktreeRemove {
        team: selector(),
        role: role.to_owned(),
        branch: true,
        dry_run,
    }
}

fn orders(effects: &[Effect]) -> Vec<&Order> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Worktrees { order, .. } => Some(order.as_ref()),
            _ => None,
        })
        .collect()
}

/// The agent as the last write has it.
fn written(effects: &[Effect]) -> Option<&Agent> {
    effects.iter().rev().find_map(|effect| match effect {
        Effect::Write(Write::PutAgent(agent)) => Some(agent.as_ref()),
        _ => None,
    })
}

fn reply(effects: &[Effect]) -> Option<&Response> {
    effects.iter().find_map(|effect| match effect {
        Effect::Reply { response, .. } => Some(response),
        _ => None,
    })
}

fn refusal(effects: &[Effect]) -> &Failure {
    match reply(effects) {
        Some(Response::Failed(failure)) => failure,
        other => panic!("no refusal: {other:?}"),
    }
}

fn removed(failure: Option<Failure>) -> Event {
    let stands = failure.is_some();
    let result = Removed {
        agent: Some(agent(AgentState::Stopped).id),
        view: RemovedView {
            role: "developer".to_owned(),
            path: agent(AgentState::Stopped).worktree,
            project: None,
            kept: None,
            deleted_branch: (!stands).then(|| "main-developer".to_owned()),
            branch_stays: None,
            failure,
            only_looked: false,
        },
        stands,
    };
    Event::Worktrees(Box::new(Outcome::Removed {
        conn: CONN,
        results: vec![result],
    }))
}

#[test]
fn a_running_agent_keeps_its_worktree() {
    for live in [AgentState::Working, AgentState::Idle, AgentState::Unknown] {
        let mut state = state(live);
        for dry_run in [true, false] {
            let effects = ask(&mut state, remove("developer", dry_run));
            assert_eq!(orders(&effects).len(), 0);
            let failure = refusal(&effects);
            assert_eq!(failure.hint.as_deref(), Some("torch agent end developer"));
        }
    }
}

#[test]
fn it_counts_as_not_made_before_anything_is_removed() {
    let mut state = state(AgentState::Stopped);
    let looked = ask(&mut state, remove("dev", true));
    assert!(matches!(orders(&looked)[..], [Order::List { .. }]));
    assert!(written(&looked).is_none(), "looking changes nothing");
    let effects = ask(&mut state, remove("dev", false));
    assert!(written(&effects).is_some_and(|agent| !agent.worktree_ready));
    let [
        Order::Remove {
            worktrees, branch, ..
        },
    ] = &orders(&effects)[..]
    else {
        panic!("{effects:?}");
    };
    assert_eq!(*branch, HomeBranch::Goes);
    assert_eq!(worktrees[0].branch.as_deref(), Some("main-developer"));
    assert!(
        reply(&effects).is_none(),
        "the answer comes when it is done"
    );
    // A second one has to wait.
    refusal(&ask(&mut state, remove("dev", false)));
    let effects = state.handle(NOW, removed(None));
    assert!(written(&effects).is_some_and(|a| !a.worktree_ready && a.branch.is_none()));
    assert!(matches!(
        reply(&effects),
        Some(Response::WorktreesRemoved { .. })
    ));
}

#[test]
fn what_could_not_be_removed_stands_as_before() {
    let mut state = state(AgentState::Exited);
    ask(&mut state, remove("developer", false));
    let effects = state.handle(NOW, removed(Some(other("locked", "", None))));
    assert!(written(&effects).is_some_and(|agent| agent.worktree_ready));
    assert_eq!(refusal(&effects).error, "locked");
    // And can be tried again.
    let again = ask(&mut state, remove("developer", false));
    assert_eq!(orders(&again).len(), 1);
}

#[test]
fn an_agents_own_worktree_that_is_back_is_used_again() {
    let mut state = state(AgentState::Stopped);
    ask(&mut state, remove("developer", false));
    state.handle(NOW, removed(None));
    let undelete = Request::Undelete {
        team: selector(),
        what: "developer".to_owned(),
        to: None,
    };
    let effects = ask(&mut state, undelete);
    let [Order::Undelete { places, .. }] = &orders(&effects)[..] else {
        panic!("{effects:?}");
    };
    assert_eq!(places, &[PathBuf::from("/project")]);
    for (path, is_agents) in [
        (PathBuf::from("/elsewhere"), false),
        (agent(AgentState::Stopped).worktree, true),
    ] {
        let event = Event::Worktrees(Box::new(Outcome::Undeleted {
            conn: CONN,
            result: Ok(Box::new(undeleted(path))),
        }));
        let effects = state.handle(NOW, event);
        let Some(Response::Undeleted(view)) = reply(&effects) else {
            panic!("{effects:?}");
        };
        assert_eq!(view.is_agents, is_agents);
        let ready = written(&effects).map(|agent| (agent.worktree_ready, agent.branch.clone()));
        let expected = is_agents.then(|| (true, Some("main-developer-2".to_owned())));
        assert_eq!(ready, expected);
    }
}

fn undeleted(path: PathBuf) -> UndeletedView {
    UndeletedView {
        kept: KeptView {
            reference: "refs/torch/kept/developer/x".to_owned(),
            short: "developer/x".to_owned(),
            commit: String::new(),
            role: "developer".to_owned(),
            team: None,
            path: path.clone(),
            branch: None,
            head: String::new(),
            at: NOW,
            why: String::new(),
            commits: 0,
            files: 0,
            stashes: Vec::new(),
            operation: None,
            ignored_files: 0,
            ignored_bytes: 0,
            submodules: Vec::new(),
            folder_was_gone: false,
        },
        path,
        branch: Some("main-developer-2".to_owned()),
        another_branch: true,
        files: 0,
        stashes: 0,
        is_agents: false,
    }
}

#[test]
fn only_a_left_over_worktree_is_removed_by_its_path() {
    let mut state = state(AgentState::Stopped);
    let own = agent(AgentState::Stopped).worktree.display().to_string();
    assert!(refusal(&ask(&mut state, remove(&own, false))).causes[0].contains("developer"));
    for path in [
        "/registry/projects/old/worktrees/../tester",
        "/x/not a role",
    ] {
        refusal(&ask(&mut state, remove(path, false)));
    }
    let left = "/registry/projects/old/worktrees/tester";
    let effects = ask(&mut state, remove(left, false));
    let [Order::Remove { worktrees, .. }] = &orders(&effects)[..] else {
        panic!("{effects:?}");
    };
    assert_eq!(
        (worktrees[0].agent, worktrees[0].path.as_path()),
        (None, Path::new(left))
    );
}

/// Two stopped teams of two repositories.
fn two_repositories() -> State {
    let other_team = Team {
        id: TeamId::new(1, 3),
        name: SessionName::slug("other"),
        project: "/other".into(),
        common_dir: "/other/.git".into(),
        ..team()
    };
    let other_agent = Agent {
        worktree: "/registry/projects/other/worktrees/developer".into(),
        ..Agent::new(
            AgentId::new(1, 4),
            other_team.id,
            agent(AgentState::Stopped).role,
            "demo",
            NOW,
        )
    };
    let other_agent = Agent {
        worktree_ready: true,
        state: AgentState::Stopped,
        ..other_agent
    };
    let agents = vec![agent(AgentState::Stopped), other_agent];
    state_of(vec![team(), other_team], agents)
}

#[test]
fn only_the_worktrees_of_one_repository_are_cleaned_unless_all_are_wanted() {
    let both = ["app", "other"];
    let check = |scope: CleanScope, expect: &[&str], within: Option<&str>| {
        let mut state = two_repositories();
        let clean = Request::WorktreeClean {
            scope: scope.clone(),
            branch: false,
            dry_run: false,
        };
        let mut effects = ask(&mut state, clean);
        if let CleanScope::Repository { directory } = &scope {
            let [Order::FindToClean { directory: at, .. }] = &orders(&effects)[..] else {
                panic!("{effects:?}");
            };
            assert_eq!(at, directory);
            assert!(written(&effects).is_none(), "nothing is held back yet");
            let event = Event::Worktrees(Box::new(Outcome::FoundToClean {
                conn: CONN,
                common_dir: "/project/.git".into(),
                clean: Cleaning {
                    branch: HomeBranch::Stays,
                    dry_run: false,
                },
            }));
            effects = state.handle(NOW, event);
        }
        let [
            Order::Clean {
                agents,
                others_than,
                within: at,
                ..
            },
        ] = &orders(&effects)[..]
        else {
            panic!("{effects:?}");
        };
        let of: Vec<_> = agents
            .iter()
            .filter_map(|one| one.team.as_deref())
            .collect();
        assert_eq!(of, expect, "{scope:?}");
        assert_eq!(at.as_deref(), within.map(Path::new), "{scope:?}");
        // Which worktrees no team has is told from the agents of all teams.
        let known = others_than.as_ref().map(Vec::len);
        let of_a_team = matches!(scope, CleanScope::Team { .. });
        assert_eq!(known, (!of_a_team).then_some(2), "{scope:?}");
        // An agent whose worktree is none of them may be started meanwhile.
        let held = effects.iter().filter_map(|effect| match effect {
            Effect::Write(Write::PutAgent(agent)) => Some(agent.team),
            _ => None,
        });
        assert_eq!(held.count(), expect.len(), "{scope:?}");
    };
    let directory = PathBuf::from("/project/sub");
    let here = CleanScope::Repository { directory };
    check(here, &both[..1], Some("/project/.git"));
    let name = "other".to_owned();
    check(CleanScope::Team { name }, &both[1..], None);
    check(CleanScope::All, &both, None);
    let mut state = two_repositories();
    let clean = Request::WorktreeClean {
        scope: CleanScope::Team {
            name: "none".to_owned(),
        },
        branch: false,
        dry_run: true,
    };
    refusal(&ask(&mut state, clean));
}

#[test]
fn a_repair_knows_where_worktrees_belong() {
    let mut state = two_repositories();
    let repair = Request::WorktreeRepair {
        project: "/project".into(),
        places: Vec::new(),
    };
    let effects = ask(&mut state, repair);
    let [Order::Repair { known, .. }] = &orders(&effects)[..] else {
        panic!("{effects:?}");
    };
    assert!(known.contains(&agent(AgentState::Stopped).worktree));
}

#[test]
fn without_a_branch_there_is_nothing_to_compare_work_with() {
    let mut state = state_of(
        vec![Team {
            base_branch: "HEAD".to_owned(),
            ..team()
        }],
        vec![agent(AgentState::Stopped)],
    );
    for ask_for in [
        GitRequest::Radar { team: selector() },
        GitRequest::Risk { team: selector() },
    ] {
        let effects = ask(&mut state, Request::Git(ask_for));
        let failure = refusal(&effects);
        assert_eq!(
            failure.error,
            "team app has no branch that its work goes into"
        );
    }
}
