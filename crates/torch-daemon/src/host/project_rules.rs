//! The files in which projects state their rules: looked at with every listing of the panes, read when they changed.
//!
//! The look is one `stat` per file; reading and parsing is a task, one per team at a time.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use tokio::task::JoinHandle;
use torch_core::project_rules::{FILES, ProjectRules};
use torch_core::{TeamId, Timestamp};
use torch_router::project::{FILE_MAX, RuleFile};

use super::execute::send;
use super::{Host, Input};
use crate::event::Event;

/// A file that was written just now may still be written: it is read a look later.
const WRITTEN_MILLIS: u64 = 200;
/// What changes within so long after a look may leave no trace in a file's times, so it is read once more.
const SETTLED_MILLIS: u64 = 2_000;

/// What tells one content of a file from another, as far as its directory entry says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    file: (u64, u64),
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

type Marks = [Option<Mark>; FILES.len()];

/// The rule files of all teams.
#[derive(Debug, Default)]
pub(crate) struct RuleFiles {
    teams: BTreeMap<TeamId, Watched>,
}

#[derive(Debug, Default)]
struct Watched {
    folder: PathBuf,
    /// What was read last, once it can't change unseen any more.
    read: Option<Marks>,
    /// Whether a change waits until its file is written.
    waited: bool,
    task: Option<JoinHandle<()>>,
}

impl Host {
    /// Looks whether rules of running teams changed.
    pub(crate) fn look_into_rules(&mut self, now: Timestamp) {
        let teams = self.state.ruled_teams();
        let running = |id: &TeamId| teams.iter().any(|(team, _)| team == id);
        self.rule_files.teams.retain(|team, _| running(team));
        for (team, folder) in teams {
            let watched = self.rule_files.teams.entry(team).or_default();
            if watched
                .task
                .as_ref()
                .is_some_and(|task| !task.is_finished())
            {
                continue;
            }
            if watched.folder != folder {
                watched.folder.clone_from(&folder);
                watched.read = None;
            }
            let marks = FILES.map(|name| mark(&folder.join(name)));
            if watched.read == Some(marks) {
                continue;
            }
            let age = youngest(&marks, now);
            if age < WRITTEN_MILLIS && !watched.waited {
                watched.waited = true;
                continue;
            }
            watched.waited = false;
            watched.read = (age >= SETTLED_MILLIS).then_some(marks);
            let inputs = self.inputs.clone();
            watched.task = Some(tokio::task::spawn_blocking(move || {
                let result = read(&folder).map(Box::new);
                send(&inputs, Input::Event(Event::RulesRead { team, result }));
            }));
        }
    }
}

/// How long ago the youngest file was written, in milliseconds; one from the future is old.
fn youngest(marks: &Marks, now: Timestamp) -> u64 {
    let ages = marks.iter().flatten().map(|mark| {
        let (seconds, nanos) = mark.modified.max(mark.changed);
        let millis = seconds.saturating_mul(1_000) + nanos / 1_000_000;
        let written = u64::try_from(millis).unwrap_or(0);
        now.0.checked_sub(written).unwrap_or(u64::MAX)
    });
    ages.min().unwrap_or(u64::MAX)
}

fn mark(path: &Path) -> Option<Mark> {
    let meta = std::fs::metadata(path).ok()?;
    Some(Mark {
        file: (meta.dev(), meta.ino()),
        length: meta.len(),
        modified: (meta.mtime(), meta.mtime_nsec()),
        changed: (meta.ctime(), meta.ctime_nsec()),
    })
}

/// The rules of a project; what is wrong with its files otherwise.
fn read(folder: &Path) -> Result<ProjectRules, String> {
    let mut texts = Vec::new();
    for name in FILES {
        if let Some(text) = text(&folder.join(name)).map_err(|what| format!("{name}: {what}"))? {
            texts.push((name, text));
        }
    }
    let files: Vec<RuleFile<'_>> = texts
        .iter()
        .map(|(name, text)| RuleFile { name, text })
        .collect();
    torch_router::project::read(&files).map_err(|error| error.to_string())
}

/// A file's text; `None` where there is none.
fn text(path: &Path) -> Result<Option<String>, String> {
    let meta = match std::fs::metadata(path) {
        Ok(meta) => meta,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    if !meta.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    if meta.len() > FILE_MAX {
        return Err(format!("it has {} bytes, more than {FILE_MAX}", meta.len()));
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(FILE_MAX + 1).read_to_end(&mut bytes))
        .map_err(|error| error.to_string())?;
    if bytes.len() as u64 > FILE_MAX {
        return Err(format!("it grew to more than {FILE_MAX} bytes"));
    }
    if bytes.contains(&0) {
        return Err("it is binary".to_owned());
    }
    let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned())?;
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_text_is_refused_by_its_name() {
        let folder = std::env::temp_dir().join(format!("torch-rules-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let check = |name: &str, bytes: &[u8], expect: &str| {
            std::fs::write(folder.join(name), bytes).expect("a file");
            let error = read(&folder).expect_err(expect);
            assert!(error.starts_with(expect), "{error}");
            std::fs::remove_file(folder.join(name)).expect("removed");
        };
        check("CLAUDE.md", b"# Rules\n\0", "CLAUDE.md: it is binary");
        check("AGENTS.md", b"# R\xff", "AGENTS.md: it is not UTF-8 text");
        let large = vec![b'a'; 1024 * 1024 + 1];
        check(
            "CLAUDE.md",
            &large,
            "CLAUDE.md: it has 1048577 bytes, more than 1048576",
        );
        check("rules.toml", b"\n[[rule]", "rules.toml:2: ");
        std::fs::create_dir(folder.join("AGENTS.md")).expect("a folder");
        let error = read(&folder).expect_err("a folder");
        assert_eq!(error, "AGENTS.md: it is not a regular file");
        std::fs::remove_dir(folder.join("AGENTS.md")).expect("removed");
        std::fs::write(folder.join("CLAUDE.md"), "# Rules\n- No broadcasts\n").expect("a file");
        assert_eq!(read(&folder).expect("rules").rules.len(), 1);
        std::fs::remove_dir_all(&folder).expect("removed");
    }
}
