//! OpenAI's Chat Completions: <https://platform.openai.com/docs/api-reference/chat-streaming>.

use serde_json::{Value, json};

use super::{Setting, Tape, output_tokens};
use crate::model::answer::{Speech, Stop};

pub(super) fn stream(speech: &Speech, setting: &Setting<'_>, tape: &mut Tape) {
    let chunk = |choices: Value| {
        json!({
            "id": id(setting),
            "object": "chat.completion.chunk",
            "created": setting.now.0 / 1000,
            "model": setting.model,
            "choices": choices,
        })
    };
    let delta = |delta: Value, finish: Value| {
        chunk(json!([{"index": 0, "delta": delta, "finish_reason": finish}]))
    };
    tape.data(&delta(
        json!({"role": "assistant", "content": ""}),
        Value::Null,
    ));
    let thinking = speech.thinking.iter().map(|it| ("reasoning_content", it));
    let text = speech.text.iter().map(|it| ("content", it));
    for (key, piece) in thinking.chain(text) {
        tape.pause(speech.pace);
        tape.data(&delta(json!({key: piece}), Value::Null));
    }
    if speech.cut {
        tape.cut();
        return;
    }
    if !speech.calls.is_empty() {
        tape.data(&delta(
            json!({"tool_calls": calls(speech, setting)}),
            Value::Null,
        ));
    }
    tape.data(&delta(json!({}), json!(finish(speech))));
    let mut last = chunk(json!([]));
    last["usage"] = usage(speech, setting);
    tape.data(&last);
    tape.push("data: [DONE]\n\n".to_owned());
}

pub(super) fn whole(speech: &Speech, setting: &Setting<'_>) -> Value {
    let mut message = json!({"role": "assistant", "content": null});
    if !speech.text.is_empty() {
        message["content"] = json!(speech.text.concat());
    }
    if !speech.calls.is_empty() {
        message["tool_calls"] = json!(calls(speech, setting));
    }
    json!({
        "id": id(setting),
        "object": "chat.completion",
        "created": setting.now.0 / 1000,
        "model": setting.model,
        "choices": [{"index": 0, "message": message, "finish_reason": finish(speech)}],
        "usage": usage(speech, setting),
    })
}

fn id(setting: &Setting<'_>) -> String {
    format!("chatcmpl-{}", setting.tag)
}

fn calls(speech: &Speech, setting: &Setting<'_>) -> Vec<Value> {
    let calls = speech.calls.iter().enumerate();
    calls
        .map(|(index, call)| {
            json!({
                "index": index,
                "id": format!("call_{}{index}", setting.tag),
                "type": "function",
                "function": {"name": call.name, "arguments": call.input.to_string()},
            })
        })
        .collect()
}

fn finish(speech: &Speech) -> &'static str {
    match speech.stop {
        _ if !speech.calls.is_empty() => "tool_calls",
        Stop::Done => "stop",
        Stop::Refusal => "content_filter",
        Stop::Length => "length",
    }
}

fn usage(speech: &Speech, setting: &Setting<'_>) -> Value {
    let output = output_tokens(speech);
    json!({
        "prompt_tokens": setting.input_tokens,
        "completion_tokens": output,
        "total_tokens": setting.input_tokens + output,
    })
}
