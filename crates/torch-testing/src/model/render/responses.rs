//! OpenAI's Responses: <https://platform.openai.com/docs/api-reference/responses-streaming>.

use serde_json::{Value, json};

use super::{Setting, Tape, output_tokens};
use crate::model::answer::{Speech, Stop, ToolCall};

pub(super) fn stream(speech: &Speech, setting: &Setting<'_>, tape: &mut Tape) {
    let mut events = Events { tape, sequence: 0 };
    let begun = response("in_progress", &[], &Value::Null, setting);
    events.event("response.created", json!({"response": begun}));
    events.event("response.in_progress", json!({"response": begun}));
    let mut output = Vec::new();
    if !speech.thinking.is_empty() {
        output.push(reasoning(speech, setting, &mut events));
    }
    if !speech.text.is_empty() {
        let item = text(speech, output.len(), setting, &mut events);
        output.push(item);
    }
    if speech.cut {
        events.tape.cut();
        return;
    }
    for (number, tool) in speech.calls.iter().enumerate() {
        let item = call(tool, number, setting);
        called(&item, output.len(), &mut events);
        output.push(item);
    }
    let done = response(
        status(speech),
        &output,
        &usage(setting, output_tokens(speech)),
        setting,
    );
    let name = match speech.stop {
        Stop::Length => "response.incomplete",
        _ => "response.completed",
    };
    events.event(name, json!({"response": done}));
}

pub(super) fn whole(speech: &Speech, setting: &Setting<'_>) -> Value {
    let mut output = Vec::new();
    if !speech.thinking.is_empty() {
        output.push(reasoning_item(&speech.thinking.concat(), setting));
    }
    if !speech.text.is_empty() {
        output.push(message(&speech.text.concat(), "completed", setting));
    }
    let calls = speech.calls.iter().enumerate();
    output.extend(calls.map(|(number, tool)| call(tool, number, setting)));
    response(
        status(speech),
        &output,
        &usage(setting, output_tokens(speech)),
        setting,
    )
}

pub(super) fn error(kind: &str, message: &str) -> Value {
    json!({"error": {"message": message, "type": kind, "code": kind, "param": null}})
}

/// The events of a stream, which are numbered.
struct Events<'a> {
    tape: &'a mut Tape,
    sequence: u64,
}

impl Events<'_> {
    fn event(&mut self, name: &str, mut data: Value) {
        data["type"] = json!(name);
        data["sequence_number"] = json!(self.sequence);
        self.sequence += 1;
        self.tape.typed(&data);
    }
}

fn status(speech: &Speech) -> &'static str {
    match speech.stop {
        Stop::Length => "incomplete",
        Stop::Done | Stop::Refusal => "completed",
    }
}

fn response(status: &str, output: &[Value], usage: &Value, setting: &Setting<'_>) -> Value {
    let incomplete = match status {
        "incomplete" => json!({"reason": "max_output_tokens"}),
        _ => Value::Null,
    };
    json!({
        "id": format!("resp_{}", setting.tag),
        "object": "response",
        "created_at": setting.now.0 / 1000,
        "model": setting.model,
        "status": status,
        "output": output,
        "usage": usage,
        "error": null,
        "incomplete_details": incomplete,
    })
}

fn usage(setting: &Setting<'_>, output: u64) -> Value {
    json!({
        "input_tokens": setting.input_tokens,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": output,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": setting.input_tokens + output,
    })
}

fn message(text: &str, status: &str, setting: &Setting<'_>) -> Value {
    let content = match status {
        "completed" => json!([part(text)]),
        _ => json!([]),
    };
    json!({
        "id": format!("msg_{}", setting.tag),
        "type": "message",
        "role": "assistant",
        "status": status,
        "content": content,
    })
}

fn part(text: &str) -> Value {
    json!({"type": "output_text", "text": text, "annotations": []})
}

fn reasoning_item(summary: &str, setting: &Setting<'_>) -> Value {
    let summary = match summary {
        "" => json!([]),
        text => json!([{"type": "summary_text", "text": text}]),
    };
    json!({"id": format!("rs_{}", setting.tag), "type": "reasoning", "summary": summary, "encrypted_content": "ZmFrZQ=="})
}

/// A tool in a namespace is called with both names, as the list of tools gives them; an input that is a text is one of a
/// custom tool (`apply_patch`).
fn call(tool: &ToolCall, number: usize, setting: &Setting<'_>) -> Value {
    if let Value::String(input) = &tool.input {
        return json!({
            "id": format!("ctc_{}{number}", setting.tag),
            "type": "custom_tool_call",
            "status": "completed",
            "call_id": format!("call_{}{number}", setting.tag),
            "name": tool.name,
            "input": input,
        });
    }
    let mut item = json!({
        "id": format!("fc_{}{number}", setting.tag),
        "type": "function_call",
        "status": "completed",
        "call_id": format!("call_{}{number}", setting.tag),
        "name": tool.name,
        "arguments": tool.input.to_string(),
    });
    if let Some((namespace, name)) = tool.name.split_once('.') {
        item["namespace"] = json!(namespace);
        item["name"] = json!(name);
    }
    item
}

fn reasoning(speech: &Speech, setting: &Setting<'_>, events: &mut Events<'_>) -> Value {
    let id = format!("rs_{}", setting.tag);
    let begun = reasoning_item("", setting);
    events.event(
        "response.output_item.added",
        json!({"output_index": 0, "item": begun}),
    );
    let place = json!({"item_id": id, "output_index": 0, "summary_index": 0});
    let with = |key: &str, value: Value| {
        let mut data = place.clone();
        data[key] = value;
        data
    };
    let empty = json!({"type": "summary_text", "text": ""});
    events.event("response.reasoning_summary_part.added", with("part", empty));
    for piece in &speech.thinking {
        events.tape.pause(speech.pace);
        events.event(
            "response.reasoning_summary_text.delta",
            with("delta", json!(piece)),
        );
    }
    let summary = speech.thinking.concat();
    events.event(
        "response.reasoning_summary_text.done",
        with("text", json!(summary)),
    );
    let item = reasoning_item(&summary, setting);
    events.event(
        "response.output_item.done",
        json!({"output_index": 0, "item": item}),
    );
    item
}

fn text(speech: &Speech, index: usize, setting: &Setting<'_>, events: &mut Events<'_>) -> Value {
    let begun = message("", "in_progress", setting);
    let id = begun["id"].clone();
    events.event(
        "response.output_item.added",
        json!({"output_index": index, "item": begun}),
    );
    let place = json!({"item_id": id, "output_index": index, "content_index": 0});
    let with = |key: &str, value: Value| {
        let mut data = place.clone();
        data[key] = value;
        data
    };
    events.event("response.content_part.added", with("part", part("")));
    for piece in &speech.text {
        events.tape.pause(speech.pace);
        events.event("response.output_text.delta", with("delta", json!(piece)));
    }
    let whole = speech.text.concat();
    let item = message(&whole, "completed", setting);
    if !speech.cut {
        events.event("response.output_text.done", with("text", json!(whole)));
        events.event("response.content_part.done", with("part", part(&whole)));
        events.event(
            "response.output_item.done",
            json!({"output_index": index, "item": item}),
        );
    }
    item
}

fn called(item: &Value, index: usize, events: &mut Events<'_>) {
    let (field, name) = match item["type"].as_str() {
        Some("custom_tool_call") => ("input", "custom_tool_call_input"),
        _ => ("arguments", "function_call_arguments"),
    };
    let mut begun = item.clone();
    begun[field] = json!("");
    begun["status"] = json!("in_progress");
    events.event(
        "response.output_item.added",
        json!({"output_index": index, "item": begun}),
    );
    let place = json!({"item_id": item["id"], "output_index": index});
    for (step, key) in [("delta", "delta"), ("done", field)] {
        let mut data = place.clone();
        data[key] = item[field].clone();
        events.event(&format!("response.{name}.{step}"), data);
    }
    events.event(
        "response.output_item.done",
        json!({"output_index": index, "item": item}),
    );
}
