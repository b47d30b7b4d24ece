//! OpenAI's Responses.

use serde_json::Value;

use super::{Conversation, Turn, list, string, texts, user};

pub(super) fn read(body: &Value) -> Conversation {
    let mut turns = Vec::new();
    let mut system = vec![string(body, "instructions").to_owned()];
    match &body["input"] {
        Value::String(text) => turns.push(user(text)),
        items => {
            for item in list(items) {
                read_item(item, &mut turns, &mut system);
            }
        }
    }
    system.retain(|text| !text.is_empty());
    let format = &body["text"]["format"];
    Conversation {
        turns,
        system: system.join("\n"),
        tools: list(&body["tools"]).iter().flat_map(tool_names).collect(),
        model: string(body, "model").to_owned(),
        streamed: body["stream"] == true,
        schema: (format["type"] == "json_schema").then(|| format["schema"].clone()),
    }
}

fn read_item(item: &Value, turns: &mut Vec<Turn>, system: &mut Vec<String>) {
    let kind = item["type"].as_str().unwrap_or("message");
    match (kind, string(item, "role")) {
        ("message", "assistant") => turns.push(Turn::Answer),
        ("message", "user") => turns.extend(texts(&item["content"]).into_iter().map(user)),
        // Instructions between the answers are put there by the program, or by a hook of it.
        ("message", _) if turns.contains(&Turn::Answer) => {
            let texts = texts(&item["content"]).into_iter();
            turns.extend(texts.map(|text| Turn::Injected(text.to_owned())));
        }
        ("message", _) => {
            system.extend(texts(&item["content"]).into_iter().map(str::to_owned));
        }
        ("function_call" | "custom_tool_call" | "local_shell_call", _) => turns.push(Turn::Answer),
        (kind, _) if kind.ends_with("_output") => {
            let output = &item["output"];
            let text = match output {
                Value::Object(_) => output.to_string(),
                other => texts(other).concat(),
            };
            turns.push(Turn::Tool(text));
        }
        // Reasoning and compaction, which have no text for us.
        _ => {}
    }
}

/// A function has a name, a namespace has functions in it, and a built-in tool has only a type.
fn tool_names(tool: &Value) -> Vec<String> {
    let inner = list(&tool["tools"]);
    let own = match string(tool, "name") {
        "" => string(tool, "type"),
        name => name,
    };
    if inner.is_empty() {
        return vec![own.to_owned()];
    }
    let named = inner.iter().map(|tool| string(tool, "name"));
    named.map(|name| format!("{own}.{name}")).collect()
}
