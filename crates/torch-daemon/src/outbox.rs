//! Files in an agent's outbox as requests, and the receipts that answer them. Pure: the host moves the files.
//!
//! The formats are documented in `docs/doors.md`.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Value, json};
use torch_api::wire::{ScheduleRequest, SendRequest, TeamSelector};
use torch_api::{Body, CommitRequest, Failure, Request, Response};

use crate::failure::usage;

/// The sender's rule of what comes through an outbox: whoever may write there speaks for the agent.
pub(crate) const RULE: &str =
    "identity.outbox: a file in that agent's outbox, which is less than its process";

/// What may be run to write one that can be used.
const EXAMPLE: &str = "echo 'your text' > .torch/outbox/orchestrator--report.md";

/// What separates a target from the rest of a file's name.
const SEPARATOR: &str = "--";

/// A file's words about itself: a JSON file whole, a text's header.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    to: Option<String>,
    kind: Option<String>,
    text: Option<String>,
    id: Option<String>,
    minutes: Option<f64>,
    #[serde(default)]
    paths: Vec<PathBuf>,
    #[serde(default)]
    urgent: bool,
}

/// The request that a file makes; `worktree` is the agent's.
pub(crate) fn request(
    name: &str,
    bytes: Vec<u8>,
    worktree: &Path,
) -> Result<Request, Box<Failure>> {
    let (mut words, body) = match name.strip_suffix(".json") {
        Some(_) => (from_json(name, &bytes)?, None),
        None => from_text(bytes),
    };
    let body = match (words.text.take(), body) {
        (Some(text), _) => Body::Text(text),
        (None, Some(body)) => Body::from_bytes(body),
        (None, None) => Body::Text(String::new()),
    };
    named(&mut words, name);
    made(name, words, body, worktree)
}

fn refuse(name: &str, cause: &str) -> Box<Failure> {
    let error = format!("the file {name:?} in the outbox can't be used");
    Box::new(usage(&error, cause, Some(EXAMPLE)))
}

fn from_json(name: &str, bytes: &[u8]) -> Result<Words, Box<Failure>> {
    serde_json::from_slice(bytes).map_err(|error| refuse(name, &error.to_string()))
}

/// A text's header, if it has one, and the rest. A header is lines of `key: value` with known keys up to an empty line or
/// `---`; anything else is text.
fn from_text(bytes: Vec<u8>) -> (Words, Option<Vec<u8>>) {
    let header = std::str::from_utf8(&bytes).ok().and_then(header);
    match header {
        Some((words, length)) => (words, Some(bytes[length..].to_vec())),
        None => (Words::default(), Some(bytes)),
    }
}

/// The header and its length in bytes.
fn header(text: &str) -> Option<(Words, usize)> {
    let mut words = Words::default();
    let mut length = 0;
    let mut lines = text.split_inclusive('\n').peekable();
    let fenced = lines.next_if(|line| line.trim() == "---");
    length += fenced.map_or(0, str::len);
    let mut any = false;
    for line in lines {
        length += line.len();
        let content = line.trim();
        if content.is_empty() || content == "---" {
            return any.then_some((words, length));
        }
        let (key, value) = content.split_once(':')?;
        let value = value.trim();
        match key.trim().to_ascii_lowercase().as_str() {
            "to" => words.to = Some(value.to_owned()),
            "kind" => words.kind = Some(value.to_ascii_lowercase()),
            "id" => words.id = Some(value.to_owned()),
            "minutes" => words.minutes = Some(value.parse().ok()?),
            "path" => words.paths.push(value.into()),
            "urgent" => words.urgent = truth(value)?,
            _ => return None,
        }
        any = true;
    }
    // All header and no text: an acknowledgement is like that.
    any.then_some((words, length))
}

/// Yes or no, as people write it.
fn truth(word: &str) -> Option<bool> {
    match word.to_ascii_lowercase().as_str() {
        "yes" | "true" | "1" => Some(true),
        "no" | "false" | "0" => Some(false),
        _ => None,
    }
}

/// What the file's name says where the file itself does not: `TARGET--anything.md` or `TARGET.md`.
fn named(words: &mut Words, name: &str) {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let first = stem.split(SEPARATOR).next().unwrap_or(stem).trim();
    let is_kind = matches!(first, "complete" | "commit");
    if is_kind && words.kind.is_none() && words.to.is_none() {
        words.kind = Some(first.to_owned());
    } else if words.to.is_none() && !first.is_empty() && !is_kind {
        let message = matches!(words.kind.as_deref(), None | Some("message"));
        // Of another kind the name is only a name.
        words.to = message.then(|| first.to_owned());
    }
}

fn made(name: &str, words: Words, body: Body, worktree: &Path) -> Result<Request, Box<Failure>> {
    let cwd = worktree.to_owned();
    let text = |body: Body| match body {
        Body::Text(text) => Ok(text),
        Body::Bytes(_) => Err(refuse(name, "it is not UTF-8 text")),
    };
    Ok(match words.kind.as_deref().unwrap_or("message") {
        "message" => Request::Send(Box::new(SendRequest {
            target: words.to.unwrap_or_default(),
            body,
            key: None,
            inline: false,
            urgent: words.urgent,
            ttl_seconds: None,
            wait: None,
            wait_millis: 0,
            cwd,
            pane_hint: None,
        })),
        "complete" => Request::Complete { text: text(body)? },
        "ack" => Request::Ack {
            id: match words.id {
                Some(id) => id,
                None => text(body)?.trim().to_owned(),
            },
        },
        "commit" => Request::Commit(Box::new(CommitRequest {
            team: TeamSelector { name: None, cwd },
            role: None,
            message: text(body)?,
            paths: words.paths,
        })),
        "schedule" => Request::Schedule(Box::new(ScheduleRequest {
            after_millis: millis(words.minutes)
                .ok_or_else(|| refuse(name, "a note says in how many `minutes`"))?,
            note: body,
            target: words.to,
            cwd,
            check_millis: None,
        })),
        other => {
            let cause = format!(
                "its kind is {other:?}; there are message, complete, ack, commit and schedule"
            );
            return Err(refuse(name, &cause));
        }
    })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float becomes the nearest integer that there is"
)]
fn millis(minutes: Option<f64>) -> Option<u64> {
    minutes.map(|minutes| (minutes * 60_000.0).round() as u64)
}

/// What a receipt says of an answer, as the command line would have it.
pub(crate) fn receipt(response: &Response) -> Value {
    match response {
        Response::Failed(failure) => json!({
            "ok": false, "exit_code": failure.kind.exit_code(), "kind": failure.kind,
            "error": failure.error, "causes": failure.causes, "hint": failure.hint,
        }),
        Response::Sent { message, .. } => {
            let mut receipt = sent(&message.id);
            receipt["to"] = message.to.clone().into();
            receipt["rule"] = message.rule.clone().into();
            receipt["cleaned"] = message.cleaned.clone().into();
            receipt
        }
        Response::Scheduled(note) => {
            json!({"ok": true, "exit_code": 0, "note": note.id, "to": note.to, "due": note.due})
        }
        Response::Committed(commit) => json!({"ok": true, "exit_code": 0, "commit": commit}),
        Response::Done { text } => json!({"ok": true, "exit_code": 0, "text": text}),
        other => json!({"ok": true, "exit_code": 0, "answer": other}),
    }
}

/// The receipt of a message that is stored.
pub(crate) fn sent(id: &str) -> Value {
    json!({"ok": true, "exit_code": 0, "message": id})
}

#[cfg(test)]
mod tests;
