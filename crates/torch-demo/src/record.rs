//! What the demo agent leaves behind for others to read: ledger, transcript and hook records.

use serde::Serialize;
use serde_json::{Value, json};
use torch_core::Timestamp;

use crate::agent::Identity;

/// What a ledger line says. The ledger is the tests' oracle: what the agent *really* got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum LedgerEntry {
    /// A prompt was submitted; it is on disk before the agent reacts to it.
    Prompt {
        /// The whole text.
        text: String,
        /// The id of the message in it, if there is one.
        #[serde(skip_serializing_if = "Option::is_none")]
        tag: Option<String>,
        /// Whether a hook handed it into a running turn.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        handed_over: bool,
    },
    /// The permission dialog was approved.
    Approved {
        /// The tool that it asked for.
        tool: String,
        /// How long a dialog of the background had been open, in milliseconds.
        #[serde(skip_serializing_if = "Option::is_none")]
        open_ms: Option<u64>,
    },
    /// The permission dialog was refused.
    Refused {
        /// The tool that it asked for.
        tool: String,
    },
    /// A turn, or the wait for a limit's end, was interrupted.
    Interrupted {
        /// The prompt of the turn.
        text: String,
    },
    /// A composer that was not empty was changed by typing or pasting.
    DraftChanged {
        /// The text as it is now.
        text: String,
    },
}

/// One ledger line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct LedgerLine {
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub entry: LedgerEntry,
}

/// A hook event with the fields that Claude Code gives it, on top of the common ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HookEvent {
    /// Its name, `SessionStart` and so on.
    pub name: &'static str,
    /// Its own fields, an object.
    pub fields: Value,
}

impl HookEvent {
    /// An event with these fields of its own.
    pub(crate) fn new(name: &'static str, fields: Value) -> Self {
        Self { name, fields }
    }

    /// The JSON that the hook's command reads.
    pub(crate) fn payload(&self, identity: &Identity, transcript: &str, cwd: &str) -> Value {
        let mut payload = json!({
            "session_id": identity.conversation,
            "transcript_path": transcript,
            "cwd": cwd,
            "permission_mode": "default",
            "hook_event_name": self.name,
        });
        if let (Value::Object(all), Value::Object(own)) = (&mut payload, &self.fields) {
            all.extend(own.clone());
        }
        payload
    }
}

/// A user record of the transcript.
pub(crate) fn user(text: &str, at: Timestamp, conversation: &str) -> Value {
    json!({
        "type": "user",
        "message": {"role": "user", "content": text},
        "timestamp": timestamp(at),
        "sessionId": conversation,
    })
}

/// The record of what a hook added at the end of a tool.
pub(crate) fn context(text: &str, at: Timestamp, conversation: &str) -> Value {
    json!({
        "type": "attachment",
        "attachment": {
            "type": "hook_additional_context",
            "content": [text],
            "hookName": "PostToolUse:Bash",
            "hookEvent": "PostToolUse",
        },
        "timestamp": timestamp(at),
        "sessionId": conversation,
    })
}

/// An assistant record of the transcript.
pub(crate) fn assistant(text: &str, at: Timestamp, conversation: &str) -> Value {
    json!({
        "type": "assistant",
        "message": {
            "role": "assistant",
            "model": "demo",
            "content": [{"type": "text", "text": text}],
        },
        "timestamp": timestamp(at),
        "sessionId": conversation,
    })
}

/// The assistant record of a usage limit, which says when it is reset.
pub(crate) fn limited(text: &str, until: Timestamp, at: Timestamp, conversation: &str) -> Value {
    let mut record = assistant(text, at, conversation);
    record["isApiErrorMessage"] = json!(true);
    record["error"] = json!("rate_limit");
    // The end of the second, so that nobody comes too early.
    let resets_at = until.0.div_ceil(1_000);
    record["quotaLimits"] =
        json!({"status": "rejected", "resetsAt": resets_at, "rateLimitType": "five_hour"});
    record
}

/// A notice of the program itself.
pub(crate) fn notice(text: &str, at: Timestamp, conversation: &str) -> Value {
    json!({
        "type": "system",
        "subtype": "informational",
        "content": text,
        "timestamp": timestamp(at),
        "sessionId": conversation,
    })
}

/// A time as RFC 3339 in UTC with milliseconds.
fn timestamp(at: Timestamp) -> String {
    let millis = i64::try_from(at.0).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(millis)
        .map(|time| format!("{time:.3}"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_their_shape() {
        let line = LedgerLine {
            at: Timestamp(5),
            entry: LedgerEntry::Prompt {
                text: "hi".to_owned(),
                tag: None,
                handed_over: false,
            },
        };
        assert_eq!(
            serde_json::to_value(line).unwrap(),
            json!({"at": 5, "kind": "prompt", "text": "hi"})
        );
        let record = user("hi", Timestamp(1_700_000_000_123), "s");
        assert_eq!(record["timestamp"], "2023-11-14T22:13:20.123Z");
        assert_eq!(record["message"]["content"], "hi");
    }
}
