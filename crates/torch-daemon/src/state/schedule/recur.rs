//! Notes that come again: by a cron expression, by the wall clock of a zone.

use std::error::Error as _;

use serde_json::json;
use torch_api::Failure;
use torch_api::wire::ScheduleRequest;
use torch_core::schedule::Recurrence;
use torch_core::{MessageId, Schedule, ScheduleId, Timestamp, Write};
use torch_scheduler::cron::{Cron, SET_BACK};

use super::super::{State, Turn};
use crate::failure::usage;

/// What a refused expression is answered with.
const HINT: &str = "torch schedule --cron \"0 9 * * 1-5\" \"text\"";

impl State {
    /// When a note with a cron expression is due first, and how it comes again.
    pub(super) fn first_time(
        &self,
        now: Timestamp,
        request: &ScheduleRequest,
    ) -> Result<Option<(Timestamp, Recurrence)>, Box<Failure>> {
        let Some(expression) = &request.cron else {
            return Ok(None);
        };
        let refuse = |cause: &str| Box::new(usage("the note was not planned", cause, Some(HINT)));
        if request.check_millis.is_some() {
            return Err(refuse(
                "a self-check is said once, not by a cron expression",
            ));
        }
        let zone = request.zone.clone().unwrap_or_default();
        let cron = Cron::parse(expression, &zone, &self.settings.zone).map_err(|error| {
            let source = error.source().map(|source| format!(": {source}"));
            refuse(&format!("{error}{}", source.unwrap_or_default()))
        })?;
        let due = cron
            .next(now)
            .ok_or_else(|| refuse("its time never comes"))?;
        let recurs = Recurrence {
            cron: expression.clone(),
            zone,
            ..Recurrence::default()
        };
        Ok(Some((due, recurs)))
    }

    /// The next time of a note after `now`; none for one that does not come again.
    fn next_time(&self, recurs: &Recurrence, now: Timestamp) -> Option<Timestamp> {
        let cron = Cron::parse(&recurs.cron, &recurs.zone, &self.settings.zone).ok()?;
        cron.next(now)
    }

    /// Of the notes that are due, those that come again and whose last message still waits: they are left out this time, so
    /// that nobody finds a pile of them.
    pub(super) fn leave_out_waiting(&mut self, t: &mut Turn, lot: &[ScheduleId]) {
        for id in lot {
            let Some(row) = self.schedules.get(id) else {
                continue;
            };
            let Some(recurs) = &row.recurs else { continue };
            let waits = |message| {
                let flight = self.flights.get(&message);
                flight.is_some_and(|flight| !flight.delivery.state.is_proven())
            };
            let Some((_, last)) = recurs.last.filter(|(_, message)| waits(*message)) else {
                continue;
            };
            let mut row = row.clone();
            if !self.set_again(&mut row, t.now, None) {
                continue;
            }
            t.journal("schedule.left_out", row.id, json!({"waits": last}));
            t.write(Write::PutSchedule(Box::new(row.clone())));
            self.schedules.insert(row.id, row);
        }
    }

    /// Sets a note that comes again for its next time: it was said as `message`, or left out. Whether there is one.
    pub(super) fn set_again(
        &self,
        row: &mut Schedule,
        now: Timestamp,
        message: Option<MessageId>,
    ) -> bool {
        let Some(recurs) = &row.recurs else {
            return false;
        };
        let Some(next) = self.next_time(recurs, now) else {
            return false;
        };
        let left_out = self.left_out(row, now);
        let Some(recurs) = &mut row.recurs else {
            return false;
        };
        match message {
            Some(message) => {
                recurs.times += 1;
                recurs.last = Some((now, message));
                recurs.missed += left_out;
            }
            None => recurs.missed += left_out + 1,
        }
        row.after_millis = next.0.saturating_sub(now.0);
        row.due = next;
        true
    }

    /// How many times of a note lie behind the one that is due now.
    pub(super) fn left_out(&self, row: &Schedule, now: Timestamp) -> u64 {
        let Some(recurs) = &row.recurs else { return 0 };
        Cron::parse(&recurs.cron, &recurs.zone, &self.settings.zone)
            .map_or(0, |cron| cron.between(row.due, now))
    }

    /// The wall clock was set: a note that is due after a length of time keeps what is left of it, one that comes again is
    /// meant by the clock. Set back by hours, its next time is found anew; by less, none is repeated.
    pub(crate) fn schedules_clock_moved(&mut self, t: &mut Turn, millis: i64) {
        let ids: Vec<ScheduleId> = self.schedules.keys().copied().collect();
        for id in ids {
            let Some(mut row) = self.schedules.remove(&id) else {
                continue;
            };
            match &row.recurs {
                None => row.due = row.due.moved(millis),
                Some(recurs) if is_far_back(millis) => {
                    row.due = self.next_time(recurs, t.now).unwrap_or(row.due);
                }
                Some(_) => {}
            }
            t.write(Write::PutSchedule(Box::new(row.clone())));
            self.schedules.insert(id, row);
        }
    }

    /// A note that comes again, as the store knew it: if the clock was set back by hours while no daemon ran, its next time
    /// is found anew. Whether it changed.
    pub(super) fn recover_recurring(&self, row: &mut Schedule, now: Timestamp) -> bool {
        let Some(recurs) = &row.recurs else {
            return false;
        };
        let said_later = recurs.last.is_some_and(|(at, _)| at > now.after(SET_BACK));
        let Some(next) = self.next_time(recurs, now).filter(|_| said_later) else {
            return false;
        };
        row.due = next;
        true
    }
}

/// Whether a clock was set back so far that times come again.
fn is_far_back(millis: i64) -> bool {
    millis < 0 && u128::from(millis.unsigned_abs()) >= SET_BACK.as_millis()
}
