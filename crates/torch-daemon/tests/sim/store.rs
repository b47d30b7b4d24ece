//! A store in memory: what was committed survives the daemon, what was not is gone.

use std::collections::BTreeMap;

use torch_core::{
    Agent, AgentId, Delivery, DeliveryState, Envelope, MessageId, Team, TeamId, Write,
};
use torch_daemon::state::{PairKey, Snapshot};

/// Everything committed.
#[derive(Debug, Default)]
pub(crate) struct Store {
    pub(crate) teams: BTreeMap<TeamId, Team>,
    pub(crate) agents: BTreeMap<AgentId, Agent>,
    pub(crate) messages: BTreeMap<MessageId, Envelope>,
    pub(crate) deliveries: BTreeMap<MessageId, Delivery>,
    order: Vec<MessageId>,
    pub(crate) offsets: BTreeMap<AgentId, u64>,
}

impl Store {
    pub(crate) fn commit(&mut self, write: Write) {
        match write {
            Write::PutTeam(team) => drop(self.teams.insert(team.id, *team)),
            Write::PutAgent(agent) => drop(self.agents.insert(agent.id, *agent)),
            Write::PutMessage(envelope) => {
                let id = envelope.id;
                assert!(
                    self.messages.insert(id, *envelope).is_none(),
                    "{id} was there already"
                );
                self.order.push(id);
            }
            Write::PutDelivery(delivery) => {
                assert!(
                    self.messages.contains_key(&delivery.message),
                    "a delivery without a message"
                );
                drop(self.deliveries.insert(delivery.message, *delivery));
            }
            Write::SpoolOffset { agent, offset } => drop(self.offsets.insert(agent, offset)),
            Write::RemoveTeam(team) => {
                self.teams.remove(&team);
                self.agents.retain(|_, agent| agent.team != team);
            }
            Write::PutSchedule(_) | Write::ReadInbox { .. } | Write::Journal(_) => {}
        }
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        let open = self.order.iter().filter_map(|id| {
            let delivery = self.deliveries.get(id)?;
            let open = !delivery.state.is_final();
            open.then(|| (self.messages[id].clone(), delivery.clone()))
        });
        let mut pair_seqs: BTreeMap<PairKey, u64> = BTreeMap::new();
        for envelope in self.messages.values() {
            let team = match &envelope.sender {
                torch_core::Sender::Agent { team, .. } => *team,
                _ => envelope.team,
            };
            let key = (
                team,
                envelope.sender.label().to_owned(),
                envelope.recipient.agent(),
            );
            let last = pair_seqs.entry(key).or_insert(0);
            *last = (*last).max(envelope.pair_seq);
        }
        Snapshot {
            teams: self.teams.values().cloned().collect(),
            agents: self.agents.values().cloned().collect(),
            open: open.collect(),
            schedules: Vec::new(),
            pair_seqs,
            spool_offsets: self.offsets.clone(),
        }
    }

    /// Messages to agents that are not settled.
    pub(crate) fn unsettled(&self) -> Vec<(MessageId, DeliveryState)> {
        self.deliveries
            .values()
            .filter(|d| {
                !d.state.is_final() && self.messages[&d.message].recipient.agent().is_some()
            })
            .map(|d| (d.message, d.state))
            .collect()
    }
}
