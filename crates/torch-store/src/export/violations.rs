//! The day files' violations: `communications/YYYY-MM-DD/violations.jsonl`, one line per thing that happened to one.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use serde::Serialize;

use super::ExportError;
use super::day::{find_end, open_day};
use super::kind::BATCH;
use super::line::{date, rfc3339};
use crate::Store;

/// What each day's file is called.
const FILE: &str = "violations.jsonl";

/// Appends to the day files what the journal has of violations and they don't.
#[derive(Debug)]
pub struct ViolationExporter {
    dir: PathBuf,
    zone: TimeZone,
    /// How far the journal was read; unknown before the first look at the files.
    reached: Option<u64>,
}

/// One line, as documented in `registry/schemas/violations.md`.
#[derive(Debug, Serialize)]
struct Line<'a> {
    seq: u64,
    time: String,
    event: &'a str,
    cause: &'a str,
    #[serde(flatten)]
    violation: &'a serde_json::Value,
}

impl ViolationExporter {
    /// An exporter to `communications` in `logs_dir`; an entry belongs to the day that it has in `zone`.
    pub fn new(logs_dir: &Path, zone: TimeZone) -> Self {
        Self {
            dir: logs_dir.join("communications"),
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
            None => find_end(&self.dir, FILE, last)?,
        };
        let rows = store.entries_of("violation", reached)?;
        for row in &rows {
            let line = Line {
                seq: row.seq,
                time: rfc3339(row.at, &self.zone),
                event: &row.kind,
                cause: &row.cause,
                violation: &row.data,
            };
            let mut text = serde_json::to_string(&line).map_err(ExportError::Encode)?;
            text.push('\n');
            let (path, mut file) = open_day(&self.dir, &date(row.at, &self.zone), FILE)?;
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
