//! Clients that wait for the end of the turn that a message begins.

use std::time::Duration;

use torch_core::{AgentId, DeliveryState, MessageId};

use super::requests::short_id;
use super::send::done;
use super::waiting::reached;
use super::{State, Turn};
use crate::event::{ConnId, Effect, Query, Reader, TimerKey};
use crate::failure::{no_turn, timeout};

/// A client that waits for the end of a turn.
#[derive(Debug)]
pub(crate) struct TurnWaiter {
    pub(crate) conn: ConnId,
    awaited: Awaited,
}

/// What has to come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Awaited {
    /// The message begins a turn.
    Consumption(MessageId),
    /// The turn ends.
    End(AgentId),
}

impl State {
    /// Answers once the turn that a message begins is over: the message is waited for first if it is on its way.
    pub(crate) fn await_turn(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        reader: Reader,
        (id, millis): (&str, u64),
    ) {
        let short = short_id(id);
        let consumed = |run: &&super::AgentRun| {
            let mut kept = run.consumed.iter();
            kept.any(|kept| kept.message.short() == short)
        };
        let recipient = self.agents.values().find(consumed);
        let awaited = match recipient.map(|run| run.agent.id) {
            Some(agent) if self.in_turn(agent) => Awaited::End(agent),
            Some(_) => return t.reply(conn, over()),
            None => match self.flying(&short) {
                Some(message) => Awaited::Consumption(message),
                // Settled long ago, or never there: the store knows.
                None => {
                    let query = Query::TurnOf(id.to_owned(), reader);
                    return t.push(Effect::Answer { conn, query });
                }
            },
        };
        self.turn_waiters.push(TurnWaiter { conn, awaited });
        let until = t.now.after(Duration::from_millis(millis));
        t.timer(TimerKey::Wait(conn), until);
    }

    /// Whether an agent's program runs and does not wait at its prompt.
    pub(crate) fn in_turn(&self, agent: AgentId) -> bool {
        let state = self.agents.get(&agent).map(|run| run.agent.state);
        state.is_some_and(|state| state.is_live() && !state.takes_messages())
    }

    /// Tells who waits for it that an agent's turn is over.
    pub(crate) fn answer_turn_waiters(&mut self, t: &mut Turn, agent: AgentId) {
        let ended = |waiter: &mut TurnWaiter| waiter.awaited == Awaited::End(agent);
        for waiter in self.turn_waiters.extract_if(.., ended) {
            t.push(Effect::CancelTimer(TimerKey::Wait(waiter.conn)));
            t.reply(waiter.conn, over());
        }
    }

    /// Moves on who waits for the turn of a message that came to a final state.
    pub(crate) fn settle_turn_waiters(
        &mut self,
        t: &mut Turn,
        message: MessageId,
        agent: AgentId,
        state: DeliveryState,
    ) {
        if !state.is_final() {
            return;
        }
        let consumed = reached(state, DeliveryState::Consumed);
        let in_turn = self.in_turn(agent);
        let meant = |waiter: &mut TurnWaiter| waiter.awaited == Awaited::Consumption(message);
        for waiter in self.turn_waiters.extract_if(.., meant).collect::<Vec<_>>() {
            let conn = waiter.conn;
            if consumed && in_turn {
                let awaited = Awaited::End(agent);
                self.turn_waiters.push(TurnWaiter { conn, awaited });
                continue;
            }
            t.push(Effect::CancelTimer(TimerKey::Wait(conn)));
            if consumed {
                t.reply(conn, over());
            } else {
                t.fail(conn, no_turn(&message.tag(), state));
            }
        }
    }

    /// Tells a client whose time is over how far it came.
    pub(crate) fn on_turn_wait_over(&mut self, t: &mut Turn, conn: ConnId) {
        let own = |waiter: &mut TurnWaiter| waiter.conn == conn;
        for waiter in self.turn_waiters.extract_if(.., own) {
            let failure = match waiter.awaited {
                Awaited::End(_) => timeout("the turn did not end in time", "torch status"),
                Awaited::Consumption(message) => timeout(
                    &format!("{} began no turn in time", message.tag()),
                    &format!("torch msg trace {}", message.tag()),
                ),
            };
            t.fail(conn, failure);
        }
    }
}

fn over() -> torch_api::Response {
    done("the turn is over")
}
