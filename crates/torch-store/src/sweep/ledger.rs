//! What the rules of communication keep, once it is old: settled records, and all records of teams that are gone.

use rusqlite::{Connection, TransactionBehavior};
use torch_core::ledger::ViolationState;
use torch_core::{LedgerRecord, Timestamp};

use super::{Phase, STEP, Swept, none, put_mark};
use crate::chain::ChainRow;
use crate::row::{get, json_in, time_out};
use crate::snapshot::whole;
use crate::sum;
use crate::{Store, StoreError};

/// A record that goes, with its key.
struct Gone {
    key: String,
    record: LedgerRecord,
    bytes: u64,
}

/// One look at the ledger.
struct Looked {
    /// The last key that was looked at; `None` at the end.
    last: Option<String>,
    gone: Vec<Gone>,
}

/// When a record was settled; `None` while it is open.
fn settled(record: &LedgerRecord) -> Option<Timestamp> {
    match record {
        LedgerRecord::Violation(row) => match &row.status {
            ViolationState::Open => None,
            ViolationState::Resolved { at, .. } | ViolationState::Expired { at } => Some(*at),
        },
        LedgerRecord::Stated(_) => None,
        LedgerRecord::Assignment(row) => row.acked,
        LedgerRecord::Block(row) => row.ended,
        LedgerRecord::Dependencies(row) => row.on.is_empty().then_some(row.at),
        LedgerRecord::Rules(row) => row.until,
        // They go with their team.
        LedgerRecord::Refs(_) | LedgerRecord::Activity(_) => None,
        LedgerRecord::Integration(row) => row.ended,
        LedgerRecord::Rollback(row) => row.ended(),
        LedgerRecord::Broker(row) => row.until,
        LedgerRecord::Push(row) if row.undo => None,
        LedgerRecord::Push(row) => row.state.settled(),
        LedgerRecord::Lane(_) => None,
    }
}

/// When something happened to a record last.
fn last_time(record: &LedgerRecord) -> Timestamp {
    let seen = match record {
        LedgerRecord::Violation(row) => row.last,
        other => other.at(),
    };
    settled(record).map_or(seen, |at| at.max(seen))
}

/// At most [`STEP`] records behind a key, and which of them go: what is older than `before`, and settled or of a team that
/// is gone.
fn read(conn: &Connection, after: &str, before: Timestamp) -> Result<Looked, StoreError> {
    let what = "record of the ledger";
    let failed = || StoreError::sql("read the old records of the ledger");
    let sql = format!(
        "SELECT t.record, {}, t.key, NOT EXISTS (SELECT 1 FROM team WHERE team.id = t.team) FROM ledger t \
         WHERE t.key > ?1 AND t.at < ?2 ORDER BY t.key LIMIT {STEP}",
        sum::holds("t", sum::LEDGER)
    );
    let mut statement = conn.prepare_cached(&sql).map_err(failed())?;
    let mut rows = statement
        .query((after, time_out(before)))
        .map_err(failed())?;
    let mut looked = Looked {
        last: None,
        gone: Vec::new(),
    };
    while let Some(row) = rows.next().map_err(failed())? {
        whole(row, 1, what, 2)?;
        let text: String = get(row, 0)?;
        let key: String = get(row, 2)?;
        let record: LedgerRecord = json_in(what, &text)?;
        let without_team: bool = get(row, 3)?;
        looked.last = Some(key.clone());
        let over = without_team || settled(&record).is_some();
        if over && last_time(&record) < before {
            let bytes = text.len() as u64;
            looked.gone.push(Gone { key, record, bytes });
        }
    }
    Ok(looked)
}

/// What would go.
pub(super) fn look(store: &Store, before: Timestamp) -> Result<Swept, StoreError> {
    let mut swept = none("ledger");
    let mut after = String::new();
    loop {
        let looked = read(&store.conn, &after, before)?;
        swept.items += looked.gone.len() as u64;
        swept.bytes += looked.gone.iter().map(|gone| gone.bytes).sum::<u64>();
        match looked.last {
            Some(last) => after = last,
            None => return Ok(swept),
        }
    }
}

impl super::Sweep {
    /// One step: records go to the archive, and then out of the database.
    pub(super) fn archive_ledger(&mut self, store: &mut Store) -> Result<Phase, StoreError> {
        let looked = read(&store.conn, &self.ledger_after, self.limits.before)?;
        let Some(last) = looked.last else {
            return Ok(Phase::Files);
        };
        self.ledger_after = last;
        if looked.gone.is_empty() {
            return Ok(Phase::Ledger);
        }
        let records = looked.gone.iter().map(|gone| &gone.record);
        self.archive.ledger(records)?;
        let failed = || StoreError::sql("take archived records out of the ledger");
        let mut chain = ChainRow::load(&store.conn)?;
        let tx = store
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed())?;
        for gone in &looked.gone {
            tx.prepare_cached("DELETE FROM ledger WHERE key = ?1")
                .and_then(|mut statement| statement.execute([&gone.key]))
                .map_err(failed())?;
        }
        chain.commits += 1;
        chain.save(&tx).map_err(failed())?;
        tx.commit().map_err(failed())?;
        put_mark(store, &chain);
        self.ledger.items += looked.gone.len() as u64;
        self.ledger.bytes += looked.gone.iter().map(|gone| gone.bytes).sum::<u64>();
        Ok(Phase::Ledger)
    }
}
