//! A team on a real repository, with a plain state and a clock of the test's own; orders are carried out as the host does.

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};

use torch_core::config::Config;
use torch_core::journal::JournalEntry;
use torch_core::{Agent, Envelope, RoleName, RouterMode, SessionName, Team, Write};
use torch_process::{CommandSpec, Environment};
use torch_worktree::Git;

use super::super::*;
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

pub(super) fn role(name: &str) -> RoleName {
    RoleName::parse(name).expect("a role")
}

pub(super) fn id(name: &str) -> AgentId {
    let at = ROLES.iter().position(|known| *known == name);
    AgentId::new(1, at.expect("a role of the team") as u128 + 10)
}

pub(super) fn team_id() -> TeamId {
    TeamId::new(1, 1)
}

pub(super) fn environment() -> Environment {
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

pub(super) fn git(cwd: &Path, args: &[&str]) -> String {
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
pub(super) struct Stage {
    pub(super) folder: tempfile::TempDir,
    pub(super) team: Team,
    pub(super) state: State,
    pub(super) now: Timestamp,
    /// Orders that nobody has carried out yet.
    pub(super) orders: VecDeque<LaneOrder>,
    pub(super) ledger: BTreeMap<String, LedgerRecord>,
    pub(super) messages: Vec<Envelope>,
    pub(super) journal: Vec<JournalEntry>,
    pub(super) timer: Option<Timestamp>,
}

impl Stage {
    pub(super) fn new() -> Self {
        Self::of(|_| {})
    }

    pub(super) fn of(change: impl Fn(&mut Team)) -> Self {
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

    pub(super) fn at(&self, role: &str) -> PathBuf {
        self.folder
            .path()
            .canonicalize()
            .expect("canonical")
            .join(role)
    }

    pub(super) fn head(&self, role: &str) -> String {
        git(&self.at(role), &["rev-parse", "HEAD"])
    }

    /// Whether a role's worktree has a commit.
    pub(super) fn has(&self, role: &str, commit: &str) -> bool {
        let found = git(&self.at(role), &["log", "--format=%H"]);
        found.lines().any(|line| line == commit)
    }

    /// A role commits a file, and the branch is seen to move.
    pub(super) fn commit(&mut self, role: &str, file: &str, text: &str) -> String {
        fs::write(self.at(role).join(file), text).expect("written");
        git(&self.at(role), &["add", "-A"]);
        git(
            &self.at(role),
            &["commit", "-q", "-m", &format!("work on {file}")],
        );
        self.moved(role)
    }

    pub(super) fn moved(&mut self, role: &str) -> String {
        self.moved_so(role, false)
    }

    /// As [`Self::moved`], perhaps back behind where it stood.
    pub(super) fn moved_so(&mut self, role: &str, rewound: bool) -> String {
        let commit = self.head(role);
        let moved = RefMove {
            name: format!("refs/heads/trunk-{role}"),
            agent: Some(id(role)),
            old: None,
            new: Some(commit.clone()),
            rewound,
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

    pub(super) fn take(&mut self, effects: Vec<Effect>) {
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

    pub(super) fn handle(&mut self, event: Event) {
        let effects = self.state.handle(self.now, event);
        self.take(effects);
    }

    /// Carries one order out.
    pub(super) fn one(&mut self) -> bool {
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
    pub(super) fn run(&mut self) {
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

    pub(super) fn pass(&mut self, seconds: u64) {
        for _ in 0..seconds.div_ceil(5) {
            self.run();
        }
    }

    pub(super) fn said_to(&self, role: &str) -> Vec<&str> {
        let to = self
            .messages
            .iter()
            .filter(|it| it.recipient.label() == role);
        to.map(|it| it.body.as_str()).collect()
    }

    pub(super) fn journalled(&self, kind: &str) -> usize {
        self.journal.iter().filter(|row| row.kind == kind).count()
    }

    /// The daemon is killed; what was not carried out never is.
    pub(super) fn restart(&mut self) {
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
