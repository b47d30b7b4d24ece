//! The day files: `communications/YYYY-MM-DD/messages.jsonl`, one line per message and per outcome.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use serde::Deserialize;

use super::ExportError;
use super::line::{date, entries_after};
use crate::Store;

/// What each day's file is called.
const FILE: &str = "messages.jsonl";

/// How many journal entries are read at once.
const BATCH: u32 = 500;

/// How many bytes are read at once when looking for the end of a file's last good line.
const CHUNK: usize = 64 * 1024;

/// Appends to the day files what the journal has and they don't.
#[derive(Debug)]
pub struct Exporter {
    dir: PathBuf,
    zone: TimeZone,
    /// How far the journal was read; unknown before the first look at the files.
    reached: Option<u64>,
    open: Option<Day>,
}

/// What one step of an export did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// How many lines were written.
    pub lines: u64,
    /// Whether there may be more at once.
    pub more: bool,
}

/// The day file being appended to.
#[derive(Debug)]
struct Day {
    date: String,
    path: PathBuf,
    file: File,
}

impl Exporter {
    /// An exporter to `communications` in `logs_dir`; an entry belongs to the day that it has in `zone`.
    pub fn new(logs_dir: &Path, zone: TimeZone) -> Self {
        Self {
            dir: logs_dir.join("communications"),
            zone,
            reached: None,
            open: None,
        }
    }

    /// Appends all that is new in the journal; says how many lines that were. Where the files end is found
    /// from the files themselves, and a line that was torn by a crash is cut off and written again.
    ///
    /// # Errors
    /// [`ExportError::Ahead`] when the files belong to another journal; what disk and database say. After an
    /// error the next call looks at the files again.
    pub fn catch_up(&mut self, store: &Store) -> Result<u64, ExportError> {
        let mut lines = 0;
        loop {
            let step = self.step(store)?;
            lines += step.lines;
            if !step.more {
                return Ok(lines);
            }
        }
    }

    /// One bounded part of [`Exporter::catch_up`]: at most 500 entries of the journal. For a loop that has
    /// other things to do while all day files are written anew.
    ///
    /// # Errors
    /// As for [`Exporter::catch_up`].
    pub fn step(&mut self, store: &Store) -> Result<Step, ExportError> {
        let result = self.append_batch(store);
        if result.is_err() {
            self.reached = None;
            self.open = None;
        }
        result
    }

    fn append_batch(&mut self, store: &Store) -> Result<Step, ExportError> {
        let reached = match self.reached {
            Some(reached) => reached,
            None => find_end(&self.dir, FILE, store.last_seq()?)?,
        };
        let (entries, next) = entries_after(store, reached, BATCH)?;
        let mut text = String::new();
        for entry in &entries {
            let day = date(entry.row.at, &self.zone);
            if self.open.as_ref().is_none_or(|open| open.date != day) {
                self.flush(&mut text)?;
                self.turn_to(day)?;
            }
            text.push_str(&entry.line(&self.zone).map_err(ExportError::Encode)?);
            text.push('\n');
        }
        self.flush(&mut text)?;
        self.reached = Some(next);
        Ok(Step {
            lines: entries.len() as u64,
            more: next - reached == u64::from(BATCH),
        })
    }

    fn flush(&mut self, text: &mut String) -> Result<(), ExportError> {
        if let Some(day) = self.open.as_mut().filter(|_| !text.is_empty()) {
            day.file
                .write_all(text.as_bytes())
                .map_err(ExportError::file("append to", &day.path))?;
            text.clear();
        }
        Ok(())
    }

    /// Leaves the open day for another. The old one is on disk first: the greatest number in any file says
    /// how far the export came, so no later line may outlive an earlier one.
    fn turn_to(&mut self, date: String) -> Result<(), ExportError> {
        if let Some(day) = self.open.take() {
            day.file
                .sync_data()
                .map_err(ExportError::file("flush", &day.path))?;
        }
        let (path, file) = open_day(&self.dir, &date, FILE)?;
        self.open = Some(Day { date, path, file });
        Ok(())
    }
}

/// Opens a day's file of this name to append to it, and makes its folder.
pub(super) fn open_day(dir: &Path, date: &str, name: &str) -> Result<(PathBuf, File), ExportError> {
    let folder = dir.join(date);
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)
        .map_err(ExportError::file("create", &folder))?;
    let path = folder.join(name);
    let file = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(&path)
        .map_err(ExportError::file("open", &path))?;
    Ok((path, file))
}

/// The greatest number in any day's file of this name, which the journal must reach. Within a file numbers rise, so each
/// file's last line is enough; all files are asked because a clock that was set back puts later entries into an earlier
/// day.
pub(super) fn find_end(dir: &Path, name: &str, journal: u64) -> Result<u64, ExportError> {
    let mut exported = 0;
    for path in day_files(dir, name)? {
        exported = exported.max(cut_torn(&path).map_err(ExportError::file("mend", &path))?);
    }
    if exported > journal {
        return Err(ExportError::Ahead {
            dir: dir.to_owned(),
            exported,
            journal,
        });
    }
    Ok(exported)
}

/// The files of this name in the days' folders.
fn day_files(dir: &Path, name: &str) -> Result<Vec<PathBuf>, ExportError> {
    let failed = || ExportError::file("list", dir);
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed()(error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed())?.path().join(name);
        if path.is_file() {
            files.push(path);
        }
    }
    Ok(files)
}

/// The one field of a line that the exporter reads back.
#[derive(Deserialize)]
struct Number {
    seq: u64,
}

/// Cuts off whatever follows a file's last good line; returns that line's number, 0 without one.
fn cut_torn(path: &Path) -> std::io::Result<u64> {
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    let length = file.metadata()?.len();
    // `end` is always just behind a newline, or 0.
    let mut end = newline_before(&file, length)?.map_or(0, |at| at + 1);
    let mut seq = 0;
    while end > 0 {
        let start = newline_before(&file, end - 1)?.map_or(0, |at| at + 1);
        let size = usize::try_from(end - start).map_err(std::io::Error::other)?;
        let mut line = vec![0; size];
        file.read_exact_at(&mut line, start)?;
        if let Ok(number) = serde_json::from_slice::<Number>(&line) {
            seq = number.seq;
            break;
        }
        end = start;
    }
    if end < length {
        file.set_len(end)?;
        file.sync_data()?;
    }
    Ok(seq)
}

/// The offset of the last newline below `limit`.
fn newline_before(file: &File, limit: u64) -> std::io::Result<Option<u64>> {
    let mut buffer = vec![0; CHUNK];
    let mut upper = limit;
    while upper > 0 {
        let lower = upper.saturating_sub(CHUNK as u64);
        let size = usize::try_from(upper - lower).map_err(std::io::Error::other)?;
        let chunk = &mut buffer[..size];
        file.read_exact_at(chunk, lower)?;
        if let Some(at) = chunk.iter().rposition(|byte| *byte == b'\n') {
            return Ok(Some(lower + at as u64));
        }
        upper = lower;
    }
    Ok(None)
}
