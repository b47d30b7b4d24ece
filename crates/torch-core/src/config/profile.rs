//! Policy profiles: files of settings that stand between the defaults and the user's own.

use toml::{Table, Value};

use super::key::KEYS;
use crate::policy::Profile;

const TEAM: &str = include_str!("../../../../templates/policies/team.toml");
const REVIEW_ONLY: &str = include_str!("../../../../templates/policies/review-only.toml");
const SUPERVISED: &str = include_str!("../../../../templates/policies/supervised.toml");

/// A profile's file, read.
#[derive(Debug, Clone, PartialEq)]
pub struct ProfileFile {
    /// What it means, in one sentence.
    pub summary: String,
    /// Its settings by key, in the order of [`KEYS`].
    pub values: Vec<(&'static str, Value)>,
}

impl Profile {
    /// What its file says. The files are compiled in, and a test holds that each is whole.
    pub fn file(self) -> ProfileFile {
        let text = match self {
            Self::Team => TEAM,
            Self::ReviewOnly => REVIEW_ONLY,
            Self::Supervised => SUPERVISED,
        };
        let table: Table = text.parse().unwrap_or_default();
        let value = |key: &'static str| {
            let (section, name) = key.split_once('.')?;
            Some((key, table.get(section)?.get(name)?.clone()))
        };
        let summary = table.get("summary").and_then(Value::as_str);
        ProfileFile {
            summary: summary.unwrap_or_default().to_owned(),
            values: KEYS.iter().filter_map(|key| value(key.name)).collect(),
        }
    }

    /// The profile of this name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|profile| profile.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Key, Layers, layer};
    use crate::policy::TeamPolicy;

    #[test]
    fn every_file_is_whole_and_names_settings_only() {
        for (profile, text) in [
            (Profile::Team, TEAM),
            (Profile::ReviewOnly, REVIEW_ONLY),
            (Profile::Supervised, SUPERVISED),
        ] {
            let table: Table = text.parse().expect("TOML");
            assert_eq!(table["name"].as_str(), Some(profile.as_str()));
            assert!(!profile.file().summary.is_empty());
            let mut settings = 0;
            for (section, content) in &table {
                for name in content.as_table().into_iter().flat_map(Table::keys) {
                    let full = format!("{section}.{name}");
                    let key = Key::find(&full).expect("a setting");
                    assert!(key.kind.accepts(&table[section][name]), "{full}");
                    settings += 1;
                }
            }
            assert_eq!(profile.file().values.len(), settings);
            assert!(settings >= 5, "all of git and integration");
        }
    }

    #[test]
    fn the_profile_team_is_what_holds_without_any() {
        let text = "policy = \"team\"";
        let layers = Layers {
            user: Some(("config.toml", text)),
            project: None,
        };
        let (config, _) = layer(&Config::default(), layers, |_| None).expect("valid");
        assert_eq!(config.team_policy(), TeamPolicy::default());
    }
}
