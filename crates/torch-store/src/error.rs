//! What can go wrong with the database, and what to do about it.

use std::path::PathBuf;

use rusqlite::ErrorCode;
use torch_core::MessageId;

/// What helps where the database does not.
const RESTORE: &str = "torch restore --list";

/// A failed act on the registry's database. Nothing of a failed commit is kept.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder or the file could not be made or read.
    #[error("failed to {act} `{}`", path.display())]
    File {
        /// `create`, `read`, …
        act: &'static str,
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// There is no database to read.
    #[error("there is no registry database at `{}`", path.display())]
    Missing {
        /// Where it was expected.
        path: PathBuf,
    },
    /// The file is something else; it was not touched.
    #[error("`{}` is not a registry database: {detail}", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What was found.
        detail: String,
    },
    /// The file is damaged; it was not touched.
    #[error("the registry database `{}` is damaged: {detail}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite's check said.
        detail: String,
    },
    /// The database is gone or empty although a registry existed, or it went away while it was open.
    #[error("the registry database `{}` is gone: {detail}", path.display())]
    Gone {
        /// Where it was.
        path: PathBuf,
        /// What says that there was one.
        detail: String,
    },
    /// The database is older than what was written to it, or another one; it was not touched.
    #[error("the registry database `{}` is not the one that was last written: {detail}", path.display())]
    Behind {
        /// The file.
        path: PathBuf,
        /// What was compared.
        detail: String,
    },
    /// A stored row is not what was written: the file is damaged.
    #[error("the registry database is damaged: row {row} of table {table} is not what was written")]
    Altered {
        /// The table.
        table: &'static str,
        /// Its key.
        row: String,
    },
    /// A backup could not be made, or is not what it should be.
    #[error("the backup `{}` can't be used: {detail}", path.display())]
    Backup {
        /// The backup.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// There is no backup to restore.
    #[error("there is no backup that can be restored in `{}`", dir.display())]
    NoBackup {
        /// Where they are kept.
        dir: PathBuf,
    },
    /// A newer torch wrote it; it was not touched.
    #[error("the registry database `{}` has schema {found}, this torch knows schemas up to {known}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: u32,
        /// The newest schema of this build.
        known: u32,
    },
    /// An older torch wrote it, and it was opened for reading only.
    #[error("the registry database `{}` has schema {found}, this torch reads schema {known}", path.display())]
    Older {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: u32,
        /// The schema of this build.
        known: u32,
    },
    /// A migration failed; the database is as it was before it.
    #[error("failed to apply migration {number} to `{}`", path.display())]
    Migrate {
        /// The file.
        path: PathBuf,
        /// Which migration.
        number: u32,
        /// Why.
        #[source]
        source: rusqlite::Error,
    },
    /// SQLite refused something else.
    #[error("failed to {act}")]
    Sql {
        /// What was tried.
        act: String,
        /// Why.
        #[source]
        source: rusqlite::Error,
    },
    /// A message with this id is there already.
    #[error("a message with the id {id} is stored already")]
    DuplicateMessage {
        /// The id.
        id: MessageId,
    },
    /// Another message has the same short id; take a new id.
    #[error("the short id {} of message {id} belongs to message {existing}", id.tag())]
    ShortIdTaken {
        /// The new message.
        id: MessageId,
        /// The message that has it.
        existing: MessageId,
    },
    /// The sender used this key before.
    #[error("the sender {sender} used the key {key:?} for message {existing}")]
    KeyTaken {
        /// The sender's identity: an agent's id, or `human`, `script`, `unknown`, `torch`.
        sender: String,
        /// The key.
        key: String,
        /// The message that has it.
        existing: MessageId,
    },
    /// No message of this id is stored.
    #[error("no message {id} is stored, needed to {act}")]
    UnknownMessage {
        /// The id.
        id: MessageId,
        /// What needed it.
        act: &'static str,
    },
    /// A message was written without its delivery, which would lose it.
    #[error("message {id} was written without a delivery")]
    NoDelivery {
        /// The message.
        id: MessageId,
    },
    /// A value that the database can't hold.
    #[error("the {what} {value} does not fit the database")]
    OutOfRange {
        /// Which value.
        what: &'static str,
        /// The value.
        value: u64,
    },
    /// A record that can't be written as JSON, e.g. a path that is not UTF-8.
    #[error("failed to encode {what}")]
    Encode {
        /// Which record.
        what: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// A stored value that this build can't read.
    #[error("failed to read the stored {what}: {detail}")]
    Decode {
        /// Which value.
        what: &'static str,
        /// What is wrong with it.
        detail: String,
    },
}

impl StoreError {
    /// What a person can do about it, where there is something.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::File { path, .. } => Some(format!("ls -ld '{}'", path.display())),
            Self::Missing { .. } => Some("torch auto --spec spec.md --agent demo".to_owned()),
            Self::Foreign { .. }
            | Self::Damaged { .. }
            | Self::Gone { .. }
            | Self::Behind { .. }
            | Self::Altered { .. } => Some(RESTORE.to_owned()),
            Self::Backup { .. } => Some("torch backup --list".to_owned()),
            Self::NoBackup { .. } => Some("torch restore --afresh".to_owned()),
            Self::Newer { .. } => Some(
                "run the newer torch that wrote it, or set TORCH_HOME to another folder".to_owned(),
            ),
            Self::Older { .. } => Some("torch daemon start".to_owned()),
            Self::Sql { source, .. } | Self::Migrate { source, .. } => {
                match source.sqlite_error_code() {
                    Some(ErrorCode::DiskFull) => Some("df -h".to_owned()),
                    Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                        Some(RESTORE.to_owned())
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// Whether the disk had no room, so that the same may work once there is some.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Sql { source, .. }
            if source.sqlite_error_code() == Some(ErrorCode::DiskFull))
    }

    /// Whether the database is not what it should be: a backup helps.
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Foreign { .. }
            | Self::Damaged { .. }
            | Self::Gone { .. }
            | Self::Behind { .. }
            | Self::Altered { .. }
            | Self::Decode { .. } => true,
            Self::Sql { source, .. } => matches!(
                source.sqlite_error_code(),
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
            ),
            _ => false,
        }
    }

    /// A row whose sum or hash is wrong.
    pub(crate) fn altered(table: &'static str, row: impl ToString) -> Self {
        Self::Altered {
            table,
            row: row.to_string(),
        }
    }

    /// For `map_err`: an I/O error while trying to `act` on `path`.
    pub(crate) fn file(
        act: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { act, path, source }
    }

    /// For `map_err`: an SQL error while trying to `act`.
    pub(crate) fn sql(act: impl Into<String>) -> impl FnOnce(rusqlite::Error) -> Self {
        let act = act.into();
        move |source| Self::Sql { act, source }
    }

    /// A stored value that this build can't read.
    pub(crate) fn decode(what: &'static str, detail: impl ToString) -> Self {
        Self::Decode {
            what,
            detail: detail.to_string(),
        }
    }
}
