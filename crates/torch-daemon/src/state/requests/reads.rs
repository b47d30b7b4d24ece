//! What an agent may read: of its own team, and other agents' words only where it is their hub.

use torch_api::broker::BrokerRequest;
use torch_api::git::{GitRequest, LogFilter};
use torch_api::rules::RulesRequest;
use torch_api::task::TasksOrder;
use torch_api::wire::TeamSelector;
use torch_api::{Failure, Request};
use torch_core::{AgentId, RoleName, Sender, TeamId};

use super::super::State;
use crate::event::Reader;
use crate::failure::{refused, usage};

/// The agent that reads.
struct Own<'a> {
    agent: AgentId,
    team: TeamId,
    role: &'a RoleName,
    /// Its team's name.
    name: String,
}

impl State {
    /// The request as this caller may make it: an agent's reads are its own team's, whether it says so or not.
    pub(super) fn narrowed(
        &self,
        caller: &Sender,
        request: Request,
    ) -> Result<Request, Box<Failure>> {
        let Sender::Agent { agent, team, role } = caller else {
            return Ok(request);
        };
        let own = Own {
            agent: *agent,
            team: *team,
            role,
            // An agent of a team that is no more has nothing to read there.
            name: self.name_of(*team).unwrap_or_else(|| team.short()),
        };
        self.narrow(&own, request)
    }

    fn narrow(&self, own: &Own<'_>, mut request: Request) -> Result<Request, Box<Failure>> {
        let what = request.name();
        match &mut request {
            Request::Messages(filter) => own.name_it(&mut filter.team, what)?,
            Request::Stats { team, .. }
            | Request::Credit { team }
            | Request::Schedules { team }
            | Request::WorktreeList { team } => own.name_it(team, what)?,
            Request::Pending { team, all } => {
                *all = false;
                own.select(team, what)?;
            }
            Request::Why { team, role } => {
                own.select(team, what)?;
                self.is_within(own, team, role)?;
            }
            Request::Logs { team, target, .. } => {
                own.select(team, what)?;
                let shown = self.is_within(own, team, target)?;
                let leads = own.role.is_hub() || own.role.is_sub_hub();
                if !leads && shown.is_some_and(|shown| shown != own.agent) {
                    return Err(own.not_its_screen(target));
                }
            }
            Request::AwaitTurn { id, .. } => {
                let short = super::short_id(id);
                let flight = self.flying(&short).and_then(|id| self.flights.get(&id));
                if flight.is_some_and(|flight| !own.reader().may_see(&flight.envelope)) {
                    let error = format!("there is no message {id:?}");
                    return Err(Box::new(usage(&error, "", Some("torch msg list"))));
                }
            }
            Request::Git(
                GitRequest::Radar { team }
                | GitRequest::Lane { team }
                | GitRequest::SwitchLane { team, .. }
                | GitRequest::Health { team }
                | GitRequest::Risk { team }
                | GitRequest::Log(LogFilter { team, .. })
                | GitRequest::Broker(
                    BrokerRequest::Status { team } | BrokerRequest::Log { team, .. },
                ),
            ) => own.select(team, what)?,
            Request::Git(GitRequest::Integrate(request)) => own.select(&mut request.team, what)?,
            Request::Tasks(tasks) if matches!(tasks.order, TasksOrder::Show) => {
                own.select(&mut tasks.team, what)?;
            }
            Request::Rules(rules) => match &mut **rules {
                RulesRequest::Violations(filter) => own.name_it(&mut filter.team, what)?,
                RulesRequest::Assignments { team, .. } => own.name_it(team, what)?,
                RulesRequest::Dependencies { team }
                | RulesRequest::InForce { team }
                | RulesRequest::Test { team, .. } => own.select(team, what)?,
                RulesRequest::Resolve { .. }
                | RulesRequest::Status(_)
                | RulesRequest::SetDependencies { .. } => {}
            },
            _ => {}
        }
        Ok(request)
    }

    /// Whether a target, which may name a session, is one of the reader's team: its agent, where there is one.
    fn is_within(
        &self,
        own: &Own<'_>,
        team: &TeamSelector,
        target: &str,
    ) -> Result<Option<AgentId>, Box<Failure>> {
        // One that is not there is told by the request's own answer.
        let Ok(found) = self.find_agent(team, target) else {
            return Ok(None);
        };
        match self.agents.get(&found) {
            Some(run) if run.agent.team != own.team => Err(own.not_its_team(target)),
            _ => Ok(Some(found)),
        }
    }
}

impl Own<'_> {
    fn reader(&self) -> Reader {
        Reader::Agent {
            agent: self.agent,
            team: self.team,
            hub: self.role.is_hub(),
        }
    }

    /// Makes it the agent's own team.
    fn name_it(&self, team: &mut Option<String>, what: &str) -> Result<(), Box<Failure>> {
        match team {
            Some(named) if *named != self.name => {
                Err(self.not_its_team(&format!("{named} ({what})")))
            }
            _ => {
                *team = Some(self.name.clone());
                Ok(())
            }
        }
    }

    fn select(&self, team: &mut TeamSelector, what: &str) -> Result<(), Box<Failure>> {
        self.name_it(&mut team.name, what)
    }

    fn not_its_team(&self, what: &str) -> Box<Failure> {
        let error = format!("{what} is not shown to {} of team {}", self.role, self.name);
        let cause =
            "rule read.own-team: an agent reads its own team; other teams are a person's to read";
        let hint = format!("torch status --team {}", self.name);
        Box::new(refused(&error, cause, Some(&hint)))
    }

    fn not_its_screen(&self, target: &str) -> Box<Failure> {
        let error = format!("the screen of {target} is not shown to {}", self.role);
        let cause = "rule read.own-screen: an agent sees its own screen; those of its team are seen by the orchestrator and the project manager";
        Box::new(refused(&error, cause, Some(&format!("torch why {target}"))))
    }
}
