//! Anthropic's Messages: <https://docs.anthropic.com/en/api/messages-streaming>.

use serde_json::{Value, json};

use super::{Setting, Tape, output_tokens};
use crate::model::answer::{Speech, Stop, ToolCall};

pub(super) fn stream(speech: &Speech, setting: &Setting<'_>, tape: &mut Tape) {
    tape.typed(&json!({"type": "message_start", "message": message(&[], Value::Null, setting, 1)}));
    let mut index = 0;
    if !speech.thinking.is_empty() {
        thinking(speech, index, tape);
        index += 1;
    }
    if !speech.text.is_empty() {
        text(speech, index, tape);
        index += 1;
    }
    if speech.cut {
        tape.cut();
        return;
    }
    for (number, call) in speech.calls.iter().enumerate() {
        let block = json!({"type": "tool_use", "id": call_id(number, setting), "name": call.name, "input": {}});
        start(index, &block, tape);
        let input = call.input.to_string();
        delta(
            index,
            &json!({"type": "input_json_delta", "partial_json": input}),
            tape,
        );
        stop(index, tape);
        index += 1;
    }
    tape.typed(&json!({
        "type": "message_delta",
        "delta": {"stop_reason": reason(speech), "stop_sequence": null},
        "usage": usage(setting, output_tokens(speech)),
    }));
    tape.typed(&json!({"type": "message_stop"}));
}

pub(super) fn whole(speech: &Speech, setting: &Setting<'_>) -> Value {
    let mut content = Vec::new();
    if !speech.thinking.is_empty() {
        content.push(json!({"type": "thinking", "thinking": speech.thinking.concat(), "signature": SIGNATURE}));
    }
    if !speech.text.is_empty() {
        content.push(json!({"type": "text", "text": speech.text.concat()}));
    }
    for (number, ToolCall { name, input }) in speech.calls.iter().enumerate() {
        content.push(json!({"type": "tool_use", "id": call_id(number, setting), "name": name, "input": input}));
    }
    message(
        &content,
        json!(reason(speech)),
        setting,
        output_tokens(speech),
    )
}

pub(super) fn error(kind: &str, message: &str) -> Value {
    json!({"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_fake"})
}

/// The seal of thinking; programs hand it back unread.
const SIGNATURE: &str = "ZmFrZQ==";

fn message(content: &[Value], stop: Value, setting: &Setting<'_>, output: u64) -> Value {
    json!({
        "id": format!("msg_{}", setting.tag),
        "type": "message",
        "role": "assistant",
        "model": setting.model,
        "content": content,
        "stop_reason": stop,
        "stop_sequence": null,
        "usage": usage(setting, output),
    })
}

fn usage(setting: &Setting<'_>, output: u64) -> Value {
    json!({
        "input_tokens": setting.input_tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": output,
        "service_tier": "standard",
    })
}

fn call_id(number: usize, setting: &Setting<'_>) -> String {
    format!("toolu_{}{number}", setting.tag)
}

fn reason(speech: &Speech) -> &'static str {
    match speech.stop {
        _ if !speech.calls.is_empty() => "tool_use",
        Stop::Done => "end_turn",
        Stop::Refusal => "refusal",
        Stop::Length => "max_tokens",
    }
}

fn thinking(speech: &Speech, index: usize, tape: &mut Tape) {
    start(
        index,
        &json!({"type": "thinking", "thinking": "", "signature": ""}),
        tape,
    );
    for piece in &speech.thinking {
        tape.pause(speech.pace);
        delta(
            index,
            &json!({"type": "thinking_delta", "thinking": piece}),
            tape,
        );
    }
    delta(
        index,
        &json!({"type": "signature_delta", "signature": SIGNATURE}),
        tape,
    );
    stop(index, tape);
}

fn text(speech: &Speech, index: usize, tape: &mut Tape) {
    start(index, &json!({"type": "text", "text": ""}), tape);
    for piece in &speech.text {
        tape.pause(speech.pace);
        delta(index, &json!({"type": "text_delta", "text": piece}), tape);
    }
    if !speech.cut {
        stop(index, tape);
    }
}

fn start(index: usize, block: &Value, tape: &mut Tape) {
    tape.typed(&json!({"type": "content_block_start", "index": index, "content_block": block}));
}

fn delta(index: usize, delta: &Value, tape: &mut Tape) {
    tape.typed(&json!({"type": "content_block_delta", "index": index, "delta": delta}));
}

fn stop(index: usize, tape: &mut Tape) {
    tape.typed(&json!({"type": "content_block_stop", "index": index}));
}
