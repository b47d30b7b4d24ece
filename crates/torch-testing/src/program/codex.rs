//! Codex CLI's home.
//!
//! Without `--no-daemon` 0.169.0 leaves a background process behind that outlives the pane. A `CODEX_HOME` below `/tmp`
//! costs it its sandbox and shows a warning; put the home elsewhere.

use super::seed::{Launch, Seed, SeedError, variables};

pub(super) fn seed(seed: &Seed, mut launch: Launch) -> Result<Launch, SeedError> {
    let folder = seed.home.join("codex").display().to_string();
    launch.env.extend(variables([
        ("CODEX_HOME", folder.as_str()),
        ("OPENAI_API_KEY", "dummy"),
    ]));
    let mut config = format!(
        r#"model = "gpt-5"
model_provider = "fake"
approval_policy = "on-request"
sandbox_mode = "workspace-write"
check_for_update_on_startup = false

[model_providers.fake]
name = "fake"
base_url = "{}/v1"
wire_api = "responses"
env_key = "OPENAI_API_KEY"
request_max_retries = 2
stream_max_retries = 2

[analytics]
enabled = false

[otel]
exporter = "none"
"#,
        seed.url
    );
    if seed.trusted {
        let project = seed.project_path();
        config.push_str(&format!(
            "\n[projects.\"{project}\"]\ntrust_level = \"trusted\"\n"
        ));
    }
    seed.file("codex/config.toml", &config)?;
    Ok(launch.args(["--no-daemon"]))
}
