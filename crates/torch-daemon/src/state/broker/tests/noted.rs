//! What is told of pushes while no remote has them.

use torch_core::git_activity::{RefMove, Withheld};

use super::*;

const NOTE: &str = "refs/remotes/origin/feature/login";

impl Stage {
    /// The repository was read: the branch stands here and, as the agent's git notes it, at the remote.
    fn noted(&mut self, (old, new): (Option<&str>, Option<&str>)) {
        let team = TeamId::new(1, 1);
        let moved = |name: &str| RefMove {
            name: name.to_owned(),
            agent: None,
            old: old.map(str::to_owned),
            new: new.map(str::to_owned),
            rewound: false,
            commits: Vec::new(),
            more: 2,
        };
        self.happen(Event::RefsKnown {
            team,
            tips: BTreeMap::new(),
        });
        let mut moves = vec![moved(NOTE)];
        if let Some(new) = new {
            moves.push(moved(&format!("refs/heads/made-{new}")));
        }
        self.happen(Event::RefsMoved { team, moves });
    }

    fn withheld(&self) -> Vec<Withheld> {
        self.state.withheld(std::path::Path::new("/project/.git"))
    }

    /// What the log has of pushes: the kind, and the state or how it came.
    fn log(&self) -> Vec<(String, String)> {
        let of_push = |(kind, _): &&(String, serde_json::Value)| {
            matches!(kind.as_str(), "git.push" | "git.broker")
        };
        let rows = self.journal.iter().filter(of_push);
        let said = rows.map(|(kind, data)| {
            let word = data["state"].as_str().map(str::to_owned);
            let word = word.unwrap_or_else(|| data["forwarded"].to_string());
            (kind.clone(), word)
        });
        said.collect()
    }

    fn turn(&mut self, act: impl FnOnce(&mut State, &mut Turn)) {
        let mut turn = Turn {
            now: self.now,
            cause: "test".to_owned(),
            effects: Vec::new(),
        };
        act(&mut self.state, &mut turn);
        self.take(turn.effects);
    }

    /// A person approves a push, or denies it.
    fn decided(&mut self, id: &str, approve: bool) {
        self.turn(|state, t| state.answer_question(t, CONN, (id, approve)));
    }

    fn switched_off(&mut self) {
        let team = TeamSelector {
            name: None,
            cwd: "/project".into(),
        };
        self.turn(|state, t| state.close_broker(t, CONN, &team));
    }

    fn pushes(&self) -> u64 {
        let seen = self.state.activity.agents.get(&developer());
        seen.map_or(0, |seen| seen.pushes)
    }
}

fn said(kind: &str, word: &str) -> (String, String) {
    (kind.to_owned(), word.to_owned())
}

fn waits(pushed: &str, there: Option<&str>) -> Withheld {
    Withheld {
        note: NOTE.to_owned(),
        pushed: pushed.to_owned(),
        there: there.map(str::to_owned),
    }
}

#[test]
fn what_waits_in_the_broker_is_pushed_when_the_remote_has_it() {
    let mut stage = Stage::new(supervised());
    stage.pushed(BRANCH, "1a");
    stage.landed(BRANCH, "1a");
    stage.noted((None, Some("1a")));
    assert_eq!(stage.log(), [said("git.broker", "asking")]);
    assert_eq!(stage.withheld(), [waits("1a", Some("0a"))]);
    assert_eq!(stage.pushes(), 0);

    let id = stage.push(BRANCH, "1a").id.tag();
    stage.decided(&id, true);
    let said_to_person = format!("{:?}", stage.answer);
    assert!(
        said_to_person.contains("feature/login is approved and goes to origin now"),
        "{said_to_person}"
    );
    // The remote is away: it is still not pushed.
    stage.went(BRANCH, "1a", away());
    assert_eq!(stage.withheld().len(), 1);
    assert_eq!(stage.pushes(), 0);
    stage.wait();
    stage.went(BRANCH, "1a", Went::Done);
    assert_eq!(stage.withheld(), []);
    assert_eq!(
        stage.log(),
        [said("git.broker", "asking"), said("git.push", "true")]
    );
    assert_eq!(stage.pushes(), 1);
}

#[test]
fn what_went_on_before_anybody_looked_is_told_once() {
    let mut stage = Stage::new(TeamPolicy::default());
    stage.pushed(BRANCH, "1a");
    stage.landed(BRANCH, "1a");
    stage.went(BRANCH, "1a", Went::Done);
    stage.noted((None, Some("1a")));
    assert_eq!(stage.log(), [said("git.push", "null")]);
}

#[test]
fn what_was_denied_is_told_as_that_and_its_way_back_is_no_push() {
    let mut stage = Stage::new(supervised());
    stage.pushed(BRANCH, "1a");
    stage.landed(BRANCH, "1a");
    stage.noted((Some("0a"), Some("1a")));
    // Another one stands on it.
    stage.now = stage.now.after(Duration::from_millis(5));
    stage.pushed(BRANCH, "2b");
    let id = stage.push(BRANCH, "1a").id;
    stage.decided(&id.tag(), false);
    assert_eq!(
        stage.log(),
        [said("git.broker", "asking"), said("git.broker", "refused")]
    );
    // Until it is put back the note says more than is true.
    assert!(stage.withheld().contains(&waits("1a", Some("0a"))));
    stage.outcome(Outcome::PutBack {
        push: id,
        error: None,
    });
    stage.noted((Some("1a"), Some("0a")));
    assert_eq!(stage.log().len(), 2);
    assert_eq!(stage.withheld(), [waits("2b", Some("0a"))]);
    // The same once more, approved.
    stage.pushed(BRANCH, "1a");
    stage.landed(BRANCH, "1a");
    stage.noted((Some("0a"), Some("1a")));
    assert_eq!(stage.log().len(), 3);
}

#[test]
fn a_push_that_stood_on_a_denied_one_stands_on_what_the_remote_has() {
    let mut stage = Stage::new(supervised());
    stage.pushed_from(BRANCH, ("0a", "1a"), &[]);
    stage.landed(BRANCH, "1a");
    stage.now = stage.now.after(Duration::from_millis(5));
    stage.pushed_from(BRANCH, ("1a", "2b"), &[]);
    stage.landed(BRANCH, "2b");
    let id = stage.push(BRANCH, "1a").id;
    stage.decided(&id.tag(), false);
    stage.outcome(Outcome::PutBack {
        push: id,
        error: None,
    });
    assert_eq!(stage.withheld(), [waits("2b", Some("0a"))]);
}

#[test]
fn switched_off_the_broker_leaves_no_note_of_what_nobody_has() {
    let mut stage = Stage::new(TeamPolicy::default());
    stage.pushed(BRANCH, "1a");
    stage.landed(BRANCH, "1a");
    stage.went(BRANCH, "1a", away());
    stage.carried();
    stage.switched_off();
    assert_eq!(stage.carried().1, ["1a"]);
    assert!(matches!(
        stage.push(BRANCH, "1a").state,
        PushState::Failed { .. }
    ));
}

#[test]
fn what_a_daemon_before_left_to_put_back_is_no_push() {
    let mut stage = Stage::new(supervised());
    stage.pushed(BRANCH, "1a");
    stage.landed(BRANCH, "1a");
    stage.noted((Some("0a"), Some("1a")));
    let id = stage.push(BRANCH, "1a").id;
    stage.decided(&id.tag(), false);
    // It is killed before anything was put back.
    let ledger = stage.kept.values().filter(|row| row.is_open());
    let mut stage = Stage::with(supervised(), ledger.cloned().collect());
    stage.wait();
    assert_eq!(stage.carried().1, ["1a"]);
    stage.noted((Some("1a"), Some("0a")));
    assert_eq!(stage.log(), []);
}

#[test]
fn what_is_put_back_as_the_broker_is_switched_off_is_no_push() {
    for error in [None, Some("the project can't be written".to_owned())] {
        let mut stage = Stage::new(TeamPolicy::default());
        stage.pushed(BRANCH, "1a");
        stage.landed(BRANCH, "1a");
        stage.noted((Some("0a"), Some("1a")));
        stage.went(BRANCH, "1a", away());
        let push = stage.push(BRANCH, "1a").id;
        stage.switched_off();
        assert_eq!(stage.log(), [said("git.broker", "accepted")]);
        let failed = error.is_some();
        stage.outcome(Outcome::PutBack { push, error });
        // Where it could not be put back, whoever moves it is somebody else.
        stage.noted((Some("1a"), Some("0a")));
        assert_eq!(
            stage.log().len(),
            if failed { 2 } else { 1 },
            "{:?}",
            stage.log()
        );
    }
}
