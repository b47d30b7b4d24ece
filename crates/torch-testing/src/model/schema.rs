//! An answer that follows a JSON schema, for the side calls that ask for one.

use serde_json::{Map, Value, json};

/// A small value of this schema.
pub(super) fn example(schema: &Value) -> Value {
    if let Some(first) = schema["enum"].get(0) {
        return first.clone();
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.first().and_then(Value::as_str),
        kind => kind.as_str(),
    };
    match kind.unwrap_or_default().to_lowercase().as_str() {
        "object" => {
            let properties = schema["properties"].as_object();
            let fields = properties
                .into_iter()
                .flatten()
                .map(|(name, schema)| (name.clone(), example(schema)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
        "array" => json!([]),
        "boolean" => json!(false),
        "integer" | "number" => json!(0),
        "null" => Value::Null,
        _ => json!("a side answer"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_gets_a_value_of_its_type() {
        let schema = json!({"type": "object", "properties": {
            "title": {"type": "string"}, "new": {"type": ["boolean", "null"]}, "kind": {"enum": ["a", "b"]},
            "parts": {"type": "array"}, "count": {"type": "INTEGER"}}});
        assert_eq!(
            example(&schema),
            json!({"title": "a side answer", "new": false, "kind": "a", "parts": [], "count": 0})
        );
    }
}
