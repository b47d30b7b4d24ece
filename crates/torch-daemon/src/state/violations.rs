//! Violations: opened by what the router finds, told to the hub once, settled by somebody, by something, or by time.

use std::time::Duration;

use torch_api::rules::ViolationView;
use torch_core::ledger::{Severity, Violation, ViolationState};
use torch_core::{
    AgentId, LedgerRecord, MessageId, MessageKind, Recipient, Sender, TeamId, Timestamp,
    ViolationId,
};
use torch_router::traffic::Breach;
use torch_scheduler::check_in::{News, What};

use super::requests::short_id;
use super::send::{Draft, done};
use super::{State, Turn};
use crate::event::{ConnId, Effect, TimerKey};
use crate::failure::{refused, usage};

/// How long a violation stays open that is not repeated.
const OPEN_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// A violation that a message brought about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Opened {
    pub(super) id: ViolationId,
    /// Whether it is a new one, of which the hub has not heard.
    new: bool,
}

/// How the hub hears of new violations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Telling {
    /// By a notice.
    Notice,
    /// By the message itself, which went to it.
    ByTheMessage,
    /// It does not: the agent is told, by a notice.
    TheAgent,
    /// It does not, and whoever opened it tells those whom it concerns.
    Nobody,
}

impl State {
    /// How many violations of a team are open.
    pub(super) fn count_open_violations(&self, team: TeamId) -> usize {
        let rows = self.rules.violations.values();
        rows.filter(|row| row.team == team && row.status == ViolationState::Open)
            .count()
    }

    /// Notes what a message broke. The same agent breaking the same rule towards the same recipient is one violation while it
    /// is open.
    pub(super) fn open_violations(
        &mut self,
        t: &Turn,
        draft: &Draft,
        breaches: Vec<Breach>,
    ) -> Vec<Opened> {
        let Sender::Agent { agent, team, .. } = &draft.sender else {
            return Vec::new();
        };
        let to = draft.recipient.label().to_owned();
        let (agent, team) = (*agent, *team);
        let open = |breach| self.open_violation(t.now, (team, agent), to.clone(), breach);
        breaches.into_iter().filter_map(open).collect()
    }

    pub(super) fn open_violation(
        &mut self,
        now: Timestamp,
        (team, agent): (TeamId, AgentId),
        to: String,
        breach: Breach,
    ) -> Option<Opened> {
        let role = self.role_of(agent)?;
        let same =
            |row: &&mut Violation| row.agent == agent && row.rule == breach.rule && row.to == to;
        if let Some(row) = self.rules.violations.values_mut().find(same) {
            row.count += 1;
            row.last = now;
            row.evidence = breach.evidence;
            let (id, new) = (row.id, false);
            return Some(Opened { id, new });
        }
        let id = self.fresh_violation(now);
        let row = Violation {
            id,
            team,
            agent,
            role,
            to,
            rule: breach.rule,
            severity: breach.severity,
            evidence: breach.evidence,
            message: None,
            remedy: breach.remedy,
            at: now,
            last: now,
            count: 1,
            status: ViolationState::Open,
        };
        self.rules.violations.insert(id, row);
        Some(Opened { id, new: true })
    }

    fn fresh_violation(&mut self, now: Timestamp) -> ViolationId {
        loop {
            let id = ViolationId::new(now.0, self.random.u128(..));
            let taken = |known: &ViolationId| known.short() == id.short();
            if !self.rules.violations.keys().any(taken) {
                return id;
            }
        }
    }

    /// The open violations of a team but its hub's own, as news for the hub. It heard of each when it was opened; its check-in says
    /// once which of them nobody has settled.
    pub(super) fn violation_news(&self, team: TeamId, hub: AgentId) -> impl Iterator<Item = News> {
        let rows = self.rules.violations.values();
        let open = rows.filter(move |row| {
            row.team == team && row.agent != hub && row.status == ViolationState::Open
        });
        open.map(|row| {
            let times = match row.count {
                1 => String::new(),
                count => format!(" {count} times"),
            };
            let words = format!("{} towards {}{times}", row.rule, row.to);
            let id = row.id.tag();
            News {
                role: row.role.to_string(),
                at: row.at,
                what: What::Violation { words, id },
            }
        })
    }

    /// Keeps the violations of a message, and tells the hub of the new ones.
    pub(super) fn keep_violations(
        &mut self,
        t: &mut Turn,
        opened: &[Opened],
        message: Option<MessageId>,
        telling: Telling,
    ) {
        for Opened { id, new } in opened {
            let Some(row) = self.rules.violations.get_mut(id) else {
                continue;
            };
            row.message = message.or(row.message);
            let row = row.clone();
            let event = if *new {
                "violation.opened"
            } else {
                "violation.repeated"
            };
            self.put_violation(t, event, &row);
            match telling {
                Telling::Notice if *new => self.tell_hub(t, &row),
                Telling::TheAgent if *new => self.tell_its_agent(t, &row),
                _ => {}
            }
        }
        if let (false, Some(at)) = (opened.is_empty(), self.next_expiry()) {
            t.timer(TimerKey::Violations, at);
        }
    }

    fn put_violation(&self, t: &mut Turn, event: &str, row: &Violation) {
        let team = self.teams.get(&row.team);
        let name = team.map_or_else(|| row.team.short(), |team| team.name.to_string());
        let view = ViolationView::new(row, name);
        let data = serde_json::to_value(view).unwrap_or_default();
        t.journal(event, row.id, data);
        self.keep(t, LedgerRecord::Violation(row.clone()));
    }

    /// Once per violation; the hub's own is told to it by the answer to its call, and to the person where it is no trifle.
    fn tell_hub(&mut self, t: &mut Turn, row: &Violation) {
        let hub = self.hub_of(row.team).filter(|(hub, _)| *hub != row.agent);
        let recipient = match hub {
            Some((agent, role)) => Recipient::Agent { agent, role },
            None if row.severity > Severity::Low => Recipient::Human,
            None => return,
        };
        let (id, rule, role) = (row.id.tag(), &row.rule, &row.role);
        let severity = row.severity.as_str();
        let text = format!(
            "{id}: {role} broke rule {rule} ({severity}): {}. Instead: {}. Once it is settled: torch violations resolve {id}",
            row.evidence, row.remedy
        );
        self.post(
            t,
            Draft::from_torch(row.team, MessageKind::Notice, recipient, text),
        );
    }

    /// Once per violation, to the agent that can mend it.
    fn tell_its_agent(&mut self, t: &mut Turn, row: &Violation) {
        let recipient = Recipient::Agent {
            agent: row.agent,
            role: row.role.clone(),
        };
        let text = format!("{}. Instead: {}", row.evidence, row.remedy);
        let draft = Draft::from_torch(row.team, MessageKind::Notice, recipient, text);
        self.post(t, draft);
    }

    /// A person settles a violation, or the hub of its team where it is not its own.
    pub(super) fn resolve_violation(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        caller: &Sender,
        id: &str,
    ) {
        let short = short_id(id.trim().trim_start_matches("v-"));
        let found = self
            .rules
            .violations
            .values()
            .find(|row| row.id.short() == short);
        let Some(row) = found else {
            let error = format!("no open violation is called {id:?}");
            let cause = "one that is resolved or has expired stays as it is";
            return t.fail(conn, usage(&error, cause, Some("torch violations --open")));
        };
        let (id, tag) = (row.id, row.id.tag());
        let may = match caller {
            Sender::Human | Sender::Script | Sender::Torch => true,
            // Nobody judges itself.
            Sender::Agent { agent, team, role } => {
                *team == row.team && role.is_hub() && *agent != row.agent
            }
            Sender::Unknown => false,
        };
        if !may {
            let error = format!("{tag} was not resolved for {}", caller.label());
            // Without a hub there is only the person.
            let own_hubs = row.role.is_hub() || self.hub_of(row.team).is_none();
            let (cause, hint) = if own_hubs {
                (
                    "rule violations.resolve: what the orchestrator broke itself, or an agent of a team without one, is settled by a person",
                    "scm human \"what was done about it\"",
                )
            } else {
                (
                    "rule violations.resolve: a violation is settled by a person or by the orchestrator of its team",
                    "scm orchestrator \"what was done about it\"",
                )
            };
            return t.fail(conn, refused(&error, cause, Some(hint)));
        }
        self.resolve_by(t, id, caller.label());
        t.reply(conn, done(format!("{tag} is resolved")));
    }

    pub(super) fn resolve_by(&mut self, t: &mut Turn, id: ViolationId, by: &str) {
        let Some(mut row) = self.rules.violations.remove(&id) else {
            return;
        };
        row.status = ViolationState::Resolved {
            by: by.to_owned(),
            at: t.now,
        };
        self.put_violation(t, "violation.resolved", &row);
    }

    /// A form that is right settles what was wrong with the agent's forms before.
    pub(super) fn forms_are_right(&mut self, t: &mut Turn, agent: AgentId, message: MessageId) {
        let wrong = |row: &&Violation| row.agent == agent && row.rule == "form.wrong";
        let rows = self.rules.violations.values().filter(wrong);
        for id in rows.map(|row| row.id).collect::<Vec<_>>() {
            self.resolve_by(t, id, &message.tag());
        }
    }

    /// When the next open violation is old enough to expire.
    pub(super) fn next_expiry(&self) -> Option<Timestamp> {
        let rows = self.rules.violations.values();
        rows.map(|row| row.last.after(OPEN_FOR)).min()
    }

    pub(super) fn expire_violations(&mut self, t: &mut Turn) {
        let old = |row: &&Violation| row.last.after(OPEN_FOR) <= t.now;
        let rows = self.rules.violations.values().filter(old);
        for id in rows.map(|row| row.id).collect::<Vec<_>>() {
            if let Some(mut row) = self.rules.violations.remove(&id) {
                row.status = ViolationState::Expired { at: t.now };
                self.put_violation(t, "violation.expired", &row);
            }
        }
        match self.next_expiry() {
            Some(at) => t.timer(TimerKey::Violations, at),
            None => t.push(Effect::CancelTimer(TimerKey::Violations)),
        }
    }

    /// An agent wants to write to everybody at once, and no such target is; what it is told.
    pub(super) fn refuse_broadcast(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        sender: &Sender,
        (target, text): (&str, &str),
    ) {
        let Sender::Agent { agent, team, .. } = sender else {
            return;
        };
        let breach = Breach {
            rule: "limit.broadcast".to_owned(),
            severity: Severity::Medium,
            evidence: format!("to {target}: {}", torch_router::traffic::beginning(text)),
            remedy: "write to the role that it concerns".to_owned(),
        };
        let opened = self.open_violation(t.now, (*team, *agent), target.to_owned(), breach);
        let opened: Vec<Opened> = opened.into_iter().collect();
        self.keep_violations(t, &opened, None, Telling::Notice);
        let error = format!(
            "the message from {} to {target} was refused",
            sender.label()
        );
        let cause = "rule limit.broadcast: agents don't write to everybody; torch's own notices do";
        let hint = format!("scm {} \"text\"", self.above(*team));
        t.fail(conn, refused(&error, cause, Some(&hint)));
    }
}

/// Whether a target means everybody: `all`, `*`, `myapp:all`.
pub(super) fn is_everybody(target: &str) -> bool {
    let name = target
        .rsplit(':')
        .find(|part| *part != "0")
        .unwrap_or(target);
    ["all", "*", "everyone", "everybody", "team", "broadcast"]
        .iter()
        .any(|word| name.trim().eq_ignore_ascii_case(word))
}
