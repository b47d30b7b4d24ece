//! JSON as programs in JavaScript write it: a text that was cut within an emoji has half of a surrogate pair, which
//! `JSON.stringify` writes as an escape and no strict reader takes.

use serde_json::Value;

/// Reads JSON; half a surrogate pair counts as U+FFFD. `None` for what is no JSON otherwise.
pub fn parse(text: &[u8]) -> Option<Value> {
    match serde_json::from_slice(text) {
        Ok(value) => Some(value),
        Err(_) => serde_json::from_slice(&mended(text)?).ok(),
    }
}

/// The text with each half of a pair replaced; `None` where there is none.
fn mended(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = text.to_vec();
    let (mut at, mut any) = (0, false);
    while at < text.len() {
        let step = match (text[at], escape(text, at)) {
            (b'\\', Some(0xd800..=0xdbff)) => {
                if matches!(escape(text, at + 6), Some(0xdc00..=0xdfff)) {
                    12
                } else {
                    out[at + 2..at + 6].copy_from_slice(b"fffd");
                    any = true;
                    6
                }
            }
            (b'\\', Some(0xdc00..=0xdfff)) => {
                out[at + 2..at + 6].copy_from_slice(b"fffd");
                any = true;
                6
            }
            (b'\\', _) => 2,
            _ => 1,
        };
        at += step;
    }
    any.then_some(out)
}

/// The code of the escape `\uXXXX` that begins at `at`.
fn escape(text: &[u8], at: usize) -> Option<u32> {
    let digits = text.get(at..at + 6)?.strip_prefix(b"\\u")?;
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn half_a_pair_is_a_replacement_character() {
        let cases = [
            (r#"{"a":"cut \ud83d"}"#, json!({"a": "cut \u{fffd}"})),
            (r#"{"a":"\ude00 cut"}"#, json!({"a": "\u{fffd} cut"})),
            (r#"{"a":"\ud83d\ud83d\ude00"}"#, json!({"a": "\u{fffd}😀"})),
            (r#"{"a":"whole \ud83d\ude00"}"#, json!({"a": "whole 😀"})),
            (
                r#"{"a":"no escape: \\ud83d"}"#,
                json!({"a": "no escape: \\ud83d"}),
            ),
        ];
        for (text, value) in cases {
            assert_eq!(parse(text.as_bytes()), Some(value), "{text}");
        }
        for text in ["", "{", "no json \\ud83d", r#"{"a":"\ud8"}"#, "\\u"] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }
}
