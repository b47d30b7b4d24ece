//! Sending: who says it, where it goes, and whether it may. How it is kept is `post.rs`.

use torch_api::Response;
use torch_api::wire::SendRequest;
use torch_core::message::{Decision, Verdict};
use torch_core::{AgentId, DeliveryState, MessageId, MessageKind, Recipient, Sender, TeamId};
use torch_router::clean::clean;
use torch_router::policy::Destination;
use torch_router::replay::Judged;
use torch_router::speech::Speech;
use torch_router::traffic::Breach;

use super::judged::refusal;
use super::resolve::Resolved;
use super::violations::{Telling, is_everybody};
use super::{PairKey, State, Turn};
use crate::event::{ConnId, Known};
use crate::failure::usage;

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
            self.send_again(t, conn, &known, request);
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

    /// The answer to a call with a key that is known.
    fn send_again(&mut self, t: &mut Turn, conn: ConnId, known: &Known, request: SendRequest) {
        let (key, tag) = (request.key.clone().unwrap_or_default(), known.message.tag());
        let (wait, millis) = (request.wait, request.wait_millis);
        if !is_repeat(known, request) {
            let cause = format!(
                "a key names one message, and this one has another target or text than {tag}"
            );
            let hint = format!("torch msg show {tag}");
            let error = format!("the key {key:?} belongs to {tag}; nothing was sent");
            return t.fail(conn, usage(&error, &cause, Some(&hint)));
        }
        self.answer_when(t, conn, known.message, wait, millis);
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
                let failure = refusal(&draft, &opened, self.above_caller(&draft.sender));
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

    /// Keys of committed messages are looked up in the store; here only those of the last moment count.
    pub(super) fn forget_old_keys(&mut self, t: &Turn) {
        if self.keys.len() >= KEYS_KEPT {
            let now = t.now;
            self.keys
                .retain(|_, known| known.message.millis().saturating_add(KEY_MILLIS) > now.0);
        }
    }

    fn recent(&self, sender: &Sender, key: Option<&str>) -> Option<Known> {
        self.keys
            .get(&(sender_key(sender), key?.to_owned()))
            .cloned()
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
