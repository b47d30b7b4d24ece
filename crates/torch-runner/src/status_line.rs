//! `torch hook --status-line`: what a program tells its status line becomes a spool line, and the user's own status line is
//! shown as it would have been.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use torch_core::LaunchId;
use torch_core::spool::SpoolEvent;
use torch_process::CommandSpec;

use crate::hook::HOOK_INPUT_MAX;
use crate::spool;

/// How long the user's command may take.
const DEADLINE: Duration = Duration::from_secs(5);

/// Where a user's own status line is looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chain {
    /// Settings files, strongest first; one that is not there is passed over.
    pub files: Vec<PathBuf>,
    /// Where the command stands in them (RFC 6901).
    pub pointer: String,
}

/// Appends what comes on `stdin` to the spool, runs the user's command with it, and writes what that prints to `out`. It never
/// fails visibly; without a command of the user's it prints nothing.
pub fn status_line(
    spool: &Path,
    launch: &str,
    chain: &Chain,
    stdin: impl Read,
    mut out: impl Write,
) {
    let mut input = Vec::new();
    // What came before a read error is still worth a record.
    stdin.take(HOOK_INPUT_MAX).read_to_end(&mut input).ok();
    let record = launch
        .parse::<LaunchId>()
        .ok()
        .zip(serde_json::from_slice::<Value>(&input).ok());
    if let Some((launch, payload)) = record {
        // The daemon notices missing records by their absence.
        spool::append(spool, launch, SpoolEvent::StatusLine { payload }).ok();
    }
    if let Some(printed) = chain.command().and_then(|command| run(&command, input)) {
        // Nobody looks.
        out.write_all(&printed).ok();
    }
}

impl Chain {
    /// The command that the strongest of the files names.
    fn command(&self) -> Option<String> {
        self.files.iter().find_map(|file| {
            let settings: Value = serde_json::from_slice(&std::fs::read(file).ok()?).ok()?;
            let command = settings.pointer(&self.pointer)?.as_str()?.to_owned();
            (!command.trim().is_empty()).then_some(command)
        })
    }
}

/// The user's command is a line for a shell, as in their settings; it runs where the program runs, with its environment.
fn run(command: &str, input: Vec<u8>) -> Option<Vec<u8>> {
    let here = std::env::current_dir().ok()?;
    let spec = CommandSpec::new("/bin/sh", here, std::env::vars_os().collect(), DEADLINE)
        .args(["-c", command])
        .stdin(input);
    torch_process::run(&spec).ok().map(|output| output.stdout)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAUNCH: &str = "01HF7YAT00000000000000000A";

    fn shown(chain: &Chain, input: &str) -> (String, String) {
        let folder = tempfile::tempdir().unwrap();
        let spool = folder.path().join("spool.jsonl");
        let mut out = Vec::new();
        status_line(&spool, LAUNCH, chain, input.as_bytes(), &mut out);
        let spooled = std::fs::read_to_string(&spool).unwrap_or_default();
        (String::from_utf8(out).unwrap(), spooled)
    }

    #[test]
    fn the_users_own_line_is_shown_as_before() {
        let folder = tempfile::tempdir().unwrap();
        let (weak, strong) = (
            folder.path().join("user.json"),
            folder.path().join("project.json"),
        );
        let settings = |command: &str| {
            serde_json::json!({"statusLine": {"type": "command", "command": command}}).to_string()
        };
        std::fs::write(&weak, settings("printf 'weak '; cat")).unwrap();
        let chain = Chain {
            files: vec![strong.clone(), weak],
            pointer: "/statusLine/command".to_owned(),
        };
        let (out, spooled) = shown(&chain, r#"{"cost": 1}"#);
        assert_eq!(out, r#"weak {"cost": 1}"#);
        assert!(spooled.contains(r#""kind":"status_line""#), "{spooled}");
        std::fs::write(&strong, settings("printf strong; exit 3")).unwrap();
        assert_eq!(shown(&chain, "{}").0, "strong");
    }

    #[test]
    fn without_one_nothing_is_shown() {
        let (out, spooled) = shown(&Chain::default(), "no json");
        assert_eq!((out.as_str(), spooled.as_str()), ("", ""));
    }
}
