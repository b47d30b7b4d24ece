//! Usage limits in the simulated world: what must hold of them.

use std::collections::BTreeSet;

use torch_core::{AgentId, DeliveryState, MessageKind};

use crate::agent::{Prompt, tags};
use crate::world::World;

impl World {
    /// Nothing is typed while a limit is in force; each turn that a limit ended is gone on with once, by torch or by the
    /// program; and no limit holds anybody in the end.
    pub(crate) fn check_limits(&self) -> Result<(), String> {
        for (id, agent) in &self.agents {
            for prompt in &agent.ledger {
                if prompt.limited && prompt.by_torch {
                    return Err(format!("typed while limited: {}", prompt.text));
                }
            }
            let said = self.continues(*id, &agent.ledger)?;
            let [hit, own] = agent.limits;
            if said + own != hit {
                return Err(format!(
                    "{hit} turns ended in a limit; {own} went on by themselves and {said} by torch"
                ));
            }
        }
        let held = self.store.agents.values();
        match held.filter(|agent| agent.credit.hold.is_some()).count() {
            0 => Ok(()),
            n => Err(format!("{n} agents are held in the end")),
        }
    }

    /// How many times an agent was told to go on; at most once after each limit.
    fn continues(&self, agent: AgentId, ledger: &[Prompt]) -> Result<u32, String> {
        let rows = self.store.messages.values();
        let mine = rows.filter(|row| {
            row.kind == MessageKind::Continue && row.recipient.agent() == Some(agent)
        });
        let mut after = BTreeSet::new();
        let mut said = 0;
        for row in mine {
            let tag = row.id.tag();
            let prompts = ledger.iter();
            let stands = prompts.filter(|prompt| tags(&prompt.text).any(|held| held == tag));
            let limits: Vec<u32> = stands.map(|prompt| prompt.limits).collect();
            let state = self.store.deliveries[&row.id].state;
            match limits.as_slice() {
                [limits] if after.insert(*limits) => said += 1,
                [limits] => return Err(format!("told twice to go on after limit {limits}")),
                [] if state == DeliveryState::Expired => {}
                _ => {
                    return Err(format!(
                        "{tag} is {state} and stands {} times",
                        limits.len()
                    ));
                }
            }
        }
        Ok(said)
    }
}
