//! The mark beside the database: how far it came, so that an older copy in its place is noticed.
//!
//! One line of a fixed length, written over after each commit, without an fsync: whatever it says was durable before.
//! After a loss of power it may be older than the database or unreadable, never newer, so neither raises an alarm.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension as _};
use sha2::{Digest as _, Sha256};

use crate::StoreError;
use crate::chain::{ChainRow, hex};

/// What the line begins with.
const HEAD: &str = "torch-mark 1";

/// What a registry had come to when it was last written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    registry: String,
    commits: i64,
    entries: i64,
    head: String,
}

/// The file with the mark, open for writing.
#[derive(Debug)]
pub(crate) struct MarkFile {
    file: File,
}

/// Where a database's mark stands.
pub(crate) fn path_of(database: &Path) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push("-mark");
    PathBuf::from(path)
}

impl Mark {
    /// The mark of a database in this state.
    pub(crate) fn of(chain: &ChainRow) -> Self {
        Self {
            registry: chain.registry.clone(),
            commits: chain.commits,
            entries: chain.link.entries,
            head: chain.link.hex(),
        }
    }

    /// The mark beside `database`; `None` without one, and for one that a crash left unreadable.
    pub(crate) fn read(database: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(path_of(database)).ok()?;
        let (body, sum) = text.strip_suffix('\n')?.rsplit_once(' ')?;
        if sum != check(body) {
            return None;
        }
        let mut words = body.strip_prefix(HEAD)?.split_ascii_whitespace();
        Some(Self {
            registry: words.next()?.to_owned(),
            commits: words.next()?.parse().ok()?,
            entries: words.next()?.parse().ok()?,
            head: words.next()?.to_owned(),
        })
    }

    fn line(&self) -> String {
        let body = format!(
            "{HEAD} {} {:020} {:020} {}",
            self.registry, self.commits, self.entries, self.head
        );
        let sum = check(&body);
        format!("{body} {sum}\n")
    }

    /// Refuses a database that is not at least what the mark says it was.
    pub(crate) fn compare(
        &self,
        conn: &Connection,
        path: &Path,
        chain: &ChainRow,
    ) -> Result<(), StoreError> {
        let behind = |detail: String| {
            Err(StoreError::Behind {
                path: path.to_owned(),
                detail,
            })
        };
        if chain.registry != self.registry {
            return behind("it is another registry's database".to_owned());
        }
        if chain.commits < self.commits {
            return behind(format!(
                "it ends at commit {} with entry {} of the journal, but commit {} with entry {} was made",
                chain.commits, chain.link.entries, self.commits, self.entries
            ));
        }
        if self.entries <= chain.base.entries {
            return Ok(());
        }
        let found: Option<String> = conn
            .query_row(
                "SELECT hash FROM journal WHERE seq = ?1",
                [self.entries],
                |row| row.get(0),
            )
            .optional()
            .map_err(StoreError::sql("compare the journal with its mark"))?;
        if found.as_deref() == Some(&self.head) {
            return Ok(());
        }
        behind(format!(
            "entry {} of its journal is not the one that was written",
            self.entries
        ))
    }
}

impl MarkFile {
    /// Writes the mark durably, and keeps the file open for the marks after it.
    pub(crate) fn create(database: &Path, mark: &Mark) -> Result<Self, StoreError> {
        let path = path_of(database);
        let failed = |act| {
            let path = path.clone();
            move |source| StoreError::File { act, path, source }
        };
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(failed("open"))?;
        let line = mark.line();
        file.write_all_at(line.as_bytes(), 0)
            .and_then(|()| file.set_len(line.len() as u64))
            .and_then(|()| file.sync_all())
            .map_err(failed("write"))?;
        Ok(Self { file })
    }

    /// Writes the mark over the one before.
    pub(crate) fn put(&self, mark: &Mark) {
        // A mark that could not be written is an older one: less is noticed, nothing is claimed wrongly.
        self.file.write_all_at(mark.line().as_bytes(), 0).ok();
    }
}

/// The first 16 digits of the line's digest.
fn check(body: &str) -> String {
    let mut sum = hex(&Sha256::digest(body.as_bytes()));
    sum.truncate(16);
    sum
}
