//! Anthropic's Messages.

use serde_json::Value;

use super::{Conversation, Turn, list, string, texts, user};

pub(super) fn read(body: &Value) -> Conversation {
    let mut turns = Vec::new();
    for message in list(&body["messages"]) {
        match string(message, "role") {
            "assistant" => turns.push(Turn::Answer),
            "user" => match &message["content"] {
                Value::String(text) => turns.push(user(text)),
                parts => turns.extend(list(parts).iter().filter_map(part)),
            },
            // Some versions put instructions between the messages.
            _ => turns.extend(
                texts(&message["content"])
                    .into_iter()
                    .map(|text| Turn::Injected(text.to_owned())),
            ),
        }
    }
    let schema = [
        &body["output_config"]["format"]["schema"],
        &body["output_format"]["schema"],
    ];
    Conversation {
        turns,
        system: texts(&body["system"]).join("\n"),
        tools: list(&body["tools"])
            .iter()
            .map(|tool| string(tool, "name").to_owned())
            .collect(),
        model: string(body, "model").to_owned(),
        streamed: body["stream"] == true,
        schema: schema.into_iter().find(|it| it.is_object()).cloned(),
    }
}

fn part(part: &Value) -> Option<Turn> {
    match string(part, "type") {
        "text" => Some(user(string(part, "text"))),
        "tool_result" => Some(Turn::Tool(texts(&part["content"]).concat())),
        _ => None,
    }
}
