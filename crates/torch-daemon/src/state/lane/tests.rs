//! The fast lane with a plain state and real repositories.

mod stage;

use std::fs;

use torch_api::Response;
use torch_api::git::{GitResponse, LaneSwitch, LaneView};
use torch_api::wire::TeamSelector;
use torch_core::Sender;
use torch_core::policy::{GitPolicy, TeamPolicy};
use torch_worktree::Git;

use super::*;
use crate::event::Event;
use crate::host::lane::carried_out;
use crate::lane::LaneEnd;
use stage::{Stage, environment, git, id, role, team_id};

#[test]
fn a_commit_goes_all_the_way_and_each_reader_hears_once() {
    let mut stage = Stage::new();
    let mut commits = Vec::new();
    for n in 0..10 {
        commits.push(stage.commit("developer", &format!("file-{n}"), "text\n"));
    }
    // The tester has work of its own, so that a merge commit is needed.
    stage.commit("tester", "test.txt", "a test\n");
    stage.run();
    let newest = commits.last().expect("ten");
    assert!(stage.has("tester", newest) && stage.has("testrunner", newest));
    assert_eq!(git(&stage.at("tester"), &["status", "--porcelain"]), "");
    let log = git(&stage.at("tester"), &["log", "-1", "--format=%an|%B"]);
    assert!(
        log.starts_with("torch|Fast lane: merge developer (trunk-developer) into tester"),
        "{log}"
    );
    assert!(log.contains("Torch-Lane: developer tester"), "{log}");
    let said = stage.said_to("tester");
    let [said] = said.as_slice() else {
        panic!("{said:?}");
    };
    assert!(
        said.starts_with("FAST_LANE_TRIGGER: New implementation ready: "),
        "{said}"
    );
    assert!(
        said.contains("work on file-9") && said.contains("10 commits"),
        "{said}"
    );
    let said = stage.said_to("testrunner").join("\n");
    assert!(
        said.contains("FAST_LANE_TRIGGER: Test suite updated: "),
        "{said}"
    );
    assert!(stage.said_to("project_manager").is_empty());
    // Nothing comes back, however long one waits.
    let (tester, merged) = (stage.head("tester"), stage.journalled("lane.merged"));
    stage.moved("tester");
    stage.pass(60);
    assert_eq!(
        (stage.head("tester"), stage.journalled("lane.merged")),
        (tester, merged)
    );
    assert_eq!(stage.timer, None);
}

#[test]
fn a_look_that_nobody_heard_of_leaves_nothing() {
    let mut stage = Stage::new();
    stage.commit("tester", "own.txt", "text\n");
    stage.run();
    stage.commit("developer", "file", "text\n");
    stage.now = stage.timer.take().expect("it is looked at");
    stage.handle(Event::Timer(TimerKey::Lane(team_id())));
    let order = stage.orders.pop_front().expect("a look");
    let came = carried_out(&Git::new(environment()), &order);
    assert!(matches!(came, LaneCame::Looked(LaneSeen::Ready(_))));
    let pins = |stage: &Stage| git(&stage.at("tester"), &["for-each-ref", "refs/torch/merge"]);
    assert!(!pins(&stage).is_empty());
    // It is killed, and the tester merges by itself.
    git(&stage.at("tester"), &["merge", "-q", "trunk-developer"]);
    stage.restart();
    stage.run();
    assert_eq!(pins(&stage), "");
}

#[test]
fn what_a_recipient_threw_away_comes_again() {
    let mut stage = Stage::new();
    let commit = stage.commit("developer", "file", "text\n");
    stage.run();
    assert!(stage.has("tester", &commit));
    git(&stage.at("tester"), &["reset", "-q", "--hard", "trunk"]);
    stage.moved_so("tester", true);
    stage.run();
    assert!(
        stage.has("tester", &commit),
        "only the next commit brings it"
    );
    assert_eq!(stage.journalled("lane.merged"), 3);
}

#[test]
fn a_worktree_with_changes_is_merged_into_once_they_are_committed() {
    let mut stage = Stage::new();
    fs::write(stage.at("tester").join("code.txt"), "half a test\n").expect("written");
    let commit = stage.commit("developer", "new.txt", "new\n");
    stage.pass(290);
    assert!(!stage.has("tester", &commit));
    assert!(stage.said_to("project_manager").is_empty());
    stage.pass(3_600);
    let said = stage.said_to("project_manager");
    let [said] = said.as_slice() else {
        panic!("{said:?}");
    };
    assert!(
        said.contains("developer")
            && said.contains("the tester's worktree has uncommitted changes in 1 file"),
        "{said}"
    );
    // A new daemon does not say it once more.
    stage.restart();
    stage.pass(600);
    assert_eq!(stage.said_to("project_manager").len(), 1);
    stage.commit("tester", "code.txt", "a test\n");
    stage.run();
    assert!(stage.has("tester", &commit));
    assert_eq!(stage.said_to("tester").len(), 1);
}

#[test]
fn a_conflict_is_the_managers_and_touches_nothing() {
    let mut stage = Stage::new();
    let ours = stage.commit("tester", "code.txt", "the tester's\n");
    let theirs = stage.commit("developer", "code.txt", "the developer's\n");
    stage.pass(900);
    assert_eq!(
        (stage.head("tester"), stage.head("developer")),
        (ours, theirs)
    );
    assert_eq!(git(&stage.at("tester"), &["status", "--porcelain"]), "");
    let said = stage.said_to("project_manager");
    let [said] = said.as_slice() else {
        panic!("{said:?}");
    };
    assert!(
        said.contains("conflict in code.txt (project_manager's)")
            && said.contains("git merge trunk-developer"),
        "{said}"
    );
    stage.restart();
    stage.pass(60);
    assert_eq!(stage.said_to("project_manager").len(), 1);
    // The tester settles it by hand.
    let merged = [
        "merge",
        "-q",
        "-X",
        "ours",
        "trunk-developer",
        "-m",
        "Integration: both",
    ];
    git(&stage.at("tester"), &merged);
    stage.moved("tester");
    stage.run();
    assert_eq!(stage.journalled("lane.settled"), 1);
    let row = stage.ledger.values().find_map(|row| match row {
        LedgerRecord::Lane(row) if row.to == id("tester") => Some(row),
        _ => None,
    });
    assert!(row.is_some_and(|row| row.conflict.is_none() && row.waiting.is_none()));
}

#[test]
fn a_conflict_that_nobody_solves_goes_up_once() {
    let mut stage = Stage::new();
    for (role, text) in [("tester", "t = 1\n"), ("developer", "d = 1\n")] {
        for file in ["app.py", "test_app.py"] {
            fs::write(stage.at(role).join(file), text).expect("written");
        }
        stage.commit(role, "notes.md", text);
    }
    stage.pass(60);
    let said = stage.said_to("project_manager").join("\n");
    let files =
        "conflict in app.py (developer's), notes.md (project_manager's), test_app.py (tester's)";
    assert!(said.contains(files), "{said}");
    assert!(said.contains("solved within 30 minutes"), "{said}");
    assert_eq!(stage.said_to("orchestrator").len(), 0);
    // Its deadline goes on in another daemon.
    stage.pass(20 * 60);
    stage.restart();
    stage.pass(12 * 60);
    let said = stage.said_to("orchestrator");
    let [said] = said.as_slice() else {
        panic!("{said:?}");
    };
    assert!(said.contains("is not solved after 30 min;"), "{said}");
    assert!(
        said.contains("test_app.py (tester's)") && said.contains("project_manager was told"),
        "{said}"
    );
    stage.restart();
    stage.pass(60 * 60);
    assert_eq!(stage.said_to("orchestrator").len(), 1);
    assert_eq!(stage.said_to("project_manager").len(), 1);
    assert_eq!(stage.journalled("lane.unsolved"), 1);
}

#[test]
fn a_kill_between_prepare_and_apply_loses_nothing() {
    for applied in [false, true] {
        let mut stage = Stage::new();
        stage.commit("tester", "test.txt", "a test\n");
        stage.run();
        let commit = stage.commit("developer", "new.txt", "new\n");
        while !matches!(stage.orders.front(), Some(order) if matches!(order.act, LaneAct::Apply(_)))
        {
            if !stage.one() {
                stage.now = stage.timer.take().expect("a look is due");
                stage.handle(Event::Timer(TimerKey::Lane(team_id())));
            }
        }
        assert!(!stage.has("tester", &commit));
        if applied {
            let order = stage.orders.front().expect("a merge");
            let came = carried_out(&Git::new(environment()), order);
            assert!(matches!(came, LaneCame::Applied(LaneEnd::Done)));
        }
        stage.restart();
        let settles = |order: &LaneOrder| matches!(order.act, LaneAct::Settle(_));
        assert!(stage.orders.iter().any(settles), "{:?}", stage.orders);
        stage.run();
        assert!(stage.has("tester", &commit) && stage.has("testrunner", &commit));
        assert_eq!(git(&stage.at("tester"), &["status", "--porcelain"]), "");
        assert_eq!(stage.said_to("tester").len(), 1);
        let pins = git(&stage.at("tester"), &["for-each-ref", "refs/torch/merge"]);
        assert_eq!(pins, "");
        assert!(stage.ledger.values().all(|row| match row {
            LedgerRecord::Lane(row) => row.merge.is_none(),
            _ => true,
        }));
    }
}

#[test]
fn off_is_off_and_what_was_missed_is_found_when_it_is_on_again() {
    let mut stage = Stage::new();
    let manager = Sender::Agent {
        agent: id("project_manager"),
        team: team_id(),
        role: role("project_manager"),
    };
    let switch = |stage: &mut Stage, caller: &Sender, on: bool| {
        let mut turn = Turn {
            now: stage.now,
            cause: "test".to_owned(),
            effects: Vec::new(),
        };
        let to = match on {
            true => LaneSwitch::On,
            false => LaneSwitch::Off,
        };
        let selector = torch_api::wire::TeamSelector {
            name: Some("app".to_owned()),
            cwd: "/".into(),
        };
        stage
            .state
            .switch_lane(&mut turn, crate::event::ConnId(1), caller, (&selector, to));
        let failed = turn.effects.iter().any(|effect| {
            matches!(
                effect,
                Effect::Reply {
                    response: torch_api::Response::Failed(_),
                    ..
                }
            )
        });
        stage.take(turn.effects);
        !failed
    };
    let developer = Sender::Agent {
        agent: id("developer"),
        team: team_id(),
        role: role("developer"),
    };
    assert!(
        !switch(&mut stage, &developer, false),
        "a developer may not"
    );
    assert!(switch(&mut stage, &manager, false));
    assert_eq!(
        stage.team.lane.off.as_ref().map(|off| off.by.as_str()),
        Some("project_manager")
    );
    let commit = stage.commit("developer", "new.txt", "new\n");
    stage.pass(600);
    stage.restart();
    stage.pass(60);
    assert!(!stage.has("tester", &commit));
    assert!(
        stage
            .said_to("tester")
            .iter()
            .any(|said| said.contains("The fast lane is off"))
    );
    assert!(switch(&mut stage, &manager, true));
    stage.run();
    assert!(stage.has("tester", &commit));
}

#[test]
fn other_features_and_teams_that_leave_commits_to_a_person_are_left_alone() {
    let mut stage = Stage::new();
    git(
        &stage.at("developer"),
        &["checkout", "-q", "-b", "feature/login"],
    );
    let commit = stage.commit("developer", "login.txt", "new\n");
    stage.pass(900);
    assert!(!stage.has("tester", &commit));
    assert!(stage.said_to("project_manager").is_empty());
    git(&stage.at("tester"), &["checkout", "-q", "-b", "test/login"]);
    // The end of the tester's turn.
    let mut turn = Turn {
        now: stage.now,
        cause: "test".to_owned(),
        effects: Vec::new(),
    };
    stage.state.lane_agent_changed(&mut turn, id("tester"));
    stage.take(turn.effects);
    stage.run();
    assert!(stage.has("tester", &commit));

    let mut stage = Stage::of(|team| {
        team.policy = TeamPolicy {
            git: GitPolicy {
                agent_commits: AgentCommits::Forbidden,
                ..GitPolicy::default()
            },
            ..TeamPolicy::default()
        };
    });
    let commit = stage.commit("developer", "new.txt", "new\n");
    stage.pass(60);
    assert!(!stage.has("tester", &commit));
}

#[test]
fn a_team_without_a_pair_hears_what_there_is_to_merge() {
    let mut stage = Stage::of(|team| team.lane.pairs = Some(Vec::new()));
    let standing = |head: &str, ahead| torch_core::git_activity::Standing {
        agent: id("developer"),
        branch: Some("trunk-developer".to_owned()),
        head: head.to_owned(),
        ahead,
        ahead_since: None,
        behind: 0,
        lacks: None,
        unpushed: None,
        unpushed_since: None,
    };
    let due = |stage: &mut Stage| {
        stage.now = stage.now.after(Duration::from_secs(900));
        stage.handle(Event::Timer(TimerKey::LaneCycle(team_id())));
        stage.said_to("project_manager").len()
    };
    stage.commit("developer", "new.txt", "new\n");
    assert_eq!(due(&mut stage), 0, "nothing is ahead");
    stage.commit("developer", "more.txt", "new\n");
    stage
        .state
        .activity
        .standings
        .insert(id("developer"), standing("a", 2));
    assert_eq!(due(&mut stage), 1);
    let said = stage.said_to("project_manager").join("\n");
    assert!(
        said.contains("developer 2 (trunk-developer)") && said.contains("trunk"),
        "{said}"
    );
    // Nobody merges: once more after half an hour, and no more then.
    let counts: Vec<_> = (0..4).map(|_| due(&mut stage)).collect();
    assert_eq!(counts, [1, 2, 2, 2]);
    stage
        .state
        .activity
        .standings
        .insert(id("developer"), standing("b", 3));
    assert_eq!(due(&mut stage), 3);
}

fn by_name() -> TeamSelector {
    TeamSelector {
        name: Some("app".to_owned()),
        cwd: "/".into(),
    }
}

/// What somebody is answered, if that is so soon.
fn lane_of(effects: &[Effect]) -> Option<LaneView> {
    effects.iter().find_map(|effect| match effect {
        Effect::Reply {
            response: Response::Git(git),
            ..
        } => match &**git {
            GitResponse::Lane(view) => Some(view.clone()),
            _ => None,
        },
        _ => None,
    })
}

fn ask(stage: &mut Stage, what: impl FnOnce(&mut State, &mut Turn)) -> Vec<Effect> {
    let mut turn = Turn {
        now: stage.now,
        cause: "test".to_owned(),
        effects: Vec::new(),
    };
    what(&mut stage.state, &mut turn);
    stage.take(turn.effects.clone());
    turn.effects
}

/// Carries the orders that are there out; what was answered meanwhile.
fn looks(stage: &mut Stage) -> Option<LaneView> {
    let mut answer = None;
    while let Some(order) = stage.orders.pop_front() {
        assert!(answer.is_none(), "it came too early: {answer:?}");
        let done = LaneDone {
            team: order.team,
            pair: order.pair,
            came: carried_out(&Git::new(environment()), &order),
        };
        let effects = stage.state.handle(stage.now, Event::Lane(Box::new(done)));
        answer = lane_of(&effects);
        stage.take(effects);
    }
    answer
}

fn why(view: &LaneView) -> Option<&str> {
    Some(view.pairs[0].waiting.as_ref()?.why.as_str())
}

#[test]
fn sync_answers_with_what_its_look_found() {
    let mut stage = Stage::new();
    let file = stage.at("tester").join("code.txt");
    fs::write(&file, "half a test\n").expect("written");
    let commit = stage.commit("developer", "new.txt", "new\n");
    stage.pass(10);
    // The cause goes; what was said of it is old.
    fs::write(&file, "one\n").expect("written");
    let sync = |stage: &mut Stage| {
        ask(stage, |state, t| {
            let wish = (&by_name(), LaneSwitch::Sync);
            state.switch_lane(t, crate::event::ConnId(1), &Sender::Human, wish);
        })
    };
    let effects = sync(&mut stage);
    assert!(lane_of(&effects).is_none(), "nothing was looked at yet");
    let show = |stage: &mut Stage| {
        let effects = ask(stage, |state, t| {
            state.show_lane(t, crate::event::ConnId(2), &by_name());
        });
        lane_of(&effects).expect("shown at once")
    };
    assert_eq!(why(&show(&mut stage)), Some("it is being looked at"));
    let mut answer = looks(&mut stage);
    for _ in 0..10 {
        let Some(at) = stage.timer.take().filter(|_| answer.is_none()) else {
            break;
        };
        stage.now = stage.now.max(at);
        let effects = (stage.state).handle(stage.now, Event::Timer(TimerKey::Lane(team_id())));
        answer = lane_of(&effects);
        stage.take(effects);
        answer = answer.or_else(|| looks(&mut stage));
    }
    let answer = answer.expect("it is answered");
    assert!(stage.has("tester", &commit));
    assert_eq!((why(&answer), answer.pairs[0].last.is_some()), (None, true));

    // A look that takes too long is told as under way.
    let effects = sync(&mut stage);
    assert!(lane_of(&effects).is_none());
    stage.now = stage.now.after(Duration::from_secs(10));
    let timer = Event::Timer(TimerKey::Lane(team_id()));
    let effects = stage.state.handle(stage.now, timer);
    let answer = lane_of(&effects).expect("it is answered");
    assert_eq!(why(&answer), Some("it is being looked at"));
}

#[test]
fn a_merge_that_was_cut_off_is_told_as_such() {
    let mut stage = Stage::new();
    stage.commit("developer", "new.txt", "new\n");
    stage.now = stage.timer.take().expect("it is looked at");
    stage.handle(Event::Timer(TimerKey::Lane(team_id())));
    let show = |stage: &mut Stage| {
        let effects = ask(stage, |state, t| {
            state.show_lane(t, crate::event::ConnId(2), &by_name());
        });
        why(&lane_of(&effects).expect("shown")).map(str::to_owned)
    };
    assert_eq!(show(&mut stage).as_deref(), Some("it is being looked at"));
    assert!(stage.one(), "a look");
    assert_eq!(show(&mut stage).as_deref(), Some("it is being merged"));
    stage.restart();
    let settled = "a merge that was cut off is being finished or taken back there";
    assert_eq!(show(&mut stage).as_deref(), Some(settled));
}

#[test]
fn nothing_is_typed_to_an_agent_while_its_files_are_written() {
    let mut stage = Stage::new();
    stage.commit("developer", "new.txt", "new\n");
    stage.now = stage.timer.take().expect("it is looked at");
    stage.handle(Event::Timer(TimerKey::Lane(team_id())));
    let held = |stage: &mut Stage, seconds: u64| {
        let now = stage.now;
        stage.now = now.after(Duration::from_secs(seconds));
        let mut held = None;
        let effects = ask(stage, |state, t| held = state.held(t, id("tester")));
        stage.now = now;
        let until = effects.iter().find_map(|effect| match effect {
            Effect::Timer {
                key: TimerKey::Turns(agent),
                at,
            } if *agent == id("tester") => Some(at.since(now).as_secs()),
            _ => None,
        });
        (held.map(|(reason, _)| reason), until)
    };
    assert_eq!(held(&mut stage, 0), (None, None), "a look writes nothing");
    assert!(stage.one(), "a look");
    let busy = Some(torch_core::DeferReason::Busy);
    assert_eq!(held(&mut stage, 0), (busy, Some(15)));
    assert_eq!(held(&mut stage, 15), (None, None), "not for ever");
    assert!(stage.one(), "the merge");
    assert_eq!(held(&mut stage, 0), (None, None));
}

#[test]
fn two_that_meet_by_a_checkout_alone_are_merged() {
    let mut stage = Stage::new();
    let stands = |stage: &mut Stage, branch: &str| {
        let standings = vec![torch_core::git_activity::Standing {
            agent: id("tester"),
            branch: Some(branch.to_owned()),
            head: stage.head("tester"),
            ahead: 0,
            ahead_since: None,
            behind: 0,
            lacks: None,
            unpushed: None,
            unpushed_since: None,
        }];
        let team = team_id();
        stage.handle(Event::Standings { team, standings });
        stage.run();
    };
    git(&stage.at("tester"), &["checkout", "-q", "-b", "test/foo"]);
    stands(&mut stage, "test/foo");
    let commit = stage.commit("developer", "new.txt", "new\n");
    stage.pass(60);
    assert!(!stage.has("tester", &commit), "another feature");
    // No branch moves.
    git(&stage.at("tester"), &["checkout", "-q", "trunk-tester"]);
    stands(&mut stage, "trunk-tester");
    assert!(stage.has("tester", &commit));
}
