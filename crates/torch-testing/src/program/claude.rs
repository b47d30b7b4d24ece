//! Claude Code's home.
//!
//! With `CLAUDE_CONFIG_DIR` set, everything lies in that folder, `.claude.json` too (2.1.197, 2.1.329).

use serde_json::{Value, json};

use super::seed::{Account, Launch, Seed, SeedError, variables};

/// A key that no account has; only its form counts.
pub const DUMMY_KEY: &str = "sk-dummy-0123456789abcdefghij";

/// How much of a key's end is noted where it was approved.
const KEY_END: usize = 20;

/// 2100: the login never expires.
const EXPIRES: u64 = 4_102_444_800_000;

pub(super) fn seed(seed: &Seed, mut launch: Launch) -> Result<Launch, SeedError> {
    let folder = seed.home.join("claude").display().to_string();
    launch.env.extend(variables([
        ("CLAUDE_CONFIG_DIR", folder.as_str()),
        ("ANTHROPIC_BASE_URL", &seed.url),
        ("DISABLE_TELEMETRY", "1"),
        ("DISABLE_AUTOUPDATER", "1"),
        ("DISABLE_ERROR_REPORTING", "1"),
        ("DISABLE_BUG_COMMAND", "1"),
        ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"),
    ]));
    match seed.account {
        Account::ApiKey => launch
            .env
            .extend(variables([("ANTHROPIC_API_KEY", DUMMY_KEY)])),
        Account::Token => {
            let token = token("oat");
            let variable = variables([("CLAUDE_CODE_OAUTH_TOKEN", token.as_str())]);
            launch.env.extend(variable);
        }
        Account::Pro => seed.json(
            "claude/.credentials.json",
            &login("pro", "default_claude_ai"),
        )?,
        Account::Max => {
            let login = login("max", "default_claude_max_20x");
            seed.json("claude/.credentials.json", &login)?;
        }
    }
    seed.json("claude/.claude.json", &state(seed))?;
    if let Some(settings) = &seed.settings {
        seed.json("claude/settings.json", settings)?;
    }
    Ok(launch)
}

/// What Claude Code notes of a user who has been here before.
fn state(seed: &Seed) -> Value {
    let mut state = json!({
        "hasCompletedOnboarding": true,
        "lastOnboardingVersion": "99.0.0",
        "theme": "dark",
        "numStartups": 10,
        "autoUpdates": false,
        "projects": {},
    });
    if seed.account == Account::ApiKey && seed.approved {
        let end = &DUMMY_KEY[DUMMY_KEY.len() - KEY_END..];
        state["customApiKeyResponses"] = json!({"approved": [end], "rejected": []});
    }
    if seed.trusted {
        for project in std::iter::once(&seed.project).chain(&seed.others) {
            state["projects"][project.display().to_string()] =
                json!({"hasTrustDialogAccepted": true, "hasCompletedProjectOnboarding": true});
        }
    }
    state
}

/// A login to a plan, with tokens that nobody issued.
fn login(plan: &str, tier: &str) -> Value {
    json!({"claudeAiOauth": {
        "accessToken": token("oat"),
        "refreshToken": token("ort"),
        "expiresAt": EXPIRES,
        "scopes": ["user:inference", "user:profile"],
        "subscriptionType": plan,
        "rateLimitTier": tier,
    }})
}

/// A dummy of the usual form, put together so that it looks like a secret nowhere.
fn token(kind: &str) -> String {
    ["sk", "ant", &format!("{kind}01"), "dummy", "dummy", "dummy"].join("-")
}
