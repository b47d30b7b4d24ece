//! Writes the registry out for people and `jq`: the day files of all communication and their
//! analysis, and the running teams.
//!
//! Nothing is ever read back from these files but how far they go, so they may be deleted: what is gone at
//! the end is written again. Their formats are documented in `registry/schemas/`.

mod compliance;
mod day;
mod git;
mod kind;
mod kind_file;
mod line;
mod sessions;

use std::path::PathBuf;

pub use compliance::ComplianceExporter;
pub use day::{Exporter, Step};
pub use git::GitExporter;
pub use kind_file::KindExporter;
pub use sessions::write_sessions;

use crate::StoreError;

/// A failed export. The database is not concerned.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// A file or folder could not be written or read.
    #[error("failed to {act} `{}`", path.display())]
    File {
        /// `append to`, `replace`, …
        act: &'static str,
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The day files belong to another registry, or this one was begun anew.
    #[error("the day files in `{}` go up to entry {exported}, the journal only to {journal}", dir.display())]
    Ahead {
        /// The folder of the day files.
        dir: PathBuf,
        /// The last entry in them.
        exported: u64,
        /// The journal's last entry.
        journal: u64,
    },
    /// The journal could not be read.
    #[error("failed to read what is to be exported")]
    Store(#[from] StoreError),
    /// A line could not be written as JSON.
    #[error("failed to encode an exported record")]
    Encode(#[source] serde_json::Error),
}

impl ExportError {
    /// What a person can do about it, where there is something.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Ahead { dir, .. } => Some(format!("mv '{0}' '{0}.old'", dir.display())),
            Self::Store(error) => error.hint(),
            Self::File { path, .. } => Some(format!("ls -ld '{}'", path.display())),
            Self::Encode(_) => None,
        }
    }

    /// For `map_err`: an I/O error while trying to `act` on `path`.
    fn file(act: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { act, path, source }
    }
}
