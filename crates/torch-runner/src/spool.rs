//! Appending to the spool: one record is one line and one write.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;

use torch_core::LaunchId;
use torch_core::spool::{LINE_MAX, SpoolEvent, SpoolRecord};
use torch_process::clock;

/// Appends one record. `O_APPEND` and a single `write` keep lines of several writers whole on local file systems. Of a record that makes
/// a line over [`LINE_MAX`] nothing is written ([`io::ErrorKind::FileTooLarge`]): its reader would pass over it.
///
/// # Errors
/// What the file system says.
pub fn append(path: &Path, launch: LaunchId, event: SpoolEvent) -> io::Result<()> {
    let record = SpoolRecord {
        at: clock::now(),
        launch,
        event,
    };
    let mut line = serde_json::to_vec(&record)?;
    line.push(b'\n');
    if line.len() > LINE_MAX {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    file.write_all(&line)
}
