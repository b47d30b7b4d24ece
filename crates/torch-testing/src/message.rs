//! Sending messages, and what torch says became of them.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use torch_api::path::socket_path;
use torch_api::wire::{Body, SendRequest};
use torch_api::{Client, Failure, Request, Response};

use crate::World;
use crate::wait::DEADLINE;

/// A message with its delivery, as `torch msg show --json` gives it; the part that tests want.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Message {
    /// `m-7k3f9q2a`.
    pub id: String,
    /// The sender's label.
    pub from: String,
    /// The rule that made the sender who it is.
    pub from_rule: String,
    /// The recipient's label.
    pub to: String,
    /// Its number on this pair.
    pub pair_seq: u64,
    /// `deliver`, `reroute` or `refuse`.
    pub decision: String,
    /// The rule that decided.
    pub rule: String,
    /// What cleaning changed.
    pub cleaned: Vec<String>,
    /// The state of its delivery.
    pub state: String,
    /// Why it waits.
    pub waits: Option<String>,
    /// Which try.
    pub attempt: u32,
    /// What was seen last.
    pub evidence: String,
    /// The body after cleaning.
    pub body: String,
    /// The file that holds a long body, relative to the worktree.
    pub body_file: Option<String>,
}

impl World {
    /// Sends `body` to `target` with `scm`, which must accept it; its id.
    #[track_caller]
    pub fn send(&self, target: &str, body: &str) -> String {
        let ran = self.scm(&[target, "--json", "--", body]).ok();
        let answer: Value = ran.json();
        let id = answer["message"]["id"].as_str();
        id.unwrap_or_else(|| panic!("no id came from {ran}"))
            .to_owned()
    }

    /// Sends `body` to `target` and waits until it is consumed; its id.
    #[track_caller]
    pub fn deliver(&self, target: &str, body: &str) -> String {
        let id = self.send(target, body);
        self.wait_message(&id, "consumed");
        id
    }

    /// Sends `body` to `target` once, through a daemon that may end at any moment: the id, or `None` if no answer came.
    /// Nothing is started. Called again with the same `key` it is the same message.
    #[track_caller]
    pub fn try_send(&self, target: &str, body: &str, key: &str) -> Option<String> {
        self.try_request(target, body, key, false)
    }

    /// As [`World::try_send`], but urgent.
    #[track_caller]
    pub fn try_urgent(&self, target: &str, body: &str, key: &str) -> Option<String> {
        self.try_request(target, body, key, true)
    }

    #[track_caller]
    fn try_request(&self, target: &str, body: &str, key: &str, urgent: bool) -> Option<String> {
        let request = SendRequest {
            target: target.to_owned(),
            body: Body::Text(body.to_owned()),
            key: Some(key.to_owned()),
            inline: false,
            urgent,
            ttl_seconds: None,
            wait: None,
            wait_millis: 0,
            cwd: self.project(),
            pane_hint: None,
        };
        let socket = socket_path(&self.home(), self.folder());
        let mut client = Client::connect(&socket).ok()?;
        client.set_deadline(Some(DEADLINE)).ok()?;
        match client.call(&Request::Send(Box::new(request))).ok()? {
            Response::Sent { message, .. } => Some(message.id),
            other => panic!("{body:?} to {target} was answered by {other:?}"),
        }
    }

    /// A message as torch has it.
    #[track_caller]
    pub fn message(&self, id: &str) -> Message {
        self.torch(&["msg", "show", id, "--json"]).ok().read()
    }

    /// Waits until a message is in `state`, or, after `deferred:`, waits for this reason; gives it.
    #[track_caller]
    pub fn wait_message(&self, id: &str, state: &str) -> Message {
        self.wait_message_for(id, state, DEADLINE)
    }

    /// [`World::wait_message`] with a deadline of its own.
    #[track_caller]
    pub fn wait_message_for(&self, id: &str, state: &str, deadline: Duration) -> Message {
        let mut last = None;
        let found = crate::poll(deadline, || {
            let message = self.message(id);
            let reason = message.waits.as_deref().unwrap_or_default();
            let here = message.state == state || format!("{}:{reason}", message.state) == state;
            last = Some(message.clone());
            here.then_some(message)
        });
        found.unwrap_or_else(|| {
            let trace = self.torch(&["msg", "trace", id]);
            panic!(
                "waited for {id} to be {state}, it is {last:#?}\n{}\n{}",
                trace.stdout,
                self.picture()
            )
        })
    }

    /// Waits until the turn that a message begins is over: what the daemon says to that.
    #[track_caller]
    pub fn await_turn(&self, id: &str, deadline: Duration) -> Result<String, Failure> {
        let request = Request::AwaitTurn {
            id: id.to_owned(),
            wait_millis: u64::try_from(deadline.as_millis()).expect("a short time"),
        };
        let socket = socket_path(&self.home(), self.folder());
        let mut client = Client::connect(&socket).expect("a daemon");
        match client.call(&request).expect("an answer") {
            Response::Done { text } => Ok(text),
            Response::Failed(failure) => Err(failure),
            other => panic!("{request:?} was answered by {other:?}"),
        }
    }

    /// The names of a message's journal entries, oldest first: `message.accepted`, `delivery.claimed` and so on.
    #[track_caller]
    pub fn trace(&self, id: &str) -> Vec<String> {
        let answer: Value = self.torch(&["msg", "trace", id, "--json"]).ok().json();
        let events = answer["events"].as_array().cloned().unwrap_or_default();
        let kind = |event: &Value| event["kind"].as_str().unwrap_or_default().to_owned();
        events.iter().map(kind).collect()
    }
}
