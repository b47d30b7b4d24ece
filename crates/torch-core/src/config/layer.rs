//! Layering: defaults, then the user's file, then the project's, then the environment. The last one wins.

use toml::{Table, Value};

use super::key::{KEYS, Key, Scope};
use super::{Config, ConfigError};
use crate::spelling::near;

/// The texts that go over the defaults.
#[derive(Debug, Clone, Copy, Default)]
pub struct Layers<'a> {
    /// The user's file: how to name it in errors, and its text.
    pub user: Option<(&'a str, &'a str)>,
    /// The project's file, likewise.
    pub project: Option<(&'a str, &'a str)>,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// torch itself.
    Default,
    /// A file, by the name given for it.
    File(String),
    /// This variable.
    Variable(String),
}

/// One key's value and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The key with its section.
    pub key: &'static str,
    /// The value as TOML.
    pub value: String,
    /// Where it comes from.
    pub source: Source,
}

/// Puts the layers over `defaults` and says for every key of [`KEYS`] where its value comes from.
///
/// # Errors
/// [`ConfigError`] for a text that is no TOML, a key that torch does not know, a value that its key does not take,
/// and a key in the project's file that is the user's alone.
pub fn layer(
    defaults: &Config,
    layers: Layers<'_>,
    var: impl Fn(&str) -> Option<String>,
) -> Result<(Config, Vec<Origin>), ConfigError> {
    let mut values = defaults_of(defaults);
    if let Some((place, text)) = layers.user {
        put(&mut values, place, text, Scope::User)?;
    }
    if let Some((place, text)) = layers.project {
        put(&mut values, place, text, Scope::Project)?;
    }
    for (key, slot) in KEYS.iter().zip(&mut values) {
        let name = key.variable();
        // An empty variable is as good as none, as everywhere in a shell.
        if let Some(text) = var(&name).filter(|text| !text.is_empty()) {
            let value = check(key, key.kind.read_variable(&text), &name)?;
            *slot = (value, Source::Variable(name));
        }
    }
    let config = build(&values)?;
    let origins = KEYS
        .iter()
        .zip(values)
        .map(|(key, (value, source))| Origin {
            key: key.name,
            value: value.to_string(),
            source,
        });
    Ok((config, origins.collect()))
}

/// A commented config file with every key that `scope` may set, each at its default and switched off by a `#`.
pub fn template(defaults: &Config, scope: Scope) -> String {
    let mut text = String::from(
        "# torch's settings. Every line is the default; remove the `# ` in front to change one.\n\
         # `torch config` shows each value and where it comes from.\n",
    );
    let mut section = "";
    for (key, (value, _)) in KEYS.iter().zip(defaults_of(defaults)) {
        if scope == Scope::Project && key.scope == Scope::User {
            continue;
        }
        let Some((table, name)) = key.name.split_once('.') else {
            continue;
        };
        if table != section {
            section = table;
            text.push_str(&format!("\n[{table}]\n"));
        }
        text.push_str(&format!("# {}\n# {name} = {value}\n", key.doc));
    }
    text
}

type Values = Vec<(Value, Source)>;

fn defaults_of(defaults: &Config) -> Values {
    let table = Table::try_from(defaults).unwrap_or_default();
    let value = |key: &Key| {
        let (section, name) = key.name.split_once('.')?;
        table.get(section)?.get(name).cloned()
    };
    KEYS.iter()
        .map(|key| {
            let value = value(key).unwrap_or_else(|| Value::String(String::new()));
            (value, Source::Default)
        })
        .collect()
}

fn put(values: &mut Values, place: &str, text: &str, scope: Scope) -> Result<(), ConfigError> {
    let table: Table = text.parse().map_err(|source| ConfigError::Syntax {
        place: place.to_owned(),
        source: Box::new(source),
    })?;
    for (section, content) in table {
        let Value::Table(content) = content else {
            return Err(unknown(place, section));
        };
        if !KEYS.iter().any(|key| {
            key.name
                .split_once('.')
                .is_some_and(|(own, _)| own == section)
        }) {
            let first = content.keys().next().cloned().unwrap_or_default();
            return Err(unknown(place, format!("{section}.{first}")));
        }
        for (name, value) in content {
            let full = format!("{section}.{name}");
            let index = KEYS.iter().position(|key| key.name == full);
            let Some((key, slot)) = index.and_then(|i| Some((KEYS.get(i)?, values.get_mut(i)?)))
            else {
                return Err(unknown(place, full));
            };
            if scope == Scope::Project && key.scope == Scope::User {
                return Err(ConfigError::UserOnly {
                    place: place.to_owned(),
                    key: key.name,
                    variable: key.variable(),
                });
            }
            *slot = (check(key, value, place)?, Source::File(place.to_owned()));
        }
    }
    Ok(())
}

fn check(key: &Key, value: Value, place: &str) -> Result<Value, ConfigError> {
    if key.kind.accepts(&value) {
        return Ok(value);
    }
    Err(ConfigError::Value {
        place: place.to_owned(),
        key: key.name,
        value: value.to_string().chars().take(80).collect(),
        expects: key.kind.expects(),
    })
}

fn build(values: &Values) -> Result<Config, ConfigError> {
    let mut table = Table::new();
    for (key, (value, _)) in KEYS.iter().zip(values) {
        if let Some((section, name)) = key.name.split_once('.') {
            let entry = table
                .entry(section)
                .or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(content) = entry {
                content.insert(name.to_owned(), value.clone());
            }
        }
    }
    table
        .try_into()
        .map_err(|source| ConfigError::Build(Box::new(source)))
}

fn unknown(place: &str, key: String) -> ConfigError {
    let key = key.trim_end_matches('.').to_owned();
    let near = near(&key, KEYS.iter().map(|known| known.name));
    ConfigError::UnknownKey {
        place: place.to_owned(),
        key,
        nearest: near.first().copied(),
    }
}
