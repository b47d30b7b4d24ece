//! A limit of an account: one agent hit it, and the others of the account are held too before each hits it itself.
//!
//! Nothing of it is durable: it follows from the record of the one that hit it. It ends with that one's sign of life, with
//! a turn of the held agent's own that began later and ended without a limit (then the account is not the same after all),
//! or some time after the reset.

use torch_core::credit::{LimitHold, Reach};
use torch_core::{AgentId, Timestamp};

use super::super::{State, Turn};
use crate::view;

impl State {
    /// The limit of another agent of the account that holds this one as well: in words, and until when at the latest.
    pub(crate) fn account_limit(
        &self,
        agent: AgentId,
        now: Timestamp,
    ) -> Option<(String, Timestamp)> {
        let own = self.agents.get(&agent)?;
        if own.agent.credit.hold.is_some() {
            return None;
        }
        let rules = self.wake_rules();
        let model = own.agent.figures.model.as_deref();
        let reaches = |hold: &LimitHold| {
            let good = own.turn_was_good.is_some_and(|began| began > hold.since);
            !good && Reach::of(&hold.kind).includes(model)
        };
        let others = self.agents.iter().filter(|(id, _)| **id != agent);
        let holds = others.filter_map(|(id, run)| {
            let hold = run.agent.credit.hold.as_ref()?;
            let until = hold.counts_until(&rules).filter(|until| *until > now)?;
            reaches(hold).then_some((*id, hold, until))
        });
        let account = self.account_of(agent);
        let (by, hold, until) = holds
            .filter(|(id, ..)| self.account_of(*id) == account)
            .max_by_key(|(_, _, until)| *until)?;
        let (team, _, role) = self.who(by)?;
        // Agents read these words: what other teams are called is not theirs to know.
        let by = match team == own.agent.team {
            true => role,
            false => "an agent of another team".to_owned(),
        };
        let words = format!(
            "its account's limit ({}), which {by} hit: {}",
            hold.kind,
            view::credit::words(hold)
        );
        Some((words, until))
    }

    /// The limit that held an agent is over: it holds nobody else either.
    pub(super) fn pump_account(&mut self, t: &mut Turn, agent: AgentId) {
        let account = self.account_of(agent);
        let others = self.agents.iter().filter(|(id, run)| {
            **id != agent && run.agent.credit.hold.is_none() && !run.queue.is_empty()
        });
        let others: Vec<AgentId> = others
            .map(|(id, _)| *id)
            .filter(|id| self.account_of(*id) == account)
            .collect();
        for other in others {
            self.pump(t, other);
        }
    }

    /// A turn ended without a limit. One that began after another agent's limit shows that this one does not share it.
    pub(super) fn turn_was_good(&mut self, agent: AgentId) {
        if let Some(run) = self.agents.get_mut(&agent) {
            run.turn_was_good = run.turn_began;
        }
    }
}
