//! Room kept for the moment when the disk is full: a file that is given up so that one more commit goes through.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// How large the reserve is, in bytes: a checkpoint's worth of pages (SQLite checkpoints at 1,000 pages of 4 kB).
pub const RESERVE_BYTES: u64 = 4 * 1024 * 1024;

/// How much must be free besides before a reserve that was given up is taken again.
const SPARE: u64 = 4;

/// The file, if it stands.
#[derive(Debug)]
pub(crate) struct Reserve {
    path: PathBuf,
    bytes: u64,
    pub(crate) given_up: bool,
}

impl Reserve {
    pub(crate) fn new(path: &Path, bytes: u64) -> Self {
        Self {
            path: path.to_owned(),
            bytes,
            given_up: false,
        }
    }

    /// Makes the file where it is missing or short and the disk has room for several of it; says whether it stands.
    pub(crate) fn fill(&mut self) -> std::io::Result<bool> {
        if std::fs::metadata(&self.path).is_ok_and(|meta| meta.len() >= self.bytes) {
            self.given_up = false;
            return Ok(true);
        }
        let dir = self.path.parent().unwrap_or(Path::new("/"));
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        let stat = nix::sys::statvfs::statvfs(dir).map_err(std::io::Error::from)?;
        if stat.blocks_available() * stat.fragment_size() < self.bytes * SPARE {
            return Ok(false);
        }
        let written = self.write();
        if written.is_err() {
            // Half a reserve would be taken for a whole one.
            std::fs::remove_file(&self.path).ok();
        }
        written?;
        self.given_up = false;
        Ok(true)
    }

    /// Bytes without a pattern: a file system that compresses or leaves holes would keep nothing free for zeros.
    fn write(&self) -> std::io::Result<()> {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&self.path)?;
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        let mut chunk = Vec::with_capacity(64 * 1024);
        let mut left = self.bytes;
        while left > 0 {
            chunk.clear();
            while chunk.len() < 64 * 1024 {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                chunk.extend_from_slice(&state.to_le_bytes());
            }
            let size = chunk.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            file.write_all(&chunk[..size])?;
            left -= size as u64;
        }
        file.sync_data()
    }

    /// Gives the room back to the disk; says whether there was any.
    pub(crate) fn give_up(&mut self) -> bool {
        let stood = std::fs::remove_file(&self.path).is_ok();
        self.given_up |= stood;
        stood
    }
}
