//! Gemini CLI's home.

use serde_json::json;

use super::seed::{Launch, Seed, SeedError, variables};

pub(super) fn seed(seed: &Seed, mut launch: Launch) -> Result<Launch, SeedError> {
    launch.env.extend(variables([
        ("GEMINI_API_KEY", "dummy"),
        ("GOOGLE_GEMINI_BASE_URL", seed.url.as_str()),
        ("NO_BROWSER", "true"),
    ]));
    let settings = json!({
        "security": {
            "auth": {"selectedType": "gemini-api-key"},
            "folderTrust": {"enabled": true},
        },
        "privacy": {"usageStatisticsEnabled": false},
        "telemetry": {"enabled": false},
        "general": {
            "enableAutoUpdate": false,
            "enableAutoUpdateNotification": false,
            "disableAutoUpdate": true,
            "disableUpdateNag": true,
        },
    });
    seed.json(".gemini/settings.json", &seed.with_settings(settings))?;
    if seed.trusted {
        let trusted = json!({seed.project_path(): "TRUST_FOLDER"});
        seed.json(".gemini/trustedFolders.json", &trusted)?;
    }
    Ok(launch)
}
