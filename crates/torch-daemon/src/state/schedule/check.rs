//! The self-check of planned notes (`torch schedule --check`): one is planned, fires, and is proven to have arrived.

use std::time::Duration;

use torch_api::Failure;
use torch_core::{
    AgentId, AgentState, DeliveryState, DesiredState, MessageId, Recipient, Schedule, ScheduleId,
    Sender, TeamId,
};

use super::super::{State, Turn, Waiter};
use crate::event::{ConnId, TimerKey};
use crate::failure::{other, usage};

/// A client that checks.
#[derive(Debug)]
pub(crate) struct Check {
    conn: ConnId,
    schedule: ScheduleId,
    /// The calling agent, where the note is its own.
    own: Option<AgentId>,
    /// The message, once it fired.
    message: Option<MessageId>,
}

impl State {
    /// Whether a check of this recipient can come to an end.
    pub(super) fn can_check(
        &self,
        team: TeamId,
        recipient: &Recipient,
    ) -> Result<(), Box<Failure>> {
        if recipient.agent().is_none() {
            let hint = "torch schedule --check developer";
            let error = "human is no agent, so nothing arrives in its window";
            return Err(Box::new(usage(error, "", Some(hint))));
        }
        let team = self.teams.get(&team);
        match team.filter(|team| team.desired == DesiredState::Stopped) {
            Some(team) => {
                let error = format!("team {} is stopped", team.name);
                let cause = "its planned notes wait until it is started again";
                Err(Box::new(other(&error, cause, Some("torch status"))))
            }
            None => Ok(()),
        }
    }

    pub(super) fn begin_check(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        sender: &Sender,
        schedule: &Schedule,
        millis: u64,
    ) {
        let own = match sender {
            Sender::Agent { agent, .. } => {
                Some(*agent).filter(|agent| schedule.recipient.agent() == Some(*agent))
            }
            _ => None,
        };
        self.checks.push(Check {
            conn,
            schedule: schedule.id,
            own,
            message: None,
        });
        t.timer(
            TimerKey::Wait(conn),
            t.now.after(Duration::from_millis(millis)),
        );
    }

    /// A note became a message: whoever checks it waits for that message now.
    pub(super) fn check_fired(&mut self, schedule: ScheduleId, message: MessageId) {
        for check in &mut self.checks {
            if check.schedule == schedule {
                check.message = Some(message);
                self.waiters.push(Waiter {
                    conn: check.conn,
                    message,
                    state: DeliveryState::Accepted,
                });
            }
        }
    }

    /// An agent that checks itself within a turn can't be typed to before that turn ends, and the turn does not end before
    /// the check does: the check's answer, which the program reads, is how this one message reaches it.
    pub(super) fn tend_checks(&mut self, t: &mut Turn) {
        let busy = |agent: &AgentId| {
            let run = self.agents.get(agent);
            run.is_some_and(|run| run.agent.state == AgentState::Working)
        };
        let taken: Vec<MessageId> = self
            .checks
            .iter()
            .filter(|check| check.own.as_ref().is_some_and(busy))
            .filter_map(|check| check.message)
            .collect();
        for message in taken {
            let how = "taken by `torch schedule --check`, which runs in its recipient's own turn";
            self.end_untyped(t, message, DeliveryState::Acked, how);
        }
        let waiters = &self.waiters;
        self.checks.retain(|check| {
            let waits = |message| {
                let mut all = waiters.iter();
                all.any(|waiter| waiter.conn == check.conn && waiter.message == message)
            };
            check.message.is_none_or(waits)
        });
    }

    /// A check is over, by its deadline or because its client is gone: nothing of it stays behind.
    pub(crate) fn end_check(&mut self, t: &mut Turn, conn: ConnId) {
        let ended: Vec<Check> = self
            .checks
            .extract_if(.., |check| check.conn == conn)
            .collect();
        for check in ended {
            let Some(message) = check.message else {
                self.take_back(t, check.schedule);
                let cause = "the test note did not come up; the daemon's log may say why";
                t.fail(
                    conn,
                    other("planned notes do not work", cause, Some("torch doctor")),
                );
                continue;
            };
            let waits = self.flights.get(&message).map(|flight| {
                let delivery = &flight.delivery;
                let reason = delivery.reason.map(|reason| format!(" ({reason})"));
                format!("{}{}", delivery.state, reason.unwrap_or_default())
            });
            if let Some(waits) = waits {
                let how = format!("the self-check ended while it was {waits}");
                self.end_untyped(t, message, DeliveryState::Dead, &how);
            }
        }
    }
}
