//! The day files of git: `git-activity/YYYY-MM-DD/{commits,pushes,pr-activity}.jsonl`, one line per entry of the journal.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use serde::Serialize;

use super::ExportError;
use super::day::{find_end, open_day};
use super::line::{date, rfc3339};
use crate::journal::{JOURNAL_COLUMNS, journal_in};
use crate::row::{count_out, time_out};
use crate::{JournalRow, Store, StoreError};

/// What each day's files are called, and the kind of the entries in them.
const FILES: [(&str, &str); 3] = [
    ("commits.jsonl", "git.commit"),
    ("pushes.jsonl", "git.push"),
    ("pr-activity.jsonl", "git.request"),
];

/// How many entries are read at once.
const BATCH: usize = 200;

/// Appends to the day files what the journal has of commits, pushes and pull requests, and they don't.
#[derive(Debug)]
pub struct GitExporter {
    dir: PathBuf,
    zone: TimeZone,
    /// How far the journal was read for each file; unknown before the first look at the files.
    reached: [Option<u64>; FILES.len()],
}

/// One line, as documented in `registry/schemas/git-activity.md`.
#[derive(Debug, Serialize)]
struct Line<'a> {
    seq: u64,
    time: String,
    event: &'a str,
    cause: &'a str,
    #[serde(flatten)]
    facts: &'a serde_json::Value,
}

impl GitExporter {
    /// An exporter to `git-activity` in `logs_dir`; an entry belongs to the day that it has in `zone`.
    pub fn new(logs_dir: &Path, zone: TimeZone) -> Self {
        Self {
            dir: logs_dir.join("git-activity"),
            zone,
            reached: [None; FILES.len()],
        }
    }

    /// Appends a bounded part of what is new; whether there may be more at once.
    ///
    /// # Errors
    /// As for [`super::Exporter::catch_up`]; after one the next call looks at the files again.
    pub fn step(&mut self, store: &Store) -> Result<bool, ExportError> {
        let mut more = false;
        for at in 0..FILES.len() {
            match self.append(store, at) {
                Ok(step) => more |= step,
                Err(error) => {
                    self.reached[at] = None;
                    return Err(error);
                }
            }
        }
        Ok(more)
    }

    fn append(&mut self, store: &Store, at: usize) -> Result<bool, ExportError> {
        let (name, kind) = FILES[at];
        let last = store.last_seq()?;
        let reached = match self.reached[at] {
            Some(reached) => reached,
            None => find_end(&self.dir, name, last)?,
        };
        if reached == last {
            self.reached[at] = Some(last);
            return Ok(false);
        }
        let rows = store.entries_of_kind(kind, reached)?;
        for row in &rows {
            let line = Line {
                seq: row.seq,
                time: rfc3339(row.at, &self.zone),
                event: &row.kind,
                cause: &row.cause,
                facts: &row.data,
            };
            let mut text = serde_json::to_string(&line).map_err(ExportError::Encode)?;
            text.push('\n');
            let (path, mut file) = open_day(&self.dir, &date(row.at, &self.zone), name)?;
            file.write_all(text.as_bytes())
                .and_then(|()| file.sync_data())
                .map_err(ExportError::file("append to", &path))?;
            self.reached[at] = Some(row.seq);
        }
        let more = rows.len() == BATCH;
        if !more {
            self.reached[at] = Some(last);
        }
        Ok(more)
    }
}

impl Store {
    /// The next entries of the journal of one kind.
    fn entries_of_kind(&self, kind: &str, seq: u64) -> Result<Vec<JournalRow>, StoreError> {
        let sql = format!(
            "SELECT {JOURNAL_COLUMNS} FROM journal j WHERE j.seq > ?1 AND j.kind = ?2 ORDER BY j.seq LIMIT {BATCH}"
        );
        let after = count_out("journal number", seq)?;
        self.git_rows(&sql, (after, kind))
    }

    /// The newest entries of the journal about git (`git.commit`, `git.push`, …) since an instant, the newest first, at most
    /// `limit`.
    ///
    /// # Errors
    /// When rows can't be read.
    pub fn git_entries(
        &self,
        since: torch_core::Timestamp,
        limit: u32,
    ) -> Result<Vec<JournalRow>, StoreError> {
        let sql = format!(
            "SELECT {JOURNAL_COLUMNS} FROM journal j WHERE j.at >= ?1 AND j.kind >= 'git.' AND j.kind < 'git/' \
             ORDER BY j.seq DESC LIMIT ?2"
        );
        self.git_rows(&sql, (time_out(since), limit))
    }

    fn git_rows(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
    ) -> Result<Vec<JournalRow>, StoreError> {
        let failed = || StoreError::sql("read the journal's entries about git");
        let mut statement = self.conn.prepare_cached(sql).map_err(failed())?;
        let mut rows = statement.query(params).map_err(failed())?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().map_err(failed())? {
            found.push(journal_in(row)?);
        }
        Ok(found)
    }
}
