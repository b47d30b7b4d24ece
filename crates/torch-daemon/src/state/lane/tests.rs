//! The fast lane with a plain state, a clock of the test's own, and real repositories: orders are carried out as the host does.

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};

use torch_core::config::Config;
use torch_core::journal::JournalEntry;
use torch_core::policy::{GitPolicy, TeamPolicy};
use torch_core::{
    Agent, Envelope, RoleName, RouterMode, Sender, SessionName, Team, TeamPhase, Write,
};
use torch_process::{CommandSpec, Environment};
use torch_worktree::Git;

use super::*;
use crate::event::Event;
use crate::host::lane::carried_out;
use crate::state::{Settings, Snapshot, fixture};

const START: Timestamp = Timestamp(1_800_000_000_000);
const ROLES: [&str; 5] = [
    "orchestrator",
    "project_manager",
    "developer",
    "tester",
    "testrunner",
];
const DEADLINE: Duration = Duration::from_secs(30);

fn role(name: &str) -> RoleName {
    RoleName::parse(name).expect("a role")
}

fn id(name: &str) -> AgentId {
    let at = ROLES.iter().position(|known| *known == name);
    AgentId::new(1, at.expect("a role of the team") as u128 + 10)
}

fn team_id() -> TeamId {
    TeamId::new(1, 1)
}

fn environment() -> Environment {
    let path = std::env::var_os("PATH").expect("a PATH");
    let [null, name] = ["/dev/null", "ann"].map(std::ffi::OsString::from);
    [
        ("PATH", path),
        ("HOME", "/nonexistent".into()),
        ("GIT_CONFIG_GLOBAL", null.clone()),
        ("GIT_CONFIG_SYSTEM", null),
        ("GIT_AUTHOR_NAME", name.clone()),
        ("GIT_AUTHOR_EMAIL", name.clone()),
        ("GIT_COMMITTER_NAME", name.clone()),
        ("GIT_COMMITTER_EMAIL", name),
    ]
    .map(|(name, value)| (name.into(), value))
    .into()
}

fn git(cwd: &Path, args: &[&str]) -> String {
    let spec = CommandSpec::new("git", cwd, environment(), DEADLINE).args(args);
    let output = torch_process::run(&spec)
        .expect("git runs")
        .success_or_error();
    output.expect("git succeeds").text()
}

fn team(root: &Path, base: &str) -> Team {
    Team {
        id: team_id(),
        name: SessionName::slug("app"),
        project: root.to_owned(),
        common_dir: root.join(".git"),
        spec: root.join("spec.md"),
        spec_sha256: String::new(),
        base_branch: "trunk".to_owned(),
        base_commit: base.to_owned(),
        desired: DesiredState::Running,
        phase: TeamPhase::Running,
        router: RouterMode::Strict,
        env: Default::default(),
        session: None,
        created: START,
        finished: None,
        summary: None,
        paused: false,
        boot: Some("b".to_owned()),
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

/// A team on a real repository.
struct Stage {
    folder: tempfile::TempDir,
    team: Team,
    state: State,
    now: Timestamp,
    /// Orders that nobody has carried out yet.
    orders: VecDeque<LaneOrder>,
    ledger: BTreeMap<String, LedgerRecord>,
    messages: Vec<Envelope>,
    journal: Vec<JournalEntry>,
    timer: Option<Timestamp>,
}

impl Stage {
    fn new() -> Self {
        Self::of(|_| {})
    }

    fn of(change: impl Fn(&mut Team)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let top = folder.path().canonicalize().expect("canonical");
        let root = top.join("project");
        fs::create_dir(&root).expect("made");
        git(&root, &["init", "-q", "-b", "trunk"]);
        fs::write(root.join("code.txt"), "one\n").expect("written");
        git(&root, &["add", "-A"]);
        git(&root, &["commit", "-q", "-m", "first"]);
        for name in ROLES {
            let path = top.join(name);
            let branch = format!("trunk-{name}");
            let path = path.to_str().expect("UTF-8");
            git(&root, &["worktree", "add", "-q", "-b", &branch, path]);
        }
        let mut team = team(&root, &git(&root, &["rev-parse", "HEAD"]));
        change(&mut team);
        let (state, effects) = begin(&team, &top, Vec::new(), START);
        let mut stage = Self {
            folder,
            team,
            state,
            now: START,
            orders: VecDeque::new(),
            ledger: BTreeMap::new(),
            messages: Vec::new(),
            journal: Vec::new(),
            timer: None,
        };
        stage.take(effects);
        stage.run();
        stage
    }

    fn at(&self, role: &str) -> PathBuf {
        self.folder
            .path()
            .canonicalize()
            .expect("canonical")
            .join(role)
    }

    fn head(&self, role: &str) -> String {
        git(&self.at(role), &["rev-parse", "HEAD"])
    }

    /// Whether a role's worktree has a commit.
    fn has(&self, role: &str, commit: &str) -> bool {
        let found = git(&self.at(role), &["log", "--format=%H"]);
        found.lines().any(|line| line == commit)
    }

    /// A role commits a file, and the branch is seen to move.
    fn commit(&mut self, role: &str, file: &str, text: &str) -> String {
        fs::write(self.at(role).join(file), text).expect("written");
        git(&self.at(role), &["add", "-A"]);
        git(
            &self.at(role),
            &["commit", "-q", "-m", &format!("work on {file}")],
        );
        self.moved(role)
    }

    fn moved(&mut self, role: &str) -> String {
        let commit = self.head(role);
        let moved = RefMove {
            name: format!("refs/heads/trunk-{role}"),
            agent: Some(id(role)),
            old: None,
            new: Some(commit.clone()),
            rewound: false,
            commits: Vec::new(),
            more: 0,
        };
        let mut turn = Turn {
            now: self.now,
            cause: "test".to_owned(),
            effects: Vec::new(),
        };
        self.state.lane_moved(&mut turn, team_id(), &[moved]);
        self.take(turn.effects);
        commit
    }

    fn take(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Lane(order) => self.orders.push_back(*order),
                Effect::Write(Write::PutLedger(row)) => drop(self.ledger.insert(row.key(), *row)),
                Effect::Write(Write::PutMessage(row)) => self.messages.push(*row),
                Effect::Write(Write::PutTeam(row)) => self.team = *row,
                Effect::Write(Write::Journal(row)) => self.journal.push(row),
                Effect::Timer {
                    key: TimerKey::Lane(_),
                    at,
                } => self.timer = Some(at),
                Effect::CancelTimer(TimerKey::Lane(_)) => self.timer = None,
                _ => {}
            }
        }
    }

    fn handle(&mut self, event: Event) {
        let effects = self.state.handle(self.now, event);
        self.take(effects);
    }

    /// Carries one order out.
    fn one(&mut self) -> bool {
        let Some(order) = self.orders.pop_front() else {
            return false;
        };
        let done = LaneDone {
            team: order.team,
            pair: order.pair,
            came: carried_out(&Git::new(environment()), &order),
        };
        self.handle(Event::Lane(Box::new(done)));
        true
    }

    /// Until nothing is due within the next 5 seconds.
    fn run(&mut self) {
        let end = self.now.after(Duration::from_secs(5));
        loop {
            while self.one() {}
            match self.timer.take().filter(|at| *at <= end) {
                Some(at) => {
                    self.now = self.now.max(at);
                    self.handle(Event::Timer(TimerKey::Lane(team_id())));
                }
                None => break,
            }
        }
        self.now = end;
        self.handle(Event::Timer(TimerKey::Lane(team_id())));
    }

    fn pass(&mut self, seconds: u64) {
        for _ in 0..seconds.div_ceil(5) {
            self.run();
        }
    }

    fn said_to(&self, role: &str) -> Vec<&str> {
        let to = self
            .messages
            .iter()
            .filter(|it| it.recipient.label() == role);
        to.map(|it| it.body.as_str()).collect()
    }

    fn journalled(&self, kind: &str) -> usize {
        self.journal.iter().filter(|row| row.kind == kind).count()
    }

    /// The daemon is killed; what was not carried out never is.
    fn restart(&mut self) {
        self.orders.clear();
        let ledger = self.ledger.values().cloned().collect();
        let top = self.folder.path().canonicalize().expect("canonical");
        let (state, effects) = begin(&self.team, &top, ledger, self.now);
        (self.state, self.timer) = (state, None);
        self.take(effects);
    }
}

fn begin(
    team: &Team,
    top: &Path,
    ledger: Vec<LedgerRecord>,
    now: Timestamp,
) -> (State, Vec<Effect>) {
    let agents = (0..).zip(ROLES).map(|(position, name)| Agent {
        position,
        state: AgentState::Idle,
        briefed: true,
        worktree: top.join(name),
        worktree_ready: true,
        branch: Some(format!("trunk-{name}")),
        ..Agent::new(id(name), team.id, role(name), "demo", now)
    });
    let snapshot = Snapshot {
        agents: agents.collect(),
        teams: vec![team.clone()],
        ledger,
        ..Snapshot::default()
    };
    let settings = Settings {
        config: Config::default(),
        ..fixture::settings(now)
    };
    State::new(settings, snapshot, now)
}

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
        said.contains("conflict in code.txt") && said.contains("git merge trunk-developer"),
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
        let selector = torch_api::wire::TeamSelector {
            name: Some("app".to_owned()),
            cwd: "/".into(),
        };
        stage
            .state
            .switch_lane(&mut turn, crate::event::ConnId(1), caller, (&selector, on));
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
