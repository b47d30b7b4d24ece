//! What must hold at the end of a run, by the agents' ledgers.

use torch_core::{DeliveryState, MessageId};

use crate::world::{ROLES, World};

impl World {
    pub(crate) fn check(&self) -> Result<(), String> {
        for agent in self.agents.values() {
            if agent.approved > 0 {
                return Err(format!("{} dialogs were approved", agent.approved));
            }
            if agent.merged_drafts > 0 {
                return Err("a draft was submitted".to_owned());
            }
        }
        let unsettled = self.store.unsettled();
        if !unsettled.is_empty() {
            let list: Vec<_> = unsettled
                .iter()
                .map(|(id, state)| format!("{} {state}", id.tag()))
                .collect();
            let agents: Vec<_> = self
                .store
                .agents
                .values()
                .map(|agent| {
                    let seen = self
                        .agents
                        .get(&agent.id)
                        .map(|seen| (seen.alive, seen.dialog, seen.composer.clone()));
                    format!(
                        "{} {} ({}) {seen:?}",
                        agent.role, agent.state, agent.evidence.detail
                    )
                })
                .collect();
            return Err(format!(
                "not settled: {}; {}",
                list.join(", "),
                agents.join("; ")
            ));
        }
        if !self.doubled.is_empty() {
            return Err(format!("windows were opened twice for {:?}", self.doubled));
        }
        for (role, id) in &self.sent {
            self.check_once(role, *id)?;
        }
        self.check_order()
    }

    /// Once without a mark; again only with `try=2` or more.
    fn check_once(&self, role: &str, id: MessageId) -> Result<(), String> {
        let state = self.store.deliveries[&id].state;
        let needle = format!("[torch {} ", id.tag());
        let seen: Vec<&String> = self
            .ledgers(role)
            .filter(|text| text.contains(&needle))
            .collect();
        if seen.is_empty() {
            return Err(format!("{} was lost ({state})", id.tag()));
        }
        for n in 1..=3 {
            let tries = seen
                .iter()
                .filter(|text| text.contains(&format!(" try={n}]")))
                .count();
            if tries > 1 {
                return Err(format!("{} stands {tries} times as try={n}", id.tag()));
            }
        }
        if let Some(text) = seen
            .iter()
            .find(|text| text.matches("[torch ").count() != 1)
        {
            return Err(format!("two messages in one prompt: {text}"));
        }
        if state == DeliveryState::Dead && seen.len() < 3 {
            return Err(format!("{} was given up too early", id.tag()));
        }
        Ok(())
    }

    /// First arrivals of one sender's messages to one agent come in the order they were sent.
    fn check_order(&self) -> Result<(), String> {
        for role in ROLES {
            let sent: Vec<MessageId> = self
                .sent
                .iter()
                .filter(|(to, _)| to == role)
                .map(|(_, id)| *id)
                .collect();
            let mut first: Vec<MessageId> = Vec::new();
            for text in self.ledgers(role) {
                for id in &sent {
                    if text.contains(&format!("[torch {} ", id.tag())) && !first.contains(id) {
                        first.push(*id);
                    }
                }
            }
            if first != sent {
                return Err(format!(
                    "out of order to {role}: {first:?} instead of {sent:?}"
                ));
            }
        }
        Ok(())
    }

    /// What an agent's programs wrote down, over all launches.
    pub(crate) fn ledgers(&self, role: &str) -> impl Iterator<Item = &String> {
        let id = self
            .store
            .agents
            .values()
            .find(|agent| agent.role.as_str() == role)
            .map(|agent| agent.id);
        id.and_then(|id| self.agents.get(&id))
            .into_iter()
            .flat_map(|agent| &agent.ledger)
    }
}
