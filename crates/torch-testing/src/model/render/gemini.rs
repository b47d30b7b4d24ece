//! Gemini's `generateContent`: <https://ai.google.dev/api/generate-content>.

use serde_json::{Value, json};

use super::{Setting, Tape, output_tokens};
use crate::model::answer::{Speech, Stop};

pub(super) fn stream(speech: &Speech, setting: &Setting<'_>, tape: &mut Tape) {
    let piece = |parts: Value, finish: Value| response(&parts, &finish, speech, setting);
    for thought in &speech.thinking {
        tape.pause(speech.pace);
        tape.data(&piece(
            json!([{"text": thought, "thought": true}]),
            Value::Null,
        ));
    }
    for text in &speech.text {
        tape.pause(speech.pace);
        tape.data(&piece(json!([{"text": text}]), Value::Null));
    }
    if speech.cut {
        tape.cut();
        return;
    }
    let last = match speech.calls.as_slice() {
        [] => json!([{"text": ""}]),
        _ => json!(calls(speech)),
    };
    tape.data(&piece(last, json!(finish(speech))));
}

pub(super) fn whole(speech: &Speech, setting: &Setting<'_>) -> Value {
    let mut parts = Vec::new();
    if !speech.text.is_empty() {
        parts.push(json!({"text": speech.text.concat()}));
    }
    parts.extend(calls(speech));
    response(&json!(parts), &json!(finish(speech)), speech, setting)
}

pub(super) fn error(status: u16, message: &str) -> Value {
    let name = match status {
        400 => "INVALID_ARGUMENT",
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        429 => "RESOURCE_EXHAUSTED",
        503 | 529 => "UNAVAILABLE",
        _ => "INTERNAL",
    };
    json!({"error": {"code": status, "message": message, "status": name}})
}

fn calls(speech: &Speech) -> Vec<Value> {
    let calls = speech.calls.iter();
    calls
        .map(|call| json!({"functionCall": {"name": call.name, "args": call.input}}))
        .collect()
}

fn finish(speech: &Speech) -> &'static str {
    match speech.stop {
        Stop::Done => "STOP",
        Stop::Refusal => "SAFETY",
        Stop::Length => "MAX_TOKENS",
    }
}

fn response(parts: &Value, finish: &Value, speech: &Speech, setting: &Setting<'_>) -> Value {
    let output = output_tokens(speech);
    let mut candidate = json!({"content": {"role": "model", "parts": parts}, "index": 0});
    if !finish.is_null() {
        candidate["finishReason"] = finish.clone();
    }
    json!({
        "candidates": [candidate],
        "usageMetadata": {
            "promptTokenCount": setting.input_tokens,
            "candidatesTokenCount": output,
            "totalTokenCount": setting.input_tokens + output,
        },
        "modelVersion": setting.model,
        "responseId": setting.tag,
    })
}
