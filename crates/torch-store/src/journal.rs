//! Reading the journal.

use std::ops::ControlFlow;

use rusqlite::{Connection, Params, Row};
use torch_core::Timestamp;

use crate::row::{count_in, get, json_in, time_in, time_out};
use crate::{Store, StoreError};

/// One entry of the journal as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalRow {
    /// Its number, from 1 without gaps.
    pub seq: u64,
    /// When it was committed.
    pub at: Timestamp,
    /// What happened.
    pub kind: String,
    /// To what: the id of a message, an agent or a team.
    pub subject: String,
    /// Because of what.
    pub cause: String,
    /// The particulars.
    pub data: serde_json::Value,
    /// SHA-256 over the hash before it and this entry, lower-case hex.
    pub hash: String,
}

/// The columns of `journal`, in the order that [`journal_in`] reads them.
/// The last one says whether the row is what the hash before it and its own hash say.
pub(crate) const JOURNAL_COLUMNS: &str = "j.seq, j.at, j.kind, j.subject, j.cause, j.data, j.hash, \
     j.hash IS torch_link(coalesce((SELECT p.hash FROM journal p WHERE p.seq = j.seq - 1), \
     (SELECT c.base_hash FROM chain c WHERE c.base = j.seq - 1)), \
     j.seq, j.at, j.kind, j.subject, j.cause, j.data, j.content)";

impl Store {
    /// Everything that happened to a subject (the whole id), oldest first.
    ///
    /// # Errors
    /// When rows can't be read.
    pub fn trace(&self, subject: &str) -> Result<Vec<JournalRow>, StoreError> {
        let sql =
            format!("SELECT {JOURNAL_COLUMNS} FROM journal j WHERE j.subject = ?1 ORDER BY j.seq");
        rows(&self.conn, &sql, [subject])
    }

    /// What last happened to a subject, newest first: entries whose kind begins with `kind_prefix` (empty =
    /// all), at most `limit`.
    ///
    /// # Errors
    /// When rows can't be read.
    pub fn history(
        &self,
        subject: &str,
        kind_prefix: &str,
        limit: u32,
    ) -> Result<Vec<JournalRow>, StoreError> {
        let sql = format!(
            "SELECT {JOURNAL_COLUMNS} FROM journal j WHERE j.subject = ?1 \
             AND substr(j.kind, 1, length(?2)) = ?2 ORDER BY j.seq DESC LIMIT ?3"
        );
        rows(&self.conn, &sql, (subject, kind_prefix, limit))
    }

    /// The last entry of a kind before an instant.
    ///
    /// # Errors
    /// When rows can't be read.
    pub fn last_before(&self, kind: &str, at: Timestamp) -> Result<Option<JournalRow>, StoreError> {
        let sql = format!(
            "SELECT {JOURNAL_COLUMNS} FROM journal j WHERE j.kind = ?1 AND j.at < ?2 ORDER BY j.seq DESC LIMIT 1"
        );
        Ok(rows(&self.conn, &sql, (kind, time_out(at)))?.pop())
    }

    /// What the rules of communication decided from one instant until before another, with the starts of daemons and the
    /// clocks that were set in between; oldest first.
    ///
    /// # Errors
    /// When rows can't be read.
    pub fn judgements(
        &self,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<JournalRow>, StoreError> {
        let sql = format!(
            "SELECT {JOURNAL_COLUMNS} FROM journal j WHERE j.at >= ?1 AND j.at < ?2 AND j.kind IN \
             ('message.accepted', 'message.recorded', 'message.refused', 'router.began', 'clock.moved') ORDER BY j.seq"
        );
        rows(&self.conn, &sql, (time_out(from), time_out(until)))
    }

    /// Goes through the journal from its newest entry back, until told to stop. Its cost grows with how far it is let go.
    ///
    /// # Errors
    /// When rows can't be read.
    pub fn walk_back(
        &self,
        mut visit: impl FnMut(JournalRow) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let failed = || StoreError::sql("read the journal");
        let sql = format!("SELECT {JOURNAL_COLUMNS} FROM journal j ORDER BY j.seq DESC");
        let mut statement = self.conn.prepare_cached(&sql).map_err(failed())?;
        let mut rows = statement.query(()).map_err(failed())?;
        while let Some(row) = rows.next().map_err(failed())? {
            if visit(journal_in(row)?).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// The number of the last entry before an instant; 0 where there is none.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn last_until(&self, until: Timestamp) -> Result<u64, StoreError> {
        let sql = "SELECT coalesce(max(seq), 0) FROM journal WHERE at < ?1";
        let found = self
            .conn
            .query_row(sql, [time_out(until)], |row| row.get(0));
        let last: i64 = found.map_err(StoreError::sql("read the journal's last number"))?;
        count_in("journal number", last)
    }

    /// The number of the last entry, archived or not; 0 for an empty journal.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn last_seq(&self) -> Result<u64, StoreError> {
        let last: i64 = self
            .conn
            .query_row(
                "SELECT coalesce((SELECT max(seq) FROM journal), (SELECT base FROM chain))",
                [],
                |row| row.get(0),
            )
            .map_err(StoreError::sql("read the journal's last number"))?;
        count_in("journal number", last)
    }
}

/// The entry in the first columns of a row.
pub(crate) fn journal_in(row: &Row<'_>) -> Result<JournalRow, StoreError> {
    if !get::<bool>(row, 7)? {
        return Err(StoreError::altered("journal", get::<i64>(row, 0)?));
    }
    Ok(JournalRow {
        seq: count_in("journal number", get(row, 0)?)?,
        at: time_in(get(row, 1)?),
        kind: get(row, 2)?,
        subject: get(row, 3)?,
        cause: get(row, 4)?,
        data: json_in("journal data", &get::<String>(row, 5)?)?,
        hash: get(row, 6)?,
    })
}

fn rows(conn: &Connection, sql: &str, params: impl Params) -> Result<Vec<JournalRow>, StoreError> {
    let failed = || StoreError::sql("read the journal");
    let mut statement = conn.prepare_cached(sql).map_err(failed())?;
    let mut rows = statement.query(params).map_err(failed())?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next().map_err(failed())? {
        entries.push(journal_in(row)?);
    }
    Ok(entries)
}
