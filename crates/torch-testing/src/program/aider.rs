//! aider's start: it needs no files, only variables and arguments.

use super::seed::{Launch, Seed, variables};

pub(super) fn seed(seed: &Seed, mut launch: Launch) -> Launch {
    let url = format!("{}/v1", seed.url);
    launch.env.extend(variables([
        ("OPENAI_API_BASE", url.as_str()),
        ("OPENAI_API_KEY", "dummy"),
        ("AIDER_ANALYTICS", "false"),
        ("AIDER_CHECK_UPDATE", "false"),
        ("LITELLM_LOCAL_MODEL_COST_MAP", "True"),
    ]));
    launch.args([
        "--model",
        "openai/fake-model",
        "--no-show-model-warnings",
        "--no-check-update",
        "--no-show-release-notes",
        "--analytics-disable",
        "--no-gitignore",
    ])
}
