//! What an agent may read of what the daemon answers: each request, made one of its own team.

use torch_api::broker::BrokerRequest;
use torch_api::git::{GitRequest, LogFilter};
use torch_api::rules::RulesRequest;
use torch_api::task::TasksOrder;
use torch_api::wire::TeamSelector;
use torch_api::{Failure, Request};
use torch_core::{AgentId, RoleName, Sender, Target};

use super::super::State;
use crate::failure::usage;
use crate::own_team::Own;

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
            role: role.clone(),
            // An agent of a team that is no more has nothing to read there.
            name: self.name_of(*team).unwrap_or_else(|| team.short()),
        };
        self.narrow(&own, request)
    }

    fn narrow(&self, own: &Own, mut request: Request) -> Result<Request, Box<Failure>> {
        let what = request.name();
        match &mut request {
            Request::Messages(filter) => own.name_it(&mut filter.team, what)?,
            Request::Status { team }
            | Request::Stats { team, .. }
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
                if !leads && shown != own.agent {
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
                    BrokerRequest::Status { team }
                    | BrokerRequest::Log { team, .. }
                    | BrokerRequest::Fetch { team },
                ),
            ) => own.select(team, what)?,
            Request::Git(GitRequest::Integrate(request)) => own.select(&mut request.team, what)?,
            Request::Tasks(tasks) if matches!(tasks.order, TasksOrder::Show) => {
                own.select(&mut tasks.team, what)?;
            }
            Request::Tasks(tasks) => self.there(own, &mut tasks.team, what)?,
            Request::Agent(agent) => self.there(own, &mut agent.team, what)?,
            Request::Standup { team, .. } => self.there(own, team, what)?,
            Request::Rules(rules) => match &mut **rules {
                RulesRequest::Violations(filter) => own.name_it(&mut filter.team, what)?,
                RulesRequest::Assignments { team, .. } => own.name_it(team, what)?,
                RulesRequest::Dependencies { team }
                | RulesRequest::InForce { team }
                | RulesRequest::Test { team, .. } => own.select(team, what)?,
                RulesRequest::Resolve { .. }
                | RulesRequest::Status(_)
                | RulesRequest::Accept { .. }
                | RulesRequest::SetDependencies { .. } => {}
            },
            _ => {}
        }
        Ok(request)
    }

    /// An agent acts in its own team, unless it names another one: what it may do there is for the act's own rule to say, and of
    /// one that there is not, which ones there are is not told.
    fn there(&self, own: &Own, team: &mut TeamSelector, what: &str) -> Result<(), Box<Failure>> {
        let known = |name: &String| self.teams.values().any(|it| it.name.as_str() == name);
        match &team.name {
            Some(named) if !known(named) => Err(own.not_its_team(&format!("{named} ({what})"))),
            Some(_) => Ok(()),
            None => own.select(team, what),
        }
    }

    /// The agent of the reader's team that a target names, which may name a session.
    fn is_within(
        &self,
        own: &Own,
        team: &TeamSelector,
        target: &str,
    ) -> Result<AgentId, Box<Failure>> {
        if let Ok(
            Target::SessionRole { session, .. }
            | Target::SessionIndex { session, .. }
            | Target::SessionRolePane { session, .. },
        ) = target.parse::<Target>()
        {
            // `developer:0` is a role of the own team, too.
            let named = session.trim_start_matches('=');
            let is_role =
                RoleName::parse(named).is_ok_and(|role| self.agent_in(own.team, &role).is_some());
            if named != own.name && !is_role {
                return Err(own.not_its_team(target));
            }
        }
        let found = self.find_agent_within(team, target, Some(own.team))?;
        match self.agents.get(&found) {
            Some(run) if run.agent.team != own.team => Err(own.not_its_team(target)),
            _ => Ok(found),
        }
    }
}
