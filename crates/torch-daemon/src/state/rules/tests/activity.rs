//! What follows from branches that move: what is counted, who is told, and when nobody is.

mod branches;
mod pushes;

use torch_core::git_activity::{CommitFact, RefMove, Standing};

use super::*;
use crate::event::{Made, WorkFacts};
use crate::state::Clash;

const MINUTE: u64 = 60;
/// How long time goes by at once, in seconds.
const STEP: u64 = 30;

pub(super) fn hex(number: u32) -> String {
    format!("{number:040x}")
}

pub(super) fn commit(number: u32, subject: &str, at: Timestamp) -> CommitFact {
    CommitFact {
        id: hex(number),
        parents: vec![hex(number - 1)],
        subject: subject.to_owned(),
        author: "dev".to_owned(),
        email: "dev@example.org".to_owned(),
        at,
    }
}

pub(super) fn moved(
    name: &str,
    agent: Option<&str>,
    (old, new): (u32, u32),
    commits: Vec<CommitFact>,
) -> RefMove {
    RefMove {
        name: name.to_owned(),
        agent: agent.map(id),
        old: Some(hex(old)),
        new: Some(hex(new)),
        rewound: false,
        commits,
        more: 0,
    }
}

fn standing(name: &str, head: u32, now: Timestamp) -> Standing {
    Standing {
        agent: id(name),
        branch: Some(format!("main-{name}")),
        head: hex(head),
        ahead: 1,
        ahead_since: Some(now),
        behind: 0,
        lacks: None,
        unpushed: None,
        unpushed_since: None,
    }
}

/// A team whose developer is in a turn, and whose branches are known.
pub(super) fn known() -> Stage {
    let mut stage = Stage::new(Vec::new(), BEGIN);
    for name in ROLES {
        stage.set(name, AgentState::Idle);
        let run = stage.state.agents.get_mut(&id(name)).expect("an agent");
        run.agent.branch = Some(format!("main-{name}"));
    }
    stage.set("developer", AgentState::Working);
    stage.baseline();
    stage
}

impl Stage {
    fn baseline(&mut self) {
        let tips = [
            ("refs/heads/main", 1),
            ("refs/heads/old", 1),
            ("refs/heads/main-developer", 1),
        ];
        let tips = tips.map(|(name, at)| (name.to_owned(), hex(at)));
        let team = team().id;
        self.happen(Event::RefsKnown {
            team,
            tips: tips.into(),
        });
    }

    /// The developer commits on its branch.
    pub(super) fn commits(&mut self, number: u32, subject: &str) {
        let made = commit(number, subject, self.now);
        let name = "refs/heads/main-developer";
        let moves = vec![moved(
            name,
            Some("developer"),
            (number - 1, number),
            vec![made.clone()],
        )];
        let team = team().id;
        self.happen(Event::RefsMoved { team, moves });
        let made = Made {
            agent: Some(id("developer")),
            branch: name.to_owned(),
            commit: made,
            rewritten: false,
        };
        self.happen(Event::Committed {
            team,
            made: vec![made],
        });
        self.stands(standing("developer", number, self.now));
    }

    fn stands(&mut self, standing: Standing) {
        let (team, standings) = (team().id, vec![standing]);
        self.happen(Event::Standings { team, standings });
    }

    pub(super) fn moves(&mut self, moved: RefMove) {
        let (team, moves) = (team().id, vec![moved]);
        self.happen(Event::RefsMoved { team, moves });
    }

    /// Time goes by, half a minute after the other; how often the developer's worktree is looked at, which is as this says.
    fn works(&mut self, seconds: u64, dirty: bool) -> usize {
        let mut looks = 0;
        for _ in 0..seconds / STEP {
            self.now = self.now.after(Duration::from_secs(STEP - 1));
            if self.second() {
                looks += 1;
                let work = WorkFacts {
                    head: hex(1),
                    head_at: None,
                    branch: Some("main-developer".to_owned()),
                    ahead: 0,
                    commits: Vec::new(),
                    dirty,
                    changed: usize::from(dirty),
                    checkpoints: Vec::new(),
                };
                let (agent, work) = (id("developer"), Some(Box::new(work)));
                self.happen(Event::TreeSeen { agent, work });
            }
        }
        looks
    }

    pub(super) fn open(&self) -> Vec<&str> {
        let open = self.violations().into_iter();
        let open = open.filter(|row| row.status == ViolationState::Open);
        let mut rules: Vec<&str> = open.map(|row| row.rule.as_str()).collect();
        rules.sort_unstable();
        rules
    }

    pub(super) fn journaled(&self, kind: &str) -> Vec<&serde_json::Value> {
        let rows = self.journal.iter().filter(|row| row.kind == kind);
        rows.map(|row| &row.data).collect()
    }
}

#[test]
fn commits_are_counted_and_moves_told_once_over_a_restart() {
    let mut stage = known();
    stage.commits(2, "Progress: the parser reads dates");
    stage.commits(3, "Progress: the parser reads times");
    let found = stage.journaled("git.commit");
    assert_eq!(found.len(), 2);
    assert_eq!(
        (&found[0]["role"], &found[0]["branch"]),
        (&"developer".into(), &"main-developer".into())
    );
    assert_eq!(stage.open(), [""; 0]);
    // The next daemon goes on from there.
    let ledger: Vec<_> = stage.ledger.into_values().collect();
    let mut stage = Stage::new(ledger, stage.now);
    let refs = stage.state.refs_of(team().id).expect("a team");
    let known = refs.known.expect("it was read");
    assert_eq!(known["refs/heads/main-developer"], hex(3));
    stage.baseline();
    let refs = stage.state.refs_of(team().id).expect("a team");
    assert_eq!(refs.known, Some(known));
    let row = &stage.state.activity.agents[&id("developer")];
    assert_eq!((row.commits, row.last_commit.is_some()), (2, true));
}

#[test]
fn pushes_are_those_that_a_branch_here_has() {
    let mut stage = known();
    stage.commits(2, "Progress: the parser");
    let push = |branch: &str, to| {
        moved(
            &format!("refs/remotes/origin/{branch}"),
            None,
            (1, to),
            Vec::new(),
        )
    };
    stage.moves(push("main-developer", 2));
    // What somebody else pushed and a fetch brought.
    stage.moves(push("theirs", 77));
    let found = stage.journaled("git.push");
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (&found[0]["role"], &found[0]["remote"]),
        (&"developer".into(), &"origin".into())
    );
    assert_eq!(stage.state.activity.agents[&id("developer")].pushes, 1);
}

#[test]
fn a_message_that_says_nothing_and_a_wrong_name_are_told_to_the_agent_once() {
    let mut stage = known();
    stage.commits(2, "updates");
    stage.commits(3, "fixes");
    let told = stage.said_to("developer");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains("\"updates\"") && told[0].contains("git commit --amend"),
        "{told:?}"
    );
    assert_eq!(stage.open(), ["commit.message"]);
    assert!(stage.said_to("orchestrator").is_empty());
    stage.commits(4, "Progress: the parser");
    assert_eq!(stage.open(), [""; 0]);

    let mut wrong = standing("developer", 4, stage.now);
    wrong.branch = Some("login".to_owned());
    stage.stands(wrong.clone());
    stage.stands(wrong.clone());
    assert_eq!(stage.open(), ["branch.name"]);
    let told = stage.said_to("developer");
    assert!(
        told[1].contains("git branch -m login feature/login"),
        "{told:?}"
    );
    assert_eq!(told.len(), 2);
    wrong.branch = Some("feature/login".to_owned());
    stage.stands(wrong);
    assert_eq!(stage.open(), [""; 0]);
}

#[test]
fn uncommitted_work_is_told_after_half_an_hour_of_work_and_to_the_lead_after_one() {
    let mut stage = known();
    assert_eq!(
        stage.works(29 * MINUTE, true),
        0,
        "its worktree is left alone until then"
    );
    assert_eq!(stage.works(2 * MINUTE, true), 1);
    assert_eq!(stage.open(), ["git.commit-late"]);
    assert_eq!(stage.said_to("developer").len(), 1);
    assert!(stage.said_to("orchestrator").is_empty());
    assert_eq!(stage.works(30 * MINUTE, true), 1);
    assert_eq!(stage.open(), ["git.commit-late", "git.commit-overdue"]);
    assert_eq!(stage.said_to("developer").len(), 1);
    let told = stage.said_to("orchestrator");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("developer: 6"), "{told:?}");
    // Its commit settles both, and the time begins anew.
    stage.commits(2, "Progress: the parser");
    assert_eq!(stage.open(), [""; 0]);
    assert_eq!(stage.works(29 * MINUTE, true), 0);
}

#[test]
fn nobody_is_told_without_work_without_changes_or_while_it_is_held() {
    // Nothing to commit.
    let mut stage = known();
    assert_eq!(stage.works(61 * MINUTE, false), 2);
    assert_eq!(stage.open(), [""; 0]);
    // Idle, limited or dead: its time does not count, and its worktree is left alone.
    for state in [
        AgentState::Idle,
        AgentState::Limited,
        AgentState::Exited,
        AgentState::Asking,
    ] {
        let mut stage = known();
        stage.set("developer", state);
        assert_eq!(stage.works(90 * MINUTE, true), 0, "{state:?}");
        assert_eq!(stage.open(), [""; 0], "{state:?}");
    }
    // A person commits.
    let mut team = team();
    team.policy.git.agent_commits = torch_core::policy::AgentCommits::Forbidden;
    let mut stage = Stage::of(team, Vec::new(), None, BEGIN);
    stage.set("developer", AgentState::Working);
    stage.baseline();
    stage.works(61 * MINUTE, true);
    let mut late = standing("developer", 1, BEGIN);
    late.behind = 40;
    late.branch = Some("feature/a".to_owned());
    stage.stands(late);
    assert_eq!(stage.open(), [""; 0]);
}

#[test]
fn what_is_late_of_a_branch_is_told_once_and_settled_when_it_is_over() {
    let mut stage = known();
    let mut late = standing("developer", 2, stage.now);
    late.unpushed = Some(1);
    late.unpushed_since = Some(stage.now);
    late.behind = 25;
    late.lacks = Some(hex(9));
    stage.set("developer", AgentState::Idle);
    stage.stands(late.clone());
    // The distance at once, the rest in its time, and all in one notice.
    assert_eq!(stage.open(), ["git.behind"]);
    stage.works(16 * MINUTE, false);
    assert_eq!(stage.open(), ["git.behind", "git.push-late"]);
    stage.works(46 * MINUTE, false);
    assert_eq!(
        stage.open(),
        ["git.behind", "git.pull-late", "git.push-late"]
    );
    assert_eq!(stage.said_to("developer").len(), 3);
    // More of the parent is not a new hour for what is missing already.
    late.behind = 26;
    stage.stands(late.clone());
    assert_eq!(stage.said_to("developer").len(), 3);
    stage.works(180 * MINUTE, false);
    assert_eq!(stage.open().len(), 4);
    assert_eq!(
        stage.said_to("orchestrator").len(),
        1,
        "work that waits is the lead's"
    );
    stage.stands(standing("developer", 2, stage.now));
    assert_eq!(stage.open(), [""; 0]);
    // One that is dead is told nothing.
    stage.set("developer", AgentState::Exited);
    stage.stands(late);
    assert_eq!(stage.open(), [""; 0]);
}

#[test]
fn work_on_branches_that_were_there_is_flagged() {
    let work = |number| commit(number, "Progress: the parser", BEGIN);
    // In its own worktree there is no doubt.
    let mut stage = known();
    stage.commits(2, "Progress: the parser");
    stage.moves(moved(
        "refs/heads/old",
        Some("developer"),
        (1, 2),
        vec![work(2)],
    ));
    assert_eq!(stage.open(), ["branch.foreign"]);
    assert_eq!(
        stage.violations()[0].severity,
        torch_core::ledger::Severity::High
    );
    assert_eq!(stage.said_to("orchestrator").len(), 1);
    stage.moves(moved(
        "refs/heads/main",
        Some("developer"),
        (1, 2),
        vec![work(2)],
    ));
    assert_eq!(stage.open(), ["branch.foreign", "branch.parent"]);

    // Its work elsewhere while it is in a turn: perhaps it was a person.
    let mut stage = known();
    stage.commits(2, "Progress: the parser");
    let merge = CommitFact {
        parents: vec![hex(1), hex(2)],
        ..commit(5, "Merge branch 'main-developer'", BEGIN)
    };
    stage.moves(moved(
        "refs/heads/main",
        None,
        (1, 5),
        vec![work(2), merge.clone()],
    ));
    assert_eq!(stage.open(), ["branch.parent"]);
    assert!(
        stage.violations()[0]
            .evidence
            .contains("if that was a person")
    );

    // A person's own commits, a merge by torch, and a merge while nobody works.
    let mut stage = known();
    stage.commits(2, "Progress: the parser");
    stage.moves(moved(
        "refs/heads/main",
        None,
        (1, 90),
        vec![commit(90, "readme", BEGIN)],
    ));
    let torchs = CommitFact {
        email: "torch@localhost".to_owned(),
        ..merge.clone()
    };
    stage.moves(moved(
        "refs/heads/main",
        None,
        (90, 5),
        vec![work(2), torchs],
    ));
    stage.set("developer", AgentState::Idle);
    stage.moves(moved("refs/heads/main", None, (5, 6), vec![work(2), merge]));
    assert_eq!(stage.open(), [""; 0]);
}

#[test]
fn gh_is_asked_after_a_push_and_before_anybody_is_told() {
    let mut stage = known();
    stage.commits(2, "Progress: the parser");
    let team = team().id;
    let push = moved(
        "refs/remotes/origin/main-developer",
        None,
        (1, 2),
        Vec::new(),
    );
    let asks = |effects: &[Effect]| {
        let asked = effects
            .iter()
            .filter(|effect| matches!(effect, Effect::LookForRequest { .. }));
        asked.count()
    };
    let effects = stage.happen(Event::RefsMoved {
        team,
        moves: vec![push],
    });
    assert_eq!(asks(&effects), 1);
    // No gh: nobody speaks of pull requests.
    let answer = |stage: &mut Stage, result| {
        stage.happen(Event::RequestSeen {
            agent: id("developer"),
            branch: "main-developer".to_owned(),
            result,
        });
    };
    answer(&mut stage, Err(()));
    stage.works(60 * MINUTE, false);
    assert_eq!(stage.open(), [""; 0]);
    // It answers that there is none; half an hour has passed, so it is asked once more, and then the lead is told.
    answer(&mut stage, Ok(None));
    stage.works(MINUTE, false);
    assert_eq!(stage.open(), [""; 0], "it was asked, and has not answered");
    answer(&mut stage, Ok(None));
    stage.works(MINUTE, false);
    assert_eq!(stage.open(), ["git.request-late"]);
    assert_eq!(stage.said_to("orchestrator").len(), 1);
    let request = torch_core::git_activity::PullRequest {
        number: 7,
        state: "open".to_owned(),
        opened: stage.now,
        merged: None,
    };
    answer(&mut stage, Ok(Some(request)));
    stage.works(MINUTE, false);
    assert_eq!(stage.open(), [""; 0]);
    assert_eq!(stage.journaled("git.request")[0]["number"], 7);
}

#[test]
fn conflicts_are_told_to_their_owners_once_while_they_last() {
    let clash = |path: &str| Clash {
        path: path.to_owned(),
        roles: ["developer".to_owned(), "tester".to_owned()],
    };
    let mut stage = known();
    let team = team().id;
    let looked = |stage: &mut Stage, clashes: Option<Vec<Clash>>| {
        stage.happen(Event::Overlaps { team, clashes });
    };
    stage.commits(2, "Progress: the parser");
    assert!(stage.state.activity_looks() == 0);
    stage.second();
    assert_eq!(stage.state.activity_looks(), 1);
    looked(&mut stage, Some(vec![clash("src/a.rs")]));
    for role in ["developer", "tester", "orchestrator"] {
        let told = stage.said_to(role);
        assert_eq!(told.len(), 1, "{role}: {told:?}");
        assert!(
            told[0].contains("src/a.rs: developer and tester"),
            "{told:?}"
        );
    }
    assert!(stage.said_to("researcher").is_empty());
    // At most once a minute, and the same is not told again, also by the next daemon.
    stage.commits(3, "Progress: the scanner");
    stage.works(30, false);
    assert_eq!(stage.state.activity_looks(), 0);
    stage.works(30, false);
    assert_eq!(stage.state.activity_looks(), 1);
    looked(&mut stage, Some(vec![clash("src/a.rs")]));
    assert_eq!(stage.said_to("tester").len(), 1);
    let ledger: Vec<_> = stage.ledger.into_values().collect();
    let mut stage = Stage::new(ledger, stage.now);
    looked(&mut stage, Some(vec![clash("src/a.rs"), clash("src/b.rs")]));
    let told = stage.said_to("tester");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains("src/b.rs") && !told[0].contains("src/a.rs"),
        "{told:?}"
    );
    // What could not be looked at changes nothing; what is over may come again.
    looked(&mut stage, None);
    looked(&mut stage, Some(Vec::new()));
    looked(&mut stage, Some(vec![clash("src/b.rs")]));
    assert_eq!(stage.said_to("tester").len(), 2);
}
