//! The registry's database: the only crate that knows SQL.
//!
//! One SQLite file, `torch.db`, written by the daemon alone and read by it and by commands that work
//! without it. [`Store::commit`] makes one turn of the daemon's loop durable in one transaction; what was
//! told to another process was committed before. [`Store::load`] gives a starting daemon its state back.
//! The journal is append only and each entry carries the hash of the one before ([`Store::verify`]).
//! [`export`] writes the journal out for people and `jq`; the database stays the truth.
//!
//! Everything is synchronous; there are no threads or tasks here. The file's layout is documented in
//! `registry/README.md`, its schema lies in `registry/migrations/`.

pub mod backup;
mod chain;
mod commit;
mod error;
mod evidence;
pub mod export;
mod fact;
mod journal;
mod ledger;
mod mark;
mod message;
mod open;
mod presence;
mod reserve;
pub mod restore;
mod row;
mod schema;
mod snapshot;
mod sum;
pub mod sweep;

#[cfg(test)]
mod tests;

pub use chain::Audit;
pub use error::StoreError;
pub use fact::Stretch;
pub use journal::JournalRow;
pub use ledger::LedgerKind;
pub use message::{Filter, StoredMessage};
pub use open::Store;
pub use reserve::RESERVE_BYTES;
pub use schema::SCHEMA_VERSION;
pub use snapshot::{PairSeq, Snapshot};
