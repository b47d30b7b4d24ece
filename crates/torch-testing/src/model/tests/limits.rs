//! Failures and limits in each API's words.

use std::time::Duration;

use serde_json::json;

use super::client::{GEMINI, ask, chat, gemini, messages, responses};
use crate::model::{FakeModel, Quota, Scenario, Window};

const HOUR: Duration = Duration::from_secs(3_600);

#[test]
fn a_reached_limit_in_each_api() {
    let model = FakeModel::start();
    model.sticky(Some(Scenario::Limit(Window::Week, HOUR)));

    let claude = ask(&model, "/v1/messages", &messages("go"));
    assert_eq!(claude.status, 429);
    let unified = |name: &str| claude.header(&format!("anthropic-ratelimit-unified-{name}"));
    assert_eq!(unified("status"), Some("rejected"));
    assert_eq!(unified("representative-claim"), Some("seven_day"));
    assert_eq!(unified("7d-utilization"), Some("1"));
    assert_eq!(unified("5h-status"), Some("allowed"));
    assert_eq!(claude.header("retry-after"), Some("3600"));
    assert_eq!(claude.header("x-should-retry"), Some("false"));
    assert_eq!(claude.json()["error"]["type"], "rate_limit_error");

    let codex = ask(&model, "/v1/responses", &responses("go"));
    assert_eq!(codex.status, 429);
    assert_eq!(codex.json()["error"]["type"], "usage_limit_reached");
    assert_eq!(codex.json()["error"]["resets_in_seconds"], 3_600);
    assert_eq!(
        codex.header("x-codex-secondary-used-percent"),
        Some("100.0")
    );
    assert_eq!(codex.header("x-codex-primary-used-percent"), Some("31.0"));

    let google = ask(&model, GEMINI, &gemini("go")).json();
    assert_eq!(google["error"]["status"], "RESOURCE_EXHAUSTED");
    assert_eq!(google["error"]["details"][1]["retryDelay"], "3600s");

    let other = ask(&model, "/v1/chat/completions", &chat("go"));
    assert_eq!(
        (other.status, other.header("retry-after")),
        (429, Some("3600"))
    );
}

#[test]
fn a_limit_of_an_organization_names_it() {
    let model = FakeModel::start();
    model.next([Scenario::Limit(Window::Organization, HOUR)]);
    let reply = ask(&model, "/v1/messages", &messages("go"));
    let header = "anthropic-ratelimit-unified-overage-disabled-reason";
    assert_eq!(reply.header(header), Some("org_level_disabled"));
}

#[test]
fn a_warning_is_an_answer_with_headers() {
    let model = FakeModel::start();
    let warn = |used| {
        Scenario::Warn(Quota {
            window: Window::FiveHours,
            used,
            resets_in: HOUR,
        })
    };
    model.next([warn(0.93), warn(0.2), warn(0.8)]);
    for status in ["allowed_warning", "allowed"] {
        let reply = ask(&model, "/v1/messages", &messages("go"));
        assert!(reply.body.contains("Warned."), "{}", reply.body);
        let header = "anthropic-ratelimit-unified-status";
        assert_eq!(reply.header(header), Some(status));
    }
    let codex = ask(&model, "/v1/responses", &responses("go"));
    assert_eq!(codex.header("x-codex-primary-used-percent"), Some("80.0"));
    assert_eq!(codex.status, 200);
}

#[test]
fn failures_have_their_status_and_type() {
    let model = FakeModel::start();
    for (scenario, status, kind) in [
        ("overloaded", 529, "overloaded_error"),
        ("auth", 401, "authentication_error"),
        ("credit", 400, "invalid_request_error"),
        ("toolong", 400, "invalid_request_error"),
        ("ratelimit 7", 429, "rate_limit_error"),
        ("error 503 Service gone", 503, "api_error"),
    ] {
        let message = format!("SCENARIO: {scenario}");
        let reply = ask(&model, "/v1/messages", &messages(&message));
        assert_eq!(reply.status, status, "{scenario}");
        assert_eq!(reply.json()["error"]["type"], kind, "{scenario}");
        let other = ask(&model, "/v1/chat/completions", &chat(&message));
        assert_eq!(other.json()["error"]["code"], kind, "{scenario}");
    }
    let google = ask(&model, GEMINI, &gemini("SCENARIO: auth")).json();
    assert_eq!(google["error"]["status"], "UNAUTHENTICATED");
}

#[test]
fn a_raw_body_is_sent_as_it_is() {
    let model = FakeModel::start();
    let body = json!({"error": {"type": "usage_not_included", "plan_type": "free"}});
    model.next([Scenario::Raw429(body.clone())]);
    let reply = ask(&model, "/v1/responses", &responses("go"));
    assert_eq!((reply.status, reply.json()), (429, body));
}
