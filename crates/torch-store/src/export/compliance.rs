//! The day files' analysis: `communications/YYYY-MM-DD/compliance_analysis.jsonl`, one line per closed period.
//!
//! A period ends with its hour (of the zone's clock), or earlier when a team finishes. It is a stretch of the journal,
//! so each line can be made again from the journal alone, and its last entry's number says where the next one begins.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::tz::TimeZone;
use rusqlite::OptionalExtension as _;
use serde::Serialize;
use torch_core::Timestamp;
use torch_core::analysis::{TeamAnalysis, analyse};

use super::ExportError;
use super::day::{find_end, open_day};
use super::line::{date, local, rfc3339};
use crate::fact::Stretch;
use crate::row::{count_in, count_out, get, time_in, time_out};
use crate::{Store, StoreError};

/// What each day's file is called.
const FILE: &str = "compliance_analysis.jsonl";

const HOUR: Duration = Duration::from_secs(3_600);

/// Appends an analysis of each period to the day files once it is closed.
#[derive(Debug)]
pub struct ComplianceExporter {
    dir: PathBuf,
    zone: TimeZone,
    /// The last entry that a period covers; unknown before the first look at the files.
    reached: Option<u64>,
    /// When there may be something to do.
    due: Timestamp,
}

/// One line, as documented in `registry/schemas/compliance_analysis.md`.
#[derive(Debug, Serialize)]
struct Line {
    seq: u64,
    from: String,
    until: String,
    closed_by: ClosedBy,
    teams: Vec<TeamAnalysis>,
}

/// What ended a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum ClosedBy {
    Hour,
    Finish,
}

/// A period that is over.
#[derive(Debug)]
struct Period {
    stretch: Stretch,
    from: Timestamp,
    until: Timestamp,
    closed_by: ClosedBy,
}

/// Where a period stands.
enum Closing {
    Closed(Period),
    Open { until: Timestamp },
}

impl ComplianceExporter {
    /// An exporter to `communications` in `logs_dir`; hours and days are those of `zone`.
    pub fn new(logs_dir: &Path, zone: TimeZone) -> Self {
        Self {
            dir: logs_dir.join("communications"),
            zone,
            reached: None,
            due: Timestamp(0),
        }
    }

    /// Whether a period may be over: its hour is, or a team `finished` since the last step.
    pub fn is_due(&self, now: Timestamp, finished: bool) -> bool {
        finished || now >= self.due
    }

    /// Writes the line of one period that is over by `now`; whether there may be more. A period in which nothing was
    /// said and nothing waited leaves no line.
    ///
    /// # Errors
    /// As for [`super::Exporter::catch_up`]; what is missing is written after the next hour.
    pub fn step(&mut self, store: &Store, now: Timestamp) -> Result<bool, ExportError> {
        let step = self.next(store, now);
        if step.is_err() {
            self.reached = None;
            self.due = self.hour(now).1;
        }
        step
    }

    fn next(&mut self, store: &Store, now: Timestamp) -> Result<bool, ExportError> {
        let reached = match self.reached {
            Some(reached) => reached,
            None => find_end(&self.dir, FILE, store.last_seq()?)?,
        };
        let closing = self.close(store, reached, now)?;
        let period = match closing {
            Closing::Open { until } => {
                self.reached = Some(reached);
                self.due = until;
                return Ok(false);
            }
            Closing::Closed(period) => period,
        };
        let teams = analyse(&store.facts_of(period.stretch, period.until)?, period.until);
        if !teams.is_empty() {
            self.append(&period, teams)?;
        }
        self.reached = Some(period.stretch.last);
        self.due = Timestamp(0);
        Ok(true)
    }

    /// The period that begins after `reached`, as far as it has come.
    fn close(&self, store: &Store, reached: u64, now: Timestamp) -> Result<Closing, StoreError> {
        let Some(from) = store.entry_after(reached)? else {
            let until = self.hour(now).1;
            return Ok(Closing::Open { until });
        };
        let until = self.hour(from).1;
        let (last, until, closed_by) = match store.end_of_period(reached, until)? {
            Some(end) if end.at < until => (end.seq, end.at, ClosedBy::Finish),
            Some(end) => (end.seq - 1, until, ClosedBy::Hour),
            None if now >= until => (store.last_seq()?, until, ClosedBy::Hour),
            None => return Ok(Closing::Open { until }),
        };
        let after = reached;
        Ok(Closing::Closed(Period {
            stretch: Stretch { after, last },
            from,
            until,
            closed_by,
        }))
    }

    /// The hour of the zone's clock in which an instant lies.
    fn hour(&self, at: Timestamp) -> (Timestamp, Timestamp) {
        let local = local(at, &self.zone);
        let seconds = i64::from(local.minute()) * 60 + i64::from(local.second());
        let into = u64::try_from(seconds * 1_000 + i64::from(local.millisecond()));
        let begin = Timestamp(at.0.saturating_sub(into.unwrap_or_default()));
        (begin, begin.after(HOUR))
    }

    fn append(&self, period: &Period, teams: Vec<TeamAnalysis>) -> Result<(), ExportError> {
        let line = Line {
            seq: period.stretch.last,
            from: rfc3339(period.from, &self.zone),
            until: rfc3339(period.until, &self.zone),
            closed_by: period.closed_by,
            teams,
        };
        let mut text = serde_json::to_string(&line).map_err(ExportError::Encode)?;
        text.push('\n');
        let day = date(period.from, &self.zone);
        let (path, mut file) = open_day(&self.dir, &day, FILE)?;
        file.write_all(text.as_bytes())
            .and_then(|()| file.sync_data())
            .map_err(ExportError::file("append to", &path))
    }
}

/// The entry that ends a period: the finish of a team, which belongs to it, or the first one of a later hour.
struct End {
    seq: u64,
    at: Timestamp,
}

impl Store {
    /// When the entry after this one was committed.
    fn entry_after(&self, seq: u64) -> Result<Option<Timestamp>, StoreError> {
        let failed = || StoreError::sql("read the journal for the analysis");
        let after = count_out("journal number", seq)?;
        let sql = "SELECT at FROM journal WHERE seq > ?1 ORDER BY seq LIMIT 1";
        let mut statement = self.conn.prepare_cached(sql).map_err(failed())?;
        let at = statement.query_row([after], |row| row.get(0));
        Ok(at.optional().map_err(failed())?.map(time_in))
    }

    fn end_of_period(&self, seq: u64, until: Timestamp) -> Result<Option<End>, StoreError> {
        let failed = || StoreError::sql("read the journal for the analysis");
        let sql = "SELECT seq, at FROM journal WHERE seq > ?1 AND (at >= ?2 OR kind = 'team.phase' \
                   AND json_extract(data, '$.phase') = 'finished') ORDER BY seq LIMIT 1";
        let mut statement = self.conn.prepare_cached(sql).map_err(failed())?;
        let after = count_out("journal number", seq)?;
        let mut rows = statement
            .query((after, time_out(until)))
            .map_err(failed())?;
        let Some(row) = rows.next().map_err(failed())? else {
            return Ok(None);
        };
        Ok(Some(End {
            seq: count_in("journal number", get(row, 0)?)?,
            at: time_in(get(row, 1)?),
        }))
    }
}
