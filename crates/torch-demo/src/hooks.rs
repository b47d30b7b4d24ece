//! Hooks as in Claude Code's settings: commands that read an event's JSON on standard input.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use torch_process::CommandSpec;

use crate::agent::Event;
use crate::terminal::Input;
use crate::work::World;

/// How long a hook may take where the settings name no time (Claude Code's default).
const DEADLINE: Duration = Duration::from_secs(60);
/// How long the program's end waits for hooks that are still running.
const DRAIN: Duration = Duration::from_secs(5);

/// Settings that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file could not be read.
    #[error("failed to read the settings `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It is not JSON of the shape `{"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "…"}]}]}}`.
    #[error("failed to parse the settings `{}`", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
}

/// The part of a settings file that concerns hooks; anything else in it is for others.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Settings {
    #[serde(default)]
    hooks: BTreeMap<String, Vec<Group>>,
}

#[derive(Debug, Deserialize)]
struct Group {
    #[serde(default)]
    hooks: Vec<Hook>,
}

#[derive(Debug, Deserialize)]
struct Hook {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    command: String,
    /// Seconds.
    #[serde(default)]
    timeout: Option<u64>,
}

impl Settings {
    /// Reads a settings file.
    ///
    /// # Errors
    /// [`SettingsError`] when it can't be read or parsed.
    pub(crate) fn read(path: &Path) -> Result<Self, SettingsError> {
        let text = std::fs::read(path).map_err(|source| SettingsError::Read {
            path: path.to_owned(),
            source,
        })?;
        serde_json::from_slice(&text).map_err(|source| SettingsError::Parse {
            path: path.to_owned(),
            source,
        })
    }

    /// The commands of an event, each with the time it may take.
    fn commands(&self, event: &str) -> Vec<(String, Duration)> {
        let groups = self.hooks.get(event).map(Vec::as_slice).unwrap_or_default();
        groups
            .iter()
            .flat_map(|group| &group.hooks)
            .filter(|hook| hook.kind == "command")
            .map(|hook| {
                (
                    hook.command.clone(),
                    hook.timeout.map_or(DEADLINE, Duration::from_secs),
                )
            })
            .collect()
    }
}

/// The thread that runs hooks, one after the other in the order of their events. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct HookRunner {
    events: Sender<(String, Value)>,
    ended: Receiver<()>,
}

impl HookRunner {
    /// Starts the thread; what fails is told to `notes`.
    pub(crate) fn start(settings: Settings, world: World, notes: Sender<Input>) -> Self {
        let (events, incoming) = channel::<(String, Value)>();
        let (done, ended) = channel();
        std::thread::spawn(move || {
            for (event, payload) in incoming {
                let mut contexts = Vec::new();
                for (command, deadline) in settings.commands(&event) {
                    match run(&command, deadline, &payload, &world) {
                        Ok(printed) => contexts.extend(context(&event, &printed)),
                        // Nobody reads any more: the program is ending.
                        Err(text) => drop(
                            notes.send(Input::Agent(Event::Note(format!("{event} hook: {text}")))),
                        ),
                    }
                }
                if let Some(tool) = payload.get("tool_use_id").and_then(Value::as_str) {
                    let tool = tool.to_owned();
                    let ran = Event::HooksRan { tool, contexts };
                    drop(notes.send(Input::Agent(ran)));
                }
            }
            drop(done);
        });
        Self { events, ended }
    }

    /// Hands an event over.
    pub(crate) fn fire(&self, event: &str, payload: Value) {
        // The thread lives as long as this sender does.
        self.events.send((event.to_owned(), payload)).ok();
    }

    /// Waits, within bounds, until all hooks have run.
    pub(crate) fn finish(self) -> bool {
        drop(self.events);
        matches!(
            self.ended.recv_timeout(DRAIN),
            Err(RecvTimeoutError::Disconnected)
        )
    }
}

/// What a hook's output adds to the conversation, in the shape of Claude Code's.
fn context(event: &str, printed: &str) -> Option<String> {
    let printed: Value = serde_json::from_str(printed).ok()?;
    let output = printed.get("hookSpecificOutput")?;
    let of = output.get("hookEventName").and_then(Value::as_str);
    let text = output.get("additionalContext").and_then(Value::as_str)?;
    (of == Some(event)).then(|| text.to_owned())
}

/// Runs a hook's command; gives back what it printed.
fn run(
    command: &str,
    deadline: Duration,
    payload: &Value,
    world: &World,
) -> Result<String, String> {
    let spec = CommandSpec::new("sh", &world.cwd, world.env.clone(), deadline)
        .args(["-c", command])
        .stdin(payload.to_string());
    let output = torch_process::run(&spec).map_err(|error| error.to_string())?;
    let output = output
        .success_or_error()
        .map_err(|error| error.to_string())?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_name_commands_by_event() {
        let settings: Settings = serde_json::from_str(
            r#"{"model": "x", "hooks": {"Stop": [
                {"matcher": "", "hooks": [{"type": "command", "command": "a", "timeout": 3}, {"type": "prompt"}]},
                {"hooks": [{"type": "command", "command": "b"}]}]}}"#,
        )
        .unwrap();
        assert_eq!(
            settings.commands("Stop"),
            [
                ("a".to_owned(), Duration::from_secs(3)),
                ("b".to_owned(), DEADLINE)
            ]
        );
        assert!(settings.commands("SessionStart").is_empty());
    }
}
