//! A throw-away team of one: raised by a daemon of its own, with nothing typed into it until that is asked for.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use torch_api::wire::{AutoRequest, TeamSelector};
use torch_api::{AgentView, Client, QuestionView, Request, Response, TeamView};
use torch_core::RoleName;
use torch_core::config::AgentsConfig;
use torch_core::forbidden::{GitRules, RULES_FILE};
use torch_core::observed::ProgramObserved;
use torch_process::{CommandSpec, Environment, run};

use super::folder::Folder;
use super::{ask, is_quiet, nothing};
use crate::connect::{self, autostart};
use crate::error::CommandError;
use crate::place::Place;

/// How long `torch daemon start` may take, which itself waits 10 s for the daemon.
const START: Duration = Duration::from_secs(30);
/// How long a daemon that is there may take to answer.
const ANSWER: Duration = Duration::from_secs(15);
/// The pause between two looks at what has arrived.
const LOOK: Duration = Duration::from_millis(100);

/// The daemon and its team of one.
pub(super) struct World {
    place: Place,
    env: Environment,
}

/// How the program came up.
pub(super) enum Raised {
    /// It is at its prompt.
    Up {
        /// After so many milliseconds.
        millis: u64,
    },
    /// It is not.
    Not {
        /// Why.
        why: String,
    },
}

impl World {
    /// Makes the repository and starts the daemon.
    pub(super) fn open(folder: &Folder) -> Result<Self, CommandError> {
        folder.start(|| {
            folder.make_project(ask::SPEC)?;
            folder.own_registry()?;
            let torch = autostart::torch_program()?;
            let args = ["daemon", "start"].map(OsString::from);
            let spec = CommandSpec::new(torch, folder.project(), folder.env(), START).args(args);
            run(&spec)?.success_or_error()?;
            Ok(Self {
                place: folder.place()?,
                env: folder.env(),
            })
        })
    }

    /// The program's name as the only agent's; it is paused, so that nothing is typed.
    pub(super) fn raise(
        &self,
        program: &str,
        settings: &AgentsConfig,
        within: Duration,
    ) -> Result<Raised, CommandError> {
        let passed_on = crate::command::agent::passed_on(settings);
        let request = AutoRequest {
            project: self.place.cwd.clone(),
            spec: self.place.cwd.join("spec.md"),
            roles: vec![RoleName::HUB.to_owned()],
            agents: vec![program.to_owned()],
            choice: None,
            dry_run: false,
            router: None,
            policy: None,
            limits: Default::default(),
            lane: Default::default(),
            role_files: std::collections::BTreeMap::new(),
            alone: false,
            paused: true,
            refined: None,
            scenario: None,
            env: passed_on.plain,
            secrets: passed_on.secret,
        };
        let begun = Instant::now();
        let mut client = self.client(within)?;
        client.send(&Request::Auto(Box::new(request)))?;
        loop {
            match client.receive() {
                Ok(Response::Progress { .. }) => {}
                Ok(Response::Raised { .. }) => {
                    let millis = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
                    return Ok(Raised::Up { millis });
                }
                Ok(Response::Failed(failure)) => {
                    let causes = failure.causes.join("; ");
                    let why = if causes.is_empty() {
                        failure.error
                    } else {
                        causes
                    };
                    return Ok(Raised::Not { why });
                }
                Ok(other) => return Err(CommandError::unexpected(&other)),
                Err(error) => {
                    let seconds = within.as_secs();
                    let error = CommandError::from(error);
                    let why = format!("not ready within {seconds} s: {}", error.message);
                    return Ok(Raised::Not { why });
                }
            }
        }
    }

    /// From now on torch types: the briefing first.
    pub(super) fn unpause(&self) -> Result<(), CommandError> {
        let request = Request::Pause {
            team: self.team(),
            role: None,
            paused: false,
        };
        self.ask(&request).map(drop)
    }

    /// The dialog that the program has open.
    pub(super) fn dialog(&self) -> Result<Option<QuestionView>, CommandError> {
        let request = Request::Pending {
            team: self.team(),
            all: true,
        };
        match self.ask(&request)? {
            Response::Pending { questions, .. } => Ok(questions.into_iter().next()),
            other => Err(CommandError::unexpected(&other)),
        }
    }

    /// The dialog that the program opens within this time.
    pub(super) fn dialog_within(
        &self,
        time: Duration,
    ) -> Result<Option<QuestionView>, CommandError> {
        self.until(time, || self.dialog())
    }

    /// The agent.
    pub(super) fn agent(&self) -> Result<AgentView, CommandError> {
        let answer = self.ask(&Request::Status { team: None })?;
        let Response::Status { teams, .. } = answer else {
            return Err(CommandError::unexpected(&answer));
        };
        let agent = teams
            .into_iter()
            .flat_map(|team: TeamView| team.agents)
            .next();
        agent.ok_or_else(|| {
            CommandError::other("the probe's agent is gone").hint("torch doctor --probe")
        })
    }

    /// What was seen of the program so far.
    pub(super) fn observed(&self) -> Result<ProgramObserved, CommandError> {
        match self.ask(&Request::Observed)? {
            Response::Observed { programs } => {
                let first = programs.into_iter().next();
                first.map_or_else(|| Ok(nothing(&self.agent()?.program)), Ok)
            }
            other => Err(CommandError::unexpected(&other)),
        }
    }

    /// What was seen once it is what is `wanted`, or all that was at the deadline.
    pub(super) fn wait(
        &self,
        within: Duration,
        wanted: impl Fn(&ProgramObserved) -> bool,
    ) -> Result<ProgramObserved, CommandError> {
        let enough = self.until(within, || {
            let seen = self.observed()?;
            Ok(wanted(&seen).then_some(seen))
        })?;
        enough.map_or_else(|| self.observed(), Ok)
    }

    /// Looks until there is something, or the time is over.
    pub(super) fn until<T>(
        &self,
        within: Duration,
        mut look: impl FnMut() -> Result<Option<T>, CommandError>,
    ) -> Result<Option<T>, CommandError> {
        let end = Instant::now() + within;
        loop {
            if let Some(found) = look()? {
                return Ok(Some(found));
            }
            if Instant::now() >= end {
                return Ok(None);
            }
            std::thread::park_timeout(LOOK);
        }
    }

    /// Whether the program is at its prompt, and none of its turns is under way.
    pub(super) fn is_quiet(&self) -> Result<bool, CommandError> {
        Ok(is_quiet(self.agent()?.state))
    }

    /// The environment of what is run here.
    pub(super) fn env(&self) -> Environment {
        self.env.clone()
    }

    /// The registry.
    pub(super) fn home(&self) -> &std::path::Path {
        &self.place.home
    }

    /// What the agent's hooks of git go by, and where that stands; none where nothing is held back.
    pub(super) fn git_rules(&self) -> Option<(PathBuf, GitRules)> {
        let folders = std::fs::read_dir(self.home().join("run/agents")).ok()?;
        folders.flatten().find_map(|folder| {
            let file = folder.path().join(RULES_FILE);
            let rules = serde_json::from_slice(&std::fs::read(&file).ok()?).ok()?;
            Some((file, rules))
        })
    }

    /// The agent's worktree.
    pub(super) fn worktree(&self) -> Result<PathBuf, CommandError> {
        Ok(self.agent()?.worktree)
    }

    fn team(&self) -> TeamSelector {
        TeamSelector {
            name: None,
            cwd: self.place.cwd.clone(),
        }
    }

    fn ask(&self, request: &Request) -> Result<Response, CommandError> {
        connect::ask(&mut self.client(ANSWER)?, request)
    }

    fn client(&self, deadline: Duration) -> Result<Client, CommandError> {
        let mut client = connect::must_run(&self.place)?;
        client.set_deadline(Some(deadline))?;
        Ok(client)
    }
}

/// Ends all agents of a probe's daemon; one that does not answer is ended all the same.
pub(super) fn stop_all(client: &mut Client) {
    let Ok(Response::Status { teams, .. }) = client.call(&Request::Status { team: None }) else {
        return;
    };
    for team in teams {
        let team = TeamSelector {
            name: Some(team.name),
            cwd: "/".into(),
        };
        if client.send(&Request::Stop { team }).is_err() {
            return;
        }
        while let Ok(Response::Progress { .. }) = client.receive() {}
    }
}
