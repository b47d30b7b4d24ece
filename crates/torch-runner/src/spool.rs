//! Appending to the spool: one record is one line and one write.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;

use torch_core::LaunchId;
use torch_core::spool::{SpoolEvent, SpoolRecord};
use torch_process::clock;

/// Appends one record. `O_APPEND` and a single `write` keep lines of several writers whole on local file systems.
pub(crate) fn append(path: &Path, launch: LaunchId, event: SpoolEvent) -> io::Result<()> {
    let record = SpoolRecord {
        at: clock::now(),
        launch,
        event,
    };
    let mut line = serde_json::to_vec(&record)?;
    line.push(b'\n');
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    file.write_all(&line)
}
