//! Day files of one kind of journal entries, one line per entry: `communications/YYYY-MM-DD/violations.jsonl` and
//! `fast-lane/YYYY-MM-DD/lane.jsonl`.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use serde::Serialize;

use super::ExportError;
use super::day::{find_end, open_day};
use super::kind::BATCH;
use super::line::{date, rfc3339};
use crate::Store;

/// Appends to the day files of one kind what the journal has of it and they don't.
#[derive(Debug)]
pub struct KindExporter {
    /// What the kind of each entry begins with, before a dot.
    kind: &'static str,
    /// What each day's file is called.
    file: &'static str,
    dir: PathBuf,
    zone: TimeZone,
    /// How far the journal was read; unknown before the first look at the files.
    reached: Option<u64>,
}

/// One line, as documented in `registry/schemas/violations.md` and `lane.md` there.
#[derive(Debug, Serialize)]
struct Line<'a> {
    seq: u64,
    time: String,
    event: &'a str,
    cause: &'a str,
    #[serde(flatten)]
    data: &'a serde_json::Value,
}

impl KindExporter {
    /// What happened to violations, in `communications` in `logs_dir`; an entry belongs to the day that it has in `zone`.
    pub fn of_violations(logs_dir: &Path, zone: TimeZone) -> Self {
        Self::new(
            "violation",
            logs_dir.join("communications"),
            "violations.jsonl",
            zone,
        )
    }

    /// What the fast lane did, in `fast-lane` in `logs_dir`; an entry belongs to the day that it has in `zone`.
    pub fn of_lane(logs_dir: &Path, zone: TimeZone) -> Self {
        Self::new("lane", logs_dir.join("fast-lane"), "lane.jsonl", zone)
    }

    fn new(kind: &'static str, dir: PathBuf, file: &'static str, zone: TimeZone) -> Self {
        Self {
            kind,
            file,
            dir,
            zone,
            reached: None,
        }
    }

    /// Appends a bounded part of what is new; whether there may be more at once.
    ///
    /// # Errors
    /// As for [`super::Exporter::catch_up`]; after one the next call looks at the files again.
    pub fn step(&mut self, store: &Store) -> Result<bool, ExportError> {
        let step = self.append(store);
        if step.is_err() {
            self.reached = None;
        }
        step
    }

    fn append(&mut self, store: &Store) -> Result<bool, ExportError> {
        let last = store.last_seq()?;
        let reached = match self.reached {
            Some(reached) => reached,
            None => find_end(&self.dir, self.file, last)?,
        };
        let rows = store.entries_of(self.kind, reached)?;
        for row in &rows {
            let line = Line {
                seq: row.seq,
                time: rfc3339(row.at, &self.zone),
                event: &row.kind,
                cause: &row.cause,
                data: &row.data,
            };
            let mut text = serde_json::to_string(&line).map_err(ExportError::Encode)?;
            text.push('\n');
            let (path, mut file) = open_day(&self.dir, &date(row.at, &self.zone), self.file)?;
            file.write_all(text.as_bytes())
                .and_then(|()| file.sync_data())
                .map_err(ExportError::file("append to", &path))?;
            self.reached = Some(row.seq);
        }
        let more = rows.len() == BATCH;
        if !more {
            self.reached = Some(last);
        }
        Ok(more)
    }
}
