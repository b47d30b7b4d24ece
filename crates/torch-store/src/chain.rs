//! The hash chain over the journal: how a row is hashed, and the check of the whole.
//!
//! The encoding is documented in `registry/schemas/journal.md`; it must never change for rows that exist.

use std::fmt::Write as _;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _, Row};
use sha2::{Digest as _, Sha256};

use crate::{Store, StoreError};

/// What a check of the journal found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// How many entries were read and found good.
    pub entries: u64,
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
        let failed = || StoreError::sql("check the journal's hash chain");
        // One snapshot for rows and head, also while a daemon writes.
        let tx = self.conn.unchecked_transaction().map_err(failed())?;
        let mut link = Link::default();
        let sql = format!(
            "SELECT j.seq, j.at, j.kind, j.subject, j.cause, j.data, j.content, j.hash, {CONTENT_COLUMNS} \
             FROM journal j LEFT JOIN message m ON j.content IS NOT NULL AND m.id = j.subject ORDER BY j.seq"
        );
        let mut statement = tx.prepare(&sql).map_err(failed())?;
        let mut rows = statement.query([]).map_err(failed())?;
        while let Some(row) = rows.next().map_err(failed())? {
            if let Some(broken) = check(row, &mut link).map_err(failed())? {
                return Ok(link.audit(Some(broken)));
            }
        }
        let (entries, head): (i64, String) = tx
            .query_row("SELECT entries, head FROM chain", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .map_err(failed())?;
        let ends = entries == link.entries && head == link.hex();
        Ok(link.audit((!ends).then(|| {
            format!(
                "entries are missing at the end: {} of {entries} are there",
                link.entries
            )
        })))
    }
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

/// The chain's end: how many rows there are and the hash of the last.
#[derive(Debug, Default)]
pub(crate) struct Link {
    pub(crate) entries: i64,
    head: [u8; 32],
}

impl Link {
    /// The stored end of the chain.
    pub(crate) fn load(conn: &Connection) -> Result<Self, StoreError> {
        let (entries, head): (i64, String) = conn
            .prepare_cached("SELECT entries, head FROM chain")
            .and_then(|mut statement| statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?))))
            .map_err(StoreError::sql("read the journal's head"))?;
        let head = unhex(&head).ok_or_else(|| StoreError::decode("journal's head", &head))?;
        Ok(Self { entries, head })
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

    fn audit(&self, broken: Option<String>) -> Audit {
        Audit {
            entries: self.entries.unsigned_abs(),
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
fn absorb(hash: &mut Sha256, value: ValueRef<'_>) {
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

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        write!(text, "{byte:02x}").expect("writing to a String does not fail");
    }
    text
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(index * 2..index * 2 + 2)?, 16).ok()?;
    }
    Some(bytes)
}
