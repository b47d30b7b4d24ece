//! What an agent may read: of its own team, and other agents' words only where it is their hub. The same for what the daemon
//! answers and for what is read of the registry without it.

use torch_api::Failure;
use torch_api::wire::TeamSelector;
use torch_core::identity::{Ancestry, Mark};
use torch_core::{AgentId, RoleName, Sender, TeamId};
use torch_router::policy::{Privilege, permits};
use torch_store::{Store, StoreError};

use crate::event::Reader;
use crate::failure::refused;
use crate::offline::Registry;

/// The agent that reads.
#[derive(Debug, Clone)]
pub(crate) struct Own {
    pub(crate) agent: AgentId,
    pub(crate) team: TeamId,
    pub(crate) role: RoleName,
    /// Its team's name.
    pub(crate) name: String,
}

impl Own {
    /// The agent of this registry that the environment of a process, or of one of its ancestors, names. Without the daemon
    /// nothing else tells: its panes are the daemon's to know.
    pub(crate) fn among(store: &Store, caller: &Ancestry) -> Result<Option<Self>, StoreError> {
        let named = caller
            .chain
            .iter()
            .filter_map(|ancestor| match ancestor.mark {
                Some(Mark::Named(agent)) => Some(agent),
                _ => None,
            });
        let named: Vec<AgentId> = named.collect();
        if named.is_empty() {
            return Ok(None);
        }
        let agents = store.agents()?;
        let is_one = |id: &AgentId| agents.iter().find(|agent| agent.id == *id);
        let Some(agent) = named.iter().find_map(is_one) else {
            return Ok(None);
        };
        let name = store.team_name(agent.team)?;
        Ok(Some(Self {
            agent: agent.id,
            team: agent.team,
            role: agent.role.clone(),
            name: name.unwrap_or_else(|| agent.team.short()),
        }))
    }

    pub(crate) fn reader(&self) -> Reader {
        Reader::Agent {
            agent: self.agent,
            team: self.team,
            hub: self.role.is_hub(),
        }
    }

    /// Makes it the agent's own team; `what` is what would be read.
    ///
    /// # Errors
    /// The refusal, where another team is named.
    pub(crate) fn name_it(
        &self,
        team: &mut Option<String>,
        what: &str,
    ) -> Result<(), Box<Failure>> {
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

    /// Likewise for one that is found by its name or by a folder.
    ///
    /// # Errors
    /// Likewise.
    pub(crate) fn select(&self, team: &mut TeamSelector, what: &str) -> Result<(), Box<Failure>> {
        self.name_it(&mut team.name, what)
    }

    pub(crate) fn not_its_team(&self, what: &str) -> Box<Failure> {
        let error = format!("{what} is not shown to {} of team {}", self.role, self.name);
        let cause =
            "rule read.own-team: an agent reads its own team; other teams are a person's to read";
        let hint = format!("torch status --team {}", self.name);
        Box::new(refused(&error, cause, Some(&hint)))
    }

    pub(crate) fn not_its_screen(&self, target: &str) -> Box<Failure> {
        let error = format!("the screen of {target} is not shown to {}", self.role);
        let cause = "rule read.own-screen: an agent sees its own screen; those of its team are seen by the orchestrator and the project manager";
        Box::new(refused(&error, cause, Some(&format!("torch why {target}"))))
    }
}

impl Registry {
    /// The team that is read where `named` is: an agent's own, whether it says so or not; `what` is what would be read.
    ///
    /// # Errors
    /// The refusal, where an agent names another team.
    pub fn named(&self, named: Option<&str>, what: &str) -> Result<Option<String>, Box<Failure>> {
        let mut team = named.map(str::to_owned);
        if let Some(own) = self.own() {
            own.name_it(&mut team, what)?;
        }
        Ok(team)
    }

    /// Likewise for a team that is found by its name or by a folder.
    ///
    /// # Errors
    /// Likewise.
    pub(crate) fn selected(
        &self,
        selector: &TeamSelector,
        what: &str,
    ) -> Result<TeamSelector, Box<Failure>> {
        Ok(TeamSelector {
            name: self.named(selector.name.as_deref(), what)?,
            ..selector.clone()
        })
    }

    /// As whom it is read.
    pub(crate) fn reader(&self) -> Reader {
        self.own().map_or(Reader::Person, Own::reader)
    }

    /// Whether a team is the reader's to read.
    pub(crate) fn is_own(&self, team: TeamId) -> bool {
        self.own().is_none_or(|own| own.team == team)
    }

    /// Lets only a person go on with what concerns the whole registry.
    ///
    /// # Errors
    /// The refusal, where an agent asks; `what` is what it asks for: `a backup of the registry`.
    pub fn for_a_person(&self, what: &str) -> Result<(), Box<Failure>> {
        let Some(own) = self.own() else {
            return Ok(());
        };
        let sender = Sender::Agent {
            agent: own.agent,
            team: own.team,
            role: own.role.clone(),
        };
        permits(&sender, Privilege::Person).map_err(|rule| {
            let error = format!("{what} is not for {} of team {}", own.role, own.name);
            let cause = format!("rule {rule}");
            Box::new(refused(&error, &cause, Some("torch status")))
        })
    }
}
