//! Gemini's `generateContent`.

use serde_json::Value;

use super::{Conversation, Turn, list, string, texts, user};

pub(super) fn read(path: &str, body: &Value) -> Conversation {
    let mut turns = Vec::new();
    for content in list(&body["contents"]) {
        if string(content, "role") == "model" {
            turns.push(Turn::Answer);
        } else {
            turns.extend(list(&content["parts"]).iter().filter_map(part));
        }
    }
    let declared = list(&body["tools"])
        .iter()
        .flat_map(|tool| list(&tool["functionDeclarations"]));
    let config = &body["generationConfig"];
    let schema = [&config["responseJsonSchema"], &config["responseSchema"]];
    Conversation {
        turns,
        system: texts(&body["systemInstruction"]["parts"]).join("\n"),
        tools: declared
            .map(|tool| string(tool, "name").to_owned())
            .collect(),
        model: model(path).to_owned(),
        streamed: path.contains(":streamGenerateContent"),
        schema: schema.into_iter().find(|it| it.is_object()).cloned(),
    }
}

fn part(part: &Value) -> Option<Turn> {
    if let Some(response) = part.get("functionResponse") {
        return Some(Turn::Tool(response["response"].to_string()));
    }
    part["text"].as_str().map(user)
}

/// The model of `…/models/gemini-3-pro:streamGenerateContent`.
fn model(path: &str) -> &str {
    let from = path.rsplit_once("models/").map_or("", |(_, rest)| rest);
    from.split(':').next().unwrap_or_default()
}
