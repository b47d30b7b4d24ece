//! What says that a registry existed although its database is gone or empty.

use std::path::Path;

use crate::backup;
use crate::mark;
use crate::presence::beside;

/// The first trace found of a database that should be at `path`. `log`: whether a write-ahead log counts.
pub(crate) fn of(path: &Path, log: bool) -> Option<String> {
    let log_path = beside(path, "-wal");
    if log && length(&log_path) > 0 {
        return Some(format!(
            "its write-ahead log {} is there",
            log_path.display()
        ));
    }
    let mark = mark::path_of(path);
    if mark.exists() {
        return Some(format!("its mark {} is there", mark.display()));
    }
    let home = path.parent()?;
    if let Some(newest) = backup::names(&backup::folder(home)).pop() {
        return Some(format!("there are backups of it, the newest is {newest}"));
    }
    let sessions = home.join("sessions.json");
    if length(&sessions) > 0 {
        return Some(format!("{} names its teams", sessions.display()));
    }
    let days = home.join("logs/communications");
    let day = std::fs::read_dir(&days)
        .ok()?
        .flatten()
        .map(|day| day.path().join("messages.jsonl"))
        .filter(|file| length(file) > 0)
        .max()?;
    Some(format!("{} has its messages", day.display()))
}

fn length(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |meta| meta.len())
}
