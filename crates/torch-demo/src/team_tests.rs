//! A whole team of agents plays a spec to its end: real git and worktrees, messages carried by the test.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;
use std::time::Duration;

use torch_core::Timestamp;
use torch_process::{CommandSpec, Environment};

use crate::agent::{Agent, Effect, Event, Identity, Key};
use crate::play::{Cast, Play};
use crate::scenario::Scenario;
use crate::step::Step;
use crate::work::{self, Done, World};

const SPEC: &str = "# Sample\n\n- a greeting\n- [ ] is it tested?\n1. the end\n";

struct Team {
    folder: tempfile::TempDir,
    agents: BTreeMap<String, (Agent, World)>,
    /// Events that wait for their agent.
    events: VecDeque<(String, Event)>,
    /// Every message, as `from → to: first line`.
    sent: Vec<String>,
    keys: BTreeSet<String>,
    completed: Vec<String>,
    now: Timestamp,
}

impl Team {
    fn new(roles: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let spec = folder.path().join("spec.md");
        std::fs::write(&spec, SPEC).unwrap();
        let env: Environment = [
            ("PATH", std::env::var("PATH").unwrap()),
            ("HOME", folder.path().display().to_string()),
            ("GIT_CONFIG_GLOBAL", "/dev/null".to_owned()),
            ("GIT_CONFIG_SYSTEM", "/dev/null".to_owned()),
        ]
        .map(|(name, value)| (name.into(), value.into()))
        .into();
        let main = folder.path().join("main");
        std::fs::create_dir(&main).unwrap();
        git(&main, &env, &["init", "-q", "-b", "main"]);
        let first = [
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@t",
            "commit",
            "-q",
            "--allow-empty",
            "-m",
            "start",
        ];
        git(&main, &env, &first);
        let mut agents = BTreeMap::new();
        for role in roles.split(',') {
            let worktree = folder.path().join(role);
            let branch = format!("main-{role}");
            git(
                &main,
                &env,
                &[
                    "worktree",
                    "add",
                    "-q",
                    "-b",
                    &branch,
                    &worktree.display().to_string(),
                ],
            );
            let world = World {
                cwd: worktree,
                env: env.clone(),
                role: role.to_owned(),
                spec: Some(spec.clone()),
            };
            agents.insert(role.to_owned(), (agent(role, roles), world));
        }
        Self {
            folder,
            agents,
            events: VecDeque::new(),
            sent: Vec::new(),
            keys: BTreeSet::new(),
            completed: Vec::new(),
            now: Timestamp(1_700_000_000_000),
        }
    }

    /// Delivers a message as torch types it.
    fn deliver(&mut self, from: &str, to: &str, body: &str) {
        let id = format!("m-{:08}", self.sent.len());
        let line = body.lines().next().unwrap_or_default();
        self.sent.push(format!("{from} → {to}: {line}"));
        if self.agents.contains_key(to) {
            let text = format!("[torch {id} #1 from={from} to={to} try=1] {body} [/{id}]");
            self.events.push_back((to.to_owned(), Event::Paste(text)));
            self.events
                .push_back((to.to_owned(), Event::Keys(vec![Key::Enter])));
        }
    }

    /// Lets everything happen until nothing more does.
    fn run(&mut self) {
        for _ in 0..2_000 {
            let (role, event) = match self.events.pop_front() {
                Some(next) => next,
                None => match self.earliest() {
                    Some((role, due)) => {
                        self.now = self.now.max(due);
                        (role, Event::Tick)
                    }
                    None => return,
                },
            };
            let effects = self
                .agents
                .get_mut(&role)
                .unwrap()
                .0
                .handle(self.now, event);
            for effect in effects {
                if let Effect::Start { turn, step } = effect {
                    self.start(&role, turn, &step);
                }
            }
        }
        panic!("the team never rests: {:#?}", self.sent);
    }

    fn earliest(&self) -> Option<(String, Timestamp)> {
        let due = |(role, (agent, _)): (&String, &(Agent, World))| {
            Some((role.clone(), agent.deadline()?))
        };
        self.agents
            .iter()
            .filter_map(due)
            .min_by_key(|(_, due)| *due)
    }

    fn start(&mut self, role: &str, turn: u64, step: &Step) {
        let result = match step {
            Step::Send(send) => {
                if self.keys.insert(format!("{role}:{}", send.key)) {
                    self.deliver(role, &send.to, &send.body);
                }
                Ok(Done::default())
            }
            Step::Complete(text) => {
                self.completed.push(text.clone());
                Ok(Done::default())
            }
            step => work::perform(step, &self.agents[role].1),
        };
        self.events
            .push_back((role.to_owned(), Event::Job { turn, result }));
    }
}

fn agent(role: &str, roles: &str) -> Agent {
    let identity = Identity {
        conversation: role.to_owned(),
        role: role.to_owned(),
        zone: jiff::tz::TimeZone::UTC,
    };
    let play = Play::new(Cast::new(role, roles), 5);
    Agent::new(identity, Scenario::default(), play, Timestamp(0))
}

fn git(cwd: &Path, env: &Environment, args: &[&str]) -> String {
    let spec = CommandSpec::new("git", cwd, env.clone(), Duration::from_secs(30)).args(args);
    torch_process::run(&spec)
        .unwrap()
        .success_or_error()
        .unwrap()
        .text()
}

#[test]
fn a_full_team_finishes_its_spec() {
    let mut team = Team::new("orchestrator,project_manager,developer,tester,testrunner");
    for role in [
        "developer",
        "tester",
        "testrunner",
        "project_manager",
        "orchestrator",
    ] {
        team.deliver(
            "torch",
            role,
            &format!("BRIEFING for {role}\nAsk if in doubt?"),
        );
    }
    team.run();
    assert_eq!(
        team.completed,
        ["3 items, tests passed: 3 on main-developer"],
        "{:#?}",
        team.sent
    );
    let briefings = 5;
    let words: Vec<_> = team.sent[briefings..]
        .iter()
        .map(|line| line.split([':', '(']).take(2).collect::<String>())
        .collect();
    assert_eq!(words.len(), 12, "{words:#?}");
    let (_, world) = &team.agents["testrunner"];
    let results = git(
        &world.cwd,
        &world.env,
        &["show", "main-testrunner:test-results/main-developer.md"],
    );
    assert!(
        results.contains("- passed demo/item-3.md")
            && results.ends_with("TESTS PASSED 3 on main-developer")
    );
    let report = git(
        &world.cwd,
        &world.env,
        &["show", "main-tester:tests/demo-verification.md"],
    );
    assert!(
        report.contains("developer: demo: item 2: is it tested?"),
        "{report}"
    );
    let status = git(&world.cwd, &world.env, &["status", "--porcelain"]);
    assert_eq!(status, "", "nothing is left uncommitted");
}

#[test]
fn an_agent_that_was_started_again_goes_on() {
    let roles = "orchestrator,project_manager,developer";
    let mut team = Team::new(roles);
    team.deliver("torch", "orchestrator", "BRIEFING");
    team.run();
    let done = team.completed.clone();
    assert_eq!(done, ["3 items on main-developer"]);
    let count = team.sent.len();
    // Both lose their memory, and the developer's first report comes again: known keys send nothing twice.
    team.agents.get_mut("project_manager").unwrap().0 = agent("project_manager", roles);
    let first = team
        .sent
        .iter()
        .position(|line| line.contains("DONE 1"))
        .unwrap();
    let text = format!(
        "[torch m-{first:08} #1 from=developer to=project_manager try=2] DONE 1 abc x [/m-{first:08}]"
    );
    team.events
        .push_back(("project_manager".to_owned(), Event::Paste(text)));
    team.events
        .push_back(("project_manager".to_owned(), Event::Keys(vec![Key::Enter])));
    team.run();
    assert_eq!(team.sent.len(), count, "{:#?}", team.sent);
    assert_eq!(team.completed, done);
}

#[test]
fn one_alone_and_two_finish_too() {
    for roles in ["orchestrator", "orchestrator,developer", "developer"] {
        let mut team = Team::new(roles);
        let lead = roles.split(',').next().unwrap();
        team.deliver("torch", lead, "BRIEFING");
        team.run();
        let worker = roles.split(',').next_back().unwrap();
        assert_eq!(
            team.completed,
            [format!("3 items on main-{worker}")],
            "{roles}"
        );
        assert!(
            team.folder
                .path()
                .join(worker)
                .join("demo/item-3.md")
                .is_file()
        );
    }
}

#[test]
fn a_broken_worktree_is_reported_and_not_called_done() {
    let mut team = Team::new("orchestrator,project_manager,developer");
    let git_file = team.folder.path().join("developer/.git");
    std::fs::write(git_file, "gitdir: /nowhere\n").unwrap();
    team.deliver("torch", "orchestrator", "BRIEFING");
    team.run();
    assert!(team.completed.is_empty());
    let last = team.sent.last().unwrap();
    assert!(
        last.starts_with("orchestrator → human: BLOCKED: failed to run git"),
        "{:#?}",
        team.sent
    );
}
