//! The server's own paths, for a person or another process: `POST /fake/next`, `/fake/sticky`, `/fake/release`, each
//! with scenarios as plain text, one per line, and `/fake/requests`, which gives all requests as JSON.

use serde_json::{Value, json};

use super::command::Command;
use super::scenario::Scenario;
use super::state::State;

/// Does what `word` says; the status and the answer.
pub(super) fn obey(state: &mut State, word: &str, body: &[u8]) -> (u16, Value) {
    let text = String::from_utf8_lossy(body);
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let scenarios: Result<Vec<Scenario>, _> = lines.map(str::parse).collect();
    let scenarios = match scenarios {
        Ok(scenarios) => scenarios,
        Err(error) => return (400, json!({"error": error.to_string()})),
    };
    match word {
        "requests" => return (200, json!(state.requests())),
        "next" => state.obey(Command::Next(scenarios)),
        "sticky" => state.obey(Command::Sticky(scenarios.into_iter().next())),
        "release" => state.obey(Command::Release),
        other => {
            return (
                404,
                json!({"error": format!("no such path: /fake/{other}")}),
            );
        }
    }
    (200, json!({"ok": true}))
}
