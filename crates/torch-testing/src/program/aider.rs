//! aider's home.
//!
//! It fetches a list of models' windows and prices at its start, unless one lies in its cache that is younger than a day
//! (0.86.2).

use serde_json::json;

use super::seed::{Launch, Seed, SeedError, variables};

pub(super) fn seed(seed: &Seed, mut launch: Launch) -> Result<Launch, SeedError> {
    let model = json!({
        "max_tokens": 8_000,
        "max_input_tokens": 200_000,
        "max_output_tokens": 8_000,
        "input_cost_per_token": 0.0,
        "output_cost_per_token": 0.0,
        "litellm_provider": "openai",
        "mode": "chat",
    });
    let models = json!({"openai/fake-model": model, "fake-model": model});
    seed.json(
        ".aider/caches/model_prices_and_context_window.json",
        &models,
    )?;
    let url = format!("{}/v1", seed.url);
    launch.env.extend(variables([
        ("OPENAI_API_BASE", url.as_str()),
        ("OPENAI_API_KEY", "dummy"),
        ("AIDER_ANALYTICS", "false"),
        ("AIDER_CHECK_UPDATE", "false"),
        ("LITELLM_LOCAL_MODEL_COST_MAP", "True"),
        // The same as the arguments below, for whoever starts it with arguments of their own.
        ("AIDER_MODEL", "openai/fake-model"),
        ("AIDER_SHOW_MODEL_WARNINGS", "false"),
        ("AIDER_ANALYTICS_DISABLE", "true"),
    ]));
    Ok(launch.args([
        "--model",
        "openai/fake-model",
        "--no-show-model-warnings",
        "--no-check-update",
        "--no-show-release-notes",
        "--analytics-disable",
        "--no-gitignore",
    ]))
}
