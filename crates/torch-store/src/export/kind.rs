//! The journal's entries of one kind, for the day files that hold no others.

use crate::journal::{JOURNAL_COLUMNS, journal_in};
use crate::{JournalRow, Store, StoreError};

/// How many entries are read at once.
pub(super) const BATCH: usize = 200;

impl Store {
    /// The next entries of the journal whose kind begins with this word and a dot.
    pub(super) fn entries_of(
        &self,
        word: &'static str,
        seq: u64,
    ) -> Result<Vec<JournalRow>, StoreError> {
        let failed = || StoreError::sql("read the journal's entries of one kind");
        // What follows a dot in the order of characters is a slash.
        let sql = format!(
            "SELECT {JOURNAL_COLUMNS} FROM journal j WHERE j.seq > ?1 AND j.kind >= '{word}.' AND j.kind < '{word}/' \
             ORDER BY j.seq LIMIT {BATCH}"
        );
        let mut statement = self.conn.prepare_cached(&sql).map_err(failed())?;
        let after = crate::row::count_out("journal number", seq)?;
        let mut rows = statement.query([after]).map_err(failed())?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().map_err(failed())? {
            found.push(journal_in(row)?);
        }
        Ok(found)
    }
}
