//! A store in memory: what was committed survives the daemon, what was not is gone.

use std::collections::{BTreeMap, BTreeSet};

use torch_core::journal::JournalEntry;
use torch_core::{
    Agent, AgentId, Delivery, DeliveryState, Envelope, LedgerRecord, MessageId, MessageKind,
    Schedule, ScheduleId, Team, TeamId, Write,
};
use torch_daemon::event::Known;
use torch_daemon::past;
use torch_daemon::state::{PairKey, Snapshot};
use torch_router::replay::Past;

/// What is kept of what was said.
const PAST: usize = 1_000;

/// Everything committed.
#[derive(Debug, Default)]
pub(crate) struct Store {
    pub(crate) teams: BTreeMap<TeamId, Team>,
    pub(crate) agents: BTreeMap<AgentId, Agent>,
    pub(crate) messages: BTreeMap<MessageId, Envelope>,
    pub(crate) deliveries: BTreeMap<MessageId, Delivery>,
    /// The messages in the order of their commit.
    pub(crate) order: BTreeMap<u64, MessageId>,
    pub(crate) offsets: BTreeMap<AgentId, u64>,
    pub(crate) schedules: BTreeMap<ScheduleId, Schedule>,
    pub(crate) ledger: BTreeMap<String, LedgerRecord>,
    pub(crate) plans: BTreeMap<TeamId, torch_core::TaskPlan>,
    /// Messages that a person wanted again after their end.
    pub(crate) revived: BTreeSet<MessageId>,
    pair_seqs: BTreeMap<PairKey, u64>,
    past: Vec<Past>,
    /// Whether settled messages are forgotten, for long runs.
    pub(crate) forgets: bool,
    pub(crate) counts: Counts,
}

/// What was written, for long runs.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Counts {
    pub(crate) messages: u64,
    pub(crate) journal: u64,
    pub(crate) writes: u64,
    pub(crate) dead: u64,
}

impl Store {
    pub(crate) fn commit(&mut self, write: Write) -> Result<(), String> {
        self.counts.writes += 1;
        match write {
            Write::PutTeam(team) => drop(self.teams.insert(team.id, *team)),
            Write::PutAgent(agent) => drop(self.agents.insert(agent.id, *agent)),
            Write::PutMessage(envelope) => return self.put_message(*envelope),
            Write::PutDelivery(delivery) => return self.put_delivery(*delivery),
            Write::PutSchedule(row) => {
                let before = self.schedules.get(&row.id);
                if before.is_some_and(|before| !before.is_pending()) {
                    return Err(format!("the note {} was settled already", row.note));
                }
                drop(self.schedules.insert(row.id, *row));
            }
            Write::PutLedger(record) => drop(self.ledger.insert(record.key(), *record)),
            Write::PutPlan { team, plan } => drop(self.plans.insert(team, *plan)),
            Write::SpoolOffset { agent, offset } => drop(self.offsets.insert(agent, offset)),
            Write::RemoveTeam(team) => {
                self.teams.remove(&team);
                self.plans.remove(&team);
                self.agents.retain(|_, agent| agent.team != team);
            }
            Write::Journal(entry) => {
                self.counts.journal += 1;
                self.note_said(&entry);
            }
            Write::ReadInbox { .. } => {}
        }
        Ok(())
    }

    /// What the journal has of what agents said, and of clocks that were set.
    fn note_said(&mut self, entry: &JournalEntry) {
        let step = entry.data["stepped_ms"].as_i64();
        if let Some(millis) = step.filter(|_| entry.kind == "clock.moved") {
            self.past.push(Past::Stepped(millis));
        }
        let Some(judged) = past::judged(&entry.kind, &entry.data) else {
            return;
        };
        let mut rows = self.messages.values();
        let row = rows.find(|row| row.id.to_string() == entry.subject);
        let said = row.and_then(|row| past::said(judged, &row.body));
        self.past.extend(said);
        // A long run remembers no more than the limits ask for.
        let more = self.past.len().saturating_sub(PAST);
        self.past.drain(..more);
    }

    fn put_message(&mut self, envelope: Envelope) -> Result<(), String> {
        let id = envelope.id;
        self.check_check_in(&envelope)?;
        self.counts.messages += 1;
        let team = match &envelope.sender {
            torch_core::Sender::Agent { team, .. } => *team,
            _ => envelope.team,
        };
        let key = (
            team,
            envelope.sender.label().to_owned(),
            envelope.recipient.agent(),
        );
        let last = self.pair_seqs.entry(key).or_insert(0);
        if envelope.pair_seq != *last + 1 {
            return Err(format!(
                "{} is number {} of its pair after {last}",
                id.tag(),
                envelope.pair_seq
            ));
        }
        *last = envelope.pair_seq;
        let keyed = envelope.key.as_ref().is_some_and(|key| {
            let mut rows = self.messages.values();
            rows.any(|row| row.key.as_ref() == Some(key) && row.sender == envelope.sender)
        });
        if keyed {
            return Err(format!("{} repeats the key {:?}", id.tag(), envelope.key));
        }
        if self.messages.insert(id, envelope).is_some() {
            return Err(format!("{id} was there already"));
        }
        self.order.insert(self.counts.messages, id);
        Ok(())
    }

    fn put_delivery(&mut self, delivery: Delivery) -> Result<(), String> {
        let id = delivery.message;
        let Some(envelope) = self.messages.get(&id) else {
            return match self.forgets {
                true => Ok(()),
                false => Err("a delivery without a message".to_owned()),
            };
        };
        if let Some(before) = self.deliveries.get(&id) {
            let (was, is) = (before.state, delivery.state);
            let acked = is == DeliveryState::Acked && was == DeliveryState::Consumed;
            let again = is == DeliveryState::Queued && delivery.attempt == before.attempt + 1;
            if was.is_final() && again {
                self.revived.insert(id);
            } else if was.is_final() && !acked {
                return Err(format!("{} went from {was} to {is}", id.tag()));
            }
        }
        if delivery.state == DeliveryState::Dead && envelope.kind != MessageKind::Briefing {
            self.counts.dead += 1;
        }
        let settled = delivery.state.is_final() || envelope.recipient.agent().is_none();
        if self.forgets && settled {
            self.messages.remove(&id);
            self.deliveries.remove(&id);
            self.order.retain(|_, kept| *kept != id);
        } else {
            self.deliveries.insert(id, delivery);
        }
        Ok(())
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        let open = self.order.values().filter_map(|id| {
            let delivery = self.deliveries.get(id)?;
            let open = !delivery.state.is_final();
            open.then(|| (self.messages[id].clone(), delivery.clone()))
        });
        let pending = self.schedules.values().filter(|row| row.is_pending());
        Snapshot {
            teams: self.teams.values().cloned().collect(),
            agents: self.agents.values().cloned().collect(),
            open: open.collect(),
            schedules: pending.cloned().collect(),
            ledger: self
                .ledger
                .values()
                .filter(|row| row.is_open())
                .cloned()
                .collect(),
            past: Some(self.past.clone()),
            plans: self.plans.clone(),
            pair_seqs: self.pair_seqs.clone(),
            spool_offsets: self.offsets.clone(),
        }
    }

    /// What an earlier call of a person with this key made.
    pub(crate) fn known(&self, key: Option<&str>) -> Option<Known> {
        let key = key?;
        let by_key = |row: &&Envelope| row.key.as_deref() == Some(key);
        self.messages.values().find(by_key).map(|row| Known {
            message: row.id,
            target: row.target.clone(),
            body: row.body.clone(),
        })
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
