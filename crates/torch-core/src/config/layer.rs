//! Layering: defaults, then the user's file, then the project's, then the environment. The last one wins.

use toml::{Table, Value};

use super::key::{KEYS, Key, Scope};
use super::{Config, ConfigError, Stricter};
use crate::policy::Profile;
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
    /// The policy's profile.
    Policy(Profile),
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
    /// What a project's file says instead, which does not count.
    pub passed: Option<Passed>,
}

/// A project's value that the user's own file stands before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passed {
    /// The project's file.
    pub place: String,
    /// The value as TOML.
    pub value: String,
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
        put(&mut values, place, text, None)?;
    }
    // A policy or a mode that is chosen by a variable is the user's word too: a project's file is measured by all of it.
    let mut users = values.clone();
    put_variables(&mut users, &var)?;
    put_profile(&mut users);
    if let Some((place, text)) = layers.project {
        put(&mut values, place, text, Some(&users))?;
    }
    put_variables(&mut values, &var)?;
    put_profile(&mut values);
    let config = build(&values)?;
    let origins = KEYS.iter().zip(values).map(|(key, slot)| Origin {
        key: key.name,
        value: slot.value.to_string(),
        source: slot.source,
        passed: slot.passed,
    });
    Ok((config, origins.collect()))
}

/// The environment stands above the files.
fn put_variables(
    values: &mut Values,
    var: &impl Fn(&str) -> Option<String>,
) -> Result<(), ConfigError> {
    for (key, slot) in KEYS.iter().zip(values) {
        let name = key.variable();
        // An empty variable is as good as none, as everywhere in a shell.
        if let Some(text) = var(&name).filter(|text| !text.is_empty()) {
            slot.value = check(key, key.kind.read_variable(&text), &name)?;
            slot.source = Source::Variable(name);
        }
    }
    Ok(())
}

/// What the chosen profile says stands where nobody has said anything. Without a choice the defaults are those of `team`.
fn put_profile(values: &mut Values) {
    let chosen = slot_of(values, POLICY).filter(|slot| slot.source != Source::Default);
    let Some(profile) = chosen.and_then(|slot| Profile::find(slot.value.as_str()?)) else {
        return;
    };
    for (name, value) in profile.file().values {
        let Some(slot) = slot_of(values, name) else {
            continue;
        };
        if slot.source == Source::Default {
            slot.value = value;
            slot.source = Source::Policy(profile);
        }
    }
}

/// A commented config file with every key that `scope` may set, each at its default and switched off by a `#`.
pub fn template(defaults: &Config, scope: Scope) -> String {
    let mut text = String::from(
        "# torch's settings. Every line is the default; remove the `# ` in front to change one.\n\
         # `torch config` shows each value and where it comes from.\n",
    );
    let mut section = "";
    for (key, slot) in KEYS.iter().zip(defaults_of(defaults)) {
        if scope == Scope::Project && key.scope == Scope::User {
            continue;
        }
        let (table, name) = key.name.split_once('.').unwrap_or(("", key.name));
        if table.is_empty() {
            text.push('\n');
        } else if table != section {
            section = table;
            text.push_str(&format!("\n[{table}]\n"));
        }
        text.push_str(&format!("# {}\n# {name} = {}\n", key.doc, slot.value));
    }
    text
}

/// The key that chooses the profile, the only one outside of a section.
const POLICY: &str = "policy";

/// A key's value while the layers are put over each other.
#[derive(Debug, Clone)]
struct Slot {
    value: Value,
    source: Source,
    passed: Option<Passed>,
}

type Values = Vec<Slot>;

/// What a key says.
fn said<'v>(values: &'v [Slot], name: &str) -> Option<&'v Slot> {
    values.get(KEYS.iter().position(|key| key.name == name)?)
}

fn slot_of<'v>(values: &'v mut Values, name: &str) -> Option<&'v mut Slot> {
    let index = KEYS.iter().position(|key| key.name == name)?;
    values.get_mut(index)
}

fn defaults_of(defaults: &Config) -> Values {
    let table = Table::try_from(defaults).unwrap_or_default();
    let value = |key: &Key| match key.name.split_once('.') {
        Some((section, name)) => table.get(section)?.get(name).cloned(),
        None => table.get(key.name).cloned(),
    };
    KEYS.iter()
        .map(|key| Slot {
            value: value(key).unwrap_or_else(|| Value::String(String::new())),
            source: Source::Default,
            passed: None,
        })
        .collect()
}

/// Puts a file over the values: the user's, or a project's, which is measured by what the user says.
fn put(
    values: &mut Values,
    place: &str,
    text: &str,
    users: Option<&[Slot]>,
) -> Result<(), ConfigError> {
    let table: Table = text.parse().map_err(|source| ConfigError::Syntax {
        place: place.to_owned(),
        source: Box::new(source),
    })?;
    for (section, content) in table {
        let Value::Table(content) = content else {
            put_one(values, place, section, content, users)?;
            continue;
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
            put_one(values, place, format!("{section}.{name}"), value, users)?;
        }
    }
    Ok(())
}

fn put_one(
    values: &mut Values,
    place: &str,
    full: String,
    value: Value,
    users: Option<&[Slot]>,
) -> Result<(), ConfigError> {
    let Some(key) = Key::find(&full) else {
        return Err(unknown(place, full));
    };
    if users.is_some() && key.scope == Scope::User {
        return Err(ConfigError::UserOnly {
            place: place.to_owned(),
            key: key.name,
            variable: key.variable(),
        });
    }
    let value = check(key, value, place)?;
    let Some(slot) = slot_of(values, key.name) else {
        return Err(unknown(place, full));
    };
    let holds = match users {
        Some(users) => of_project(key, &slot.value, &value, users),
        None => Some(value.clone()),
    };
    let Some(holds) = holds else {
        slot.passed = Some(Passed {
            place: place.to_owned(),
            value: value.to_string(),
        });
        return Ok(());
    };
    slot.value = holds;
    slot.source = Source::File(place.to_owned());
    Ok(())
}

/// What holds of a project's word on a key; none where it does not count beside the user's.
fn of_project(key: &Key, held: &Value, value: &Value, users: &[Slot]) -> Option<Value> {
    let has_said =
        |name: &str| said(users, name).is_some_and(|slot| slot.source != Source::Default);
    match key.scope {
        Scope::Open if has_said(POLICY) || has_said(key.name) => None,
        // The user's mode may come from the policy that the user chose.
        Scope::Stricter(Stricter::Mode) => Stricter::Mode.of(&said(users, key.name)?.value, value),
        Scope::Stricter(stricter) => stricter.of(held, value),
        _ => Some(value.clone()),
    }
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
    for (key, slot) in KEYS.iter().zip(values) {
        let Some((section, name)) = key.name.split_once('.') else {
            table.insert(key.name.to_owned(), slot.value.clone());
            continue;
        };
        let entry = table
            .entry(section)
            .or_insert_with(|| Value::Table(Table::new()));
        if let Value::Table(content) = entry {
            content.insert(name.to_owned(), slot.value.clone());
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
