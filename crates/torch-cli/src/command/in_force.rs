//! Settings that differ from those that the running daemon was started with: it reads them only then.
//!
//! A command that raises a team by them says so, once, and `torch config`; what an agent runs does not, as no agent may end the daemon.

use serde_json::Value;
use torch_core::config::{Config, KEYS, Key, Scope, Stricter};

use crate::connect;
use crate::output;
use crate::place::{Place, variable};

/// The daemon's own settings that have another value here; none where no daemon runs.
fn otherwise(place: &Place, config: &Config) -> Vec<String> {
    if !matches!(connect::running(place), Ok(Some(_))) {
        return Vec::new();
    }
    let file = torch_api::path::daemon_settings(&place.home);
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let Ok(theirs) = serde_json::from_str::<Value>(&text) else {
        return Vec::new();
    };
    // Where it can't be written as JSON there is nothing to compare.
    let Ok(ours) = serde_json::to_value(config) else {
        return Vec::new();
    };
    // What a project tightens goes to the daemon with its team: there only the user's own values are compared.
    let users = super::config::load_own(place, None).ok();
    let users = users.and_then(|config| serde_json::to_value(config).ok());
    let differing = KEYS.iter().filter_map(|key| match key.scope {
        Scope::User if !ASKED.contains(&key.name) => differs(key, &ours, &theirs),
        // The mode goes to the daemon with its team.
        Scope::Stricter(Stricter::Mode) => None,
        Scope::Stricter(_) => differs(key, users.as_ref()?, &theirs),
        _ => None,
    });
    differing.collect()
}

/// Says so to a person, before something is asked of the daemon.
pub(crate) fn say(place: &Place, config: &Config) {
    if variable("TORCH_AGENT").is_none()
        && let Some(note) = note(&otherwise(place, config))
    {
        output::notice(&note);
    }
}

/// One note for all that differs.
fn note(differing: &[String]) -> Option<String> {
    (!differing.is_empty()).then(|| {
        format!(
            "note: for the daemon that runs {}; it reads its settings when it starts (torch daemon stop)",
            differing.join(", ")
        )
    })
}

/// Settings that a command reads itself.
const ASKED: [&str; 2] = ["agents.default", "tmux.program"];

fn differs(key: &Key, ours: &Value, theirs: &Value) -> Option<String> {
    let pointer = format!("/{}", key.name.replace('.', "/"));
    let (ours, theirs) = (ours.pointer(&pointer)?, theirs.pointer(&pointer)?);
    (ours != theirs).then(|| format!("{} is {theirs}, not {ours}", key.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_of_the_user_is_found_in_the_config() {
        let config = serde_json::to_value(Config::default()).expect("JSON");
        for key in KEYS {
            let pointer = format!("/{}", key.name.replace('.', "/"));
            assert!(config.pointer(&pointer).is_some(), "{}", key.name);
        }
    }

    #[test]
    fn a_difference_is_told_with_both_values() {
        let mut other = Config::default();
        "accept-edits".clone_into(&mut other.agents.mode);
        ".env".clone_into(&mut other.worktree.copy);
        let json = |config: &Config| serde_json::to_value(config).expect("JSON");
        let (ours, theirs) = (json(&other), json(&Config::default()));
        let lines: Vec<String> = KEYS
            .iter()
            .filter_map(|key| differs(key, &ours, &theirs))
            .collect();
        assert_eq!(
            note(&lines).expect("a note"),
            "note: for the daemon that runs agents.mode is \"\", not \"accept-edits\", worktree.copy is \"\", not \".env\"; it reads its \
             settings when it starts (torch daemon stop)"
        );
        assert_eq!(note(&[]), None);
    }
}
