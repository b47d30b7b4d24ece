//! Files in an agent's outbox as requests, and the receipts that answer them. Pure: the host moves the files.
//!
//! The formats are documented in `docs/doors.md`.

mod forms;

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

/// The keys of every header; a form has more ([`forms::keys`]).
const KEYS: [&str; 6] = ["to", "kind", "id", "minutes", "path", "urgent"];

/// The kinds besides the forms'.
const KINDS: [&str; 5] = ["message", "complete", "ack", "commit", "schedule"];

/// How much of a line a refusal quotes, in characters.
const LINE_SHOWN: usize = 80;

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
    // Of forms alone.
    current: Option<String>,
    eta: Option<String>,
    #[serde(default)]
    completed: Vec<String>,
    blocked: Option<String>,
    title: Option<String>,
    objective: Option<String>,
    #[serde(default)]
    criteria: Vec<String>,
    priority: Option<String>,
    role: Option<String>,
    #[serde(default)]
    on: Vec<String>,
    unacked: Option<bool>,
}

/// The request that a file makes; `worktree` is the agent's.
pub(crate) fn request(
    name: &str,
    bytes: Vec<u8>,
    worktree: &Path,
) -> Result<Request, Box<Failure>> {
    let (mut words, body) = match name.strip_suffix(".json") {
        Some(_) => (from_json(name, &bytes)?, None),
        None => from_text(name, bytes)?,
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

/// A text's header, if it has one, and the rest.
fn from_text(name: &str, bytes: Vec<u8>) -> Result<(Words, Option<Vec<u8>>), Box<Failure>> {
    let header = match std::str::from_utf8(&bytes) {
        Ok(text) => header(text, kind_in(name)).map_err(|bad| bad.refuse(name))?,
        Err(_) => None,
    };
    Ok(match header {
        Some((words, length)) => (words, Some(bytes[length..].to_vec())),
        None => (Words::default(), Some(bytes)),
    })
}

/// A line of a header that can't be used.
struct BadLine {
    line: String,
    why: String,
}

impl BadLine {
    fn refuse(self, name: &str) -> Box<Failure> {
        let cause = format!("the line {:?} of its header: {}", self.line, self.why);
        let mut failure = refuse(name, &cause);
        let way_out = "a text that only looks like a header is one when its first line is empty";
        failure.causes.push(way_out.to_owned());
        failure
    }
}

/// The header and its length in bytes. A header is lines of `key: value` up to an empty line or `---`, at least one of them with
/// a key that is known, or all of them behind a first `---`; anything else is text. A form's own keys are known where the
/// header or the file's name says which form it is: elsewhere a text may well begin with `Blocked: …`.
fn header(text: &str, named: Option<&str>) -> Result<Option<(Words, usize)>, BadLine> {
    let forms = forms::keys(
        &kind_of(text)
            .or(named.map(str::to_owned))
            .unwrap_or_default(),
    );
    let mut lines = text.split_inclusive('\n').peekable();
    let fence = lines.next_if(|line| line.trim() == "---");
    let mut length = fence.map_or(0, str::len);
    let mut words = Words::default();
    let (mut any, mut known, mut bad) = (false, false, None);
    for line in lines {
        length += line.len();
        let content = line.trim();
        if content.is_empty() || content == "---" {
            break;
        }
        let Some((key, value)) = pair(content) else {
            return Ok(None);
        };
        any = true;
        match words.take(&key, value, forms) {
            Taken::Yes => known = true,
            Taken::Unknown => {
                let why = format!(
                    "there is no key {key:?}; there are {}",
                    [&KEYS, forms].concat().join(", ")
                );
                bad.get_or_insert((content, why));
            }
            Taken::No(why) => {
                known = true;
                bad.get_or_insert((content, why));
            }
        }
    }
    // All header and no text: an acknowledgement is like that.
    let is_header = any && (known || fence.is_some());
    match bad {
        _ if !is_header => Ok(None),
        Some((line, why)) => Err(BadLine {
            line: line.chars().take(LINE_SHOWN).collect(),
            why,
        }),
        None => Ok(Some((words, length))),
    }
}

/// The kind that a text's first lines name.
fn kind_of(text: &str) -> Option<String> {
    let lines = text.lines().skip_while(|line| line.trim() == "---");
    let header = lines.take_while(|line| !matches!(line.trim(), "" | "---"));
    let mut pairs = header.filter_map(pair);
    pairs.find_map(|(key, value)| (key == "kind").then(|| kind(value)))
}

/// A kind as it is known: `Task_Assign` is `task-assign`.
fn kind(word: &str) -> String {
    word.to_ascii_lowercase().replace('_', "-")
}

/// A line's key in small letters, which is one word, and its value.
fn pair(line: &str) -> Option<(String, &str)> {
    let (key, value) = line.split_once(':')?;
    let key = key.trim();
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let is_key = !key.is_empty() && key.chars().all(is_word);
    is_key.then(|| (key.to_ascii_lowercase(), value.trim()))
}

/// What became of a line of a header.
enum Taken {
    Yes,
    /// Nobody knows the key.
    Unknown,
    /// The value can't be used.
    No(String),
}

impl Words {
    fn take(&mut self, key: &str, value: &str, forms: &[&str]) -> Taken {
        if forms.contains(&key) && !KEYS.contains(&key) {
            return self.take_of_form(key, value);
        }
        match key {
            "to" => self.to = Some(value.to_owned()),
            "kind" => self.kind = Some(kind(value)),
            "id" => self.id = Some(value.to_owned()),
            "minutes" => match value.parse() {
                Ok(minutes) => self.minutes = Some(minutes),
                Err(_) => return Taken::No("minutes is a number".to_owned()),
            },
            "path" => self.paths.push(value.into()),
            "urgent" => match truth(value) {
                Some(urgent) => self.urgent = urgent,
                None => return Taken::No("urgent is yes or no".to_owned()),
            },
            _ => return Taken::Unknown,
        }
        Taken::Yes
    }
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
    words.kind = words.kind.take().map(|word| kind(&word));
    let first = first_word(name);
    if let Some(kind) = kind_in(name) {
        // A role may be called so.
        let is_form = !forms::keys(kind).is_empty();
        if words.kind.is_none() && (words.to.is_none() || is_form) {
            words.kind = Some(kind.to_owned());
        }
    } else if words.to.is_none() && !first.is_empty() {
        let message = matches!(words.kind.as_deref(), None | Some("message"));
        // Of another kind the name is only a name.
        words.to = message.then(|| first.to_owned());
    }
}

/// The part of a file's name in front of [`SEPARATOR`].
fn first_word(name: &str) -> &str {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    stem.split(SEPARATOR).next().unwrap_or(stem).trim()
}

/// The kind that a file's name says.
fn kind_in(name: &str) -> Option<&str> {
    let first = first_word(name);
    (matches!(first, "complete" | "commit") || forms::KINDS.contains(&first)).then_some(first)
}

fn made(name: &str, words: Words, body: Body, worktree: &Path) -> Result<Request, Box<Failure>> {
    let cwd = worktree.to_owned();
    let text = |body: Body| match body {
        Body::Text(text) => Ok(text),
        Body::Bytes(_) => Err(refuse(name, "it is not UTF-8 text")),
    };
    let kind = words.kind.clone().unwrap_or_else(|| "message".to_owned());
    if let Some(key) = words.foreign_key(&kind) {
        return Err(refuse(
            name,
            &format!("a file of kind {kind:?} has no {key:?}"),
        ));
    }
    Ok(match kind.as_str() {
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
            cron: None,
            zone: None,
        })),
        form if forms::KINDS.contains(&form) => {
            forms::request(form, words, text(body)?, cwd).map_err(|cause| refuse(name, &cause))?
        }
        other => {
            let known = [&KINDS[..], &forms::KINDS].concat().join(", ");
            return Err(refuse(
                name,
                &format!("its kind is {other:?}; there are {known}"),
            ));
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
        Response::Rules(found) => forms::receipt(found),
        other => json!({"ok": true, "exit_code": 0, "answer": other}),
    }
}

/// The receipt of a message that is stored.
pub(crate) fn sent(id: &str) -> Value {
    json!({"ok": true, "exit_code": 0, "message": id})
}

#[cfg(test)]
mod tests;
