//! Who may push to the remote past the broker, tried again where something happened that may have changed it: a daemon that begins,
//! an agent that is launched, a remote that is configured otherwise, a forward that contradicts what was seen. Nothing is tried by
//! time.

use std::path::Path;
use std::time::Duration;

use serde_json::json;
use torch_core::{AgentId, LedgerRecord, TeamId};

use super::super::git_environment::withhold;
use super::super::{State, Turn};
use crate::broker::{Opened, Order};
use crate::event::Effect;

/// A launch that comes so soon after a good try is no reason for another one: a whole team starts at once.
const FRESH: Duration = Duration::from_secs(60);

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Occasion {
    /// A forward went otherwise than what was seen lets expect.
    Doubt,
    /// An agent is launched.
    Launch,
    /// The repository's configuration was written.
    Configured,
    /// Much may have happened that nobody saw: the daemon began, or a try was under way.
    Unseen,
}

impl State {
    /// An agent is launched.
    pub(in crate::state) fn broker_launched(&mut self, t: &mut Turn, agent: AgentId) {
        if let Some(team) = self.agents.get(&agent).map(|run| run.agent.team) {
            self.try_reach(t, team, Occasion::Launch);
        }
    }

    /// The configuration of the repository with this common directory was written; by whom and what, the remotes will show.
    pub(in crate::state) fn on_repository_config(&mut self, t: &mut Turn, common_dir: &Path) {
        let of_it = self
            .teams
            .values()
            .filter(|team| team.common_dir == common_dir);
        let teams: Vec<TeamId> = of_it.map(|team| team.id).collect();
        for team in teams {
            self.try_reach(t, team, Occasion::Configured);
        }
    }

    /// Tries anew who may push, one try of a team at a time; what happens meanwhile is followed by another one.
    pub(super) fn try_reach(&mut self, t: &mut Turn, team: TeamId, occasion: Occasion) {
        let Some(broker) = self.brokers.of.get(&team) else {
            return;
        };
        let good = broker.reach.as_ref().filter(|it| it.torch && !it.agents);
        let needless = match occasion {
            Occasion::Configured | Occasion::Unseen => false,
            Occasion::Doubt => broker.remote.is_none(),
            Occasion::Launch => {
                broker.remote.is_none() || good.is_some_and(|it| t.now.since(it.at) < FRESH)
            }
        };
        if needless {
            return;
        }
        if let Some(again) = self.brokers.trying.get_mut(&team) {
            *again = true;
            return;
        }
        if let Some(order) = self.try_order(team, occasion) {
            self.brokers.trying.insert(team, false);
            t.push(Effect::Broker(Box::new(order)));
        }
    }

    fn try_order(&self, team: TeamId, occasion: Occasion) -> Option<Order> {
        let broker = self.brokers.of.get(&team)?;
        let mut agents_env = self.teams.get(&team)?.env.clone();
        withhold(&mut agents_env);
        let name = broker.remote.as_ref().map(|remote| remote.name.clone());
        let known = || (broker.remote.clone(), broker.settings.clone());
        // Where there is no remote, nobody is let in, and only that there is one by now is news.
        let only_others = occasion == Occasion::Configured || broker.remote.is_none();
        Some(Order::Try {
            team,
            shape: self.shape(team, name),
            env: broker.env.clone(),
            agents_env,
            unless: only_others.then(known),
        })
    }

    /// It was tried; what was seen is what holds from now on.
    pub(super) fn on_reach_tried(
        &mut self,
        t: &mut Turn,
        team: TeamId,
        result: Result<Option<Box<Opened>>, String>,
    ) {
        let again = self.brokers.trying.remove(&team) == Some(true);
        let Some(mut broker) = self.brokers.of.get(&team).cloned() else {
            return;
        };
        match result {
            Ok(None) => {}
            Ok(Some(opened)) => {
                if broker.settings != opened.settings {
                    // Agents that run were told of other remotes.
                    broker.since = t.now;
                }
                broker.remote = opened.remote;
                broker.settings = opened.settings;
                broker.reach = opened.reach;
                broker.untried = None;
            }
            Err(why) => {
                broker.reach = None;
                broker.untried = Some(why);
            }
        }
        if self.brokers.of.get(&team) != Some(&broker) {
            let remote = broker.remote.as_ref().map(|it| &it.name);
            let data = json!({"remote": remote, "reach": broker.reach, "untried": broker.untried});
            t.journal("broker.tried", team, data);
            self.keep(t, LedgerRecord::Broker(Box::new(broker.clone())));
            self.brokers.of.insert(team, broker);
        }
        if again {
            self.try_reach(t, team, Occasion::Unseen);
        }
    }

    /// What a daemon that begins knows of remotes is of another time.
    pub(super) fn try_all_reaches(&mut self, effects: &mut Vec<Effect>) {
        let teams: Vec<TeamId> = self.brokers.of.keys().copied().collect();
        for team in teams {
            if let Some(order) = self.try_order(team, Occasion::Unseen) {
                self.brokers.trying.insert(team, false);
                effects.push(Effect::Broker(Box::new(order)));
            }
        }
    }
}
