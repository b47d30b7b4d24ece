//! The day files beside a restored database: what they know that it does not, and putting them out of its way.

use std::fs::{DirBuilder, File};
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use torch_core::Timestamp;

use crate::StoreError;

/// What the day files have beyond an entry of the journal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Exported {
    /// The greatest number of an entry in them; 0 without any.
    pub entries: u64,
    /// How many messages they have that were accepted later.
    pub messages: u64,
    /// The time of the last such line.
    pub last: Option<Timestamp>,
}

/// The day files whose lines bear the numbers of the journal's entries: their folders in `logs`, and their names.
const EXPORTS: [(&str, &str); 5] = [
    ("communications", "messages.jsonl"),
    ("communications", "violations.jsonl"),
    ("git-activity", "commits.jsonl"),
    ("git-activity", "pushes.jsonl"),
    ("git-activity", "pr-activity.jsonl"),
];

/// The fields of a line that matter here.
#[derive(Deserialize)]
struct Line {
    seq: u64,
    #[serde(default)]
    event: String,
    #[serde(default)]
    time: String,
}

/// What the day files know of what came after entry `entries`.
pub(super) fn after(home: &Path, entries: u64) -> Exported {
    let mut found = Exported::default();
    for (_, path) in files(home) {
        for line in lines(&path) {
            found.entries = found.entries.max(line.seq);
            if line.seq <= entries {
                continue;
            }
            found.messages += u64::from(line.event.starts_with("message."));
            let time: Option<jiff::Timestamp> = line.time.parse().ok();
            let time = time.and_then(|time| u64::try_from(time.as_millisecond()).ok());
            found.last = found.last.max(time.map(Timestamp));
        }
    }
    found
}

/// Moves the day files with lines beyond entry `entries` aside, so that the export goes on behind what the database has.
pub(super) fn set_aside(
    home: &Path,
    entries: u64,
    stamp: &str,
) -> Result<Vec<PathBuf>, StoreError> {
    let mut kept = Vec::new();
    for (folder, name) in EXPORTS {
        let aside = home.join(format!("logs/{folder}.before-restore-{stamp}"));
        for (day, path) in files_of(home, folder, name) {
            if lines(&path).all(|line| line.seq <= entries) {
                continue;
            }
            let dir = aside.join(day);
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&dir)
                .map_err(StoreError::file("create", &dir))?;
            let to = dir.join(name);
            std::fs::rename(&path, &to).map_err(StoreError::file("rename", &path))?;
            kept.push(to);
        }
    }
    Ok(kept)
}

/// The day files of messages with the names of their folders, oldest first.
pub(crate) fn files(home: &Path) -> Vec<(String, PathBuf)> {
    files_of(home, EXPORTS[0].0, EXPORTS[0].1)
}

/// The day files of this name in a folder of `logs`.
fn files_of(home: &Path, folder: &str, name: &str) -> Vec<(String, PathBuf)> {
    let Ok(days) = std::fs::read_dir(home.join("logs").join(folder)) else {
        return Vec::new();
    };
    let mut files: Vec<(String, PathBuf)> = days
        .flatten()
        .filter_map(|day| {
            let path = day.path().join(name);
            let date = day.file_name().into_string().ok()?;
            path.is_file().then_some((date, path))
        })
        .collect();
    files.sort();
    files
}

/// The lines of a file that can be read; a torn one is passed over, and so is the rest behind an error of the disk.
fn lines(path: &Path) -> impl Iterator<Item = Line> {
    File::open(path)
        .into_iter()
        .flat_map(|file| BufReader::new(file).split(b'\n').map_while(Result::ok))
        .filter_map(|line| serde_json::from_slice(&line).ok())
}
