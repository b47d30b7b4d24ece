//! The files in which projects state their rules: looked at with every listing of the panes, read when they changed.
//!
//! The look is one `stat` per file; reading and parsing is a task, one per team at a time.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use tokio::task::JoinHandle;
use torch_core::project_rules::FILES;
use torch_core::{TeamId, Timestamp};

use super::execute::send;
use super::{Host, Input};
use crate::event::Event;
use crate::project_files::read;

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
            if watched.folder != folder || self.state.awaits_rules(team) {
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
