//! Reading the ledger: what the rules of communication keep.

use torch_core::LedgerRecord;

use crate::{Store, StoreError, sum};

/// Which kind of records of the ledger are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LedgerKind {
    /// Violations.
    Violation,
    /// Assignments.
    Assignment,
    /// The rules of projects.
    Rules,
    /// Integrations.
    Integration,
    /// Rollbacks.
    Rollback,
    /// Pushes that brokers took.
    Push,
}

impl LedgerKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Violation => "violation",
            Self::Assignment => "assignment",
            Self::Rules => "rules",
            Self::Integration => "integration",
            Self::Rollback => "rollback",
            Self::Push => "push",
        }
    }
}

impl Store {
    /// The open records of the ledger, the oldest first.
    ///
    /// # Errors
    /// When rows can't be read.
    pub fn open_ledger(&self) -> Result<Vec<LedgerRecord>, StoreError> {
        let sql = format!(
            "SELECT t.record, {}, t.key FROM ledger t WHERE t.open = 1 ORDER BY t.at, t.key",
            sum::holds("t", sum::LEDGER)
        );
        self.checked_records("record of the ledger", &sql)
    }

    /// All records of one kind, settled ones too, the oldest first.
    ///
    /// # Errors
    /// When rows can't be read.
    pub fn ledger(&self, kind: LedgerKind) -> Result<Vec<LedgerRecord>, StoreError> {
        let sql = format!(
            "SELECT t.record, {}, t.key FROM ledger t WHERE t.kind = '{}' ORDER BY t.at, t.key",
            sum::holds("t", sum::LEDGER),
            kind.as_str()
        );
        self.checked_records("record of the ledger", &sql)
    }
}
