//! Messages that are handed into a running turn by a hook of the program, without typing: urgent ones, and those that have
//! waited long for the turn's end.
//!
//! A message keeps its place in the agent's queue: what stands before an urgent one is handed over before it.

use std::time::Duration;

use torch_core::hand_over::HandOver;
use torch_core::{
    AgentId, AgentState, DeferReason, DeliveryState, MessageId, MessageKind, Timestamp,
};
use torch_router::delivery::{Flight, Withdrawal};

use super::deliver::inbox_file;
use super::send::done;
use super::{State, Turn};
use crate::event::{ConnId, Effect, Offer, OfferError, TimerKey};
use crate::failure::other;

/// Why a message is given up that a person cancelled.
pub(crate) const CANCELLED: &str = "cancelled by a person";

impl State {
    /// Lays the first message of an agent ready for its program's hook, or takes it back, where that is what has to be done;
    /// whether it has to do with the hook at all. `reason` is why nothing is typed now, told by the agent's state.
    pub(crate) fn hand_over(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        head: MessageId,
        reason: Option<DeferReason>,
    ) -> bool {
        let held = self.is_paused(agent) || self.limit_words(agent).is_some();
        // While the turn goes on, or waits for a person's word, so does the message.
        let in_turn = matches!(reason, Some(DeferReason::Busy | DeferReason::Asking));
        if let Some(offered) = self.offered_to(agent) {
            let Some(flight) = self.flights.get_mut(&offered) else {
                return false;
            };
            let stays = in_turn && !held;
            let step = if stays {
                flight.offer_again()
            } else {
                flight.withdraw()
            };
            self.apply(t, offered, step);
            // What has come to stand before it, a briefing or the word to go on, has its turn.
            return !stays || offered == head;
        }
        let busy = reason == Some(DeferReason::Busy);
        if held || !busy || !self.is_to_be_handed_over(agent, head, t.now) {
            return false;
        }
        let urgent = self.urgent_waits(agent);
        let Some(flight) = self.flights.get_mut(&head) else {
            return false;
        };
        let why = match (flight.envelope.urgent, urgent) {
            (true, _) => "urgent",
            (false, true) => "before an urgent one",
            (false, false) => "waited long for the turn's end",
        };
        let step = flight.offer(why, t.now);
        self.apply(t, head, step);
        true
    }

    /// The message that lies ready for an agent's hook.
    fn offered_to(&self, agent: AgentId) -> Option<MessageId> {
        let queue = &self.agents.get(&agent)?.queue;
        let offered = |id: &&MessageId| self.flights.get(id).is_some_and(Flight::is_offered);
        queue.iter().find(offered).copied()
    }

    /// Whether a message need not wait for the end of the turn.
    fn is_to_be_handed_over(&self, agent: AgentId, head: MessageId, now: Timestamp) -> bool {
        self.hand_over_at(agent, head).is_some_and(|at| at <= now)
    }

    /// When a message that waits for the end of a turn is to be handed into it; `None` where it can't be.
    fn hand_over_at(&self, agent: AgentId, head: MessageId) -> Option<Timestamp> {
        let run = self.agents.get(&agent)?;
        let rules = self
            .programs
            .get(&run.agent.program)?
            .data
            .hooks
            .hand_over
            .as_ref()?;
        let flight = self.flights.get(&head)?;
        // A briefing begins a conversation, and the word to go on needs a turn of its own.
        let kind = flight.envelope.kind;
        let fits = flight.text.chars().count() <= rules.max_chars;
        let changed = rules.not_with.iter().any(|it| flight.text.contains(it));
        let may = flight.may_be_offered()
            && fits
            && !changed
            && !matches!(kind, MessageKind::Briefing | MessageKind::Continue)
            && !self.waits_for_briefing(agent, head);
        let after = Duration::from_secs(self.settings.config.delivery.hand_over_after_seconds);
        let at = match self.urgent_waits(agent) {
            true => flight.envelope.at,
            false => flight.envelope.at.after(after),
        };
        may.then_some(at)
    }

    fn urgent_waits(&self, agent: AgentId) -> bool {
        let queue = self.agents.get(&agent).map(|run| &run.queue);
        let mut flights = queue
            .into_iter()
            .flatten()
            .filter_map(|id| self.flights.get(id));
        flights.any(|flight| flight.envelope.urgent)
    }

    /// Sets the time at which a message that waits for the end of a turn is handed into it.
    pub(crate) fn time_hand_over(&self, t: &mut Turn, agent: AgentId, head: MessageId) {
        let working = self.agents.get(&agent).map(|run| run.agent.state);
        if working != Some(AgentState::Working) {
            return;
        }
        if let Some(at) = self.hand_over_at(agent, head).filter(|at| *at > t.now) {
            t.timer(TimerKey::Delivery(head), at);
        }
    }

    /// The order to lay a message ready.
    pub(crate) fn push_offer(&mut self, t: &mut Turn, agent: AgentId, message: MessageId) {
        let Some(offer) = self.offered(agent, message) else {
            return;
        };
        let Some((run, flight)) = self.agents.get_mut(&agent).zip(self.flights.get(&message))
        else {
            return;
        };
        let program = self.programs.get(&run.agent.program);
        let Some(rules) = program.and_then(|program| program.data.hooks.hand_over.as_ref()) else {
            return;
        };
        run.acting = Some(message);
        t.push(Effect::Offer {
            offer,
            text: torch_core::program::fill(&rules.reply, &[("text", &flight.text)]),
            inbox: inbox_file(flight, run.agent.worktree.clone()),
        });
    }

    /// The order to take it back.
    pub(crate) fn push_withdraw(&mut self, t: &mut Turn, agent: AgentId, message: MessageId) {
        let Some(offer) = self.offered(agent, message) else {
            return;
        };
        if let Some(run) = self.agents.get_mut(&agent) {
            run.acting = Some(message);
        }
        t.push(Effect::Withdraw(offer));
    }

    fn offered(&self, agent: AgentId, message: MessageId) -> Option<Offer> {
        let flight = self.flights.get(&message)?;
        Some(Offer {
            agent,
            launch: flight.delivery.launch?,
            hand_over: HandOver {
                message,
                attempt: flight.delivery.attempt,
            },
        })
    }

    pub(crate) fn on_offered(
        &mut self,
        t: &mut Turn,
        message: MessageId,
        result: Result<(), OfferError>,
    ) {
        self.acted(t, message);
        let Some(agent) = self.agent_of(message) else {
            return;
        };
        let Some(flight) = self.flights.get_mut(&message) else {
            return;
        };
        let step = match result {
            Ok(()) => flight.on_offered(),
            Err(error) => flight.on_not_offered(&error, t.now),
        };
        self.apply(t, message, step);
        // The turn may have ended meanwhile, its time to live, or a person's wish for it.
        if self.is_unwanted(message, t.now) {
            self.withdraw_offered(t, message);
        }
        self.pump(t, agent);
    }

    pub(crate) fn on_withdrawn(
        &mut self,
        t: &mut Turn,
        message: MessageId,
        withdrawal: Withdrawal,
    ) {
        self.acted(t, message);
        let Some(flight) = self.flights.get_mut(&message) else {
            return;
        };
        let step = flight.on_withdrawn(withdrawal, t.now);
        let stuck = withdrawal == Withdrawal::Stuck;
        self.apply(t, message, step);
        if !stuck && let Some(conn) = self.cancels.remove(&message) {
            let id = message.tag();
            let cause = "a hook of the program took it in that moment";
            let hint = format!("torch msg trace {id}");
            let error = format!("{id} can't be cancelled");
            t.fail(conn, other(&error, cause, Some(&hint)));
        }
    }

    /// Whether a person cancelled a message, or its time to live is over.
    fn is_unwanted(&self, message: MessageId, now: Timestamp) -> bool {
        let expires = self
            .flights
            .get(&message)
            .and_then(|flight| flight.envelope.expires);
        self.cancels.contains_key(&message) || expires.is_some_and(|at| at <= now)
    }

    /// A message that was to be sent another way, or again, is ended where a person or its time to live says so.
    pub(crate) fn is_not_wanted_any_more(&mut self, t: &mut Turn, message: MessageId) -> bool {
        let expires = self
            .flights
            .get(&message)
            .and_then(|flight| flight.envelope.expires);
        if let Some(conn) = self.cancels.remove(&message) {
            let ended = self.end_untyped(t, message, DeliveryState::Dead, CANCELLED);
            t.reply(
                conn,
                done(format!("{} is cancelled; no program has it", message.tag())),
            );
            return ended;
        }
        let over = "its time to live is over";
        expires.is_some_and(|at| at <= t.now)
            && self.end_untyped(t, message, DeliveryState::Expired, over)
    }

    /// Cancels a message that lies ready, once it is taken back; whether it lies ready.
    pub(crate) fn cancel_offered(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        message: MessageId,
    ) -> bool {
        if !self.flights.get(&message).is_some_and(Flight::is_offered) {
            return false;
        }
        self.cancels.insert(message, conn);
        self.withdraw_offered(t, message)
    }

    /// A hook says that it handed a message over.
    pub(crate) fn on_handed_over(&mut self, t: &mut Turn, agent: AgentId, taken: HandOver) {
        let patience = self.patience(agent);
        let Some(flight) = self.flights.get_mut(&taken.message) else {
            return;
        };
        let step = flight.on_taken(taken.attempt, &patience, t.now);
        self.apply(t, taken.message, step);
    }

    /// A message that lies ready and is not wanted any more is taken back first; whether it lies ready.
    ///
    /// Two orders about one file are never under way at once: what is being laid now is taken back when it lies there.
    pub(crate) fn withdraw_offered(&mut self, t: &mut Turn, message: MessageId) -> bool {
        let run = self
            .agent_of(message)
            .and_then(|agent| self.agents.get(&agent));
        let under_way = run.is_some_and(|run| run.acting == Some(message));
        let Some(flight) = self
            .flights
            .get(&message)
            .filter(|flight| flight.is_offered())
        else {
            return false;
        };
        if !under_way {
            let step = flight.withdraw();
            self.apply(t, message, step);
        }
        true
    }
}

#[cfg(test)]
mod tests;
