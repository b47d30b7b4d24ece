//! What a database holds, found by reading all of it.

use std::path::Path;

use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use torch_core::Timestamp;

use crate::open::{check_all_pages, check_content, check_header, check_owner, connect_read_only};
use crate::row::time_in;
use crate::schema::GUARDED;
use crate::{StoreError, chain, sum};

/// How far a database goes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// Its schema.
    pub schema: u32,
    /// The number of the journal's last entry.
    pub entries: u64,
    /// The hash of that entry, lower-case hex.
    pub head: String,
    /// When that entry was written; `None` for an empty journal.
    pub last: Option<Timestamp>,
    /// How many messages it holds.
    pub messages: u64,
    /// How many commits the registry had taken; 0 before schema 3.
    pub commits: u64,
}

/// Verifies a database that nobody writes to (pages, schema, every row, the journal's chain) and says what it holds.
///
/// # Errors
/// The first thing that is wrong.
pub fn content(path: &Path) -> Result<Content, StoreError> {
    check_header(path)?;
    let conn = connect_read_only(path)?;
    let schema = check_owner(&conn, path)?;
    let damaged = |detail| StoreError::Damaged {
        path: path.to_owned(),
        detail,
    };
    if schema == 0 {
        return Err(damaged("it has no tables".to_owned()));
    }
    check_all_pages(&conn, path)?;
    check_content(&conn, path, schema, None)?;
    if schema >= GUARDED
        && let Some(detail) = sum::wrong(&conn).map_err(StoreError::sql("check all rows"))?
    {
        return Err(damaged(detail));
    }
    let audit = chain::verify(&conn)?;
    if let Some(broken) = audit.broken {
        return Err(damaged(broken));
    }
    summary(&conn, schema, audit.entries, audit.head)
}

/// What a database holds as far as it can be read, without any check: for a damaged one, to say what is lost.
pub(crate) fn glimpse(path: &Path) -> Option<Content> {
    let conn = connect_read_only(path).ok()?;
    let schema = crate::schema::version(&conn).ok()?;
    let sql = "SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1";
    let (entries, head) = conn
        .query_row(sql, [], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?)))
        .ok()?;
    summary(&conn, schema, entries.unsigned_abs(), head).ok()
}

fn summary(
    conn: &Connection,
    schema: u32,
    entries: u64,
    head: String,
) -> Result<Content, StoreError> {
    let number = |sql: &str| -> Result<Option<i64>, StoreError> {
        conn.query_row(sql, [], |row| row.get(0))
            .map_err(StoreError::sql("read what a database holds"))
    };
    let last = number("SELECT (SELECT at FROM journal ORDER BY seq DESC LIMIT 1)")?;
    let messages = number("SELECT count(*) FROM message")?.unwrap_or(0);
    let commits = if schema >= GUARDED {
        number("SELECT commits FROM chain")?.unwrap_or(0)
    } else {
        0
    };
    Ok(Content {
        schema,
        entries,
        head,
        last: last.map(time_in),
        messages: messages.unsigned_abs(),
        commits: commits.unsigned_abs(),
    })
}
