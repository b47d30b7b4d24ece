//! Whether the database still stands where it was opened: one that was removed or replaced takes writes that nobody
//! will ever read again.

use std::ffi::OsString;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::StoreError;

/// A file by device and inode.
type Identity = (u64, u64);

/// The database's files as they were when it was opened.
#[derive(Debug)]
pub(crate) struct Presence {
    path: PathBuf,
    file: Option<Identity>,
    /// Known once SQLite has made it; it stays until the last connection closes.
    log: Option<Identity>,
}

impl Presence {
    /// The files at `path`, which is open now.
    pub(crate) fn of(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            file: identity(path),
            log: None,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Two `stat` calls: microseconds.
    pub(crate) fn check(&mut self) -> Result<(), StoreError> {
        let gone = |what: &str| {
            Err(StoreError::Gone {
                path: self.path.clone(),
                detail: format!("{what} while it was open"),
            })
        };
        let meta = std::fs::metadata(&self.path).ok();
        match (&meta, self.file) {
            (None, _) => return gone("it was removed"),
            (Some(meta), Some(file)) if (meta.dev(), meta.ino()) != file => {
                return gone("another file was put in its place");
            }
            (Some(meta), _) if meta.len() == 0 => return gone("it was emptied"),
            _ => {}
        }
        let log = identity(&beside(&self.path, "-wal"));
        match (self.log, log) {
            (Some(known), found) if found != Some(known) => {
                return gone("its write-ahead log was removed or replaced");
            }
            (None, Some(found)) => self.log = Some(found),
            _ => {}
        }
        Ok(())
    }
}

/// The path of a file that belongs to the database: `-wal`, `-shm`.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

fn identity(path: &Path) -> Option<Identity> {
    let meta = std::fs::metadata(path).ok()?;
    Some((meta.dev(), meta.ino()))
}
