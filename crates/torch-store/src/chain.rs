//! The hash chain over the journal: how a row is hashed, and the check of the whole.
//!
//! The encoding is documented in `registry/schemas/journal.md`; it must never change for rows that exist.

use std::fmt::Write as _;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _, Row};
use sha2::{Digest as _, Sha256};

use crate::schema::{self, GUARDED};
use crate::sum;
use crate::{Store, StoreError};

/// What a check of the journal found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// The number of the last entry that was found good.
    pub entries: u64,
    /// The last entry that was archived: those up to it are not in the database, the check begins behind it.
    pub archived: u64,
    /// The hash of the last of them, lower-case hex; 64 zeros for an empty journal.
    pub head: String,
    /// What is wrong with the first bad entry, if anything.
    pub broken: Option<String>,
}

impl Store {
    /// Recomputes the chain from the first entry, one row at a time, and stops at the first that is wrong.
    ///
    /// # Errors
    /// [`StoreError::Sql`] when rows can't be read; a wrong row is no error but [`Audit::broken`].
    pub fn verify(&self) -> Result<Audit, StoreError> {
        verify(&self.conn)
    }
}

/// [`Store::verify`] of a database of any schema.
pub(crate) fn verify(conn: &Connection) -> Result<Audit, StoreError> {
    let failed = || StoreError::sql("check the journal's hash chain");
    // One snapshot for rows and head, also while a daemon writes.
    let tx = conn.unchecked_transaction().map_err(failed())?;
    let (entries, head, base) = ends(&tx).map_err(failed())?;
    let archived = base.entries.unsigned_abs();
    let mut link = base;
    let sql = format!(
        "SELECT j.seq, j.at, j.kind, j.subject, j.cause, j.data, j.content, j.hash, {CONTENT_COLUMNS} \
         FROM journal j LEFT JOIN message m ON j.content IS NOT NULL AND m.id = j.subject ORDER BY j.seq"
    );
    let mut statement = tx.prepare(&sql).map_err(failed())?;
    let mut rows = statement.query([]).map_err(failed())?;
    while let Some(row) = rows.next().map_err(failed())? {
        if let Some(broken) = check(row, &mut link).map_err(failed())? {
            return Ok(link.audit(archived, Some(broken)));
        }
    }
    let complete = entries == link.entries && head == link.hex();
    let broken = (!complete).then(|| {
        format!(
            "entries are missing at the end: {} of {entries} are there",
            link.entries
        )
    });
    Ok(link.audit(archived, broken))
}

/// What the chain's row says: how many entries there are, the last hash, and where the chain begins.
fn ends(conn: &Connection) -> rusqlite::Result<(i64, String, Link)> {
    let guarded = schema::version(conn)? >= GUARDED;
    let columns = if guarded { "base, base_hash" } else { "0, ''" };
    let sql = format!("SELECT entries, head, {columns} FROM chain");
    conn.query_row(&sql, [], |row| {
        let head = unhex(&row.get::<_, String>(3)?).unwrap_or_default();
        let entries = row.get(2)?;
        Ok((row.get(0)?, row.get(1)?, Link { entries, head }))
    })
}

/// The columns of `message` that its digest covers: what was said by whom to whom, and the verdict.
const CONTENT_COLUMNS: &str = "m.id, m.team, m.at, m.kind, m.sender, m.sender_team, m.sender_role, m.recipient, \
     m.recipient_role, m.target, m.pair_seq, m.body, m.original, m.decision, m.rule, m.cause";

/// How many columns [`CONTENT_COLUMNS`] has.
const CONTENT_WIDTH: usize = 16;

/// The digest of a stored message, lower-case hex; `None` when there is no such message.
pub(crate) fn content(conn: &Connection, id: &str) -> rusqlite::Result<Option<String>> {
    let sql = format!("SELECT {CONTENT_COLUMNS} FROM message m WHERE m.id = ?1");
    conn.prepare_cached(&sql)?
        .query_row([id], |row| digest(row, 0))
        .optional()
}

/// The fields of one journal row, but for its hash.
pub(crate) struct Fields<'a> {
    pub(crate) at: i64,
    pub(crate) kind: &'a [u8],
    pub(crate) subject: &'a [u8],
    pub(crate) cause: &'a [u8],
    pub(crate) data: &'a [u8],
    pub(crate) content: Option<&'a [u8]>,
}

/// A place in the chain: how many rows there are up to it and the hash of the last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) entries: i64,
    head: [u8; 32],
}

/// The one row of `chain`: where the journal ends, and the counters that tell what was lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChainRow {
    /// The journal's end.
    pub(crate) link: Link,
    /// Where its archived part ends.
    pub(crate) base: Link,
    /// Which registry this is.
    pub(crate) registry: String,
    /// How many commits it has taken.
    pub(crate) commits: i64,
    /// How many messages are stored.
    pub(crate) messages: i64,
    /// How many deliveries are under way: neither at an end nor accepted.
    pub(crate) open: i64,
}

impl ChainRow {
    /// Reads the row.
    ///
    /// # Errors
    /// [`StoreError::Altered`] when it is not what was written.
    pub(crate) fn load(conn: &Connection) -> Result<Self, StoreError> {
        let failed = || StoreError::sql("read the journal's head");
        let sql = format!(
            "SELECT entries, head, base, base_hash, registry, commits, messages, open, {} FROM chain c",
            sum::holds("c", sum::CHAIN)
        );
        let mut statement = conn.prepare_cached(&sql).map_err(failed())?;
        let mut rows = statement.query([]).map_err(failed())?;
        let altered = || StoreError::altered("chain", "1");
        let row = rows.next().map_err(failed())?.ok_or_else(altered)?;
        let read = |row: &Row<'_>| -> rusqlite::Result<(Option<Self>, bool)> {
            let link = |entries, hash: String| {
                Some(Link {
                    entries,
                    head: unhex(&hash)?,
                })
            };
            let holds = row.get(8)?;
            let ends = link(row.get(0)?, row.get(1)?).zip(link(row.get(2)?, row.get(3)?));
            let Some((link, base)) = ends else {
                return Ok((None, holds));
            };
            let chain = Self {
                link,
                base,
                registry: row.get(4)?,
                commits: row.get(5)?,
                messages: row.get(6)?,
                open: row.get(7)?,
            };
            Ok((Some(chain), holds))
        };
        match read(row).map_err(failed())? {
            (Some(chain), true) => Ok(chain),
            _ => Err(altered()),
        }
    }

    /// Writes the row.
    pub(crate) fn save(&self, conn: &Connection) -> rusqlite::Result<()> {
        conn.prepare_cached(
            "UPDATE chain SET entries = ?1, head = ?2, base = ?3, base_hash = ?4, registry = ?5, commits = ?6, \
             messages = ?7, open = ?8, sum = torch_sum(?1, ?2, ?5, ?6, ?7, ?8, ?3, ?4)",
        )?
        .execute((
            self.link.entries,
            self.link.hex(),
            self.base.entries,
            self.base.hex(),
            &self.registry,
            self.commits,
            self.messages,
            self.open,
        ))?;
        Ok(())
    }

    /// Refuses a journal whose last row is not the chain's end.
    pub(crate) fn check_end(&self, conn: &Connection) -> Result<(), StoreError> {
        let last: Option<(i64, String)> = conn
            .query_row(
                "SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1",
                [],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()
            .map_err(StoreError::sql("read the journal's end"))?;
        let (seq, hash) = last.unwrap_or((self.base.entries, self.base.hex()));
        if (seq, hash) == (self.link.entries, self.link.hex()) {
            return Ok(());
        }
        Err(StoreError::altered("journal", self.link.entries))
    }
}

impl Link {
    /// The place behind entry `entries` with this hash; `None` for a hash that is none.
    pub(crate) fn at(entries: i64, hash: &str) -> Option<Self> {
        let head = unhex(hash)?;
        Some(Self { entries, head })
    }

    /// Takes in the next row and becomes its number and hash.
    pub(crate) fn extend(&mut self, fields: &Fields<'_>) {
        self.entries += 1;
        let mut hash = Sha256::new();
        hash.update(self.head);
        absorb(&mut hash, ValueRef::Integer(self.entries));
        absorb(&mut hash, ValueRef::Integer(fields.at));
        for text in [fields.kind, fields.subject, fields.cause, fields.data] {
            absorb(&mut hash, ValueRef::Text(text));
        }
        absorb(
            &mut hash,
            fields.content.map_or(ValueRef::Null, ValueRef::Text),
        );
        self.head = hash.finalize().into();
    }

    /// The last hash, lower-case hex.
    pub(crate) fn hex(&self) -> String {
        hex(&self.head)
    }

    fn audit(&self, archived: u64, broken: Option<String>) -> Audit {
        Audit {
            entries: self.entries.unsigned_abs(),
            archived,
            head: self.hex(),
            broken,
        }
    }
}

/// Checks one row against the rows before it; leaves `link` at the last good row.
fn check(row: &Row<'_>, link: &mut Link) -> rusqlite::Result<Option<String>> {
    let seq: i64 = row.get(0)?;
    let expected = link.entries + 1;
    if seq != expected {
        return Ok(Some(format!(
            "entry {expected} is missing, entry {seq} follows"
        )));
    }
    let text = |column| {
        row.get_ref(column)
            .map(|value| value.as_bytes_or_null().unwrap_or(None))
    };
    let content = text(6)?;
    let mut next = Link {
        entries: link.entries,
        head: link.head,
    };
    next.extend(&Fields {
        at: row.get(1)?,
        kind: text(2)?.unwrap_or_default(),
        subject: text(3)?.unwrap_or_default(),
        cause: text(4)?.unwrap_or_default(),
        data: text(5)?.unwrap_or_default(),
        content,
    });
    if text(7)?.unwrap_or_default() != next.hex().as_bytes() {
        return Ok(Some(format!("entry {seq} does not match its hash")));
    }
    if let Some(recorded) = content {
        let subject = String::from_utf8_lossy(text(3)?.unwrap_or_default()).into_owned();
        if row.get_ref(8)? == ValueRef::Null {
            return Ok(Some(format!("message {subject} of entry {seq} is missing")));
        }
        if digest(row, 8)?.as_bytes() != recorded {
            return Ok(Some(format!(
                "message {subject} is not what entry {seq} recorded"
            )));
        }
    }
    *link = next;
    Ok(None)
}

/// The digest of the message whose [`CONTENT_COLUMNS`] begin at `first`.
fn digest(row: &Row<'_>, first: usize) -> rusqlite::Result<String> {
    let mut hash = Sha256::new();
    for column in first..first + CONTENT_WIDTH {
        absorb(&mut hash, row.get_ref(column)?);
    }
    Ok(hex(&hash.finalize()))
}

/// Adds one value so that no two rows have the same bytes: type, length, content.
pub(crate) fn absorb(hash: &mut Sha256, value: ValueRef<'_>) {
    let (kind, bytes): (u8, &[u8]) = match value {
        ValueRef::Null => (b'n', &[]),
        ValueRef::Integer(number) => {
            hash.update(b"i");
            hash.update(number.to_be_bytes());
            return;
        }
        ValueRef::Real(number) => {
            hash.update(b"r");
            hash.update(number.to_be_bytes());
            return;
        }
        ValueRef::Text(bytes) => (b't', bytes),
        ValueRef::Blob(bytes) => (b'b', bytes),
    };
    hash.update([kind]);
    hash.update((bytes.len() as u64).to_be_bytes());
    hash.update(bytes);
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        write!(text, "{byte:02x}").expect("writing to a String does not fail");
    }
    text
}

pub(crate) fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(index * 2..index * 2 + 2)?, 16).ok()?;
    }
    Some(bytes)
}
