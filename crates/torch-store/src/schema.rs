//! The numbered migrations and the runner that applies each in one transaction.

use std::path::Path;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use sha2::{Digest as _, Sha256};
use torch_core::Timestamp;

use crate::StoreError;
use crate::chain::{absorb, hex};
use crate::row::time_out;

/// Marks a file as torch's in SQLite's header (`PRAGMA application_id`): "trch".
pub(crate) const APPLICATION_ID: i32 = 0x7472_6368;

/// The migrations by number, in order; the first has number 1.
pub(crate) const MIGRATIONS: &[(u32, &str)] = &[
    (
        1,
        include_str!("../../../registry/migrations/0001_initial.sql"),
    ),
    (
        2,
        include_str!("../../../registry/migrations/0002_schedule.sql"),
    ),
    (
        3,
        include_str!("../../../registry/migrations/0003_guards.sql"),
    ),
    (
        4,
        include_str!("../../../registry/migrations/0004_flags.sql"),
    ),
    (
        5,
        include_str!("../../../registry/migrations/0005_ledger.sql"),
    ),
    (
        6,
        include_str!("../../../registry/migrations/0006_plan.sql"),
    ),
];

/// The schema that this build reads and writes: the number of its last migration.
pub const SCHEMA_VERSION: u32 = MIGRATIONS[MIGRATIONS.len() - 1].0;

/// The first schema with sums, counters and a digest of itself.
pub(crate) const GUARDED: u32 = 3;

/// The first schema with the ledger.
pub(crate) const LEDGER: u32 = 5;

/// The first schema with plans.
pub(crate) const PLAN: u32 = 6;

/// The schema of an open database; 0 for a new one.
pub(crate) fn version(conn: &Connection) -> rusqlite::Result<u32> {
    conn.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Brings the database from its schema to that of the last of `migrations`: each step is a transaction of its own, so
/// that a stop in between costs no step twice. A new database gets all of them in one: nobody ever sees half of it.
pub(crate) fn migrate(
    conn: &mut Connection,
    path: &Path,
    now: Timestamp,
    migrations: &[(u32, &str)],
) -> Result<(), StoreError> {
    let current = version(conn).map_err(StoreError::sql("read the schema's number"))?;
    let due: Vec<_> = migrations
        .iter()
        .filter(|(number, _)| *number > current)
        .collect();
    let steps = if current == 0 { due.len().max(1) } else { 1 };
    for step in due.chunks(steps) {
        let last = step.last().map_or(current, |(number, _)| *number);
        let failed = |number| {
            move |source| StoreError::Migrate {
                path: path.to_owned(),
                number,
                source,
            }
        };
        let tx = conn
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed(last))?;
        for (number, sql) in step {
            apply(&tx, *number, sql, now).map_err(failed(*number))?;
        }
        tx.commit().map_err(failed(last))?;
    }
    Ok(())
}

fn apply(tx: &Transaction<'_>, number: u32, sql: &str, now: Timestamp) -> rusqlite::Result<()> {
    tx.execute_batch(sql)?;
    tx.execute(
        "INSERT INTO migration (number, at) VALUES (?1, ?2)",
        (number, time_out(now)),
    )?;
    if number == 1 {
        tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    }
    tx.pragma_update(None, "user_version", number)?;
    if number >= GUARDED {
        tx.execute(
            "UPDATE migration SET schema = ?2 WHERE number = ?1",
            (number, digest(tx)?),
        )?;
    }
    Ok(())
}

/// The digest of everything that SQLite knows of the tables, indexes and triggers.
fn digest(conn: &Connection) -> rusqlite::Result<String> {
    let sql =
        "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema ORDER BY type, name";
    let mut hash = Sha256::new();
    let mut statement = conn.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        for column in 0..4 {
            absorb(&mut hash, row.get_ref(column)?);
        }
    }
    Ok(hex(&hash.finalize()))
}

/// What is wrong with the schema of a database that says it has schema `version`, if anything.
pub(crate) fn wrong(conn: &Connection, version: u32) -> rusqlite::Result<Option<String>> {
    let last: u32 = conn.query_row(
        "SELECT coalesce(max(number), 0) FROM migration",
        [],
        |row| row.get(0),
    )?;
    if last != version {
        return Ok(Some(format!(
            "its schema is said to be {version}, but the last migration was {last}"
        )));
    }
    if version < GUARDED {
        return Ok(None);
    }
    let sql = "SELECT schema FROM migration WHERE number = ?1";
    let recorded: Option<String> = conn.query_row(sql, [version], |row| row.get(0))?;
    let differs = recorded != Some(digest(conn)?);
    Ok(differs.then(|| "its tables are not those that were made".to_owned()))
}
