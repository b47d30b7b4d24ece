//! What can be told from the registry alone, while no daemon runs. Nothing is changed.

use std::path::Path;

use torch_api::rules::{RulesRequest, RulesResponse};
use torch_api::task::TasksView;
use torch_api::view::CheckInView;
use torch_api::wire::{MessageFilter, TeamSelector};
use torch_api::{
    AgentView, Failure, MessageView, Response, ResumeRequest, ResumeView, ScheduleView, TeamView,
};
use torch_core::config::Config;
use torch_core::identity::Ancestry;
use torch_core::observed::ProgramObserved;
use torch_core::plan::WindowObserved;
use torch_core::policy::TeamPolicy;
use torch_core::{Agent, AgentState, DesiredState, Evidence, RoleName, Team, Timestamp};
use torch_process::{clock, facts};
use torch_store::{Store, StoreError};

use crate::catalog::Catalog;
use crate::host::{answer, rules};
use crate::own_team::Own;
use crate::state::choose_team;
use crate::view;

/// The registry, opened for reading.
#[derive(Debug)]
pub struct Registry {
    store: Store,
    tmux_socket: String,
    /// The agent that reads, where one does.
    own: Option<Own>,
}

impl Registry {
    /// Opens the registry in `home`; `None` where none was made yet, or a daemon is just making it. What is read of it is what
    /// `caller` may read: an agent its own team.
    ///
    /// # Errors
    /// A [`Failure`] that says why it can't be read.
    pub fn open(
        home: &Path,
        tmux_socket: &str,
        caller: &Ancestry,
    ) -> Result<Option<Self>, Box<Failure>> {
        let open = || -> Result<Self, StoreError> {
            let store = Store::open_read_only(&home.join("torch.db"))?;
            let own = Own::among(&store, caller)?;
            Ok(Self {
                store,
                tmux_socket: tmux_socket.to_owned(),
                own,
            })
        };
        match open() {
            Ok(registry) => Ok(Some(registry)),
            Err(StoreError::Missing { .. }) => Ok(None),
            Err(error) => Err(Box::new(answer::store_failure(&error))),
        }
    }

    pub(crate) fn own(&self) -> Option<&Own> {
        self.own.as_ref()
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// All teams as they were last written, but for agents whose program is seen to be gone; other states may be out of
    /// date.
    ///
    /// # Errors
    /// A [`Failure`] when the registry can't be read.
    pub fn teams(&self) -> Result<Vec<TeamView>, Box<Failure>> {
        let read = || -> Result<_, StoreError> {
            let waiting = self.store.waiting()?;
            let agents = self.store.agents()?;
            let planned = self.store.schedules()?;
            let plans = self.store.plans()?;
            let today = view::day(clock::now(), jiff::tz::TimeZone::system());
            let mut teams = self.store.teams()?;
            teams.retain(|team| self.is_own(team.id));
            let views = teams.into_iter().map(|team| {
                let own = agents.iter().filter(|agent| agent.team == team.id);
                let own = own.map(|agent| {
                    let waiting = waiting.get(&agent.id).copied().unwrap_or(0);
                    let mut view = view::agent(agent, waiting);
                    seen_now(agent, &mut view);
                    view.enforcement = team.policy.git.enforcement();
                    view
                });
                let suspended = is_suspended(&team);
                let mut view = view::team(&team, suspended, own.collect(), &self.tmux_socket);
                view::add_planned(&mut view, &team, &planned.iter().collect::<Vec<_>>());
                view.tasks = plans.get(&team.id).map(torch_core::TaskPlan::count);
                view.to_do_again = plans
                    .get(&team.id)
                    .map(view::to_do_again)
                    .unwrap_or_default();
                view.supervision = view::supervision(&team, &today);
                view
            });
            Ok(views.collect())
        };
        read().map_err(|error| Box::new(answer::store_failure(&error)))
    }

    /// Violations or assignments, as [`Response::Rules`].
    ///
    /// # Errors
    /// A [`Failure`] when the registry can't be read, has no such team, or does not know what is asked.
    pub fn rules(&self, request: &RulesRequest) -> Result<RulesResponse, Box<Failure>> {
        let answered = match request {
            RulesRequest::Violations(filter) => {
                let mut filter = filter.clone();
                filter.team = self.named(filter.team.as_deref(), "violations")?;
                rules::violations(&self.store, &filter, self.reader())
            }
            RulesRequest::Assignments { team, unacked } => {
                let team = self.named(team.as_deref(), "assignments")?;
                rules::assignments(&self.store, team.as_deref(), *unacked)
            }
            RulesRequest::InForce { team } => return self.rules_in_force(team),
            _ => {
                let hint = Some("torch daemon start");
                let error = "only the daemon can answer that";
                return Err(Box::new(crate::failure::other(
                    error,
                    "it is not running",
                    hint,
                )));
            }
        };
        match answered.map_err(|error| Box::new(answer::store_failure(&error)))? {
            Response::Rules(response) => Ok(*response),
            Response::Failed(failure) => Err(Box::new(failure)),
            other => unreachable!("{other:?} is no answer of the ledger"),
        }
    }

    fn rules_in_force(&self, team: &TeamSelector) -> Result<RulesResponse, Box<Failure>> {
        let failed = |error| Box::new(answer::store_failure(&error));
        let teams = self.store.teams().map_err(failed)?;
        let agents = self.store.agents().map_err(failed)?;
        let teams: Vec<&Team> = teams.iter().collect();
        let places = agents
            .iter()
            .map(|agent| (agent.worktree.as_path(), agent.team));
        let team = choose_team(&teams, places, &self.selected(team, "rules")?)?;
        let view = rules::in_force(&self.store, team).map_err(failed)?;
        Ok(RulesResponse::InForce(Box::new(view)))
    }

    /// A team as [`torch_api::Request::Resume`] with `status_only` answers it. tmux is not asked: an agent counts as
    /// live when the process that was recorded for it is.
    ///
    /// # Errors
    /// A [`Failure`] when the registry can't be read or has no such team.
    pub fn resume(&self, request: &ResumeRequest) -> Result<ResumeView, Box<Failure>> {
        let failed = |error| Box::new(answer::store_failure(&error));
        let teams = self.store.teams().map_err(failed)?;
        let agents = self.store.agents().map_err(failed)?;
        let waiting = self.store.waiting().map_err(failed)?;
        let teams: Vec<&Team> = teams.iter().collect();
        let worktrees = agents
            .iter()
            .map(|agent| (agent.worktree.as_path(), agent.team));
        let team = choose_team(&teams, worktrees, &self.selected(&request.team, "resume")?)?;
        let mut own: Vec<_> = agents
            .iter()
            .filter(|agent| agent.team == team.id)
            .collect();
        own.sort_by_key(|agent| agent.position);
        let views = own.into_iter().map(|agent| {
            let alive = agent.process.is_some_and(facts::is_alive);
            let seen = view::Seen {
                window: if alive {
                    WindowObserved::Live
                } else {
                    WindowObserved::Absent
                },
                waiting: waiting.get(&agent.id).copied().unwrap_or(0),
                due: None,
            };
            view::resume_agent(agent, seen, request.rebrief_all)
        });
        let views = views.collect();
        Ok(view::resume(team, is_suspended(team), "not asked", views))
    }

    /// A team's plan as it was last written.
    ///
    /// # Errors
    /// A [`Failure`] when the registry can't be read, has no such team, or the team has no plan.
    pub fn tasks(&self, selector: &TeamSelector) -> Result<TasksView, Box<Failure>> {
        let failed = |error| Box::new(answer::store_failure(&error));
        let teams = self.store.teams().map_err(failed)?;
        let agents = self.store.agents().map_err(failed)?;
        let mut plans = self.store.plans().map_err(failed)?;
        let teams: Vec<&Team> = teams.iter().collect();
        let worktrees = agents
            .iter()
            .map(|agent| (agent.worktree.as_path(), agent.team));
        let team = choose_team(&teams, worktrees, &self.selected(selector, "plan")?)?;
        let roles = agents
            .iter()
            .filter(|agent| agent.team == team.id && agent.task.is_none());
        let roles = roles.map(|agent| agent.role.to_string()).collect();
        match plans.remove(&team.id) {
            Some(plan) => Ok(TasksView {
                team: team.name.to_string(),
                roles,
                plan,
                change: None,
            }),
            None => Err(Box::new(crate::failure::usage(
                &format!("team {} has no plan", team.name),
                "it was raised before torch made plans, or without a spec",
                Some("torch spec add spec.md"),
            ))),
        }
    }

    /// The agents' usage limits, of one team or of all, as they were last written. Nobody is woken while no daemon runs, so
    /// no time is told for that.
    ///
    /// # Errors
    /// A [`Failure`] when the registry can't be read.
    pub fn credit(
        &self,
        team: Option<&str>,
        now: Timestamp,
    ) -> Result<torch_api::credit::CreditView, Box<Failure>> {
        let failed = |error: StoreError| Box::new(answer::store_failure(&error));
        let team = self.named(team, "credit")?;
        let teams = self.store.teams().map_err(failed)?;
        let mut agents = self.store.agents().map_err(failed)?;
        let waiting = self.store.waiting().map_err(failed)?;
        agents.sort_by_key(|agent| agent.position);
        // A program that is broken tells nothing of its accounts.
        let programs = crate::templates::programs().ok();
        let mut rows = Vec::new();
        for team in teams
            .iter()
            .filter(|row| team.as_deref().is_none_or(|name| row.name.as_str() == name))
        {
            for agent in agents.iter().filter(|agent| agent.team == team.id) {
                let program = programs.as_ref().and_then(|all| all.get(&agent.program));
                let place = program.map_or("", |program| program.data.credit.account.as_str());
                rows.push(view::credit::Row {
                    team,
                    agent,
                    account: crate::state::account(&agent.program, place, Some(&team.env)),
                    waiting: waiting.get(&agent.id).copied().unwrap_or(0),
                    // Nothing is typed into anybody without a daemon.
                    shared: None,
                });
            }
        }
        let ids: Vec<_> = rows.iter().map(|row| row.agent.id).collect();
        let view = Box::new(view::credit::credit(&rows, None, now));
        answer::with_credit_history(&self.store, &ids, view)
            .map(|view| *view)
            .map_err(failed)
    }

    /// The briefing of an agent as it would be sent now, but for what it is told of its own past, with its team's name; `None`
    /// where the team has no such role.
    ///
    /// # Errors
    /// A [`Failure`] when the registry can't be read or no team is meant.
    pub fn briefing(
        &self,
        selector: &TeamSelector,
        role: &RoleName,
        (config, catalog): (&Config, &Catalog),
    ) -> Result<Option<(String, String)>, Box<Failure>> {
        let (team, agents) = self.meant(selector)?;
        let members: Vec<&Agent> = agents.iter().collect();
        let Some(agent) = members.iter().find(|agent| agent.role == *role) else {
            return Ok(None);
        };
        let broken = |error: String| {
            let text = format!("failed to make the briefing for {role}");
            Box::new(crate::failure::other(&text, &error, None))
        };
        let templates = crate::templates::roles().map_err(|error| broken(error.to_string()))?;
        let templates = &*templates;
        let router = &config.router;
        let kept = rules::in_force(&self.store, &team);
        let kept = kept.map_err(|error| broken(error.to_string()))?.set;
        // What the files say now is what the next briefing is made of, as far as it counts while the team runs; the last good set
        // where they can't be read.
        let rules = match (crate::project_files::read(&team.project), kept) {
            (Ok(rules), kept) if team.desired == DesiredState::Running => {
                let kept = kept.unwrap_or_default();
                Some(torch_router::project::tightened(&kept, &rules))
            }
            (Ok(rules), _) => Some(rules),
            (Err(_), kept) => kept,
        };
        let rules = rules.map(torch_router::project::RuleSet::new);
        let shipped = crate::brief::Shipped {
            templates,
            router,
            rules: rules.as_ref(),
        };
        let program = catalog.entries.get(&agent.program);
        let program = program.map(|entry| &entry.program);
        let shell = crate::brief::Shell::of(agent, program, &config.agents.mode);
        let plans = self
            .store
            .plans()
            .map_err(|error| broken(error.to_string()))?;
        let plan = plans.get(&team.id);
        let text = crate::brief::text(
            &team,
            (agent, shell),
            &members,
            shipped,
            (plan, String::new()),
        );
        let text = text.map_err(|error| broken(error.to_string()))?;
        Ok(Some((team.name.to_string(), text)))
    }

    /// The policy that a team was started with, and the team's name.
    ///
    /// # Errors
    /// A [`Failure`] when the registry can't be read or no team is meant.
    pub fn policy(&self, selector: &TeamSelector) -> Result<(String, TeamPolicy), Box<Failure>> {
        let (team, _) = self.meant(selector)?;
        Ok((team.name.to_string(), team.policy))
    }

    /// The team that is meant, with its agents in the order of their windows.
    pub(crate) fn meant(
        &self,
        selector: &TeamSelector,
    ) -> Result<(Team, Vec<Agent>), Box<Failure>> {
        let failed = |error| Box::new(answer::store_failure(&error));
        let teams = self.store.teams().map_err(failed)?;
        let mut agents = self.store.agents().map_err(failed)?;
        let teams: Vec<&Team> = teams.iter().collect();
        let worktrees = agents.iter().map(|it| (it.worktree.as_path(), it.team));
        let selector = self.selected(selector, "briefing and rules")?;
        let team = choose_team(&teams, worktrees, &selector)?.clone();
        agents.retain(|agent| agent.team == team.id);
        agents.sort_by_key(|agent| agent.position);
        Ok((team, agents))
    }

    /// What was seen of each agent program in use.
    ///
    /// # Errors
    /// A [`Failure`] when the registry can't be read.
    pub fn observed(&self) -> Result<Vec<ProgramObserved>, Box<Failure>> {
        let agents = self.store.agents();
        let agents = agents.map_err(|error| Box::new(answer::store_failure(&error)))?;
        Ok(torch_core::observed::by_program(&agents))
    }

    /// Planned notes, the next one first, by the wall clock as it was when they were last written.
    ///
    /// # Errors
    /// A [`Failure`] when the registry can't be read.
    pub fn schedules(&self) -> Result<Vec<ScheduleView>, Box<Failure>> {
        let read = || -> Result<_, StoreError> {
            let teams = self.store.teams()?;
            let mut rows = self.store.schedules()?;
            rows.retain(|row| self.is_own(row.team));
            let rows = rows.into_iter().map(|row| {
                let team = teams.iter().find(|team| team.id == row.team);
                view::schedule(&row, team)
            });
            Ok(rows.collect())
        };
        read().map_err(|error| Box::new(answer::store_failure(&error)))
    }

    /// The check-ins that are set up, by team in the order of the windows. No look is taken while no daemon runs.
    ///
    /// # Errors
    /// A [`Failure`] when the registry can't be read.
    pub fn check_ins(&self) -> Result<Vec<CheckInView>, Box<Failure>> {
        let read = || -> Result<_, StoreError> {
            let mut agents = self.store.agents()?;
            agents.sort_by_key(|agent| agent.position);
            let mut teams = self.store.teams()?;
            teams.retain(|team| self.is_own(team.id));
            let rows = teams.iter().flat_map(|team| {
                let own = agents.iter().filter(|agent| agent.team == team.id);
                own.filter_map(|agent| view::check_in(agent, team))
            });
            Ok(rows.collect())
        };
        read().map_err(|error| Box::new(answer::store_failure(&error)))
    }

    /// Messages as [`torch_api::Request::Messages`] answers them.
    pub fn messages(&self, filter: &MessageFilter) -> Response {
        let mut filter = filter.clone();
        match self.named(filter.team.as_deref(), "messages") {
            Ok(team) => filter.team = team,
            Err(failure) => return Response::Failed(*failure),
        }
        answer::messages(&self.store, &filter, self.reader())
            .unwrap_or_else(|error| Response::Failed(answer::store_failure(&error)))
    }

    /// The numbers of the newest messages as [`torch_api::Request::Stats`] answers it.
    pub fn stats(&self, now: Timestamp, team: Option<&str>, limit: u32) -> Response {
        match self.named(team, "stats") {
            Ok(team) => answer::stats(&self.store, now, team.as_deref(), limit)
                .unwrap_or_else(|error| Response::Failed(answer::store_failure(&error))),
            Err(failure) => Response::Failed(*failure),
        }
    }

    /// One message.
    ///
    /// # Errors
    /// A [`Failure`] when there is none that the caller may see, or the registry can't be read.
    pub fn message(&self, id: &str) -> Result<MessageView, Box<Failure>> {
        answer::find_for(&self.store, id, self.reader())
            .map_err(|error| Box::new(answer::store_failure(&error)))?
    }

    /// A message's journal as [`torch_api::Request::Trace`] answers it.
    pub fn trace(&self, id: &str) -> Response {
        answer::trace(&self.store, id, self.reader())
            .unwrap_or_else(|error| Response::Failed(answer::store_failure(&error)))
    }

    /// The person's inbox, newest first; nothing is marked as read.
    ///
    /// # Errors
    /// A [`Failure`] when the registry can't be read, or an agent asks.
    pub fn inbox(&self, all: bool) -> Result<Vec<MessageView>, Box<Failure>> {
        self.for_a_person("the inbox")?;
        answer::inbox_views(&self.store, all)
            .map_err(|error| Box::new(answer::store_failure(&error)))
    }

    /// The journal's chain as [`torch_api::Request::AuditVerify`] answers it.
    pub fn audit(&self) -> Response {
        match crate::care::audit(&self.store) {
            Ok(audit) => audit,
            Err(error) => Response::Failed(answer::store_failure(&error)),
        }
    }
}

/// Whether the machine was restarted since the team was last wanted to run.
fn is_suspended(team: &Team) -> bool {
    let boot = torch_process::clock::boot_id();
    team.boot
        .as_ref()
        .zip(boot.as_ref())
        .is_some_and(|(then, now)| then != now)
}

/// An agent that was last known to run, and whose program does not any more.
fn seen_now(agent: &Agent, view: &mut AgentView) {
    let alive = agent.process.is_some_and(facts::is_alive);
    if !alive && agent.state.is_live() && agent.state != AgentState::Starting {
        view.state = AgentState::Crashed;
        let gone = "its program is gone; no daemon was there to see its end (torch daemon start)";
        view.evidence = Evidence::new("process", gone, clock::now());
    }
}
