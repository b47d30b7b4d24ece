//! Restoring a backup in place of a database that is damaged, gone or older than it should be.
//!
//! Nothing is deleted: what stood there is renamed beside it. No daemon may run meanwhile; the caller holds its lock.

pub(crate) mod days;

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::json;
use torch_core::journal::JournalEntry;
use torch_core::{Timestamp, Write};

use crate::backup::{self, Backup, Content};
use crate::mark;
use crate::presence::beside;
use crate::{Store, StoreError};

pub use days::Exported;

/// What belongs to a database besides its own file.
const PARTS: [&str; 3] = ["-wal", "-shm", "-mark"];

/// What restoring a backup would mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The backup, verified.
    pub backup: Backup,
    /// What is in it.
    pub content: Content,
    /// What the database now holds, as far as it can be read.
    pub now: Option<Content>,
    /// What is wrong with the database now; `None` for one that is in order.
    pub wrong: Option<String>,
    /// What the day files have that the backup lacks.
    pub exported: Exported,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// What was restored.
    pub content: Content,
    /// Where the files lie that stood there before.
    pub kept: Vec<PathBuf>,
}

impl Plan {
    /// How many journal entries were written after the backup, as far as anything still says so.
    pub fn missing_entries(&self) -> u64 {
        let seen = self.now.as_ref().map_or(0, |now| now.entries);
        seen.max(self.exported.entries)
            .saturating_sub(self.content.entries)
    }

    /// How many messages were accepted after the backup, as far as anything still says so.
    pub fn missing_messages(&self) -> u64 {
        let seen = self.now.as_ref().map_or(0, |now| now.messages);
        seen.saturating_sub(self.content.messages)
            .max(self.exported.messages)
    }

    /// Until when anything is known to have happened after the backup.
    pub fn known_until(&self) -> Option<Timestamp> {
        let seen = self.now.as_ref().and_then(|now| now.last);
        seen.max(self.exported.last)
    }
}

/// Looks what restoring would mean: the backup at `file`, or the newest that verifies. Changes nothing.
///
/// # Errors
/// [`StoreError::NoBackup`], or what is wrong with the file named.
pub fn plan(home: &Path, file: Option<&Path>) -> Result<Plan, StoreError> {
    let (backup, content) = match file {
        Some(file) => {
            let backup = named(home, file)?;
            let content = backup.verify()?;
            (backup, content)
        }
        None => newest(home)?,
    };
    let database = home.join("torch.db");
    let exported = days::after(home, content.entries);
    let wrong = backup::content(&database)
        .err()
        .map(|error| error.to_string());
    Ok(Plan {
        now: backup::content::glimpse(&database),
        wrong,
        exported,
        backup,
        content,
    })
}

/// The backup that a person names: by its path, or by its name among the registry's own.
fn named(home: &Path, file: &Path) -> Result<Backup, StoreError> {
    let own = backup::folder(home).join(file);
    let path = if file.exists() { file.to_owned() } else { own };
    if !path.is_file() {
        return Err(StoreError::Backup {
            path: file.to_owned(),
            detail: "there is no such file".to_owned(),
        });
    }
    let text = std::fs::read(path.with_extension("json")).ok();
    let manifest = text.and_then(|text| serde_json::from_slice(&text).ok());
    Ok(Backup { path, manifest })
}

fn newest(home: &Path) -> Result<(Backup, Content), StoreError> {
    for backup in backup::list(home) {
        if let Ok(content) = backup.verify() {
            return Ok((backup, content));
        }
    }
    Err(StoreError::NoBackup {
        dir: backup::folder(home),
    })
}

/// Puts the plan's backup in place of the database, keeps what stood there, and opens the result.
///
/// # Errors
/// What the disk says. Until the old files are renamed nothing is changed; a crash in between leaves no database, which
/// the next start refuses, and this can be done again.
pub fn restore(home: &Path, plan: &Plan, now: Timestamp) -> Result<Restored, StoreError> {
    let database = home.join("torch.db");
    let fresh = beside(&database, ".restoring");
    copy(&plan.backup.path, &fresh)?;
    let word = match plan.wrong {
        Some(_) => "damaged",
        None => "before-restore",
    };
    let mut kept = set_aside(home, word, now)?;
    std::fs::rename(&fresh, &database).map_err(StoreError::file("rename", &fresh))?;
    backup::sync_folder(&database)?;
    kept.extend(days::set_aside(
        home,
        plan.content.entries,
        &backup::stamp(now),
    )?);
    let mut store = Store::open(&database, now)?;
    let entry = JournalEntry::new("registry.restored", "registry", "torch restore").with(json!({
        "backup": plan.backup.path.file_name().map(|name| name.to_string_lossy()),
        "entries": plan.content.entries,
        "missing_entries": plan.missing_entries(),
        "missing_messages": plan.missing_messages(),
    }));
    store.commit(now, &[Write::Journal(entry)])?;
    Ok(Restored {
        content: plan.content.clone(),
        kept,
    })
}

/// Takes the database as it is although it is older than what was written: only the mark goes.
///
/// # Errors
/// When the database does not verify; nothing is changed then.
pub fn accept(home: &Path, now: Timestamp) -> Result<Restored, StoreError> {
    let database = home.join("torch.db");
    let content = backup::content(&database)?;
    let mark = mark::path_of(&database);
    let mut kept = Vec::new();
    if mark.exists() {
        kept.extend(rename_aside(&mark, &mark_name(&database, "damaged", now))?);
    }
    kept.extend(days::set_aside(home, content.entries, &backup::stamp(now))?);
    let mut store = Store::open(&database, now)?;
    let entry = JournalEntry::new("registry.accepted", "registry", "torch restore --as-is");
    store.commit(now, &[Write::Journal(entry)])?;
    Ok(Restored { content, kept })
}

/// Moves everything aside that says that there was a registry, so that the next start begins a new one. Worktrees,
/// backups and logs of the daemon stay.
///
/// # Errors
/// What the disk says.
pub fn begin_afresh(home: &Path, now: Timestamp) -> Result<Vec<PathBuf>, StoreError> {
    let mut kept = set_aside(home, "old", now)?;
    let stamp = backup::stamp(now);
    for name in [
        "backups",
        "sessions.json",
        "logs/communications",
        "logs/git-activity",
    ] {
        let path = home.join(name);
        kept.extend(rename_aside(
            &path,
            &beside(&path, &format!(".old-{stamp}")),
        )?);
    }
    Ok(kept)
}

/// Renames the database with all that belongs to it: `torch.db.<word>-<stamp>`, `torch.db.<word>-<stamp>-wal`, …
fn set_aside(home: &Path, word: &str, now: Timestamp) -> Result<Vec<PathBuf>, StoreError> {
    let database = home.join("torch.db");
    let aside = beside(&database, &format!(".{word}-{}", backup::stamp(now)));
    let mut kept = Vec::new();
    // The log before the file: a file without its log would look whole.
    for part in PARTS {
        kept.extend(rename_aside(
            &beside(&database, part),
            &beside(&aside, part),
        )?);
    }
    kept.extend(rename_aside(&database, &aside)?);
    Ok(kept)
}

fn mark_name(database: &Path, word: &str, now: Timestamp) -> PathBuf {
    beside(database, &format!(".{word}-{}-mark", backup::stamp(now)))
}

/// Renames a file or folder if it is there, never over another.
fn rename_aside(from: &Path, to: &Path) -> Result<Option<PathBuf>, StoreError> {
    if from.symlink_metadata().is_err() {
        return Ok(None);
    }
    let mut free = to.to_owned();
    let mut number = 2;
    while free.symlink_metadata().is_ok() {
        free = beside(to, &format!(".{number}"));
        number += 1;
    }
    std::fs::rename(from, &free).map_err(StoreError::file("rename", from))?;
    Ok(Some(free))
}

fn copy(from: &Path, to: &Path) -> Result<(), StoreError> {
    let mut source = File::open(from).map_err(StoreError::file("open", from))?;
    let mut target = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(to)
        .map_err(StoreError::file("create", to))?;
    std::io::copy(&mut source, &mut target)
        .and_then(|_| target.sync_all())
        .map_err(StoreError::file("write", to))
}
