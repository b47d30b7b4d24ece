//! How the APIs speak of usage limits. Nobody documents these headers: they are what Claude Code 2.1.329 and Codex
//! 0.169.0 act on.

use std::time::Duration;

use serde_json::{Value, json};
use torch_core::Timestamp;

use super::{error, gemini};
use crate::model::answer::{Quota, Window};
use crate::model::request::Api;

/// How much of the other allowance is used, wherever both are told.
const OTHER_USED: f64 = 0.31;
/// When the other allowance is given anew.
const OTHER_RESETS_IN: Duration = Duration::from_secs(2 * 24 * 3600);

/// Headers of a normal answer that tell how much is used.
pub(super) fn headers(api: Api, quota: Quota, now: Timestamp) -> Vec<(String, String)> {
    match api {
        Api::Messages => {
            let status = if quota.used < 0.5 {
                "allowed"
            } else {
                "allowed_warning"
            };
            unified(quota, status, now)
        }
        Api::Responses => codex(quota, now),
        _ => Vec::new(),
    }
}

/// Status, headers and body where the limit is reached.
pub(super) fn reached(
    api: Api,
    quota: Quota,
    now: Timestamp,
) -> (u16, Vec<(String, String)>, Value) {
    let seconds = quota.resets_in.as_secs();
    match api {
        Api::Messages => {
            let mut headers = unified(quota, "rejected", now);
            headers.push(("retry-after".to_owned(), seconds.to_string()));
            headers.push(("x-should-retry".to_owned(), "false".to_owned()));
            let message =
                "This request would exceed your account's rate limit. Please try again later.";
            (429, headers, error(api, 429, "rate_limit_error", message))
        }
        Api::Responses => {
            let body = json!({"error": {
                "type": "usage_limit_reached",
                "message": "The usage limit has been reached",
                "plan_type": "plus",
                "resets_at": at(quota.resets_in, now),
                "resets_in_seconds": seconds,
            }});
            (429, codex(quota, now), body)
        }
        Api::Gemini => (429, Vec::new(), exhausted(seconds)),
        _ => {
            let headers = vec![("retry-after".to_owned(), seconds.to_string())];
            let message =
                "You exceeded your current quota, please check your plan and billing details.";
            (429, headers, error(api, 429, "insufficient_quota", message))
        }
    }
}

/// Unix seconds of an instant ahead.
fn at(ahead: Duration, now: Timestamp) -> u64 {
    now.after(ahead).0 / 1000
}

/// Anthropic's `anthropic-ratelimit-unified-*`.
fn unified(quota: Quota, status: &str, now: Timestamp) -> Vec<(String, String)> {
    let claim = match quota.window {
        Window::FiveHours | Window::Organization => "five_hour",
        Window::Week => "seven_day",
        Window::Opus => "seven_day_opus",
        Window::Sonnet => "seven_day_sonnet",
    };
    let mut fields = vec![
        ("status".to_owned(), status.to_owned()),
        ("reset".to_owned(), at(quota.resets_in, now).to_string()),
        ("representative-claim".to_owned(), claim.to_owned()),
        ("fallback-percentage".to_owned(), "0.5".to_owned()),
    ];
    for (name, this) in [
        ("5h", quota.window.is_short()),
        ("7d", !quota.window.is_short()),
    ] {
        let (status, used, resets_in) = if this {
            (status, quota.used, quota.resets_in)
        } else {
            ("allowed", OTHER_USED, OTHER_RESETS_IN)
        };
        fields.push((format!("{name}-status"), status.to_owned()));
        fields.push((format!("{name}-reset"), at(resets_in, now).to_string()));
        fields.push((format!("{name}-utilization"), used.to_string()));
        if this && status == "allowed_warning" {
            fields.push((format!("{name}-surpassed-threshold"), used.to_string()));
        }
    }
    if quota.window == Window::Organization {
        fields.push(("overage-status".to_owned(), "rejected".to_owned()));
        let reason = "org_level_disabled".to_owned();
        fields.push(("overage-disabled-reason".to_owned(), reason));
    }
    let prefix = "anthropic-ratelimit-unified";
    let named = fields.into_iter();
    named
        .map(|(name, value)| (format!("{prefix}-{name}"), value))
        .collect()
}

/// Codex' `x-codex-primary-*` (five hours) and `x-codex-secondary-*` (a week).
fn codex(quota: Quota, now: Timestamp) -> Vec<(String, String)> {
    let short = quota.window.is_short();
    let mut headers = Vec::new();
    for (name, minutes, this) in [("primary", 300, short), ("secondary", 10_080, !short)] {
        let (used, resets_in) = if this {
            (quota.used, quota.resets_in)
        } else {
            (OTHER_USED, OTHER_RESETS_IN)
        };
        for (field, value) in [
            ("used-percent", format!("{:.1}", used * 100.0)),
            ("window-minutes", minutes.to_string()),
            ("reset-after-seconds", resets_in.as_secs().to_string()),
            ("reset-at", at(resets_in, now).to_string()),
        ] {
            headers.push((format!("x-codex-{name}-{field}"), value));
        }
    }
    headers
}

/// Gemini's quota per day.
fn exhausted(seconds: u64) -> Value {
    let message = format!(
        "You exceeded your current quota, please check your plan and billing details. Please retry in {seconds}s."
    );
    let mut body = gemini::error(429, &message);
    body["error"]["details"] = json!([
        {
            "@type": "type.googleapis.com/google.rpc.QuotaFailure",
            "violations": [{
                "quotaMetric": "generativelanguage.googleapis.com/generate_content_free_tier_requests",
                "quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier",
                "quotaValue": "250",
            }],
        },
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": format!("{seconds}s")},
    ]);
    body
}
