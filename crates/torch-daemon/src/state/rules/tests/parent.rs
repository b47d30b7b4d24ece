//! Moves of the parent branch that torch did not make: rewound, replaced, deleted, forward, here and at a remote.

use torch_core::RollbackId;
use torch_core::git_activity::{CommitFact, RefMove};
use torch_core::rollback::{BranchMove, LeasedPush, Rollback, RollbackKind, RollbackState};

use super::activity::{commit, hex, known, moved};
use super::*;

const MAIN: &str = "refs/heads/main";

/// The parent loses what it led to.
fn lost(name: &str, new: Option<u32>, commits: Vec<CommitFact>) -> RefMove {
    RefMove {
        new: new.map(hex),
        rewound: new.is_some(),
        ..moved(name, None, (3, 0), commits)
    }
}

#[test]
fn a_parent_that_loses_commits_is_held_against_who_alone_was_in_a_turn() {
    let evil = || vec![commit(90, "evil", BEGIN)];
    for (what, words) in [
        (lost(MAIN, Some(1), Vec::new()), "main was set back"),
        (lost(MAIN, Some(90), evil()), "main was replaced"),
        (lost(MAIN, None, Vec::new()), "was deleted"),
        (
            lost("refs/remotes/origin/main", Some(2), Vec::new()),
            "origin/main was set back",
        ),
    ] {
        let mut stage = known();
        stage.moves(what);
        assert_eq!(stage.open(), ["branch.parent"], "{words}");
        let row = stage.violations()[0];
        assert_eq!(row.agent, id("developer"));
        assert_eq!(row.severity, torch_core::ledger::Severity::High);
        assert!(row.evidence.contains(words), "{}", row.evidence);
        assert!(row.evidence.contains("if that was a person"));
        assert_eq!(stage.said_to("orchestrator").len(), 1, "{words}");
    }
}

#[test]
fn where_one_can_not_tell_the_person_and_the_hub_are_told() {
    // Nobody is in a turn.
    let mut stage = known();
    stage.set("developer", AgentState::Idle);
    stage.moves(lost(MAIN, Some(1), Vec::new()));
    assert_eq!(stage.open(), [""; 0]);
    for reader in ["human", "orchestrator"] {
        let said = stage.said_to(reader);
        assert_eq!(said.len(), 1, "{reader}");
        assert!(said[0].contains("branch.parent: main was set back"));
        assert!(said[0].contains("nobody torch knows"), "{}", said[0]);
    }
    // More than one is.
    let mut stage = known();
    stage.set("tester", AgentState::Working);
    stage.moves(lost(MAIN, None, Vec::new()));
    assert_eq!(stage.open(), [""; 0]);
    let said = stage.said_to("human");
    assert!(
        said[0].contains("developer, tester were in a turn"),
        "{said:?}"
    );
    // The team's work came there, and neither its author nor who leads was at it.
    let mut stage = known();
    stage.commits(2, "Progress: the parser");
    stage.set("developer", AgentState::Idle);
    let work = commit(2, "Progress: the parser", BEGIN);
    stage.moves(moved(MAIN, None, (1, 2), vec![work]));
    assert!(stage.said_to("human")[0].contains("with work of developer"));
}

#[test]
fn what_torch_made_of_the_parent_is_nobodys() {
    let mut stage = known();
    let torchs = CommitFact {
        email: "torch@localhost".to_owned(),
        ..commit(9, "Rollback", BEGIN)
    };
    stage.moves(lost(MAIN, Some(9), vec![torchs]));
    assert_eq!(stage.open(), [""; 0]);
    assert!(stage.said_to("human").is_empty());
}

#[test]
fn work_that_came_there_in_the_moment_in_which_it_was_made_is_seen() {
    let mut stage = known();
    let work = || vec![commit(2, "Progress: the parser", BEGIN)];
    let moves = vec![
        moved(MAIN, None, (1, 2), work()),
        moved(
            "refs/heads/main-developer",
            Some("developer"),
            (1, 2),
            work(),
        ),
    ];
    let team = team().id;
    stage.happen(Event::RefsMoved { team, moves });
    assert_eq!(stage.open(), ["branch.parent"]);
}

#[test]
fn a_turn_that_ended_a_moment_ago_counts() {
    let mut stage = known();
    let developer = id("developer");
    let ends = |stage: &mut Stage| {
        let run = stage.state.agents.get_mut(&developer).expect("an agent");
        run.agent.state = AgentState::Idle;
        run.worked_until = Some(stage.now);
    };
    ends(&mut stage);
    stage.now = stage.now.after(Duration::from_secs(2));
    stage.moves(lost(MAIN, Some(1), Vec::new()));
    assert_eq!(stage.open(), ["branch.parent"]);
    let mut stage = known();
    ends(&mut stage);
    stage.now = stage.now.after(Duration::from_secs(20));
    stage.moves(lost(MAIN, Some(1), Vec::new()));
    assert_eq!(stage.open(), [""; 0]);
    assert_eq!(stage.said_to("human").len(), 1);
}

#[test]
fn what_a_rollback_put_back_is_torchs_own() {
    let team = known().state.agents[&id("developer")].agent.team;
    let rollback = Rollback {
        id: RollbackId::new(1, 1),
        team,
        at: BEGIN,
        by: "human".to_owned(),
        what: RollbackKind::Emergency,
        bad: None,
        parent_tip: None,
        good: None,
        taken: Vec::new(),
        reverts: None,
        files: 1,
        moves: Some(BranchMove {
            branch: Some("main".to_owned()),
            worktree: None,
            from: hex(3),
            to: hex(50),
            hard: Some(hex(1)),
            others_may_change: false,
        }),
        new_branch: None,
        push: Some(LeasedPush {
            remote: "origin".to_owned(),
            branch: "main".to_owned(),
            expected: hex(3),
        }),
        checks: Vec::new(),
        state: RollbackState::Done {
            at: BEGIN,
            not_pushed: None,
        },
    };
    for name in [MAIN, "refs/remotes/origin/main"] {
        let mut stage = known();
        stage.state.rollbacks.last.insert(team, rollback.clone());
        stage.moves(lost(name, Some(1), Vec::new()));
        assert_eq!(stage.open(), [""; 0], "{name}");
        assert!(stage.said_to("human").is_empty(), "{name}");
        // Somebody else's of the same kind is told all the same.
        stage.moves(lost(name, Some(2), Vec::new()));
        assert_eq!(stage.open(), ["branch.parent"], "{name}");
    }
}
