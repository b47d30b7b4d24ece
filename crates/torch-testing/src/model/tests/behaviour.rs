//! What decides an answer, and what is told of it.

use std::time::{Duration, Instant};

use super::client::{ask, chat, messages, read, responses, send};
use crate::model::{Answer, FakeModel, Outcome, Role, Scenario, Settings};
use crate::wait::DEADLINE;

fn says(model: &FakeModel, text: &str) -> String {
    ask(model, "/v1/messages", &messages(text)).body
}

/// Waits for the outcome of the newest request.
fn outcome(model: &FakeModel, wanted: Outcome) -> bool {
    let found = model.wait_for(DEADLINE, |requests| {
        (requests.last()?.outcome == wanted).then_some(())
    });
    found.is_some()
}

#[test]
fn brain_queue_sticky_words_and_reply_in_this_order() {
    let model = FakeModel::with_brain(|request| {
        let first = request.user.first()?;
        (first == "brain").then(|| Answer::text("from the brain"))
    });
    model.sticky(Some(Scenario::Say("sticky".to_owned())));
    model.next([Scenario::Say("queued".to_owned())]);
    let words = "SCENARIO: say words";
    assert!(says(&model, "brain").contains("from the brain"));
    assert!(says(&model, words).contains("queued"));
    assert!(says(&model, words).contains("sticky"));
    model.sticky(None);
    assert!(says(&model, words).contains("words"));
    assert!(says(&model, "hello").contains("FAKE-REPLY 1: ok"));
    let decided: Vec<_> = model
        .requests()
        .into_iter()
        .map(|request| request.scenario.unwrap_or_default())
        .collect();
    assert_eq!(
        decided,
        ["brain", "say queued", "say sticky", "say words", ""]
    );
}

#[test]
fn side_calls_take_nothing_from_the_queue() {
    let model = FakeModel::start();
    model.next([Scenario::Overloaded]);
    let body = r#"{"model":"m","messages":[{"role":"user","content":"quota"}],
        "output_config":{"format":{"schema":{"type":"object","properties":{"title":{"type":"string"}}}}}}"#;
    let side = ask(&model, "/v1/messages", body);
    assert_eq!(side.status, 200);
    let text = side.json()["content"][0]["text"].clone();
    assert_eq!(text, r#"{"title":"a side answer"}"#);
    assert_eq!(model.requests()[0].role, Role::Side);
    assert_eq!(ask(&model, "/v1/messages", &messages("go")).status, 529);

    let title = r#"{"model":"m","messages":[{"role":"system","content":"You are a title generator."},
        {"role":"user","content":"hello"}]}"#;
    ask(&model, "/v1/chat/completions", title);
    assert_eq!(model.requests()[2].role, Role::Side);
    let toolless = r#"{"model":"m","messages":[{"role":"user","content":"hello"}]}"#;
    ask(&model, "/v1/chat/completions", toolless);
    assert_eq!(model.requests()[3].role, Role::Main);
}

#[test]
fn a_gated_request_waits_for_its_release() {
    let model = FakeModel::start();
    let connection = send(&model, "/v1/responses", &responses("SCENARIO: gate"));
    assert!(outcome(&model, Outcome::AtGate));
    model.release();
    let reply = read(connection);
    assert!(reply.complete && reply.body.contains("Released."));
    assert!(outcome(&model, Outcome::Answered));
    // A release is for those that wait then, not for later ones.
    let connection = send(&model, "/v1/responses", &responses("SCENARIO: gate"));
    assert!(outcome(&model, Outcome::AtGate));
    drop(connection);
    assert!(outcome(&model, Outcome::Abandoned));
}

#[test]
fn a_hung_request_ends_with_the_client() {
    let model = FakeModel::start();
    let connection = send(&model, "/v1/messages", &messages("SCENARIO: hang"));
    assert!(outcome(&model, Outcome::Hanging));
    drop(connection);
    assert!(outcome(&model, Outcome::Abandoned));
}

#[test]
fn a_dropped_stream_begins_and_is_cut() {
    let model = FakeModel::start();
    let reply = ask(&model, "/v1/messages", &messages("SCENARIO: drop"));
    assert_eq!(reply.status, 200);
    assert!(
        reply.body.contains("word1 ") && !reply.complete,
        "{reply:?}"
    );
    assert!(outcome(&model, Outcome::Cut));
    let whole = messages("SCENARIO: drop").replace("\"stream\":true", "\"stream\":false");
    assert_eq!(ask(&model, "/v1/messages", &whole).status, 0);
}

#[test]
fn a_slow_answer_takes_its_time_and_hanging_up_is_seen() {
    let model = FakeModel::start();
    let begun = Instant::now();
    let reply = ask(&model, "/v1/chat/completions", &chat("SCENARIO: slow 0.6"));
    assert!(begun.elapsed() >= Duration::from_millis(600), "{reply:?}");
    assert!(reply.body.contains("word3"), "{reply:?}");
    let connection = send(&model, "/v1/messages", &messages("SCENARIO: slow 600"));
    drop(connection);
    assert!(outcome(&model, Outcome::Abandoned));
}

#[test]
fn the_same_again_after_a_failure_is_a_retry_and_counts_once() {
    let model = FakeModel::start();
    let all: Result<Vec<Scenario>, _> = ["overloaded", "error 500", "say fine", "say again"]
        .iter()
        .map(|text| text.parse())
        .collect();
    model.next(all.expect("scenarios"));
    for _ in 0..4 {
        ask(&model, "/v1/responses", &responses("go"));
    }
    let retries: Vec<u32> = model.requests().iter().map(|it| it.retry).collect();
    // The last one is a new request: the one before was answered.
    assert_eq!(retries, [0, 1, 2, 0]);
    // The same conversation again is the same text, also where it was answered.
    assert_eq!(model.user_texts(), ["go"]);
}

#[test]
fn steps_are_one_for_each_answer() {
    let model = FakeModel::start();
    let talk = |answers: usize| {
        let mut messages = vec![serde_json::json!({
            "role": "user", "content": "SCENARIO: steps bash echo a ;; say b"})];
        for _ in 0..answers {
            messages.push(serde_json::json!({"role": "assistant", "content": "x"}));
            messages.push(serde_json::json!({"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "t", "content": "done\nwell"}]}));
        }
        let body = serde_json::json!({
            "model": "m", "tools": [{"name": "Bash"}], "messages": messages});
        ask(&model, "/v1/messages", &body.to_string()).json()["content"][0].clone()
    };
    assert_eq!(talk(0)["input"]["command"], "echo a");
    assert_eq!(talk(1)["text"], "b");
    assert_eq!(talk(2)["text"], "TOOL-RESULT-SEEN: done well");
}

#[test]
fn a_wrong_scenario_is_named_in_the_answer() {
    let model = FakeModel::start();
    let body = says(&model, "SCENARIO: warn 7d much");
    assert!(body.contains("is written `warn [5h|7d] FRACTION"), "{body}");
    assert!(says(&model, "SCENARIO: fly").contains("no scenario is called `fly`"));
}

#[test]
fn the_log_has_each_request_and_its_outcome() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("requests.jsonl");
    let settings = Settings {
        log: Some(log.clone()),
        ..Settings::default()
    };
    let model = FakeModel::with(settings).expect("it starts");
    says(&model, "hello");
    assert!(outcome(&model, Outcome::Answered));
    drop(model);
    let text = std::fs::read_to_string(log).expect("the log");
    let lines: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert_eq!(lines[0]["user"][0], "hello");
    assert_eq!(lines[0]["outcome"], "open");
    assert_eq!(lines[1], serde_json::json!({"n": 1, "outcome": "answered"}));
}

#[test]
fn another_process_steers_it_over_http() {
    let model = FakeModel::start();
    assert_eq!(ask(&model, "/fake/next", "say one\nsay two\n").status, 200);
    assert!(says(&model, "go").contains("one"));
    assert!(says(&model, "go").contains("two"));
    let bad = ask(&model, "/fake/sticky", "fly");
    assert_eq!(bad.status, 400);
    assert!(bad.body.contains("no scenario is called `fly`"));
    let requests = ask(&model, "/fake/requests", "").json();
    assert_eq!(requests[1]["scenario"], "say two");
}

#[test]
fn scenarios_are_written_as_they_are_read() {
    for text in [
        "say two words",
        "slow 1.5",
        "think 2",
        "stall 3",
        "hang",
        "gate",
        "drop",
        "bash touch a && sleep 1",
        r#"tool Write {"path":"a b"}"#,
        "steps say a ;; bash b ;; hang",
        "lines 3",
        "markdown",
        "usage 150000",
        "limit opus 60",
        "warn 7d 0.8 60",
        "ratelimit 5",
        "overloaded",
        "error 503 gone away",
        "auth",
        "credit",
        "toolong",
        "refusal",
        "maxtokens",
        r#"raw429 {"error":{}}"#,
    ] {
        let scenario: Scenario = text.parse().expect(text);
        assert_eq!(scenario.to_string(), text);
    }
    for text in ["", "hang on", "lines many", "limit 8h", "error 200", "tool"] {
        assert!(text.parse::<Scenario>().is_err(), "{text:?}");
    }
}
