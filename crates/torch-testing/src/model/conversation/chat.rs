//! OpenAI's Chat Completions.

use serde_json::Value;

use super::{Conversation, Turn, list, string, texts, user};

pub(super) fn read(body: &Value) -> Conversation {
    let mut turns = Vec::new();
    let mut system = Vec::new();
    for message in list(&body["messages"]) {
        let texts = texts(&message["content"]);
        match string(message, "role") {
            "assistant" => turns.push(Turn::Answer),
            "tool" => turns.push(Turn::Tool(texts.concat())),
            "user" => turns.extend(texts.into_iter().map(user)),
            _ => system.extend(texts),
        }
    }
    let schema = &body["response_format"]["json_schema"]["schema"];
    Conversation {
        turns,
        system: system.join("\n"),
        tools: list(&body["tools"])
            .iter()
            .map(|tool| string(&tool["function"], "name").to_owned())
            .collect(),
        model: string(body, "model").to_owned(),
        streamed: body["stream"] == true,
        schema: schema.is_object().then(|| schema.clone()),
    }
}
