//! What `torch status --json` says about teams and agents.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::World;
use crate::wait::DEADLINE;

/// Where an agent's program shows itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Pane {
    /// `%3`.
    pub pane: String,
    /// `@3`.
    pub window: String,
    /// `$1`.
    pub session: String,
    /// The pid of its first process, torch's wrapper.
    pub pid: u32,
}

/// One agent, as far as tests want to know.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Agent {
    /// Its role.
    pub role: String,
    /// What it is doing: `ready`, `working` and so on.
    pub state: String,
    /// Its pane, while it has one.
    pub pane: Option<Pane>,
    /// Its program's pid.
    pub pid: Option<u32>,
    /// Its worktree.
    pub worktree: PathBuf,
    /// Its branch.
    pub branch: Option<String>,
    /// Whether its briefing was proven to have arrived.
    pub briefed: bool,
    /// The program's own name of its conversation, as far as it is known.
    #[serde(default)]
    pub conversation: Option<String>,
    /// Messages waiting for it.
    pub waiting: u64,
}

impl Agent {
    /// Its pane's id; it must have one.
    #[track_caller]
    pub fn pane_id(&self) -> &str {
        match &self.pane {
            Some(pane) => &pane.pane,
            None => panic!("{} has no pane: {self:?}", self.role),
        }
    }

    /// The pid of its pane's first process, torch's wrapper; it must have one.
    #[track_caller]
    pub fn wrapper(&self) -> u32 {
        match &self.pane {
            Some(pane) => pane.pid,
            None => panic!("{} has no pane: {self:?}", self.role),
        }
    }
}

impl World {
    /// Raises a team of `roles` (separated by commas) on `scenario` (TOML, see torch-demo); returns once all agents are
    /// briefed.
    #[track_caller]
    pub fn team(&self, roles: &str, scenario: &str) {
        self.torch(&self.auto(roles, scenario)).ok();
        for agent in self.agents() {
            assert!(
                agent.briefed,
                "{} is not briefed\n{}",
                agent.role,
                self.picture()
            );
        }
    }

    /// Begins to raise a team whose agents will never be briefed; returns once their programs were started.
    #[track_caller]
    pub fn team_unbriefed(&self, roles: &str, scenario: &str) {
        let args = self.auto(roles, scenario);
        let mut raising = self.command("torch").args(args);
        raising.deadline = DEADLINE * 2;
        let log = self.folder().join("auto.log");
        let words = raising.args.clone();
        // It goes on for as long as it is to wait for the briefing; it ends with the world.
        let child = torch_process::spawn_detached(
            &self.program("torch"),
            &words,
            &raising.cwd,
            &raising.env,
            &log,
        );
        child.expect("torch starts");
        self.wait_for(DEADLINE, "the agents' programs to run", || {
            // There is nothing to be asked before the daemon has made its registry.
            let started = self.home().join("run/torch.sock").exists();
            let agents = if started { self.agents() } else { Vec::new() };
            let all = !agents.is_empty() && agents.iter().all(|agent| agent.pid.is_some());
            all.then_some(())
        });
    }

    /// The arguments of `torch auto`, after writing the scenario.
    pub fn auto(&self, roles: &str, scenario: &str) -> Vec<String> {
        let file = self.folder().join("scenario.toml");
        std::fs::write(&file, scenario).expect("a file for the scenario");
        let file = file.display().to_string();
        let line = "auto --spec spec.md --agent demo --yes --roles";
        let words = line.split(' ').chain([roles, "--scenario", &file]);
        words.map(str::to_owned).collect()
    }

    /// The answer of `torch status --json`.
    #[track_caller]
    pub fn status(&self) -> Value {
        self.torch(&["status", "--json"]).ok().json()
    }

    /// All agents of all teams.
    #[track_caller]
    pub fn agents(&self) -> Vec<Agent> {
        let status = self.status();
        let teams = status["teams"].as_array().cloned().unwrap_or_default();
        let agents = teams
            .iter()
            .flat_map(|team| team["agents"].as_array().cloned().unwrap_or_default());
        agents
            .map(|agent| serde_json::from_value(agent).expect("an agent of the known shape"))
            .collect()
    }

    /// One agent by its role.
    #[track_caller]
    pub fn agent(&self, role: &str) -> Agent {
        let found = self.agents().into_iter().find(|agent| agent.role == role);
        found.unwrap_or_else(|| panic!("no agent {role}\n{}", self.picture()))
    }

    /// Waits until an agent is in `state`, and gives it.
    #[track_caller]
    pub fn wait_state(&self, role: &str, state: &str) -> Agent {
        self.wait_agent(role, DEADLINE, state, |agent| agent.state == state)
    }

    /// Waits until an agent takes messages (`ready` or `idle`), and gives it.
    #[track_caller]
    pub fn wait_idle(&self, role: &str) -> Agent {
        self.wait_agent(role, DEADLINE, "ready or idle", |agent| {
            matches!(agent.state.as_str(), "ready" | "idle")
        })
    }

    /// Waits until an agent is as `wanted`, which `what` says in words, and gives it.
    #[track_caller]
    pub fn wait_agent(
        &self,
        role: &str,
        deadline: Duration,
        what: &str,
        wanted: impl Fn(&Agent) -> bool,
    ) -> Agent {
        self.wait_for(deadline, &format!("{role} to be {what}"), || {
            Some(self.agent(role)).filter(&wanted)
        })
    }
}
