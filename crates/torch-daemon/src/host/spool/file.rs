//! One spool, and how far it was read.

use std::collections::BTreeSet;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::PathBuf;
use std::time::SystemTime;

use nix::fcntl::OFlag;
use torch_core::spool::{LINE_MAX, SpoolRecord};
use torch_core::{LaunchId, Timestamp};

use crate::event::SpoolGap;

/// How much is read at once, in bytes; a line that is longer is looked for in several steps and read in one.
const STEP: u64 = 1 << 20;

/// One launch's spool.
pub(super) struct SpoolFile {
    pub(super) launch: LaunchId,
    pub(super) path: PathBuf,
    /// How far it was taken in, in bytes: to the end of a line, or into one that is passed over.
    pub(super) offset: u64,
    /// How far it was looked at: from `offset` to here no line ends.
    seen: u64,
    /// Whether `offset` lies in a line that is passed over.
    passing: bool,
    /// Which file it is, once it was opened.
    file: Option<FileId>,
    /// The time of the newest record.
    newest: Option<Timestamp>,
    /// Of a file that was begun anew: up to where, in bytes, it may hold what was read before, and the newest record of that.
    again: Option<(u64, Timestamp)>,
    /// What was told of this launch.
    told: BTreeSet<SpoolGap>,
}

/// Which file it is: an inode's number is given out anew once its file is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FileId {
    /// Its inode, and when it was made, where the file system knows that.
    Is(u64, Option<SystemTime>),
    /// It was looked for and not there.
    Gone,
}

impl FileId {
    fn of(meta: &Metadata) -> Self {
        Self::Is(meta.ino(), meta.created().ok())
    }
}

/// What one step brought.
#[derive(Default)]
pub(super) struct Step {
    /// What is missing, as far as it was not told before, and where.
    pub(super) gaps: Vec<(SpoolGap, u64)>,
    /// The records up to the new offset; `None` where that is the old one.
    pub(super) records: Option<Vec<SpoolRecord>>,
    /// Whether the file is another one, or shorter, than before.
    pub(super) begun_anew: bool,
    /// Whether it may go on at once.
    pub(super) more: bool,
}

impl SpoolFile {
    pub(super) fn new(launch: LaunchId, path: PathBuf, offset: u64) -> Self {
        Self {
            launch,
            path,
            offset,
            seen: offset,
            passing: false,
            file: None,
            newest: None,
            again: None,
            told: BTreeSet::new(),
        }
    }

    /// Whether there is anything that was not looked at.
    pub(super) fn has_changed(&self) -> bool {
        let changed = |meta: Metadata| {
            let other = self.file.is_some_and(|file| file != FileId::of(&meta));
            other || meta.len() != self.seen
        };
        self.path.symlink_metadata().is_ok_and(changed)
    }

    /// Reads on.
    pub(super) fn step(&mut self) -> Step {
        let mut step = Step::default();
        match self.read(&mut step) {
            Ok(()) => {}
            // A hook makes it anew.
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.file = self.file.and(Some(FileId::Gone));
            }
            Err(error) => {
                let at = self.offset;
                self.tell(&mut step, SpoolGap::Unreadable, at, &error);
            }
        }
        step
    }

    fn read(&mut self, step: &mut Step) -> io::Result<()> {
        let file = self.open(step)?;
        let mut chunk = Vec::new();
        let from = self.seen;
        At(&file, from).take(STEP).read_to_end(&mut chunk)?;
        self.seen += chunk.len() as u64;
        step.more = chunk.len() as u64 == STEP;
        if self.passing {
            let end = chunk.iter().position(|byte| *byte == b'\n');
            self.passing = end.is_none();
            self.offset = end.map_or(self.seen, |end| from + end as u64 + 1);
            self.seen = self.offset;
            // What follows is looked at in the next step.
            step.more |= end.is_some();
            return Ok(());
        }
        let Some(end) = chunk.iter().rposition(|byte| *byte == b'\n') else {
            if self.seen - self.offset > LINE_MAX as u64 {
                let at = self.offset;
                self.tell(step, SpoolGap::LineTooLong, at, &"it is not over yet");
                (self.passing, self.offset) = (true, self.seen);
            }
            return Ok(());
        };
        chunk.truncate(end + 1);
        let mut lines = Vec::new();
        // What was looked at before, and had no end.
        At(&file, self.offset)
            .take(from - self.offset)
            .read_to_end(&mut lines)?;
        lines.append(&mut chunk);
        step.records = Some(self.records(&lines, step));
        self.offset = from + end as u64 + 1;
        self.seen = self.offset;
        Ok(())
    }

    /// Opens it, and notices whether it is what was read until now.
    fn open(&mut self, step: &mut Step) -> io::Result<File> {
        // A pipe would hold the loop up, and a link lead it elsewhere.
        let flags = OFlag::O_NONBLOCK | OFlag::O_NOFOLLOW;
        let mut options = OpenOptions::new();
        let file = options
            .read(true)
            .custom_flags(flags.bits())
            .open(&self.path)?;
        let meta = file.metadata()?;
        if !meta.is_file() {
            return Err(io::Error::new(ErrorKind::InvalidInput, "no plain file"));
        }
        let first = self.file.is_none();
        let other = self.file.is_some_and(|file| file != FileId::of(&meta));
        let shorter = meta.len() < self.seen;
        let within = !shorter && !self.passing && self.is_within_a_line(&file)?;
        if other || shorter || (within && !first) {
            let at = self.offset;
            self.tell(step, SpoolGap::BegunAnew, at, &"it was longer");
            // A copy of it may hold what was read before.
            self.again = self.newest.map(|newest| (meta.len(), newest));
            (self.offset, self.seen, self.passing) = (0, 0, false);
            step.begun_anew = true;
        } else if within {
            // The daemon before this one ended while it passed over a line.
            self.passing = true;
        }
        self.file = Some(FileId::of(&meta));
        Ok(file)
    }

    /// Whether no line ends where reading goes on.
    fn is_within_a_line(&self, file: &File) -> io::Result<bool> {
        let Some(last) = self.offset.checked_sub(1) else {
            return Ok(false);
        };
        let mut before = [0];
        file.read_exact_at(&mut before, last)?;
        Ok(before != *b"\n")
    }

    fn records(&mut self, lines: &[u8], step: &mut Step) -> Vec<SpoolRecord> {
        let again = self.again.filter(|(until, _)| self.offset < *until);
        self.again = again;
        let mut records = Vec::new();
        for line in lines.split(|byte| *byte == b'\n') {
            if line.is_empty() {
                continue;
            }
            match serde_json::from_slice::<SpoolRecord>(line) {
                Ok(record) if again.is_some_and(|(_, newest)| record.at <= newest) => {}
                Ok(record) => {
                    self.newest = self.newest.max(Some(record.at));
                    records.push(record);
                }
                Err(error) => {
                    let at = self.offset;
                    self.tell(step, SpoolGap::NoRecord, at, &error);
                }
            }
        }
        records
    }

    fn tell(&mut self, step: &mut Step, gap: SpoolGap, at: u64, cause: &dyn std::fmt::Display) {
        if self.told.insert(gap) {
            tracing::warn!("{}, at byte {at}: {gap}: {cause}", self.path.display());
            step.gaps.push((gap, at));
        }
    }
}

/// A file as it is from a place on.
struct At<'a>(&'a File, u64);

impl io::Read for At<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read_at(into, self.1)?;
        self.1 += read as u64;
        Ok(read)
    }
}
