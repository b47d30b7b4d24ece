//! Clients that wait for a message to come to a state.

use std::time::Duration;

use torch_core::{DeferReason, DeliveryState, MessageId};

use super::{State, Turn, Waiter};
use crate::event::{ConnId, Effect, Query, TimerKey};

impl State {
    /// Answers now, or once the message has come to `wait`.
    pub(crate) fn answer_when(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        message: MessageId,
        wait: Option<DeliveryState>,
        millis: u64,
    ) {
        // A message without a flight is final already, or lies in the person's inbox: the store knows.
        let flying = self
            .flights
            .get(&message)
            .map(|flight| flight.delivery.state)
            .or_else(|| {
                let mut consumed = self.agents.values().flat_map(|run| &run.consumed);
                consumed
                    .find(|kept| kept.message == message)
                    .map(|kept| kept.state)
            });
        match (wait, flying) {
            (Some(state), Some(now)) if !reached(now, state) => {
                self.waiters.push(Waiter {
                    conn,
                    message,
                    state,
                });
                t.timer(
                    TimerKey::Wait(conn),
                    t.now.after(Duration::from_millis(millis)),
                );
            }
            _ => t.push(Effect::Answer {
                conn,
                query: Query::Sent {
                    message,
                    reached: true,
                    behind: self.behind(message),
                },
            }),
        }
    }

    /// Answers who waits for this message, if it came far enough or can't come further.
    pub(crate) fn answer_waiters(
        &mut self,
        t: &mut Turn,
        message: MessageId,
        state: DeliveryState,
    ) {
        let done = |waiter: &Waiter| {
            waiter.message == message && (reached(state, waiter.state) || is_end(state))
        };
        for waiter in self.waiters.iter().filter(|waiter| done(waiter)) {
            let query = Query::Sent {
                message,
                reached: reached(state, waiter.state),
                behind: None,
            };
            t.push(Effect::CancelTimer(TimerKey::Wait(waiter.conn)));
            t.push(Effect::Answer {
                conn: waiter.conn,
                query,
            });
        }
        self.waiters.retain(|waiter| !done(waiter));
    }

    pub(crate) fn on_wait_over(&mut self, t: &mut Turn, conn: ConnId) {
        self.on_turn_wait_over(t, conn);
        let own = |waiter: &mut Waiter| waiter.conn == conn;
        for waiter in self.waiters.extract_if(.., own).collect::<Vec<_>>() {
            let query = Query::Sent {
                message: waiter.message,
                reached: false,
                behind: self.behind(waiter.message),
            };
            t.push(Effect::Answer { conn, query });
        }
        self.end_check(t, conn);
    }

    /// Why the first message of the queue waits that a message stands in.
    fn behind(&self, message: MessageId) -> Option<DeferReason> {
        let agent = self.flights.get(&message)?.envelope.recipient.agent()?;
        let head = self.agents.get(&agent)?.queue.front()?;
        let first = &self.flights.get(head)?.delivery;
        first
            .reason
            .filter(|_| first.state == DeliveryState::Deferred && *head != message)
    }
}

/// Whether a delivery in state `now` has come at least as far as `wanted`.
pub(crate) fn reached(now: DeliveryState, wanted: DeliveryState) -> bool {
    let rank = |state: DeliveryState| match state {
        DeliveryState::Queued => Some(0),
        DeliveryState::Claimed => Some(1),
        DeliveryState::Pasting => Some(2),
        DeliveryState::Pasted => Some(3),
        DeliveryState::Entering => Some(4),
        DeliveryState::Entered => Some(5),
        DeliveryState::Accepted => Some(6),
        DeliveryState::Consumed => Some(7),
        DeliveryState::Acked => Some(8),
        _ => None,
    };
    now == wanted
        || rank(now)
            .zip(rank(wanted))
            .is_some_and(|(now, wanted)| now >= wanted)
}

/// Whether a delivery can't come any further; a consumed one may still be acknowledged.
fn is_end(state: DeliveryState) -> bool {
    state.is_final() && state != DeliveryState::Consumed
}
