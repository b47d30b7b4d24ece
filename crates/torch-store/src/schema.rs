//! The numbered migrations and the runner that applies each in one transaction.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};
use torch_core::Timestamp;

use crate::StoreError;
use crate::row::time_out;

/// Marks a file as torch's in SQLite's header (`PRAGMA application_id`): "trch".
pub(crate) const APPLICATION_ID: i32 = 0x7472_6368;

/// The migrations in order; the first has number 1.
pub(crate) const MIGRATIONS: &[&str] = &[
    include_str!("../../../registry/migrations/0001_initial.sql"),
    include_str!("../../../registry/migrations/0002_schedule.sql"),
];

/// The schema that this build reads and writes: the number of its last migration.
#[expect(clippy::cast_possible_truncation, reason = "a handful of migrations")]
pub const SCHEMA_VERSION: u32 = MIGRATIONS.len() as u32;

/// The schema of an open database; 0 for a new one.
pub(crate) fn version(conn: &Connection) -> rusqlite::Result<u32> {
    conn.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Brings the database from its schema to that of the last of `migrations`.
pub(crate) fn migrate(
    conn: &mut Connection,
    path: &Path,
    now: Timestamp,
    migrations: &[&str],
) -> Result<(), StoreError> {
    let current = version(conn).map_err(StoreError::sql("read the schema's number"))?;
    for (number, sql) in (1_u32..).zip(migrations) {
        if number > current {
            apply(conn, number, sql, now).map_err(|source| StoreError::Migrate {
                path: path.to_owned(),
                number,
                source,
            })?;
        }
    }
    Ok(())
}

fn apply(conn: &mut Connection, number: u32, sql: &str, now: Timestamp) -> rusqlite::Result<()> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    tx.execute_batch(sql)?;
    tx.execute(
        "INSERT INTO migration (number, at) VALUES (?1, ?2)",
        (number, time_out(now)),
    )?;
    if number == 1 {
        tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    }
    tx.pragma_update(None, "user_version", number)?;
    tx.commit()
}
