//! Whose doing a moved branch is: torch's own integrations, and two teams in one repository.

use torch_core::AgentId;
use torch_core::integration::{Integration, IntegrationWishes, Step, StepState};

use super::*;

/// The parent goes from commit 1 to this one, with these; who is blamed.
fn parent_moves(stage: &mut Stage, (old, new): (u32, u32), commits: Vec<CommitFact>) -> usize {
    let before = stage.open().len();
    stage.moves(moved("refs/heads/main", None, (old, new), commits));
    stage.open().len() - before
}

/// An integration of the developer's commit 2, built as commit 7, with these steps over.
fn integrated(stage: &mut Stage, over: usize) {
    let at = (team().id, "main");
    let mut row = Integration::new(
        torch_core::IntegrationId::new(1, 1),
        at,
        ("human", BEGIN),
        IntegrationWishes::default(),
    );
    row.parent_tip = hex(1);
    row.built = Some(hex(7));
    for step in &mut row.steps[..over] {
        step.state = StepState::Done;
    }
    stage.state.recover_integration(row);
}

#[test]
fn an_integration_moves_the_parent_once_it_was_let_in() {
    let work = commit(2, "Progress: the parser", BEGIN);
    let by_torch = |number, parents: [u32; 2]| CommitFact {
        parents: parents.map(hex).into(),
        email: "torch@localhost".to_owned(),
        ..commit(number, "Integrate developer", BEGIN)
    };
    let begin = || {
        let mut stage = known();
        stage.commits(2, "Progress: the parser");
        stage
    };
    let built = by_torch(7, [1, 2]);
    let by_gh = CommitFact {
        parents: vec![hex(1), hex(7)],
        email: "noreply@github.com".to_owned(),
        ..commit(8, "Merge pull request #1", BEGIN)
    };
    let land = Step::Land.number();
    // By a fast-forward, or under the merge commit of a pull request, here and first on the remote.
    let mut stage = begin();
    integrated(&mut stage, land);
    let all = vec![work.clone(), built.clone()];
    assert_eq!(parent_moves(&mut stage, (1, 7), all.clone()), 0);
    let found = stage.journaled("git.branch");
    let [landing] = found.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!(
        (&landing["branch"], &landing["new"], &landing["commits"]),
        (&"main".into(), &hex(7).into(), &2.into())
    );
    let id = torch_core::IntegrationId::new(1, 1).tag();
    assert_eq!(landing["integration"], id);
    let mut stage = begin();
    integrated(&mut stage, land);
    let with_gh = vec![work.clone(), built.clone(), by_gh.clone()];
    let remote = "refs/remotes/origin/main";
    stage.moves(moved(remote, None, (1, 8), with_gh.clone()));
    assert_eq!(parent_moves(&mut stage, (1, 8), with_gh.clone()), 0);
    assert_eq!(stage.open(), [""; 0]);
    // Before tests and review it is somebody's own doing, whoever signed the commits.
    let mut stage = begin();
    integrated(&mut stage, Step::Test.number());
    assert_eq!(parent_moves(&mut stage, (1, 7), all), 1);
    let mut stage = begin();
    integrated(&mut stage, Step::Test.number());
    assert_eq!(parent_moves(&mut stage, (1, 8), with_gh), 1);
    // A commit of somebody else's on top is not what was let in, nor is another merge commit of a person's.
    let mut stage = begin();
    integrated(&mut stage, land);
    let more = CommitFact {
        parents: vec![hex(7)],
        ..commit(9, "Progress: more", BEGIN)
    };
    let all = vec![work.clone(), built, more];
    assert_eq!(parent_moves(&mut stage, (1, 9), all), 1);
    // What the fast lane merged has torch's name, too; it stands on a role's branch.
    let mut stage = begin();
    let lane = by_torch(4, [3, 2]);
    stage.stands(standing("tester", 4, stage.now));
    assert_eq!(
        parent_moves(&mut stage, (1, 4), vec![work.clone(), lane]),
        1
    );
    // A rollback stands nowhere else.
    let mut stage = begin();
    let back = by_torch(5, [1, 2]);
    assert_eq!(parent_moves(&mut stage, (1, 5), vec![work, back]), 0);
}

#[test]
fn the_parent_that_goes_on_to_others_work_is_told_and_a_plain_commit_is_one() {
    let mut stage = known();
    stage.commits(2, "Progress: the parser");
    parent_moves(&mut stage, (1, 9), vec![commit(9, "mine", BEGIN)]);
    assert_eq!(stage.journaled("git.branch").len(), 0);
    // A fast-forward to what an agent's branch has.
    let mut stage = known();
    stage.commits(2, "Progress: the parser");
    let work = commit(2, "Progress: the parser", BEGIN);
    parent_moves(&mut stage, (1, 2), vec![work]);
    let found = stage.journaled("git.branch");
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["integration"], serde_json::Value::Null);
}

/// A second team in the same repository, on another branch, whose developer is in a turn.
fn beside(stage: &mut Stage) -> (TeamId, AgentId) {
    let id = TeamId::new(1, 77);
    let mut other = team();
    other.id = id;
    other.name = torch_core::SessionName::slug("beside");
    other.base_branch = "release".to_owned();
    let now = stage.now;
    let developer = AgentId::new(1, 770);
    let mut agent = Agent::new(developer, id, role("developer"), "demo", now);
    agent.branch = Some("release-developer".to_owned());
    agent.state = AgentState::Working;
    stage.state.teams.insert(id, other);
    let run = crate::state::AgentRun::new(agent);
    stage.state.agents.insert(developer, run);
    let tips = ["main", "release", "main-developer", "release-developer"];
    let tips = tips.map(|name| (format!("refs/heads/{name}"), hex(1)));
    stage.happen(Event::RefsKnown {
        team: id,
        tips: tips.into(),
    });
    (id, developer)
}

/// The stage with the second team, and what is read in their one repository told to both.
struct Pair {
    stage: Stage,
    other: TeamId,
    theirs: AgentId,
}

impl Pair {
    fn new() -> Self {
        let mut stage = known();
        let (other, theirs) = beside(&mut stage);
        Self {
            stage,
            other,
            theirs,
        }
    }

    /// One move, told to each team; with the agent whose worktree has the branch to its own alone.
    fn moves(&mut self, one: &RefMove, whose: Option<AgentId>) {
        for team in [team().id, self.other] {
            let agents = &self.stage.state.agents;
            let agent = whose.filter(|agent| agents[agent].agent.team == team);
            let moves = vec![RefMove {
                agent,
                ..one.clone()
            }];
            self.stage.happen(Event::RefsMoved { team, moves });
            let made = one.commits.last().map(|commit| Made {
                agent,
                branch: one.name.clone(),
                commit: commit.clone(),
                rewritten: false,
            });
            let made = made.into_iter().collect();
            self.stage.happen(Event::Committed { team, made });
        }
    }

    /// Both developers have committed: the first team's 2, the other's 30.
    fn at_work() -> Self {
        let mut pair = Self::new();
        let (own, theirs) = (id("developer"), pair.theirs);
        let commit = |number| vec![commit(number, "Progress: the parser", BEGIN)];
        let one = moved("refs/heads/main-developer", None, (1, 2), commit(2));
        pair.moves(&one, Some(own));
        let now = pair.stage.now;
        pair.stage.stands(standing("developer", 2, now));
        let one = moved("refs/heads/release-developer", None, (1, 30), commit(30));
        pair.moves(&one, Some(theirs));
        let standing = Standing {
            agent: theirs,
            branch: Some("release-developer".to_owned()),
            ..standing("developer", 30, now)
        };
        let (team, standings) = (pair.other, vec![standing]);
        pair.stage.happen(Event::Standings { team, standings });
        pair
    }

    fn journalled(&self, kind: &str) -> usize {
        let entries = self.stage.journal.iter();
        entries.filter(|entry| entry.kind == kind).count()
    }
}

#[test]
fn what_one_team_does_is_not_told_of_another_one_in_the_same_repository() {
    let mut pair = Pair::at_work();
    assert_eq!(pair.journalled("git.commit"), 2);
    let count = |agent| pair.stage.state.activity.agents[&agent].commits;
    assert_eq!((count(id("developer")), count(pair.theirs)), (1, 1));
    // It takes the first team's work in, which neither did for the other.
    let merge = CommitFact {
        parents: vec![hex(30), hex(2)],
        ..commit(31, "Merge branch 'main-developer'", BEGIN)
    };
    let work = commit(2, "Progress: the parser", BEGIN);
    let name = "refs/heads/release-developer";
    let theirs = pair.theirs;
    pair.moves(
        &moved(name, None, (30, 31), vec![work, merge]),
        Some(theirs),
    );
    assert_eq!(pair.stage.open(), [""; 0]);
    // A push of it is the other team's.
    let name = "refs/remotes/origin/release-developer";
    let push = RefMove {
        old: None,
        ..moved(name, None, (1, 31), Vec::new())
    };
    pair.moves(&push, None);
    assert_eq!(pair.journalled("git.push"), 1);
}

#[test]
fn a_parent_is_seen_by_both_teams_and_its_breach_is_one_of_them() {
    let mut pair = Pair::at_work();
    let main = "refs/heads/main";
    let readme = vec![commit(90, "readme", BEGIN)];
    pair.moves(&moved(main, None, (1, 90), readme), None);
    assert_eq!(pair.stage.open(), [""; 0]);
    let merge = CommitFact {
        parents: vec![hex(90), hex(2)],
        ..commit(91, "Merge branch 'main-developer'", BEGIN)
    };
    let work = commit(2, "Progress: the parser", BEGIN);
    pair.moves(&moved(main, None, (90, 91), vec![work, merge]), None);
    for team in [team().id, pair.other] {
        let known = &pair.stage.state.activity.known[&team].tips;
        assert_eq!(known[main], hex(91));
    }
    assert_eq!(pair.stage.open(), ["branch.parent"]);
    assert_eq!(pair.stage.violations()[0].team, team().id);
}

#[test]
fn a_repository_is_watched_while_one_of_its_teams_runs() {
    let mut pair = Pair::new();
    let watched = |pair: &Pair| {
        let repositories = pair.stage.state.watched_repositories();
        repositories.into_values().collect::<Vec<_>>()
    };
    assert_eq!(watched(&pair), [[team().id, pair.other].into()]);
    let mut stop = |id: TeamId| {
        let one = pair.stage.state.teams.get_mut(&id).expect("a team");
        one.desired = DesiredState::Stopped;
        watched(&pair)
    };
    let other = TeamId::new(1, 77);
    assert_eq!(stop(team().id), [[other].into()]);
    assert!(stop(other).is_empty());
}

#[test]
fn the_status_tells_the_branch_that_is_checked_out() {
    let mut stage = known();
    let branches = |stage: &Stage| {
        let view = stage.state.team_view(team().id, stage.now);
        let on = |role: &str| {
            let mut agents = view.agents.iter();
            let found = agents.find(|agent| agent.role == role).expect("an agent");
            found.branch.clone()
        };
        (on("developer"), on("tester"))
    };
    let home = |role: &str| Some(format!("main-{role}"));
    assert_eq!(branches(&stage), (home("developer"), home("tester")));
    for branch in [Some("feature/parser".to_owned()), None, home("developer")] {
        let now = stage.now;
        stage.stands(Standing {
            branch: branch.clone(),
            ..standing("developer", 1, now)
        });
        assert_eq!(branches(&stage), (branch, home("tester")));
    }
    // Of a worktree that is gone nothing is checked out.
    let now = stage.now;
    stage.stands(Standing {
        branch: None,
        ..standing("developer", 1, now)
    });
    let run = stage.state.agents.get_mut(&id("developer"));
    run.expect("an agent").agent.worktree_ready = false;
    assert_eq!(branches(&stage).0, home("developer"));
}
