//! Retention: the journal's old part and settled messages go to an archive, old exports and logs go.
//!
//! The archive is written and on disk before anything leaves the database; a crash in between repeats lines in the next
//! archive and loses none. The chain goes on from the last archived entry, whose hash stays as its base.

mod archive;
mod files;
mod ledger;

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior};
use serde_json::json;
use torch_core::journal::JournalEntry;
use torch_core::{Timestamp, Write};

use archive::Archive;

use crate::chain::{ChainRow, Link};
use crate::mark::Mark;
use crate::message::{open_states, states};
use crate::row::time_out;
use crate::{Store, StoreError, backup};

/// How many entries or messages leave the database in one step.
const STEP: i64 = 2_000;

/// What a registry keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// What is older goes.
    pub before: Timestamp,
    /// How many backups stay.
    pub backups: usize,
}

/// How much of one kind goes, or went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Swept {
    /// `journal`, `messages`, `ledger`, `day-files`, `backups`, `screen-logs`.
    pub kind: &'static str,
    /// How many entries, messages or files.
    pub items: u64,
    /// How large they are, in bytes; for entries and messages about.
    pub bytes: u64,
}

/// A sweep under way, one bounded step at a time.
#[derive(Debug)]
pub struct Sweep {
    home: PathBuf,
    limits: Limits,
    now: Timestamp,
    archive: Archive,
    phase: Phase,
    journal: Swept,
    messages: Swept,
    ledger: Swept,
    /// The key of the last record of the ledger that was looked at.
    ledger_after: String,
    swept: Vec<Swept>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Up to this entry.
    Journal(i64),
    /// Behind this message.
    Messages(i64),
    Ledger,
    Files,
    Done,
}

fn none(kind: &'static str) -> Swept {
    Swept {
        kind,
        items: 0,
        bytes: 0,
    }
}

/// Says what a sweep would take, kind by kind. Reads the database and changes nothing.
///
/// # Errors
/// What database and disk say.
pub fn look(store: &Store, home: &Path, limits: Limits) -> Result<Vec<Swept>, StoreError> {
    let failed = || StoreError::sql("look for what is old");
    let base = ChainRow::load(&store.conn)?.base.entries;
    let cut = cut(&store.conn, base, limits.before).map_err(failed())?;
    let mut journal = none("journal");
    journal.items = (cut - base).unsigned_abs();
    let sql = "SELECT coalesce(avg(length(kind) + length(subject) + length(cause) + length(data) + 100), 0) \
               FROM (SELECT * FROM journal WHERE seq > ?1 AND seq <= ?2 LIMIT 1000)";
    let size: f64 = store
        .conn
        .query_row(sql, (base, cut), |row| row.get(0))
        .map_err(failed())?;
    journal.bytes = journal.items * whole(size);
    let sql = format!(
        "SELECT count(*), coalesce(sum(length(m.body) + length(coalesce(m.original, '')) + 400), 0) {}",
        settled("j.seq > ?2")
    );
    let mut messages = none("messages");
    let (items, bytes): (i64, i64) = store
        .conn
        .query_row(&sql, (time_out(limits.before), cut, -1_i64), |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .map_err(failed())?;
    (messages.items, messages.bytes) = (items.unsigned_abs(), bytes.unsigned_abs());
    let mut swept = vec![journal, messages, ledger::look(store, limits.before)?];
    swept.extend(files::sweep(home, limits, true)?);
    Ok(swept)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an average length of texts"
)]
fn whole(size: f64) -> u64 {
    size.max(0.0) as u64
}

/// The messages that may go: old, at an end, read if they were for the person, no running agent's briefing, and without
/// an entry in the part of the journal that stays (`stays` picks it). Parameters: the limit, the cut, the message before.
fn settled(stays: &str) -> String {
    let open = states(open_states());
    format!(
        "FROM message m JOIN delivery d ON d.message = m.n WHERE m.n > ?3 AND m.at < ?1 AND d.state NOT IN ({open}) \
         AND (m.recipient <> 'human' OR m.read_at IS NOT NULL) \
         AND NOT EXISTS (SELECT 1 FROM agent a WHERE json_extract(a.record, '$.briefing') = m.id) \
         AND NOT EXISTS (SELECT 1 FROM journal j WHERE j.subject = m.id AND {stays})"
    )
}

/// The last of the entries from the first on that are all older than `before`. Their times rise but where the clock was
/// set back; halving finds a place where an old entry is followed by a newer one, or the journal's end.
fn cut(conn: &Connection, base: i64, before: Timestamp) -> rusqlite::Result<i64> {
    let before = time_out(before);
    let mut at = conn.prepare_cached("SELECT at FROM journal WHERE seq = ?1")?;
    let last: Option<i64> = conn.query_row("SELECT max(seq) FROM journal", [], |row| row.get(0))?;
    let (mut old, mut new) = (base, last.unwrap_or(base) + 1);
    while new - old > 1 {
        let middle = old + (new - old) / 2;
        let time: Option<i64> = at.query_row([middle], |row| row.get(0)).optional()?;
        if time.is_some_and(|time| time < before) {
            old = middle;
        } else {
            new = middle;
        }
    }
    Ok(old)
}

impl Sweep {
    /// A sweep of the registry in `home`; nothing is done before its first step.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn new(
        store: &Store,
        home: &Path,
        limits: Limits,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let chain = ChainRow::load(&store.conn)?;
        let cut = cut(&store.conn, chain.base.entries, limits.before)
            .map_err(StoreError::sql("look for what is old"))?;
        Ok(Self {
            home: home.to_owned(),
            limits,
            now,
            archive: Archive::new(&home.join("archive"), now, &chain),
            phase: Phase::Journal(cut),
            journal: none("journal"),
            messages: none("messages"),
            ledger: none("ledger"),
            ledger_after: String::new(),
            swept: Vec::new(),
        })
    }

    /// One step, at most 2,000 entries, messages or records; says whether there is more to do.
    ///
    /// # Errors
    /// What database and disk say; what was done before stays done, and a new sweep goes on from there.
    pub fn step(&mut self, store: &mut Store) -> Result<bool, StoreError> {
        store.still_there()?;
        self.phase = match self.phase {
            Phase::Journal(cut) => self.archive_entries(store, cut)?,
            Phase::Messages(after) => self.archive_messages(store, after)?,
            Phase::Ledger => self.archive_ledger(store)?,
            Phase::Files => {
                self.finish(store)?;
                Phase::Done
            }
            Phase::Done => Phase::Done,
        };
        Ok(self.phase != Phase::Done)
    }

    /// What went, kind by kind; complete after the last step.
    pub fn swept(&self) -> &[Swept] {
        &self.swept
    }

    /// The archive that was written; `None` if nothing left the database.
    pub fn archive(&self) -> Option<&Path> {
        self.archive.written()
    }

    fn archive_entries(&mut self, store: &mut Store, cut: i64) -> Result<Phase, StoreError> {
        let mut chain = ChainRow::load(&store.conn)?;
        let to = cut.min(chain.base.entries + STEP);
        if to <= chain.base.entries {
            return Ok(Phase::Messages(-1));
        }
        let (amount, hash) = self.archive.entries(store, chain.base.entries, to)?;
        let failed = || StoreError::sql("take archived entries out of the journal");
        let tx = store
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed())?;
        chain.base = Link::at(to, &hash).ok_or_else(|| StoreError::altered("journal", to))?;
        chain.commits += 1;
        chain.save(&tx).map_err(failed())?;
        tx.execute("DELETE FROM journal WHERE seq <= ?1", [to])
            .map_err(failed())?;
        tx.commit().map_err(failed())?;
        put_mark(store, &chain);
        self.journal.items += amount.items;
        self.journal.bytes += amount.bytes;
        Ok(Phase::Journal(cut))
    }

    fn archive_messages(&mut self, store: &mut Store, after: i64) -> Result<Phase, StoreError> {
        let failed = || StoreError::sql("take archived messages out");
        let mut chain = ChainRow::load(&store.conn)?;
        let sql = format!(
            "SELECT m.n, m.id {} ORDER BY m.n LIMIT {STEP}",
            settled("j.seq > ?2")
        );
        let before = time_out(self.limits.before);
        let rows: Vec<(i64, String)> = store
            .conn
            .prepare_cached(&sql)
            .and_then(|mut statement| {
                let rows = statement.query_map((before, chain.base.entries, after), |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })?;
                rows.collect()
            })
            .map_err(failed())?;
        let Some(&(last, _)) = rows.last() else {
            return Ok(Phase::Ledger);
        };
        let bytes = self.archive.messages(store, &rows)?;
        let tx = store
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed())?;
        for (n, _) in &rows {
            for sql in [
                "DELETE FROM delivery WHERE message = ?1",
                "DELETE FROM message WHERE n = ?1",
            ] {
                tx.prepare_cached(sql)
                    .and_then(|mut statement| statement.execute([n]))
                    .map_err(failed())?;
            }
        }
        chain.messages -= i64::try_from(rows.len()).unwrap_or(STEP);
        chain.commits += 1;
        chain.save(&tx).map_err(failed())?;
        tx.commit().map_err(failed())?;
        put_mark(store, &chain);
        self.messages.items += rows.len() as u64;
        self.messages.bytes += bytes;
        Ok(Phase::Messages(last))
    }

    /// The files, and an entry in the journal that says what left it.
    fn finish(&mut self, store: &mut Store) -> Result<(), StoreError> {
        self.swept = vec![self.journal, self.messages, self.ledger];
        self.swept
            .extend(files::sweep(&self.home, self.limits, false)?);
        let Some(archive) = self.archive.written() else {
            return Ok(());
        };
        let base = ChainRow::load(&store.conn)?.base;
        let entry = JournalEntry::new("registry.archived", "registry", "torch gc").with(json!({
            "archive": archive.file_name().map(|name| name.to_string_lossy()),
            "entries_up_to": base.entries,
            "hash": base.hex(),
            "messages": self.messages.items,
            "ledger": self.ledger.items,
        }));
        store.commit(self.now, &[Write::Journal(entry)])
    }
}

fn put_mark(store: &Store, chain: &ChainRow) {
    if let Some(file) = &store.mark {
        file.put(&Mark::of(chain));
    }
}

/// Checks that the archives of the registry in `home` are one unbroken chain from its first entry to entry `base`.
///
/// # Errors
/// [`StoreError::Backup`] names the archive and what is wrong.
pub fn verify_archives(home: &Path, store: &Store) -> Result<u64, StoreError> {
    let base = ChainRow::load(&store.conn)?.base;
    archive::verify(&home.join("archive"), &base)
}

/// What the daemon's automatic backups leave behind goes by number, not by age.
pub(crate) fn backups(home: &Path, keep: usize, dry_run: bool) -> Result<Swept, StoreError> {
    let (items, bytes) = backup::prune(home, keep, dry_run)?;
    Ok(Swept {
        kind: "backups",
        items,
        bytes,
    })
}
