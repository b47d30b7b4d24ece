//! A file that a command begins for a person: never over one that is there.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use torch_process::quote;

use crate::error::CommandError;

/// Writes a file that is not there yet, with the folders above it. An empty one, as a shell's `>` leaves it, is filled.
///
/// # Errors
/// Where there is something, and where it can't be written.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), CommandError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| {
            CommandError::other(format!("failed to make {}", folder.display())).because(&error)
        })?;
    }
    let empty = path
        .symlink_metadata()
        .is_ok_and(|meta| meta.is_file() && meta.len() == 0);
    let mut options = OpenOptions::new();
    let made = options.write(true).create_new(!empty).open(path);
    let written = made.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => CommandError::usage(format!(
            "{} is there, and was left as it is",
            path.display()
        ))
        .hint(format!("${{EDITOR:-vi}} {}", quote::shell(path))),
        _ => CommandError::other(format!("failed to write {}", path.display())).because(&error),
    })
}
