//! What happened to an agent, in words: one line for each entry of its journal.

use serde_json::Value;
use torch_api::view::JournalView;
use torch_core::{AgentState, Timestamp};

use super::super::first_line;
use super::super::message::particulars;
use super::super::time::Clock;

/// The longest reason, in columns.
const REASON: usize = 100;
/// How many of the newest entries are shown whatever they are.
const LATEST: usize = 2;

/// The places of at most `most` entries, newest first: the newest ones, then those that say more than that a turn began or
/// ended.
pub(super) fn newest(history: &[JournalView], most: usize) -> Vec<usize> {
    let mut chosen: Vec<usize> = (0..history.len().min(LATEST).min(most)).collect();
    for turns in [false, true] {
        let others = (0..history.len()).filter(|at| !chosen.contains(at));
        let more = others.filter(|at| is_turn(&history[*at]) == turns);
        let more: Vec<usize> = more.take(most.saturating_sub(chosen.len())).collect();
        chosen.extend(more);
    }
    chosen.sort_unstable();
    chosen
}

/// Whether an entry only says that a turn began or ended.
fn is_turn(entry: &JournalView) -> bool {
    let state = |name| {
        let word = text(&entry.data, name);
        let states = [AgentState::Ready, AgentState::Idle, AgentState::Working];
        states.iter().any(|state| state.as_str() == word)
    };
    entry.kind == "agent.state" && state("from") && state("to")
}

/// What happened, and why, as far as that is known.
pub(super) fn said(entry: &JournalView, clock: &Clock) -> (String, String) {
    let data = &entry.data;
    let field = |name| first_line(text(data, name), REASON);
    let kind = entry.kind.strip_prefix("agent.").unwrap_or(&entry.kind);
    match kind {
        "state" => (
            match text(data, "from") {
                "" => field("to"),
                from => format!("{from} → {}", text(data, "to")),
            },
            why(data),
        ),
        "launch" => ("launched".to_owned(), by(entry)),
        "restarting" => {
            let at = data.get("at").and_then(Value::as_u64);
            let at = at.filter(|at| *at > entry.at.0);
            let when = at.map_or_else(String::new, |at| {
                format!(", due at {}", clock.second(Timestamp(at)))
            });
            let nth = data.get("nth").and_then(Value::as_u64).unwrap_or(1);
            (
                "restart".to_owned(),
                format!("{}; restart {nth}{when}", field("how")),
            )
        }
        "left" => (
            "left alone".to_owned(),
            format!("{}; {}", field("how"), field("why")),
        ),
        "ending" => ("being ended".to_owned(), field("why")),
        "wanted" => ("wanted again".to_owned(), by(entry)),
        "closed" => (
            "window closed".to_owned(),
            match (text(data, "error"), text(data, "log")) {
                ("", "") => String::new(),
                ("", log) => format!("its screen is in {}", first_line(log, REASON)),
                (error, _) => first_line(error, REASON),
            },
        ),
        "spool" => (
            "hooks missed".to_owned(),
            match data.get("at").and_then(Value::as_u64) {
                Some(at) => format!("{} (at byte {at})", field("what")),
                None => field("what"),
            },
        ),
        "completed" => ("completed".to_owned(), field("text")),
        "paused" | "unpaused" => (kind.to_owned(), by(entry)),
        other => (
            other.to_owned(),
            first_line(&format!("{} {}", particulars(data), by(entry)), REASON),
        ),
    }
}

/// What showed a state, in words where they are known: `turn ended (hook Stop)`.
fn why(data: &Value) -> String {
    let (source, detail) = (text(data, "source"), text(data, "detail"));
    let words = match (source, detail) {
        ("", detail) => detail.to_owned(),
        ("hook", "Stop") => "turn ended (hook Stop)".to_owned(),
        ("hook", "UserPromptSubmit") => "turn began (hook UserPromptSubmit)".to_owned(),
        ("hook", "SessionStart") => "program is ready (hook SessionStart)".to_owned(),
        ("hook", detail) => format!("hook {detail}"),
        (source, detail) => format!("{detail} ({source})"),
    };
    first_line(&words, REASON)
}

fn by(entry: &JournalView) -> String {
    format!("({})", first_line(&entry.cause, 60))
}

fn text<'a>(data: &'a Value, name: &str) -> &'a str {
    data.get(name).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(at: u64, kind: &str, data: Value) -> JournalView {
        JournalView {
            seq: at,
            at: Timestamp(at),
            kind: kind.to_owned(),
            cause: "hook UserPromptSubmit".to_owned(),
            data,
        }
    }

    fn state(at: u64, from: &str, to: &str, detail: &str) -> JournalView {
        let data = json!({"from": from, "to": to, "source": "hook", "detail": detail});
        entry(at, "agent.state", data)
    }

    #[test]
    fn an_end_is_not_hidden_behind_turns() {
        let mut history = Vec::new();
        for at in (10..30).rev() {
            history.push(state(at, "idle", "working", "UserPromptSubmit"));
        }
        history.push(entry(3, "agent.launch", json!({"launch": "x"})));
        history.push(state(2, "working", "crashed", "exit code 1"));
        history.push(entry(1, "agent.closed", json!({})));
        let at = |most| -> Vec<u64> {
            let chosen = newest(&history, most);
            chosen.iter().map(|at| history[*at].at.0).collect()
        };
        assert_eq!(at(6), [29, 28, 27, 3, 2, 1]);
        assert_eq!(at(4), [29, 28, 3, 2]);
        assert_eq!(at(1), [29]);
        assert_eq!(at(usize::MAX).len(), history.len());
    }

    #[test]
    fn what_a_hook_says_counts_and_not_whose_turn_it_was_in() {
        let clock = Clock {
            now: Timestamp(60_000),
            zone: jiff::tz::TimeZone::UTC,
        };
        let line = |entry: &JournalView| {
            let (what, why) = said(entry, &clock);
            format!("{what}  {why}")
        };
        assert_eq!(
            line(&state(1, "working", "idle", "Stop")),
            "working → idle  turn ended (hook Stop)"
        );
        let crashed =
            json!({"from": "idle", "to": "crashed", "source": "process", "detail": "signal 9"});
        assert_eq!(
            line(&entry(1, "agent.state", crashed)),
            "idle → crashed  signal 9 (process)"
        );
        let restarting = json!({"how": "signal 9", "nth": 2, "at": 1});
        assert_eq!(
            line(&entry(1, "agent.restarting", restarting)),
            "restart  signal 9; restart 2"
        );
        assert_eq!(
            line(&entry(1, "agent.launch", json!({"launch": "x"}))),
            "launched  (hook UserPromptSubmit)"
        );
    }
}
