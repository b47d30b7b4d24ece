//! The scenario: what the demo agent does, as TOML data. The crate's documentation describes the format.

use std::path::{Path, PathBuf};

use regex::Regex;
use serde::Deserialize;

use crate::step::Step;

/// A scenario that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// The file could not be read.
    #[error("failed to read the scenario `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It is not the TOML that a scenario is.
    #[error("failed to parse the scenario `{}`", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: toml::de::Error,
    },
    /// A rule's `match` is no regular expression.
    #[error("failed to compile the scenario's rule `{pattern}`")]
    Pattern {
        /// The rule's `match`.
        pattern: String,
        /// Why.
        #[source]
        source: regex::Error,
    },
}

/// A scenario's text before its patterns are compiled.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ScenarioFile {
    only: Option<Vec<String>>,
    start_delay_ms: u64,
    ready: bool,
    exit_at_start: Option<u8>,
    ignore_input: bool,
    draft: Option<String>,
    draw_delay_ms: u64,
    cut_paste: Option<usize>,
    play: bool,
    pace_ms: u64,
    dialogs: Option<Ambient>,
    on: Vec<RuleFile>,
}

impl Default for ScenarioFile {
    fn default() -> Self {
        Self {
            only: None,
            start_delay_ms: 0,
            ready: true,
            exit_at_start: None,
            ignore_input: false,
            draft: None,
            draw_delay_ms: 0,
            cut_paste: None,
            play: true,
            pace_ms: 120,
            dialogs: None,
            on: Vec::new(),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFile {
    #[serde(rename = "match")]
    pattern: String,
    #[serde(default)]
    times: Option<u32>,
    steps: Vec<Step>,
}

/// Dialogs that open at random moments, in turns and between them, and close by themselves.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ambient {
    /// Which moments they are.
    pub seed: u64,
    /// How many there are.
    pub count: u32,
    /// How long none is open, from and to, in milliseconds.
    pub pause_ms: [u64; 2],
    /// How long one is open, from and to, in milliseconds.
    pub open_ms: [u64; 2],
}

/// A rule: prompts that match get these steps.
#[derive(Debug, Clone)]
struct Rule {
    pattern: Regex,
    /// How often it still applies; `None` is always.
    left: Option<u32>,
    steps: Vec<Step>,
}

/// How the demo agent starts and reacts.
#[derive(Debug, Clone)]
pub(crate) struct Scenario {
    /// The roles that how it starts is for.
    only: Option<Vec<String>>,
    /// How long nothing is drawn after the start, in milliseconds.
    pub start_delay_ms: u64,
    /// Whether the composer ever appears.
    pub ready: bool,
    /// Exit at once with this status.
    pub exit_at_start: Option<u8>,
    /// Draw the composer but read nothing of what is typed.
    pub ignore_input: bool,
    /// A draft that stands in the composer at the start.
    pub draft: Option<String>,
    /// How long after a change the screen is drawn, in milliseconds.
    pub draw_delay_ms: u64,
    /// Keep only so many characters of a paste.
    pub cut_paste: Option<usize>,
    /// Whether prompts that no rule matches are played by role.
    pub play: bool,
    /// How long the built-in play works on one thing, in milliseconds.
    pub pace_ms: u64,
    /// Dialogs that open by themselves.
    pub dialogs: Option<Ambient>,
    rules: Vec<Rule>,
}

impl Default for Scenario {
    fn default() -> Self {
        Self::from_file(ScenarioFile::default(), Vec::new())
    }
}

impl Scenario {
    /// Reads a scenario file.
    ///
    /// # Errors
    /// [`ScenarioError`] when it can't be read, parsed or compiled.
    pub(crate) fn read(path: &Path) -> Result<Self, ScenarioError> {
        let text = std::fs::read_to_string(path).map_err(|source| ScenarioError::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&text, path)
    }

    /// Parses a scenario's text; `path` is for the words of an error.
    ///
    /// # Errors
    /// [`ScenarioError`] when it is no scenario.
    pub(crate) fn parse(text: &str, path: &Path) -> Result<Self, ScenarioError> {
        let mut file: ScenarioFile =
            toml::from_str(text).map_err(|source| ScenarioError::Parse {
                path: path.to_owned(),
                source,
            })?;
        let rules = std::mem::take(&mut file.on)
            .into_iter()
            .map(|rule| {
                let pattern =
                    Regex::new(&rule.pattern).map_err(|source| ScenarioError::Pattern {
                        pattern: rule.pattern.clone(),
                        source,
                    })?;
                Ok(Rule {
                    pattern,
                    left: rule.times,
                    steps: rule.steps,
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self::from_file(file, rules))
    }

    /// The scenario as it is for a role: how it starts may be meant for others.
    pub(crate) fn for_role(mut self, role: &str) -> Self {
        let others = |only: &Vec<String>| !only.iter().any(|name| name == role);
        if self.only.as_ref().is_some_and(others) {
            let plain = Self::default();
            self.start_delay_ms = plain.start_delay_ms;
            self.ready = plain.ready;
            self.exit_at_start = plain.exit_at_start;
            self.ignore_input = plain.ignore_input;
            self.draft = plain.draft;
        }
        self
    }

    /// The steps of the first rule that matches `prompt` and is not used up.
    pub(crate) fn steps_for(&mut self, prompt: &str) -> Option<Vec<Step>> {
        let rule = self
            .rules
            .iter_mut()
            .find(|rule| rule.left != Some(0) && rule.pattern.is_match(prompt))?;
        rule.left = rule.left.map(|left| left - 1);
        Some(rule.steps.clone())
    }

    fn from_file(file: ScenarioFile, rules: Vec<Rule>) -> Self {
        Self {
            only: file.only,
            start_delay_ms: file.start_delay_ms,
            ready: file.ready,
            exit_at_start: file.exit_at_start,
            ignore_input: file.ignore_input,
            draft: file.draft,
            draw_delay_ms: file.draw_delay_ms,
            cut_paste: file.cut_paste,
            play: file.play,
            pace_ms: file.pace_ms,
            dialogs: file.dialogs,
            rules,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::step::{Ending, Tool};

    fn parse(text: &str) -> Result<Scenario, ScenarioError> {
        Scenario::parse(text, Path::new("test.toml"))
    }

    #[test]
    fn every_step_has_its_words() {
        let mut scenario = parse(
            r#"
            draft = "half"
            [[on]]
            match = "(?i)go"
            times = 1
            steps = [
              { say = "hello" }, { work = { ms = 5 } }, { shell = { command = "true" } },
              { commit = { file = "a.md", message = "a" } }, { ask_permission = { tool = "Bash" } },
              { limit = { seconds = 3 } }, { crash = { signal = "KILL" } }, { crash = { status = 3 } },
              { draft = { text = "d" } }, { flood = { ms = 1 } }, { scm = { to = "tester", text = "hi" } }, "hang",
              { ignore = ["HUP"] },
            ]
            "#,
        )
        .unwrap();
        let steps = scenario.steps_for("please GO").unwrap();
        assert_eq!(steps.len(), 13);
        assert_eq!(steps[0], Step::Say("hello".to_owned()));
        assert_eq!(
            steps[4],
            Step::AskPermission(Tool {
                tool: "Bash".to_owned(),
                command: None
            })
        );
        assert_eq!(steps[7], Step::Crash(Ending::Status(3)));
        assert_eq!(steps[11], Step::Hang);
        assert_eq!(scenario.steps_for("go"), None, "used up");
        assert_eq!(scenario.draft.as_deref(), Some("half"));
    }

    #[test]
    fn a_start_may_be_for_some_roles() {
        let text = "only = ['tester']\nready = false\nexit_at_start = 3\npace_ms = 7";
        let (tester, other) = (
            parse(text).unwrap().for_role("tester"),
            parse(text).unwrap().for_role("lead"),
        );
        assert_eq!((tester.ready, tester.exit_at_start), (false, Some(3)));
        assert_eq!(
            (other.ready, other.exit_at_start, other.pace_ms),
            (true, None, 7)
        );
        assert!(!parse("ready = false").unwrap().for_role("lead").ready);
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for text in [
            "colour = 1",
            "[[on]]\nmatch = 'x'\nsteps = [{ dance = 1 }]",
            "[[on]]\nmatch = '('\nsteps = []",
            "[[on]]\nmatch = 'x'\nsteps = [{ work = { ms = 1, s = 2 } }]",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse("").unwrap().ready);
    }
}
