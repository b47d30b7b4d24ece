//! A client of a few lines: one request, one connection.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use crate::model::FakeModel;

/// What came back, and how it ended.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: String,
    /// Whether the body ended as its headers said, and not with the connection.
    pub(super) complete: bool,
}

impl Reply {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("a JSON body")
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let start = format!("{name}: ");
        self.head.lines().find_map(|line| line.strip_prefix(&start))
    }
}

/// Sends a request, and leaves the answer to be read.
pub(super) fn send(model: &FakeModel, path: &str, body: &str) -> TcpStream {
    let mut connection = TcpStream::connect(("127.0.0.1", model.port())).expect("it listens");
    connection
        .set_read_timeout(Some(Duration::from_secs(15)))
        .expect("a timeout");
    let method = if body.is_empty() { "GET" } else { "POST" };
    write!(
        connection,
        "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .expect("it takes the request");
    connection
}

/// Sends a request and reads the answer.
pub(super) fn ask(model: &FakeModel, path: &str, body: &str) -> Reply {
    read(send(model, path, body))
}

/// Reads an answer to its end.
pub(super) fn read(mut connection: TcpStream) -> Reply {
    let mut bytes = Vec::new();
    // A cut connection may end with a reset.
    connection.read_to_end(&mut bytes).ok();
    let text = String::from_utf8(bytes).expect("UTF-8");
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return Reply {
            status: 0,
            head: String::new(),
            body: text,
            complete: false,
        };
    };
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
    let (body, complete) = match head.contains("transfer-encoding: chunked") {
        true => chunks(body),
        false => (body.to_owned(), true),
    };
    Reply {
        status: status.expect("a status"),
        head: head.to_owned(),
        body,
        complete,
    }
}

/// The chunks of a body, and whether the last one came.
fn chunks(mut rest: &str) -> (String, bool) {
    let mut body = String::new();
    while let Some((length, after)) = rest.split_once("\r\n") {
        let length = usize::from_str_radix(length, 16).expect("a chunk's length");
        if length == 0 {
            return (body, true);
        }
        let Some(chunk) = after.get(..length) else {
            break;
        };
        body.push_str(chunk);
        rest = after[length..].trim_start_matches("\r\n");
    }
    (body, false)
}

/// A request of Claude Code's shape with one user text.
pub(super) fn messages(text: &str) -> String {
    json!({
        "model": "claude-x", "stream": true, "system": [{"type": "text", "text": "Be brief."}],
        "tools": [{"name": "Bash", "input_schema": {}}],
        "messages": [{"role": "user", "content": [
            {"type": "text", "text": "<system-reminder>mind</system-reminder>"},
            {"type": "text", "text": text},
        ]}],
    })
    .to_string()
}

/// A request of Codex' shape.
pub(super) fn responses(text: &str) -> String {
    json!({
        "model": "gpt-x", "stream": true, "instructions": "Be brief.",
        "tools": [{"type": "function", "name": "exec_command"},
                  {"type": "namespace", "name": "mcp__demo", "tools": [{"type": "function", "name": "echo"}]}],
        "input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}],
    })
    .to_string()
}

/// A request of opencode's shape.
pub(super) fn chat(text: &str) -> String {
    json!({
        "model": "fake", "stream": true,
        "tools": [{"type": "function", "function": {"name": "bash"}}],
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": text}],
    })
    .to_string()
}

/// A request of Gemini CLI's shape.
pub(super) fn gemini(text: &str) -> String {
    json!({
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "tools": [{"functionDeclarations": [{"name": "run_shell_command"}]}],
        "contents": [{"role": "user", "parts": [{"text": text}]}],
    })
    .to_string()
}

pub(super) const GEMINI: &str = "/v1beta/models/gemini-x:streamGenerateContent?alt=sse";
