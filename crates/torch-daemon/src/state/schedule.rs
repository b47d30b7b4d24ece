//! Planned notes: who may plan one, and what happens when it is due.
//!
//! A note fires once: its row changes in the transaction that stores the message it becomes. After each event
//! [`State::run_schedules`] posts what is due, so that a team that is started again, a daemon that comes back and a machine
//! that wakes up need no paths of their own; whatever became due meanwhile is one message per recipient.

mod check;
mod recur;
mod text;

use serde_json::json;
use torch_api::view::ScheduleView;
use torch_api::wire::ScheduleRequest;
use torch_api::{Failure, Response};
use torch_core::message::{Decision, Verdict};
use torch_core::schedule::{LONGEST, PENDING_MAX, SHORTEST};
use torch_core::{
    AgentId, DesiredState, MessageKind, Recipient, Schedule, ScheduleId, ScheduleState, Sender,
    Timestamp, Write,
};
use torch_router::clean::clean;
use torch_router::schedule::{judge, may_cancel};
use torch_scheduler::schedule as plan;

use super::resolve::Resolved;
use super::send::{Draft, done};
use super::{State, Turn};
use crate::event::{ConnId, Effect, TimerKey};
use crate::failure::{other, refused, usage};
use crate::state::Caller;
use crate::view;

pub(crate) use check::Check;
pub(crate) use text::span;

/// The largest note, in bytes.
const NOTE_MAX: usize = 64 * 1024;

impl State {
    /// Plans a note.
    pub(crate) fn schedule(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        caller: Caller,
        request: ScheduleRequest,
    ) {
        let check = request.check_millis;
        match self.planned(t, &caller, request) {
            Ok((schedule, cleaned)) => {
                t.write(Write::PutSchedule(Box::new(schedule.clone())));
                let data = json!({
                    "from": schedule.sender.label(), "to": schedule.recipient.label(),
                    "rule": schedule.rule, "due": schedule.due, "after_ms": schedule.after_millis,
                });
                t.journal("schedule.made", schedule.id, data);
                let mut view = self.schedule_view(&schedule, t.now);
                view.cleaned = cleaned;
                t.reply(conn, Response::Scheduled(Box::new(view)));
                if let Some(millis) = check {
                    self.begin_check(t, conn, &caller.0, &schedule, millis);
                }
                self.schedules.insert(schedule.id, schedule);
            }
            Err(failure) => t.fail(conn, *failure),
        }
    }

    /// The note that a request plans, and what cleaning changed in it.
    fn planned(
        &mut self,
        t: &mut Turn,
        (sender, sender_rule): &Caller,
        request: ScheduleRequest,
    ) -> Result<(Schedule, Vec<String>), Box<Failure>> {
        let again = self.first_time(t.now, &request)?;
        let after = match &again {
            Some((due, _)) => due.since(t.now),
            None => std::time::Duration::from_millis(request.after_millis),
        };
        if again.is_none() && !(SHORTEST..=LONGEST).contains(&after) {
            let error = format!("a note can't be planned {} ahead", text::span(after));
            let cause = "the time ahead is at least 1 s and at most 366 days";
            let hint = "torch schedule 15 \"text\"";
            return Err(Box::new(usage(&error, cause, Some(hint))));
        }
        let (note, cleaned) = note(request.note)?;
        let resolved = self.note_target(sender, request.target.as_deref(), &request.cwd)?;
        let (team, recipient) = (resolved.team, resolved.recipient);
        let rule = judge(sender, team, &recipient).map_err(|(rule, words)| {
            let data = json!({"caller": sender.label(), "to": recipient.label(), "rule": rule});
            t.journal("schedule.refused", team, data);
            let error = format!(
                "a note from {} to {} was not planned",
                sender.label(),
                recipient.label()
            );
            let hint = "torch schedule 15 \"text\"";
            let own = rule == "schedule.own-only";
            let cause = format!("rule {rule}: {words}");
            Box::new(refused(&error, &cause, own.then_some(hint)))
        })?;
        if request.check_millis.is_some() {
            self.can_check(team, &recipient)?;
        }
        let pending = self.schedules.values().filter(|row| row.team == team);
        if pending.count() >= PENDING_MAX {
            let name = self.teams.get(&team).map_or("?", |team| team.name.as_str());
            let cause = format!("team {name} has {PENDING_MAX} planned notes already");
            let hint = Some("torch schedule list");
            return Err(Box::new(other("the note was not planned", &cause, hint)));
        }
        let (due, recurs) = match again {
            Some((due, recurs)) => (due, Some(recurs)),
            None => (t.now.after(after), None),
        };
        let anchor = match recurs {
            // It is meant by the wall clock, whatever that is set to.
            Some(_) => None,
            None => self.boot.instant(due),
        };
        let schedule = Schedule {
            id: self.fresh_schedule(t.now),
            team,
            sender: sender.clone(),
            sender_rule: (*sender_rule).to_owned(),
            rule: rule.0.to_owned(),
            recipient,
            target: request.target.unwrap_or_default(),
            note,
            after_millis: u64::try_from(after.as_millis()).unwrap_or(u64::MAX),
            due,
            anchor,
            check: request.check_millis.is_some(),
            recurs,
            state: ScheduleState::Pending,
        };
        Ok((schedule, cleaned))
    }

    /// Whom a note is for: the target, else the calling agent itself, else the hub of the team of `cwd`.
    fn note_target(
        &self,
        sender: &Sender,
        target: Option<&str>,
        cwd: &std::path::Path,
    ) -> Result<Resolved, Box<Failure>> {
        if let Some(target) = target {
            return self.resolve(sender, target, cwd);
        }
        let team = self.own_team(sender, cwd)?;
        let own = match sender {
            Sender::Agent { agent, role, .. } => Some((*agent, role.clone())),
            _ => self.hub_of(team),
        };
        let Some((agent, role)) = own else {
            let name = self.teams.get(&team).map_or("?", |team| team.name.as_str());
            let cause = format!("team {name} has no orchestrator, so say whom the note is for");
            let hint = "torch schedule 15 \"text\" developer";
            return Err(Box::new(usage("no target was given", &cause, Some(hint))));
        };
        let recipient = Recipient::Agent { agent, role };
        Ok(Resolved { team, recipient })
    }

    fn fresh_schedule(&mut self, now: Timestamp) -> ScheduleId {
        loop {
            let id = ScheduleId::new(now.0, self.random.u128(..));
            if !self.schedules.keys().any(|row| row.short() == id.short()) {
                return id;
            }
        }
    }

    /// The pending notes of teams that are to run; those of a stopped or suspended one wait.
    fn live_schedules(&self) -> impl Iterator<Item = &Schedule> {
        self.schedules.values().filter(|row| {
            let team = self.teams.get(&row.team);
            team.is_some_and(|team| team.desired == DesiredState::Running)
                && !self.is_suspended(row.team)
        })
    }

    /// Posts what is due, and sets the timer for what comes next. Called after each event.
    pub(crate) fn run_schedules(&mut self, t: &mut Turn) {
        if self.schedules.is_empty() && self.checks.is_empty() && self.schedule_timer.is_none() {
            return;
        }
        // A removed team's rows went with it.
        let teams = &self.teams;
        self.schedules
            .retain(|_, row| teams.contains_key(&row.team));
        let lots: Vec<Vec<ScheduleId>> = plan::due(self.live_schedules(), t.now)
            .into_iter()
            .map(|lot| lot.into_iter().map(|row| row.id).collect())
            .collect();
        for mut lot in lots {
            self.leave_out_waiting(t, &lot);
            let now = t.now;
            lot.retain(|id| self.schedules.get(id).is_some_and(|row| row.due <= now));
            self.fire(t, &lot);
        }
        self.tend_checks(t);
        let next = plan::next(self.live_schedules());
        if next != self.schedule_timer {
            self.schedule_timer = next;
            match next {
                Some(at) => t.timer(TimerKey::Schedules, at),
                None => t.push(Effect::CancelTimer(TimerKey::Schedules)),
            }
        }
    }

    /// Posts the notes of one recipient as one message, and marks them in the same transaction.
    fn fire(&mut self, t: &mut Turn, lot: &[ScheduleId]) {
        let rows: Vec<Schedule> = lot
            .iter()
            .filter_map(|id| self.schedules.remove(id))
            .collect();
        let Some(first) = rows.first() else { return };
        let before = std::mem::replace(&mut t.cause, "planned note due".to_owned());
        let mut draft = Draft::from_torch(
            first.team,
            MessageKind::Scheduled,
            self.still_there(&first.recipient),
            text::body(&rows, t.now, |row| self.left_out(row, t.now)),
        );
        // Notes of several senders are said by torch, with each one's name.
        if rows.iter().all(|row| row.sender == first.sender) {
            draft.sender = first.sender.clone();
            draft.sender_rule = first.sender_rule.clone();
            draft.verdict = Verdict {
                decision: Decision::Deliver,
                rule: first.rule.clone(),
                reason: "it was let pass when it was planned".to_owned(),
            };
        }
        let message = self.post(t, draft);
        for mut row in rows {
            let due = row.due;
            let again = self.set_again(&mut row, t.now, Some(message));
            if !again {
                row.state = ScheduleState::Fired(message);
            }
            let late = t.now.since(due).as_millis();
            let data =
                json!({"message": message, "late_ms": u64::try_from(late).unwrap_or(u64::MAX)});
            t.journal("schedule.fired", row.id, data);
            self.check_fired(row.id, message);
            t.write(Write::PutSchedule(Box::new(row.clone())));
            if again {
                self.schedules.insert(row.id, row);
            }
        }
        t.cause = before;
    }

    /// The recipient, or the person in place of an agent that is no more.
    fn still_there(&self, recipient: &Recipient) -> Recipient {
        match recipient.agent() {
            Some(agent) if !self.agents.contains_key(&agent) => Recipient::Human,
            _ => recipient.clone(),
        }
    }

    pub(crate) fn list_schedules(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        sender: &Sender,
        name: Option<&str>,
    ) {
        let known = |name| self.teams.values().any(|team| team.name.as_str() == name);
        if let Some(name) = name.filter(|name| !known(*name)) {
            return t.fail(conn, *self.no_team(name));
        }
        let own = match sender {
            Sender::Agent { team, .. } if name.is_none() => Some(*team),
            _ => None,
        };
        let mut rows: Vec<&Schedule> = self.schedules.values().collect();
        rows.retain(|row| own.is_none_or(|team| row.team == team));
        rows.sort_by_key(|row| (row.due, row.id));
        let mut schedules: Vec<_> = rows
            .into_iter()
            .map(|row| self.schedule_view(row, t.now))
            .collect();
        schedules.retain(|row| name.is_none_or(|name| row.team == name));
        let check_ins = self.check_in_views(|team| {
            let known = self.teams.get(&team);
            own.is_none_or(|own| own == team)
                && name.is_none_or(|name| known.is_some_and(|team| team.name.as_str() == name))
        });
        t.reply(
            conn,
            Response::Schedules {
                schedules,
                check_ins,
            },
        );
    }

    pub(crate) fn cancel_schedule(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        sender: &Sender,
        id: &str,
    ) {
        let bare = id.trim().strip_prefix("s-").unwrap_or(id);
        let short = super::requests::short_id(bare);
        let found = self.schedules.values().find(|row| row.id.short() == short);
        let Some(row) = found else {
            let error = format!("no planned note is called {id:?}");
            let cause = "a note that was said is a message by now (torch msg list)";
            return t.fail(conn, usage(&error, cause, Some("torch schedule list")));
        };
        let id = row.id;
        match may_cancel(sender, row) {
            Ok(()) => {
                self.take_back(t, id);
                t.reply(conn, done(format!("{} is cancelled", id.tag())));
            }
            Err((rule, words)) => {
                let error = format!("{} was not cancelled for {}", id.tag(), sender.label());
                let cause = format!("rule {rule}: {words}");
                let data = json!({"caller": sender.label(), "rule": rule});
                t.journal("schedule.refused", id, data);
                t.fail(conn, refused(&error, &cause, None));
            }
        }
    }

    fn take_back(&mut self, t: &mut Turn, id: ScheduleId) {
        if let Some(mut row) = self.schedules.remove(&id) {
            row.state = ScheduleState::Cancelled;
            t.journal("schedule.cancelled", id, json!({}));
            t.write(Write::PutSchedule(Box::new(row)));
        }
    }

    /// Takes up what was planned before this daemon: by the boot clock within one boot, else by the wall clock.
    pub(crate) fn recover_schedules(
        &mut self,
        rows: Vec<Schedule>,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        for mut row in rows {
            if row.check {
                // Whoever checked is gone with the daemon that it asked.
                row.state = ScheduleState::Cancelled;
                effects.push(Effect::Write(Write::PutSchedule(Box::new(row))));
                continue;
            }
            if row.settle(&self.boot) || self.recover_recurring(&mut row, now) {
                effects.push(Effect::Write(Write::PutSchedule(Box::new(row.clone()))));
            }
            self.schedules.insert(row.id, row);
        }
        self.schedule_timer = plan::next(self.live_schedules());
        if let Some(at) = self.schedule_timer {
            // What is overdue fires with the first event, which is this timer.
            let at = at.max(now);
            let key = TimerKey::Schedules;
            effects.push(Effect::Timer { key, at });
        }
    }

    /// The pending notes of some, the next one first.
    pub(crate) fn planned_notes(&self, wanted: impl Fn(&Schedule) -> bool) -> Vec<&Schedule> {
        let mut rows: Vec<&Schedule> = self.schedules.values().filter(|row| wanted(row)).collect();
        rows.sort_by_key(|row| (row.due, row.id));
        rows
    }

    /// What `torch why` says of an agent's planned notes: the next one alone.
    pub(crate) fn planned_line(&self, agent: AgentId, now: Timestamp) -> Option<String> {
        let rows = self.planned_notes(|row| row.recipient.agent() == Some(agent));
        let next = rows.first()?;
        let more = match rows.len() - 1 {
            0 => String::new(),
            more => format!(" ({more} more: torch schedule list)"),
        };
        let ahead = text::span(next.due.since(now));
        let tag = next.id.tag();
        Some(format!(
            "{tag}, a planned note in {ahead}: {}{more}",
            next.note
        ))
    }

    pub(crate) fn schedule_view(&self, row: &Schedule, now: Timestamp) -> ScheduleView {
        let mut view = view::schedule(row, self.teams.get(&row.team));
        view.held = self.recipient_held(row, now);
        view
    }

    /// Why a planned note, by its whole ULID, will wait when it is due.
    pub(crate) fn note_held(&self, ulid: &str, now: Timestamp) -> Option<String> {
        let row = self
            .schedules
            .values()
            .find(|row| row.id.to_string() == ulid);
        row.and_then(|row| self.recipient_held(row, now))
    }

    fn recipient_held(&self, row: &Schedule, now: Timestamp) -> Option<String> {
        let agent = row.recipient.agent()?;
        // That its team is stopped is said as such.
        let team = self.teams.get(&row.team)?;
        let runs = team.desired == DesiredState::Running;
        let (words, until) = self.holds(agent, now).filter(|_| runs)?;
        until.is_none_or(|until| row.due < until).then_some(words)
    }
}

/// A note as it is kept, and what cleaning changed.
fn note(body: torch_api::Body) -> Result<(String, Vec<String>), Box<Failure>> {
    let Some(bytes) = body.into_bytes() else {
        let cause = "it is neither text nor base64";
        return Err(Box::new(usage("failed to read the note", cause, None)));
    };
    if bytes.len() > NOTE_MAX {
        let cause = format!(
            "it has {} bytes, and at most {NOTE_MAX} are kept",
            bytes.len()
        );
        let hint = "torch schedule 15 \"read PATH\"";
        return Err(Box::new(usage("the note is too long", &cause, Some(hint))));
    }
    let cleaned = clean(&bytes);
    if cleaned.text.trim().is_empty() {
        let hint = "torch schedule 15 \"text\"";
        let cause = "there would be nothing to say";
        return Err(Box::new(usage("the note is empty", cause, Some(hint))));
    }
    Ok((cleaned.text, cleaned.changes))
}
