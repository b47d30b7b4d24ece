//! opencode's home.

use serde_json::json;

use super::seed::{Launch, Seed, SeedError, variables};

pub(super) fn seed(seed: &Seed, mut launch: Launch) -> Result<Launch, SeedError> {
    launch.env.extend(variables([
        ("OPENCODE_DISABLE_AUTOUPDATE", "1"),
        ("OPENCODE_DISABLE_MODELS_FETCH", "1"),
        ("OPENCODE_DISABLE_DEFAULT_PLUGINS", "1"),
        ("OPENCODE_DISABLE_LSP_DOWNLOAD", "1"),
    ]));
    let config = json!({
        "$schema": "https://opencode.ai/config.json",
        "autoupdate": false,
        "share": "disabled",
        "model": "fake/fake-model",
        "small_model": "fake/fake-model",
        "provider": {"fake": {
            "npm": "@ai-sdk/openai-compatible",
            "name": "Fake",
            "options": {"baseURL": format!("{}/v1", seed.url), "apiKey": "dummy"},
            "models": {"fake-model": {
                "name": "Fake Model",
                "limit": {"context": 200_000, "output": 8_000},
                "tool_call": true,
            }},
        }},
        "permission": {"bash": "ask", "edit": "ask"},
    });
    let config = seed.with_settings(config);
    seed.json(".config/opencode/opencode.json", &config)?;
    Ok(launch)
}
