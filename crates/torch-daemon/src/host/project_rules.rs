//! The files in which projects state their rules: looked at with every listing of the panes, read when they changed.
//!
//! The look is one `stat` per file; reading and parsing is a task, one per team at a time.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::task::JoinHandle;
use torch_core::project_rules::FILES;
use torch_core::{TeamId, Timestamp};

use super::execute::send;
use super::{Host, Input};
use crate::event::Event;
use crate::project_files::read;

/// A file that was written just now may still be written: it is read once it is quiet for so long.
const WRITTEN_MILLIS: u64 = 200;
/// One that never is, is read all the same after this.
const WAITS: Duration = Duration::from_secs(5);
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
    /// Since when there is a change that is not read for good.
    changed: Option<Timestamp>,
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
            let marks = marks(&folder);
            let Some(reading) = watched.due(marks, now) else {
                continue;
            };
            let inputs = self.inputs.clone();
            watched.task = Some(tokio::task::spawn_blocking(move || {
                // What is dropped here is a change that the next look sees.
                if let Some(result) = undisturbed(&folder, reading, || read(&folder)) {
                    let result = result.map(Box::new);
                    send(&inputs, Input::Event(Event::RulesRead { team, result }));
                }
            }));
        }
    }
}

/// How a change is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// If the files stay as they are meanwhile.
    Whole,
    /// Whatever becomes of them meanwhile: they have not been quiet for [`WAITS`].
    Anyway,
}

impl Watched {
    /// Whether files that look so are read now, and how; none where they were, or where one may still be written.
    fn due(&mut self, marks: Marks, now: Timestamp) -> Option<Reading> {
        if self.read == Some(marks) {
            self.changed = None;
            return None;
        }
        let since = *self.changed.get_or_insert(now);
        let age = youngest(&marks, now);
        let reading = match now.since(since) >= WAITS {
            true => Reading::Anyway,
            false if age < WRITTEN_MILLIS => return None,
            false => Reading::Whole,
        };
        self.read = (age >= SETTLED_MILLIS).then_some(marks);
        Some(reading)
    }
}

/// What was read of a folder's files, unless one of them changed meanwhile: half of one edit and half of another are no rules.
fn undisturbed<T>(folder: &Path, reading: Reading, read: impl FnOnce() -> T) -> Option<T> {
    let before = marks(folder);
    let found = read();
    (reading == Reading::Anyway || marks(folder) == before).then_some(found)
}

fn marks(folder: &Path) -> Marks {
    FILES.map(|name| mark(&folder.join(name)))
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

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    /// One file of this length, written then.
    fn written(length: u64, at: Timestamp) -> Marks {
        let millis = i64::try_from(at.0).expect("a time");
        let at = (millis / 1_000, millis % 1_000 * 1_000_000);
        let mut marks = Marks::default();
        marks[0] = Some(Mark {
            file: (1, 1),
            length,
            modified: at,
            changed: at,
        });
        marks
    }

    fn later(millis: u64) -> Timestamp {
        NOW.after(Duration::from_millis(millis))
    }

    #[test]
    fn a_change_is_read_once_its_files_are_quiet() {
        let mut watched = Watched::default();
        let begun = written(1, later(0));
        assert_eq!(watched.due(begun, later(50)), None);
        // It is written again just before the next look.
        let whole = written(2, later(950));
        assert_eq!(watched.due(whole, later(1_050)), None);
        assert_eq!(watched.due(whole, later(2_050)), Some(Reading::Whole));
        // Once more, when a change would leave a trace, and then no more.
        assert_eq!(watched.due(whole, later(3_050)), Some(Reading::Whole));
        assert_eq!(watched.due(whole, later(4_050)), None);
        assert_eq!(watched.changed, None);
    }

    #[test]
    fn what_is_never_quiet_is_read_all_the_same() {
        let mut watched = Watched::default();
        for look in 0..8 {
            let now = later(look * 1_000 + 50);
            let found = watched.due(written(look, later(look * 1_000)), now);
            let expected = (look >= 5).then_some(Reading::Anyway);
            assert_eq!(found, expected, "{look}");
        }
    }

    #[test]
    fn what_changes_while_it_is_read_is_no_rule() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(FILES[0]);
        let write = |text: &str| std::fs::write(&path, text).expect("written");
        let reading = |reading, text: &str| {
            write("one");
            undisturbed(folder.path(), reading, || write(text))
        };
        assert_eq!(reading(Reading::Whole, "another"), None);
        assert_eq!(reading(Reading::Anyway, "another"), Some(()));
        write("one");
        assert_eq!(undisturbed(folder.path(), Reading::Whole, || 7), Some(7));
    }
}
