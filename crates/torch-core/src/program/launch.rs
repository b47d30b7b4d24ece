//! How a program is started: its arguments, its variables, and the files that torch writes for one launch.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How a program is started.
///
/// Texts may hold places: `{program}` is the program's path, `{torch}` torch's own binary, `{run}` the launch's folder in the
/// registry, `{registry}` the registry, `{worktree}` the agent's worktree, `{conversation}` the conversation's id, `{role}` the role, `{hook}` the command
/// that a hook runs, `{hand_over}` the one of the hook that [hands messages over](super::HandOverRules), `{guard}` the one of the hook that
/// [denies commands](super::GuardRules), `{answers}` the folder in
/// which [answers](super::AnswerRules) lie ready, `{status_line}` the command of a status line. `{json:NAME}` is the same as a quoted JSON string, which is
/// also a TOML string.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LaunchRules {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// The same for going on with a conversation that was begun; empty: it can't be.
    #[serde(default)]
    pub resume: Vec<String>,
    /// Variables added to the agent's environment.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Variables that whoever starts a team passes on: names, or beginnings of names with a `*` behind.
    #[serde(default)]
    pub variables: Vec<String>,
    /// As `variables`, but secret: kept in the memory of the daemon and of the tmux session only.
    #[serde(default)]
    pub secrets: Vec<String>,
    /// Names for the SHA-256 of filled texts, as `sha256:` and hexadecimal digits: places for other texts. By such sums some
    /// programs know hooks that somebody has approved.
    #[serde(default)]
    pub digests: BTreeMap<String, String>,
    /// The files that are written into the launch's folder before each start.
    #[serde(default)]
    pub files: Vec<LaunchFile>,
    /// The permission mode that it is started in unless the user's settings name another: a name in `modes`.
    #[serde(default)]
    pub mode: String,
    /// Its permission modes.
    #[serde(default)]
    pub modes: BTreeMap<String, LaunchMode>,
    /// The permission mode in words where there are no `modes`, for the plan that the user confirms.
    #[serde(default)]
    pub permission_mode: String,
    /// How long it may take to become ready, in seconds.
    pub ready_seconds: u64,
}

/// A file that torch writes for one launch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LaunchFile {
    /// Its name in the launch's folder.
    pub name: String,
    /// Its text, with places.
    pub text: String,
}

/// A permission mode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LaunchMode {
    /// The arguments that ask for it.
    pub args: Vec<String>,
    /// What it means, for the plan that the user confirms.
    pub says: String,
    /// It switches the program's own permission checks off: only where the user's settings ask for it by name.
    #[serde(default)]
    pub bypass: bool,
}

impl LaunchRules {
    /// The permission mode's name and rules, where there are modes: `wanted` if it is one of them, else the default.
    pub fn chosen_mode(&self, wanted: &str) -> Option<(&str, &LaunchMode)> {
        let name = if self.modes.contains_key(wanted) {
            wanted
        } else {
            &self.mode
        };
        let (name, mode) = self.modes.get_key_value(name)?;
        Some((name, mode))
    }

    /// The permission mode in words, for the plan.
    pub fn mode_words(&self, wanted: &str) -> String {
        match self.chosen_mode(wanted) {
            Some((name, mode)) => format!("{name}: {}", mode.says),
            None => self.permission_mode.clone(),
        }
    }
}

/// What a place stands for.
pub type Place<'a> = (&'a str, &'a str);

/// Fills the places of a text. One that is not known stays as it is; what is filled in is not searched again.
pub fn fill(text: &str, places: &[Place<'_>]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        out.push_str(&rest[..start]);
        let after = &rest[start + 1..];
        match after
            .find('}')
            .and_then(|end| Some((end, value(&after[..end], places)?)))
        {
            Some((end, value)) => {
                out.push_str(&value);
                rest = &after[end + 1..];
            }
            None => {
                out.push('{');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// Fills the places of a path with variables: `{home}` is `HOME`, `{NAME:-rest}` is `NAME` or, where that is not set, `rest`
/// filled the same way. `None` where a variable has no value.
pub fn fill_variables(text: &str, variables: &BTreeMap<String, String>) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        out.push_str(&rest[..start]);
        let end = start + closing(&rest[start..])?;
        let place = &rest[start + 1..end];
        let (name, default) = match place.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (place, None),
        };
        let name = if name == "home" { "HOME" } else { name };
        match (
            variables.get(name).filter(|value| !value.is_empty()),
            default,
        ) {
            (Some(value), _) => out.push_str(value),
            (None, Some(default)) => out.push_str(&fill_variables(default, variables)?),
            (None, None) => return None,
        }
        rest = &rest[end + 1..];
    }
    out.push_str(rest);
    Some(out)
}

/// Where the brace that a text begins with is closed.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => return Some(at),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn value(name: &str, places: &[Place<'_>]) -> Option<String> {
    let (name, quoted) = match name.strip_prefix("json:") {
        Some(name) => (name, true),
        None => (name, false),
    };
    let value = places.iter().find(|(place, _)| *place == name)?.1;
    Some(if quoted {
        serde_json::Value::from(value).to_string()
    } else {
        value.to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled_once_and_quoted() {
        let places = [("hook", "a \"b\" {role}"), ("role", "pm")];
        assert_eq!(
            fill("{\"x\": {json:hook}, {role}, {other}, {}", &places),
            "{\"x\": \"a \\\"b\\\" {role}\", pm, {other}, {}"
        );
    }

    #[test]
    fn variables_fill_paths_with_defaults_in_them() {
        let variables = BTreeMap::from([("HOME".to_owned(), "/h".to_owned())]);
        let filled = |text| fill_variables(text, &variables);
        let path = "{CODEX_HOME:-{home}/.codex}/sessions/*";
        assert_eq!(filled(path).as_deref(), Some("/h/.codex/sessions/*"));
        assert_eq!(filled("{OTHER}/x"), None);
        assert_eq!(filled("{unclosed"), None);
    }

    #[test]
    fn a_mode_that_is_not_known_falls_back_to_the_default() {
        let mode = |says: &str| LaunchMode {
            args: vec![],
            says: says.to_owned(),
            bypass: false,
        };
        let mut rules: LaunchRules =
            toml::from_str("argv = []\nready_seconds = 1\nmode = \"auto\"").expect("rules");
        assert_eq!(rules.mode_words("plan"), "");
        rules.modes.insert("auto".to_owned(), mode("asks little"));
        rules.modes.insert("plan".to_owned(), mode("only plans"));
        assert_eq!(rules.mode_words("plan"), "plan: only plans");
        assert_eq!(rules.mode_words("other"), "auto: asks little");
    }
}
