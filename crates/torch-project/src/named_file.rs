//! The one way to read a file whose path a person or a repository names.
//!
//! Such a path may lead to anything: a pipe that nobody writes to, a device without end, a file of many gigabytes. Nothing is
//! opened but a regular file, without waiting, and no more is read than asked for.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::Path;

use nix::fcntl::OFlag;

/// Why a file is not read. The path is the caller's to say.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It can't be opened or read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is no regular file.
    #[error("it is {what}, and only a regular file is read")]
    Kind {
        /// What it is, with its article.
        what: &'static str,
    },
    /// It is too large.
    #[error("it has {bytes} bytes, and at most {most} are read")]
    TooLarge {
        /// How many it has, at least.
        bytes: u64,
        /// How many it may have.
        most: u64,
    },
    /// It is no text.
    #[error("it is no UTF-8 text: line {line}, byte {byte} of that line")]
    NotText {
        /// The line of the first bad byte, from 1.
        line: usize,
        /// Its place in that line, in bytes, from 1.
        byte: usize,
    },
}

impl FileError {
    /// Whether there is no such file.
    pub fn is_absent(&self) -> bool {
        let absent = |error: &io::Error| {
            matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            )
        };
        matches!(self, Self::Io(error) if absent(error))
    }
}

/// Opens a regular file, links followed, without waiting for anything.
///
/// # Errors
/// [`FileError::Io`] and [`FileError::Kind`].
pub fn open_regular(path: &Path) -> Result<(File, Metadata), FileError> {
    // Looked at first, since opening alone does something to some devices.
    regular(&fs::metadata(path)?)?;
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits())
        .open(path)?;
    let meta = file.metadata()?;
    regular(&meta)?;
    Ok((file, meta))
}

/// The whole of a regular file of at most `most` bytes.
///
/// # Errors
/// [`FileError`] but [`FileError::NotText`].
pub fn read_bytes(path: &Path, most: u64) -> Result<Vec<u8>, FileError> {
    let (file, meta) = open_regular(path)?;
    let too_large = |bytes| FileError::TooLarge { bytes, most };
    if meta.len() > most {
        return Err(too_large(meta.len()));
    }
    let mut bytes = Vec::new();
    // It may have grown since.
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > most {
        true => Err(too_large(bytes.len() as u64)),
        false => Ok(bytes),
    }
}

/// The first bytes of a regular file, at most so many.
///
/// # Errors
/// [`FileError::Io`] and [`FileError::Kind`].
pub fn read_start(path: &Path, most: u64) -> Result<Vec<u8>, FileError> {
    let (file, _) = open_regular(path)?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The text of a regular file of at most `most` bytes.
///
/// # Errors
/// [`FileError`].
pub fn read_text(path: &Path, most: u64) -> Result<String, FileError> {
    text_of(read_bytes(path, most)?)
}

/// Bytes as text.
///
/// # Errors
/// [`FileError::NotText`] with the place of the first bad byte.
pub fn text_of(bytes: Vec<u8>) -> Result<String, FileError> {
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let before = error.as_bytes().iter().take(good);
        let line = before.clone().filter(|byte| **byte == b'\n').count() + 1;
        let byte = before.rev().take_while(|byte| **byte != b'\n').count() + 1;
        FileError::NotText { line, byte }
    })
}

fn regular(meta: &Metadata) -> Result<(), FileError> {
    let kind = meta.file_type();
    let what = if kind.is_file() {
        return Ok(());
    } else if kind.is_dir() {
        "a directory"
    } else if kind.is_fifo() {
        "a pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    };
    Err(FileError::Kind { what })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(path: &Path, most: u64) -> String {
        read_text(path, most).expect_err("no text").to_string()
    }

    #[test]
    fn nothing_is_waited_for_and_nothing_endless_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        nix::unistd::mkfifo(&at("pipe"), nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
        for (name, to) in [
            ("zero", "/dev/zero"),
            ("there", "text"),
            ("to-pipe", "pipe"),
        ] {
            std::os::unix::fs::symlink(to, at(name)).expect("a link");
        }
        fs::write(at("text"), "one\ntwo\n").expect("a file");
        for (name, what) in [
            ("pipe", "a pipe"),
            ("to-pipe", "a pipe"),
            ("zero", "a device"),
            (".", "a directory"),
        ] {
            assert_eq!(
                said(&at(name), 10),
                format!("it is {what}, and only a regular file is read")
            );
        }
        assert_eq!(read_text(&at("there"), 8).expect("a text"), "one\ntwo\n");
        assert_eq!(
            said(&at("text"), 7),
            "it has 8 bytes, and at most 7 are read"
        );
        assert_eq!(read_start(&at("text"), 3).expect("a text"), b"one");
        assert!(read_bytes(&at("none"), 1).expect_err("none").is_absent());
        assert!(read_bytes(&at("text/x"), 1).expect_err("none").is_absent());
        assert!(!read_bytes(&at("pipe"), 1).expect_err("a pipe").is_absent());
    }

    #[test]
    fn the_first_bad_byte_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x");
        fs::write(&path, b"one\nt\xc3\xa4 \xff\n").expect("a file");
        assert_eq!(
            said(&path, 100),
            "it is no UTF-8 text: line 2, byte 5 of that line"
        );
    }
}
