//! Sums over rows: what SQLite's own checks can't see, a bit that changed inside a value, is seen when the row is read.

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::{Connection, params};
use sha2::{Digest as _, Sha256};

use crate::chain::{absorb, hex};

/// The columns that the sum of each table's rows covers, in the order in which they are summed. The order is part of
/// every stored sum: it must never change.
pub(crate) const SUMMED: &[(&str, &str)] = &[
    ("team", TEAM),
    ("team_name", TEAM_NAME),
    ("agent", AGENT),
    ("spool", SPOOL),
    ("message", MESSAGE),
    ("pair", PAIR),
    ("delivery", DELIVERY),
    ("schedule", SCHEDULE),
    ("ledger", LEDGER),
    ("plan", PLAN),
    ("chain", CHAIN),
];

pub(crate) const TEAM: &str = "id, name, project, desired, phase, created, record";
pub(crate) const TEAM_NAME: &str = "team, name";
pub(crate) const AGENT: &str = "id, team, role, position, state, record";
pub(crate) const SPOOL: &str = "agent, bytes";
pub(crate) const MESSAGE: &str = "n, id, short, team, at, kind, sender, sender_team, sender_role, sender_rule, \
     recipient, recipient_role, target, pair_seq, body, original, cleaned, decision, rule, reason, critical, key, \
     expires, flags, body_file, cause, read_at";
pub(crate) const PAIR: &str = "sender, team, recipient, last";
pub(crate) const DELIVERY: &str =
    "message, state, reason, attempt, possible_duplicate, launch, since, evidence";
pub(crate) const SCHEDULE: &str = "id, team, due, state, record";
pub(crate) const LEDGER: &str = "key, team, kind, open, at, record";
pub(crate) const PLAN: &str = "team, record";
pub(crate) const CHAIN: &str = "entries, head, registry, commits, messages, open, base, base_hash";

/// Gives a connection the functions that migrations and statements use.
pub(crate) fn register(conn: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    conn.create_scalar_function("torch_sum", -1, flags, sum)?;
    conn.create_scalar_function("torch_link", 8, flags, link)
}

/// SHA-256 over all arguments, its first 8 bytes as a number.
fn sum(context: &Context<'_>) -> rusqlite::Result<i64> {
    let mut hash = Sha256::new();
    for argument in 0..context.len() {
        absorb(&mut hash, context.get_raw(argument));
    }
    let digest = hash.finalize();
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    Ok(i64::from_be_bytes(first))
}

/// The hash of a row of the journal: of the hash before it (hex) and its fields.
fn link(context: &Context<'_>) -> rusqlite::Result<Option<String>> {
    let before = context.get_raw(0).as_str_or_null().unwrap_or(None);
    let Some(before) = before.and_then(crate::chain::unhex) else {
        return Ok(None);
    };
    let mut hash = Sha256::new();
    hash.update(before);
    for argument in 1..context.len() {
        absorb(&mut hash, context.get_raw(argument));
    }
    Ok(Some(hex(&hash.finalize())))
}

/// An expression that is true for a row whose sum is right; `alias` names its table in the statement.
pub(crate) fn holds(alias: &str, columns: &str) -> String {
    let columns: Vec<String> = columns
        .split(", ")
        .map(|column| format!("{alias}.{}", column.trim()))
        .collect();
    format!("({alias}.sum IS torch_sum({}))", columns.join(", "))
}

/// Writes the sum of the rows that `key` picks.
pub(crate) fn seal(
    conn: &Connection,
    table: &str,
    columns: &str,
    key: &str,
    value: impl rusqlite::ToSql,
) -> rusqlite::Result<()> {
    let sql = format!("UPDATE {table} SET sum = torch_sum({columns}) WHERE {key} = ?1");
    conn.prepare_cached(&sql)?.execute(params![value])?;
    Ok(())
}

/// Columns as they are called in a database of an older schema, which is checked before it is migrated.
fn as_called(schema: u32, columns: &str) -> String {
    match schema {
        // Renamed by migration 4.
        0..4 => columns.replace(", flags,", ", inline,"),
        _ => columns.to_owned(),
    }
}

/// Whether a database of this schema has a table.
fn has(schema: u32, table: &str) -> bool {
    match table {
        "ledger" => schema >= crate::schema::LEDGER,
        "plan" => schema >= crate::schema::PLAN,
        _ => true,
    }
}

/// The first table with a row whose sum is wrong, and how many of its rows are.
pub(crate) fn wrong(conn: &Connection) -> rusqlite::Result<Option<String>> {
    let schema: u32 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for (table, columns) in SUMMED.iter().filter(|(table, _)| has(schema, table)) {
        let columns = as_called(schema, columns);
        let sql = format!(
            "SELECT count(*) FROM {table} t WHERE NOT {}",
            holds("t", &columns)
        );
        let rows: i64 = conn.query_row(&sql, [], |row| row.get(0))?;
        if rows > 0 {
            return Ok(Some(format!(
                "{rows} of the rows in table {table} are not what was written"
            )));
        }
    }
    Ok(None)
}
