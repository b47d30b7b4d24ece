//! Check-ins in the simulated world: nobody is told or asked while busy, limited or paused, and no role twice about one turn.

use torch_core::{Envelope, MessageKind};

use crate::store::Store;

impl Store {
    /// What must hold when a check-in is committed.
    pub(crate) fn check_check_in(&self, envelope: &Envelope) -> Result<(), String> {
        if envelope.kind != MessageKind::CheckIn {
            return Ok(());
        }
        let to = envelope.recipient.agent();
        let Some(agent) = to.and_then(|id| self.agents.get(&id)) else {
            return Err(format!("a check-in to nobody: {}", envelope.body));
        };
        let what = format!("a check-in to {}, which is {}", agent.role, agent.state);
        if !agent.state.takes_messages() {
            return Err(what);
        }
        let paused = self.teams.get(&agent.team).is_some_and(|team| team.paused);
        if agent.credit.hold.is_some() || agent.paused || paused {
            return Err(format!("{what}, and limited or paused"));
        }
        // A long run keeps no settled messages.
        if agent.role.is_hub() || self.forgets {
            return Ok(());
        }
        let rows = self.order.values().rev();
        for row in rows.filter_map(|id| self.messages.get(id)) {
            let said = matches!(row.kind, MessageKind::Message | MessageKind::Completion);
            let own = matches!(&row.sender, torch_core::Sender::Agent { agent: from, .. } if *from == agent.id);
            if said && (own || row.recipient.agent() == to) {
                break;
            }
            // After a stop it all begins anew, with a briefing.
            if row.kind == MessageKind::Briefing && row.recipient.agent() == to {
                break;
            }
            if row.kind == MessageKind::CheckIn && row.recipient.agent() == to {
                return Err(format!("{what}, and asked already: {}", row.body));
            }
        }
        Ok(())
    }

    /// How many check-ins were committed.
    pub(crate) fn check_ins(&self) -> usize {
        let rows = self.messages.values();
        rows.filter(|row| row.kind == MessageKind::CheckIn).count()
    }
}
