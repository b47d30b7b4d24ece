//! Messages as they are kept: queued, tried again, only recorded, or refused.

use std::path::PathBuf;

use serde_json::json;
use torch_core::{AgentId, Delivery, DeliveryState, Envelope, MessageId, MessageKind, Write};
use torch_router::clean::clean;
use torch_router::delivery::Flight;
use torch_router::tag;

use super::judged::add_judged;
use super::send::{Draft, done, pair_key, sender_key};
use super::{State, Turn};
use crate::event::{ConnId, Known, TimerKey};

impl State {
    /// Keeps a message and queues it.
    pub(crate) fn post(&mut self, t: &mut Turn, mut draft: Draft) -> MessageId {
        let key = draft
            .key
            .clone()
            .map(|key| (sender_key(&draft.sender), key));
        let judged = draft.judged.take();
        let envelope = self.envelope(t, draft);
        let (message, agent) = (envelope.id, envelope.recipient.agent());
        if let Some(key) = key {
            self.forget_old_keys(t);
            let (target, body) = (envelope.target.clone(), envelope.body.clone());
            let known = Known {
                message,
                target,
                body,
            };
            self.keys.insert(key, known);
        }
        let (state, evidence) = match agent {
            Some(_) => (DeliveryState::Queued, ""),
            None => (DeliveryState::Accepted, "it lies in the person's inbox"),
        };
        let delivery = Delivery {
            message,
            state,
            reason: None,
            attempt: 1,
            possible_duplicate: false,
            launch: None,
            since: t.now,
            evidence: evidence.to_owned(),
        };
        t.write(Write::PutMessage(Box::new(envelope.clone())));
        t.write(Write::PutDelivery(Box::new(delivery.clone())));
        self.note_traffic(t, &envelope);
        let mut data = json!({
            "from": envelope.sender.label(), "to": envelope.recipient.label(),
            "decision": envelope.verdict.decision, "rule": envelope.verdict.rule, "from_rule": envelope.sender_rule,
        });
        if envelope.sender_rule == crate::outbox::RULE {
            data["via"] = "outbox".into();
        }
        add_judged(&mut data, judged, &envelope.body);
        t.journal("message.accepted", message, data);
        if let Some(expires) = envelope.expires {
            t.timer(TimerKey::Expiry(message), expires);
        }
        if let Some(agent) = agent {
            let text = tag::text(&envelope, 1, envelope.body_file.as_deref());
            let first = matches!(envelope.kind, MessageKind::Briefing | MessageKind::Continue);
            let place = usize::from(self.is_typing(agent));
            self.flights
                .insert(message, Flight::new(envelope, delivery, text));
            if let Some(run) = self.agents.get_mut(&agent) {
                // A briefing goes before whatever waited for the agent to be started again, but for what is typed already;
                // so does the word that makes it go on after a usage limit.
                if first {
                    run.queue.insert(place, message);
                } else {
                    run.queue.push_back(message);
                }
            }
            self.pump(t, agent);
        }
        message
    }

    /// Whether the agent's first message is typed already, or about to be; a look at the pane alone types nothing.
    fn is_typing(&self, agent: AgentId) -> bool {
        let Some(run) = self.agents.get(&agent) else {
            return false;
        };
        let head = run.queue.front().and_then(|head| self.flights.get(head));
        head.is_some_and(|flight| {
            // What was typed into a program that is gone is judged by what it left, whoever is first.
            let here = flight.delivery.launch == run.agent.launch;
            (flight.is_typed() && here) || flight.may_stand_in_composer()
        })
    }

    /// A message that was given up or has expired is queued again, as a new try.
    pub(crate) fn on_revived(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        mut envelope: Envelope,
        mut delivery: Delivery,
    ) {
        let (message, tag) = (envelope.id, envelope.id.tag());
        let agent = envelope.recipient.agent();
        let Some(run) = agent.and_then(|agent| self.agents.get_mut(&agent)) else {
            let hint = Some("torch status");
            let failure = crate::failure::other(
                &format!("{tag} can't be retried"),
                "its recipient is gone",
                hint,
            );
            return t.fail(conn, failure);
        };
        if self.flights.contains_key(&message) {
            return t.reply(conn, done(format!("{tag} is on its way already")));
        }
        delivery.attempt += 1;
        delivery.launch = None;
        delivery.state = DeliveryState::Queued;
        delivery.reason = None;
        delivery.since = t.now;
        delivery.evidence = "a person wants it tried again".to_owned();
        envelope.expires = None;
        run.queue.push_back(message);
        let text = tag::text(&envelope, delivery.attempt, envelope.body_file.as_deref());
        t.write(Write::PutDelivery(Box::new(delivery.clone())));
        let data = json!({"attempt": delivery.attempt, "evidence": delivery.evidence});
        t.journal("delivery.queued", message, data);
        let attempt = delivery.attempt;
        self.flights
            .insert(message, Flight::new(envelope, delivery, text));
        if let Some(agent) = agent {
            self.pump(t, agent);
        }
        t.reply(
            conn,
            done(format!("{tag} is queued again, as try {attempt}")),
        );
    }

    /// Keeps a message that is typed into nothing.
    pub(super) fn post_recorded(&mut self, t: &mut Turn, mut draft: Draft) -> MessageId {
        let judged = draft.judged.take();
        let envelope = self.envelope(t, draft);
        let delivery = Delivery {
            message: envelope.id,
            state: DeliveryState::Recorded,
            reason: None,
            attempt: 1,
            possible_duplicate: false,
            launch: None,
            since: t.now,
            evidence: envelope.verdict.reason.clone(),
        };
        let mut data = json!({
            "from": envelope.sender.label(), "to": envelope.recipient.label(),
            "decision": envelope.verdict.decision, "rule": envelope.verdict.rule, "from_rule": envelope.sender_rule,
        });
        add_judged(&mut data, judged, &envelope.body);
        let message = envelope.id;
        t.write(Write::PutMessage(Box::new(envelope)));
        t.write(Write::PutDelivery(Box::new(delivery)));
        t.journal("message.recorded", message, data);
        message
    }

    /// Keeps a refused message, so that the audit shows it.
    pub(super) fn post_refused(&mut self, t: &mut Turn, mut draft: Draft) -> MessageId {
        let judged = draft.judged.take();
        let envelope = self.envelope(t, draft);
        let delivery = Delivery {
            message: envelope.id,
            state: DeliveryState::Refused,
            reason: None,
            attempt: 1,
            possible_duplicate: false,
            launch: None,
            since: t.now,
            evidence: format!("{}: {}", envelope.verdict.rule, envelope.verdict.reason),
        };
        let mut data = json!({
            "from": envelope.sender.label(), "to": envelope.recipient.label(),
            "rule": envelope.verdict.rule, "from_rule": envelope.sender_rule,
        });
        add_judged(&mut data, judged, &envelope.body);
        let message = envelope.id;
        t.write(Write::PutMessage(Box::new(envelope)));
        t.write(Write::PutDelivery(Box::new(delivery)));
        t.journal("message.refused", message, data);
        message
    }

    fn envelope(&mut self, t: &Turn, draft: Draft) -> Envelope {
        let mut id = self.fresh_message(t.now);
        while self
            .flights
            .values()
            .any(|flight| flight.envelope.id.short() == id.short())
        {
            id = self.fresh_message(t.now);
        }
        let pair = pair_key(draft.team, &draft.sender, draft.recipient.agent());
        let seq = self.pair_seqs.entry(pair).or_insert(0);
        *seq += 1;
        let pair_seq = *seq;
        let cleaned = clean(&draft.body);
        let long = draft
            .recipient
            .agent()
            .is_some_and(|agent| tag::needs_file(&cleaned.text, draft.inline, self.shown(agent)));
        let body_file = long.then(|| PathBuf::from(format!(".torch/inbox/{}.md", id.tag())));
        Envelope {
            id,
            team: draft.team,
            at: t.now,
            kind: draft.kind,
            sender: draft.sender,
            sender_rule: draft.sender_rule,
            recipient: draft.recipient,
            target: draft.target,
            pair_seq,
            original: (!cleaned.changes.is_empty()).then_some(draft.body),
            body: cleaned.text,
            cleaned: cleaned.changes,
            verdict: draft.verdict,
            critical: draft.critical,
            key: draft.key,
            expires: draft
                .ttl_seconds
                .map(|s| t.now.after(std::time::Duration::from_secs(s))),
            inline: draft.inline,
            urgent: draft.urgent,
            body_file,
            cause: draft.cause,
        }
    }

    /// What the composer of an agent's program shows whole.
    fn shown(&self, agent: AgentId) -> tag::Shown {
        let run = self.agents.get(&agent);
        let program = run.and_then(|run| self.programs.get(&run.agent.program));
        program.map_or_else(tag::Shown::default, |program| tag::Shown {
            chars: program.data.submit.shown_chars,
            lines: program.data.submit.shown_lines,
            labelled: !program.data.screen.composer.collapsed.is_empty(),
        })
    }
}
