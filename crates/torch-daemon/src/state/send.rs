//! Sending: who says it, where it goes, whether it may, and what is kept.

use std::path::PathBuf;

use serde_json::json;
use torch_api::Response;
use torch_api::wire::SendRequest;
use torch_core::message::{Decision, Verdict};
use torch_core::{
    AgentId, Delivery, DeliveryState, Envelope, MessageId, MessageKind, Recipient, RoleName,
    Sender, TeamId, Write,
};
use torch_router::clean::clean;
use torch_router::delivery::Flight;
use torch_router::policy::Destination;
use torch_router::replay::Judged;
use torch_router::speech::Speech;
use torch_router::tag;
use torch_router::traffic::Breach;

use super::judged::{add_judged, refusal};
use super::resolve::Resolved;
use super::violations::{Opened, Telling, is_everybody};
use super::{PairKey, State, Turn};
use crate::event::{ConnId, Known, TimerKey};
use crate::failure::usage;

/// What is appended to a critical message for an agent that is not the hub (S2-092).
const REPORT_TO_HUB: &str = "(Report to Orchestrator: scm orchestrator)";

/// How many keys are remembered before the old ones are forgotten, and how long one is.
const KEYS_KEPT: usize = 1024;
/// As [`KEYS_KEPT`], in milliseconds.
const KEY_MILLIS: u64 = 10_000;

/// A message before it has an id.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) team: TeamId,
    pub(crate) kind: MessageKind,
    pub(crate) sender: Sender,
    pub(crate) sender_rule: String,
    pub(crate) recipient: Recipient,
    pub(crate) target: String,
    pub(crate) body: Vec<u8>,
    pub(crate) verdict: Verdict,
    pub(crate) critical: Vec<String>,
    pub(crate) key: Option<String>,
    pub(crate) ttl_seconds: Option<u64>,
    pub(crate) inline: bool,
    pub(crate) urgent: bool,
    pub(crate) cause: Option<MessageId>,
    /// What its judgement depended on, and the text that was judged, for the journal.
    pub(crate) judged: Option<(Judged, String)>,
}

impl Draft {
    /// A message from torch itself.
    pub(crate) fn from_torch(
        team: TeamId,
        kind: MessageKind,
        recipient: Recipient,
        body: String,
    ) -> Self {
        let verdict = Verdict {
            decision: Decision::Deliver,
            rule: "sender.torch".to_owned(),
            reason: "torch's own messages pass".to_owned(),
        };
        Self {
            team,
            kind,
            sender: Sender::Torch,
            sender_rule: "torch".to_owned(),
            target: recipient.label().to_owned(),
            recipient,
            body: body.into_bytes(),
            verdict,
            critical: Vec::new(),
            key: None,
            ttl_seconds: None,
            inline: false,
            urgent: false,
            cause: None,
            judged: None,
        }
    }
}

impl State {
    pub(crate) fn send(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        (sender, rule): (Sender, &'static str),
        request: SendRequest,
        known: Option<Known>,
    ) {
        if let Some(known) = known.or_else(|| self.recent(&sender, request.key.as_deref())) {
            let (key, tag) = (request.key.clone().unwrap_or_default(), known.message.tag());
            let (wait, millis) = (request.wait, request.wait_millis);
            if !is_repeat(&known, request) {
                let cause = format!(
                    "a key names one message, and this one has another target or text than {tag}"
                );
                let hint = format!("torch msg show {tag}");
                let error = format!("the key {key:?} belongs to {tag}; nothing was sent");
                return t.fail(conn, usage(&error, &cause, Some(&hint)));
            }
            self.answer_when(t, conn, known.message, wait, millis);
            return;
        }
        let Some(body) = request.body.into_bytes() else {
            return t.fail(
                conn,
                usage(
                    "failed to read the message's body",
                    "it is neither text nor base64",
                    None,
                ),
            );
        };
        let resolved = match self.resolve(&sender, &request.target, &request.cwd) {
            Ok(resolved) => resolved,
            Err(_) if matches!(sender, Sender::Agent { .. }) && is_everybody(&request.target) => {
                let text = clean(&body).text;
                return self.refuse_broadcast(t, conn, &sender, (&request.target, &text));
            }
            Err(failure) => return t.fail(conn, *failure),
        };
        // What cleaning takes out can't be delivered either.
        if clean(&body).text.trim().is_empty() {
            let hint = "scm developer \"text\"";
            return t.fail(
                conn,
                usage(
                    "the message is empty",
                    "there is nothing to deliver",
                    Some(hint),
                ),
            );
        }
        self.tell_begin(t);
        let Some((speech, judged)) = self.judged(t.now, &sender, &resolved, &body) else {
            return;
        };
        if let Some(failure) = self.unclear_form(resolved.team, &speech) {
            return t.fail(conn, *failure);
        }
        let reached = match judged.verdict.decision {
            Decision::Deliver => resolved.recipient.agent(),
            Decision::Reroute => self.hub_of(resolved.team).map(|(hub, _)| hub),
            Decision::Refuse | Decision::Record => None,
        };
        let counted = match judged.verdict.decision {
            Decision::Refuse => None,
            _ => self.remember(t.now, (&sender, &resolved), (&speech, &body), reached),
        };
        let kept = self.judged_by(t.now, &sender, &resolved, (reached, counted));
        let kept = (kept, clean(&body).text);
        let text = String::from_utf8_lossy(&body);
        let critical = self.critical_words(resolved.team, &text, &speech);
        let draft = Draft {
            team: resolved.team,
            kind: MessageKind::Message,
            sender,
            sender_rule: rule.to_owned(),
            recipient: resolved.recipient.clone(),
            target: request.target,
            body,
            verdict: judged.verdict,
            critical,
            key: request.key,
            ttl_seconds: request.ttl_seconds,
            inline: request.inline,
            urgent: request.urgent,
            cause: None,
            judged: Some(kept),
        };
        let found = (speech, judged.breaches);
        self.judge_and_post(t, conn, draft, found, (request.wait, request.wait_millis));
    }

    fn judge_and_post(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        mut draft: Draft,
        (speech, breaches): (Speech, Vec<Breach>),
        (wait, millis): (Option<DeliveryState>, u64),
    ) {
        let opened = self.open_violations(t, &draft, breaches);
        let mut telling = Telling::Notice;
        match draft.verdict.decision {
            Decision::Refuse => {
                let failure = refusal(&draft, &opened);
                let message = self.post_refused(t, draft);
                self.keep_violations(t, &opened, Some(message), telling);
                return t.fail(conn, failure);
            }
            Decision::Record => {
                let (sender, recipient) = (draft.sender.clone(), draft.recipient.clone());
                let text = clean(&draft.body).text;
                let message = self.post_recorded(t, draft);
                self.follow_form(t, (&sender, &recipient), &speech, &text, message);
                return self.answer_when(t, conn, message, wait, millis);
            }
            Decision::Reroute => {
                if self.reroute(&mut draft, &opened).is_none() {
                    return;
                }
                telling = Telling::ByTheMessage;
            }
            Decision::Deliver => {}
        }
        let (sender, recipient) = (draft.sender.clone(), draft.recipient.clone());
        let text = clean(&draft.body).text;
        let copy = self.hub_copy(&draft);
        self.append_report_line(&mut draft);
        let message = self.post(t, draft);
        self.keep_violations(t, &opened, Some(message), telling);
        // An assignment that went to the hub instead is nobody's yet.
        if telling == Telling::Notice {
            self.follow_form(t, (&sender, &recipient), &speech, &text, message);
        }
        if let Some(mut copy) = copy {
            copy.cause = Some(message);
            copy.body
                .splice(0..0, format!("(copy of {}) ", message.tag()).into_bytes());
            self.post(t, copy);
        }
        self.answer_when(t, conn, message, wait, millis);
    }

    /// Turns a message to the hub, with whom it was for; `None` without a hub.
    fn reroute(&self, draft: &mut Draft, opened: &[Opened]) -> Option<()> {
        let (hub, role) = self.hub_of(draft.team)?;
        // All of them: of what else it breaks the hub hears by this message too.
        let ids = opened.iter().map(|opened| opened.id.tag());
        let violation: String = ids.map(|id| format!(", {id}")).collect();
        let mut body = format!(
            "(for {}, re-routed to you by rule {}{violation}) ",
            draft.recipient.label(),
            draft.verdict.rule
        )
        .into_bytes();
        body.extend_from_slice(&draft.body);
        draft.body = body;
        draft.recipient = Recipient::Agent { agent: hub, role };
        Some(())
    }

    /// The hub's copy of a critical message, unless the hub wrote it or gets it anyway.
    fn hub_copy(&self, draft: &Draft) -> Option<Draft> {
        let (hub, role) = self.hub_of(draft.team)?;
        let from_hub = matches!(&draft.sender, Sender::Agent { agent, .. } if *agent == hub);
        if draft.critical.is_empty() || from_hub || draft.recipient.agent() == Some(hub) {
            return None;
        }
        let mut body =
            format!("{} → {}: ", draft.sender.label(), draft.recipient.label()).into_bytes();
        body.extend_from_slice(&draft.body);
        let mut copy = Draft::from_torch(
            draft.team,
            MessageKind::HubCopy,
            Recipient::Agent { agent: hub, role },
            String::new(),
        );
        copy.verdict.rule = "critical.copy".to_owned();
        copy.verdict.reason = format!("critical words: {}", draft.critical.join(", "));
        copy.body = body;
        Some(copy)
    }

    fn append_report_line(&self, draft: &mut Draft) {
        let to_hub = self
            .hub_of(draft.team)
            .is_none_or(|(hub, _)| draft.recipient.agent() == Some(hub));
        if !draft.critical.is_empty() && !to_hub && draft.recipient.agent().is_some() {
            while draft.body.last().is_some_and(u8::is_ascii_whitespace) {
                draft.body.pop();
            }
            draft
                .body
                .extend_from_slice(format!(" {REPORT_TO_HUB}").as_bytes());
        }
    }

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

    /// Keys of committed messages are looked up in the store; here only those of the last moment count.
    fn forget_old_keys(&mut self, t: &Turn) {
        if self.keys.len() >= KEYS_KEPT {
            let now = t.now;
            self.keys
                .retain(|_, known| known.message.millis().saturating_add(KEY_MILLIS) > now.0);
        }
    }

    /// Keeps a message that is typed into nothing.
    fn post_recorded(&mut self, t: &mut Turn, mut draft: Draft) -> MessageId {
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
    fn post_refused(&mut self, t: &mut Turn, mut draft: Draft) -> MessageId {
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

    fn recent(&self, sender: &Sender, key: Option<&str>) -> Option<Known> {
        self.keys
            .get(&(sender_key(sender), key?.to_owned()))
            .cloned()
    }

    /// The hub of a team.
    pub(crate) fn hub_of(&self, team: TeamId) -> Option<(AgentId, RoleName)> {
        self.agents
            .values()
            .find(|run| run.agent.team == team && run.agent.role.is_hub())
            .map(|run| (run.agent.id, run.agent.role.clone()))
    }
}

impl Resolved {
    pub(super) fn destination(&self, sender: &Sender) -> Destination<'_> {
        match (&self.recipient, sender) {
            (Recipient::Human, _) => Destination::Human,
            (Recipient::Agent { role, .. }, Sender::Agent { team, .. }) if *team != self.team => {
                Destination::OtherTeam(role)
            }
            (Recipient::Agent { role, .. }, _) => Destination::Role(role),
        }
    }
}

/// What tells one sender from another: an agent's id, else the kind.
pub(crate) fn sender_key(sender: &Sender) -> String {
    match sender {
        Sender::Agent { agent, .. } => agent.to_string(),
        other => other.label().to_owned(),
    }
}

/// One sender → recipient pair: the sender's team (the message's for one that is no agent), its label, and the agent.
pub(crate) fn pair_key(team: TeamId, sender: &Sender, recipient: Option<AgentId>) -> PairKey {
    let team = match sender {
        Sender::Agent { team, .. } => *team,
        _ => team,
    };
    (team, sender.label().to_owned(), recipient)
}

/// Whether a call repeats the one that made a message: the same target, and a text that stands in the message's.
fn is_repeat(known: &Known, request: SendRequest) -> bool {
    let body = request.body.into_bytes().unwrap_or_default();
    known.target == request.target && known.body.contains(&clean(&body).text)
}

/// The answer to a request that only changes something.
pub(crate) fn done(text: impl Into<String>) -> Response {
    Response::Done { text: text.into() }
}
