//! The id of a request that can't be read as a whole: too long, nested too deep, or no JSON somewhere else.

use serde_json::Value;

/// The longest id that is looked at, in bytes.
const WORD_MAX: usize = 1024;

/// Looks for the `id` of the object that a text is, in parts, remembering no more of it than that.
#[derive(Debug, Default)]
pub(super) struct IdScan {
    /// How many brackets are open.
    depth: usize,
    /// Whether the outermost one is an object's.
    object: bool,
    in_string: bool,
    escaped: bool,
    /// Whether what comes is a key of that object.
    key_next: bool,
    within: Within,
    word: Vec<u8>,
    id: Option<Value>,
}

/// What is being read.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Within {
    Key,
    Id,
    #[default]
    Else,
}

impl IdScan {
    /// Reads on.
    pub(super) fn read(&mut self, text: &[u8]) {
        text.iter().for_each(|byte| self.take(*byte));
    }

    /// The id, if there was one: a whole number or a text.
    pub(super) fn id(self) -> Option<Value> {
        self.id
    }

    fn take(&mut self, byte: u8) {
        if self.in_string {
            self.keep(byte);
            let ends = byte == b'"' && !self.escaped;
            self.escaped = byte == b'\\' && !self.escaped;
            self.in_string = !ends;
            return;
        }
        match byte {
            b'"' => {
                if self.depth == 1 && self.key_next {
                    self.within = Within::Key;
                    self.word.clear();
                }
                self.in_string = true;
                self.keep(byte);
            }
            b'{' | b'[' => {
                if self.depth == 0 {
                    self.object = byte == b'{';
                    self.key_next = self.object;
                }
                self.depth += 1;
                // No id is one of these.
                self.within = Within::Else;
            }
            b'}' | b']' => {
                self.end_of_member();
                self.depth = self.depth.saturating_sub(1);
            }
            b',' => self.end_of_member(),
            b':' if self.depth == 1 && self.within == Within::Key => {
                self.within = match &self.word[..] {
                    b"\"id\"" => Within::Id,
                    _ => Within::Else,
                };
                self.key_next = false;
                self.word.clear();
            }
            byte if byte.is_ascii_whitespace() => {}
            other => self.keep(other),
        }
    }

    fn keep(&mut self, byte: u8) {
        if self.within == Within::Else {
            return;
        }
        if self.word.len() == WORD_MAX {
            self.within = Within::Else;
            return;
        }
        self.word.push(byte);
    }

    fn end_of_member(&mut self) {
        if self.depth != 1 {
            return;
        }
        if self.within == Within::Id && self.id.is_none() {
            let id = serde_json::from_slice::<Value>(&self.word).ok();
            self.id = id.filter(|id| id.is_i64() || id.is_u64() || id.is_string());
        }
        self.within = Within::Else;
        self.key_next = self.object;
        self.word.clear();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_id_is_found_wherever_it_stands() {
        let deep = "[".repeat(100_000);
        let cases = [
            (r#"{"id":7,"x":"#.to_owned() + &deep, json!(7)),
            (
                r#"{"params":{"id":1},"id" : "a\"b" }"#.to_owned(),
                json!("a\"b"),
            ),
            (
                r#"{"p":"\"id\":1,","q":["id",2],"id":-3}"#.to_owned(),
                json!(-3),
            ),
            (r#"{"a":"\\","id":4}"#.to_owned(), json!(4)),
            (r#"{"id":5,"id":6}"#.to_owned(), json!(5)),
            (r#"{"t":"id","id":8}"#.to_owned(), json!(8)),
        ];
        for (text, id) in cases {
            let mut scan = IdScan::default();
            // In parts, as they come.
            text.as_bytes().chunks(3).for_each(|part| scan.read(part));
            let short = &text[..text.len().min(60)];
            assert_eq!(scan.id(), Some(id), "{short}");
        }
    }

    #[test]
    fn what_is_no_id_is_none() {
        let long = format!(r#"{{"id":"{}"}}"#, "x".repeat(5_000));
        for text in [
            "",
            "nothing",
            r#"["id",7]"#,
            r#"[{"id":7}]"#,
            r#"{"id":1.5}"#,
            r#"{"id":null}"#,
            r#"{"id":[7]}"#,
            r#"{"id":{"id":7}}"#,
            r#"{"x":{"id":7}}"#,
            r#"{"id":7"#,
            r#"}}}}"id":7,"#,
            &long,
        ] {
            let mut scan = IdScan::default();
            scan.read(text.as_bytes());
            assert_eq!(scan.id(), None, "{text}");
        }
    }
}
