//! The archive: what left the database, as lines of JSON (`registry/schemas/archive.md`).

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rusqlite::Row;
use serde::{Deserialize, Serialize};
use torch_core::{Delivery, Envelope, LedgerRecord, Timestamp};

use crate::chain::{ChainRow, Fields, Link};
use crate::journal::{JOURNAL_COLUMNS, journal_in};
use crate::row::get;
use crate::{Store, StoreError, backup};

/// One file of a sweep; it is made with its first line.
#[derive(Debug)]
pub(super) struct Archive {
    path: PathBuf,
    head: Head,
    file: Option<File>,
}

/// How much went.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Amount {
    pub(super) items: u64,
    pub(super) bytes: u64,
}

/// One line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Line {
    /// The first: whose journal it is, and the entry before the first one here, with its hash.
    Archive(Head),
    /// An entry of the journal, with all that its hash covers.
    Entry(Entry),
    /// A message with where its delivery came to.
    Message(Box<Kept>),
    /// A record of the ledger.
    Ledger(LedgerRecord),
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Head {
    registry: String,
    base: i64,
    hash: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    seq: i64,
    at: i64,
    kind: String,
    subject: String,
    cause: String,
    /// JSON as it was stored, since the hash is over these bytes.
    data: String,
    content: Option<String>,
    hash: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    envelope: Envelope,
    delivery: Delivery,
}

impl Archive {
    pub(super) fn new(dir: &Path, now: Timestamp, chain: &ChainRow) -> Self {
        let head = Head {
            registry: chain.registry.clone(),
            base: chain.base.entries,
            hash: chain.base.hex(),
        };
        Self {
            // By the first entry, so that the names are in the chain's order.
            path: dir.join(format!(
                "{:012}-{}.jsonl",
                head.base + 1,
                backup::stamp(now)
            )),
            head,
            file: None,
        }
    }

    /// Where it is, once there is anything in it.
    pub(super) fn written(&self) -> Option<&Path> {
        self.file.as_ref().map(|_| self.path.as_path())
    }

    /// Writes the entries behind `after` up to `to`, durably; how much that was, and the last one's hash.
    pub(super) fn entries(
        &mut self,
        store: &Store,
        after: i64,
        to: i64,
    ) -> Result<(Amount, String), StoreError> {
        let failed = || StoreError::sql("read what is to be archived");
        let sql = format!(
            "SELECT {JOURNAL_COLUMNS}, j.content FROM journal j WHERE j.seq > ?1 AND j.seq <= ?2 ORDER BY j.seq"
        );
        let mut statement = store.conn.prepare_cached(&sql).map_err(failed())?;
        let mut rows = statement.query((after, to)).map_err(failed())?;
        let (mut lines, mut amount, mut hash) = (Vec::new(), Amount::default(), String::new());
        while let Some(row) = rows.next().map_err(failed())? {
            // Whatever is damaged is refused here, before it is all that is left.
            journal_in(row)?;
            let entry = entry(row)?;
            hash.clone_from(&entry.hash);
            push(&mut lines, &Line::Entry(entry))?;
            amount.items += 1;
        }
        drop(rows);
        drop(statement);
        amount.bytes = lines.len() as u64;
        self.append(&lines)?;
        Ok((amount, hash))
    }

    /// Writes these messages, durably; how many bytes that was.
    pub(super) fn messages(
        &mut self,
        store: &Store,
        rows: &[(i64, String)],
    ) -> Result<u64, StoreError> {
        let mut lines = Vec::new();
        for (_, id) in rows {
            let stored = store
                .message(id)?
                .ok_or_else(|| StoreError::altered("message", id))?;
            let kept = Kept {
                envelope: stored.envelope,
                delivery: stored.delivery,
            };
            push(&mut lines, &Line::Message(Box::new(kept)))?;
        }
        self.append(&lines)?;
        Ok(lines.len() as u64)
    }

    /// Writes these records of the ledger, durably.
    pub(super) fn ledger<'r>(
        &mut self,
        records: impl Iterator<Item = &'r LedgerRecord>,
    ) -> Result<(), StoreError> {
        let mut lines = Vec::new();
        for record in records {
            push(&mut lines, &Line::Ledger(record.clone()))?;
        }
        self.append(&lines)
    }

    fn append(&mut self, lines: &[u8]) -> Result<(), StoreError> {
        let file = match &mut self.file {
            Some(file) => file,
            empty => empty.insert(create(&mut self.path, &self.head)?),
        };
        file.write_all(lines)
            .and_then(|()| file.sync_data())
            .map_err(StoreError::file("append to", &self.path))
    }
}

/// A new file with its head, under the first name that is free.
fn create(path: &mut PathBuf, head: &Head) -> Result<File, StoreError> {
    let dir = path.parent().unwrap_or(Path::new("/"));
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(StoreError::file("create", dir))?;
    let first = path.clone();
    let mut number = 2;
    while path.exists() {
        *path = first.with_extension(format!("{number}.jsonl"));
        number += 1;
    }
    let mut line = Vec::new();
    push(&mut line, &Line::Archive(head.clone()))?;
    let mut file = OpenOptions::new()
        .append(true)
        .create_new(true)
        .mode(0o600)
        .open(&*path)
        .map_err(StoreError::file("create", &*path))?;
    file.write_all(&line)
        .and_then(|()| file.sync_all())
        .map_err(StoreError::file("write", &*path))?;
    backup::sync_folder(path)?;
    Ok(file)
}

fn push(lines: &mut Vec<u8>, line: &Line) -> Result<(), StoreError> {
    serde_json::to_writer(&mut *lines, line).map_err(|source| StoreError::Encode {
        what: "a line of the archive".to_owned(),
        source,
    })?;
    lines.push(b'\n');
    Ok(())
}

/// The entry in a row of [`JOURNAL_COLUMNS`] and its content.
fn entry(row: &Row<'_>) -> Result<Entry, StoreError> {
    Ok(Entry {
        seq: get(row, 0)?,
        at: get(row, 1)?,
        kind: get(row, 2)?,
        subject: get(row, 3)?,
        cause: get(row, 4)?,
        data: get(row, 5)?,
        hash: get(row, 6)?,
        content: get(row, 8)?,
    })
}

/// Follows the chain through all archives, oldest first, up to `base`; how many entries that were. An entry that a crash
/// made stand twice is passed over the second time.
pub(super) fn verify(dir: &Path, base: &Link) -> Result<u64, StoreError> {
    let mut link = Link::default();
    for path in paths(dir) {
        let wrong = |detail: String| StoreError::Backup {
            path: path.clone(),
            detail,
        };
        let file = File::open(&path).map_err(StoreError::file("open", &path))?;
        for line in BufReader::new(file).lines() {
            let line = line.map_err(StoreError::file("read", &path))?;
            match serde_json::from_str(&line) {
                Ok(Line::Entry(entry)) if entry.seq > link.entries => {
                    link = follow(link, &entry).map_err(wrong)?;
                }
                Ok(_) => {}
                // A crash may have cut the line; then its entries stand in the next archive again.
                Err(error) if error.is_eof() => {}
                Err(error) => return Err(wrong(error.to_string())),
            }
        }
    }
    if link == *base {
        return Ok(link.entries.unsigned_abs());
    }
    Err(StoreError::Backup {
        path: dir.to_owned(),
        detail: format!(
            "the archives end with entry {}, the journal begins behind entry {}",
            link.entries, base.entries
        ),
    })
}

fn follow(link: Link, entry: &Entry) -> Result<Link, String> {
    if entry.seq != link.entries + 1 {
        return Err(format!("entry {} is missing", link.entries + 1));
    }
    let mut next = link;
    next.extend(&Fields {
        at: entry.at,
        kind: entry.kind.as_bytes(),
        subject: entry.subject.as_bytes(),
        cause: entry.cause.as_bytes(),
        data: entry.data.as_bytes(),
        content: entry.content.as_deref().map(str::as_bytes),
    });
    if next.hex() == entry.hash {
        Ok(next)
    } else {
        Err(format!("entry {} does not match its hash", entry.seq))
    }
}

fn paths(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(dir) else {
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "jsonl")
        })
        .collect();
    paths.sort();
    paths
}
