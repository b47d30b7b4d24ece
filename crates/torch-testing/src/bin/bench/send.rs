//! Messages through the daemon's socket, as `scm` sends them.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::bail;
use torch_api::view::MessageView;
use torch_api::wire::{Body, SendRequest};
use torch_api::{Client, Request, Response};
use torch_core::DeliveryState;

/// How long a delivery may take; reached only when something is wrong.
const WAIT_MILLIS: u64 = 60_000;

/// What every message says that is given no other text.
pub(crate) const TEXT: &str = "a short message";

/// One message, with a key of its own: asked for again it is the same message.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
    target: String,
    text: String,
    key: String,
    cwd: PathBuf,
    wait: Option<DeliveryState>,
}

impl Letter {
    /// A short message to a role of the project's team.
    pub(crate) fn new(target: &str, project: &Path) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        Self {
            target: target.to_owned(),
            text: TEXT.to_owned(),
            key: format!("bench-{}", COUNT.fetch_add(1, Ordering::Relaxed)),
            cwd: project.to_owned(),
            wait: None,
        }
    }

    /// Its key.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// The same with another text.
    pub(crate) fn saying(mut self, text: String) -> Self {
        self.text = text;
        self
    }

    /// The same, waiting for `state`.
    pub(crate) fn until(mut self, state: DeliveryState) -> Self {
        self.wait = Some(state);
        self
    }
}

/// Sends a message and returns the answer, which comes once the state it waits for is reached.
pub(crate) fn send(client: &mut Client, letter: &Letter) -> anyhow::Result<MessageView> {
    let request = SendRequest {
        target: letter.target.clone(),
        body: Body::Text(letter.text.clone()),
        key: Some(letter.key.clone()),
        inline: false,
        urgent: false,
        ttl_seconds: None,
        wait: letter.wait,
        wait_millis: WAIT_MILLIS,
        cwd: letter.cwd.clone(),
        pane_hint: None,
    };
    match client.call(&Request::Send(Box::new(request)))? {
        Response::Sent {
            message,
            reached: true,
        } => Ok(*message),
        Response::Sent { message, .. } => {
            bail!("{} came no further than {}", message.id, message.state)
        }
        other => bail!("a message was answered by {other:?}"),
    }
}

/// Waits until a message that was sent before is consumed and the turn that it began is over, so that its agent is idle.
pub(crate) fn await_turn(client: &mut Client, letter: &Letter) -> anyhow::Result<MessageView> {
    let message = send(client, &letter.clone().until(DeliveryState::Consumed))?;
    let request = Request::AwaitTurn {
        id: message.id.clone(),
        wait_millis: WAIT_MILLIS,
    };
    match client.call(&request)? {
        Response::Done { .. } => Ok(message),
        other => bail!(
            "waiting for the turn of {} was answered by {other:?}",
            message.id
        ),
    }
}
