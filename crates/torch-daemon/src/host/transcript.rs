//! Transcripts: agents' programs append to them, and what the new lines mean goes to the state. The lines themselves, which may
//! be large, stay here.

use std::collections::BTreeMap;
use std::fs::{File, Metadata};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc;
use torch_core::{AgentId, LaunchId, MessageId};
use torch_monitor::{SignalReading, SignalRules};

use super::Input;
use crate::event::Event;
use crate::state::Programs;

/// The most that is read of one transcript at once, in bytes; a longer line is passed over.
const READ_MAX: u64 = 8 * 1024 * 1024;
/// How much of a transcript's end is searched for a message, in bytes.
const SEARCHED: u64 = 1024 * 1024;

/// One agent's transcript, and how far it was read.
struct TranscriptFile {
    launch: LaunchId,
    program: String,
    path: PathBuf,
    offset: u64,
    watched: bool,
}

/// All transcripts that are read.
pub(crate) struct Transcripts {
    programs: Programs,
    watcher: Option<RecommendedWatcher>,
    files: BTreeMap<AgentId, TranscriptFile>,
}

impl Transcripts {
    /// Starts the watcher. Without one the transcripts are read with every listing of the panes.
    pub(crate) fn new(programs: Programs, inputs: mpsc::UnboundedSender<Input>) -> Self {
        let handler = move |event: notify::Result<notify::Event>| {
            let Ok(event) = event else { return };
            if event.kind.is_access() {
                return;
            }
            for path in event.paths {
                // The loop is gone only when the daemon ends.
                drop(inputs.send(Input::Transcript(path)));
            }
        };
        let watcher = notify::recommended_watcher(handler)
            .inspect_err(|error| tracing::warn!("transcripts are read once a second only: {error}"))
            .ok();
        Self {
            programs,
            watcher,
            files: BTreeMap::new(),
        }
    }

    /// Reads this transcript from `offset` on whenever it grows. It may not be there yet.
    pub(crate) fn watch(
        &mut self,
        agent: AgentId,
        launch: LaunchId,
        program: String,
        path: PathBuf,
        offset: u64,
    ) {
        self.forget(agent);
        let mut file = TranscriptFile {
            launch,
            program,
            path,
            offset,
            watched: false,
        };
        file.watch(self.watcher.as_mut());
        self.files.insert(agent, file);
    }

    /// Reads this agent's transcript no more.
    pub(crate) fn forget(&mut self, agent: AgentId) {
        let Some(old) = self.files.remove(&agent) else {
            return;
        };
        let shared = self.files.values().any(|file| file.path == old.path);
        if let (Some(watcher), true, false) = (&mut self.watcher, old.watched, shared) {
            // A file that is gone took its watch with it.
            drop(watcher.unwatch(&old.path));
        }
    }

    /// Whose transcript lies there.
    pub(crate) fn at(&self, path: &Path) -> Vec<AgentId> {
        let there = self.files.iter().filter(|(_, file)| file.path == path);
        there.map(|(agent, _)| *agent).collect()
    }

    /// The transcripts that are longer than what was read.
    pub(crate) fn grown(&mut self) -> Vec<PathBuf> {
        let mut grown = Vec::new();
        for file in self.files.values_mut() {
            let Ok(meta) = file.path.metadata() else {
                continue;
            };
            file.watch(self.watcher.as_mut());
            if meta.len() != file.offset {
                grown.push(file.path.clone());
            }
        }
        grown
    }

    /// What the new whole lines of a transcript mean, and where they end.
    pub(crate) fn read(&mut self, agent: AgentId) -> Option<Event> {
        let file = self.files.get_mut(&agent)?;
        let program = self.programs.get(&file.program)?;
        let before = file.offset;
        let bytes = file.new_lines().ok()?;
        let readings: Vec<SignalReading> = bytes
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .filter_map(|line| read_line(&program.transcript, line))
            .collect();
        (file.offset != before).then(|| Event::Told {
            agent,
            launch: file.launch,
            path: file.path.clone(),
            offset: file.offset,
            readings,
        })
    }
}

impl TranscriptFile {
    fn watch(&mut self, watcher: Option<&mut RecommendedWatcher>) {
        if !self.watched
            && let Some(watcher) = watcher
        {
            // One that is not there yet is looked for with every listing of the panes.
            self.watched = watcher
                .watch(&self.path, RecursiveMode::NonRecursive)
                .is_ok();
        }
    }

    /// The whole lines behind what was read.
    fn new_lines(&mut self) -> std::io::Result<Vec<u8>> {
        let (mut file, meta) = regular(&self.path)?;
        let length = meta.len();
        if length < self.offset {
            // Another file has taken its place.
            self.offset = 0;
        }
        file.seek(SeekFrom::Start(self.offset))?;
        let mut bytes = Vec::new();
        file.take(READ_MAX).read_to_end(&mut bytes)?;
        let whole = match bytes.iter().rposition(|byte| *byte == b'\n') {
            Some(end) => end + 1,
            None if bytes.len() as u64 == READ_MAX => bytes.len(),
            None => 0,
        };
        bytes.truncate(whole);
        self.offset += whole as u64;
        Ok(bytes)
    }
}

/// What a line means, if anything; one that is no record is passed over.
fn read_line(rules: &SignalRules, line: &[u8]) -> Option<SignalReading> {
    let record = torch_core::lenient::parse(line)?;
    let reading = rules.read(&record);
    (reading.signal.is_some() || !reading.figures.is_empty()).then_some(reading)
}

/// Whether a prompt record at the end of a transcript holds a message. One that can't be read proves nothing.
pub(crate) fn holds(path: &Path, rules: &SignalRules, message: MessageId) -> bool {
    let Ok(bytes) = tail(path) else { return false };
    let needle = format!("[torch {} ", message.tag());
    bytes.split(|byte| *byte == b'\n').rev().any(|line| {
        contains(line, needle.as_bytes())
            && read_line(rules, line).is_some_and(|reading| {
                reading.signal == Some(torch_core::program::Signal::Prompt)
                    && reading.text.contains(&needle)
            })
    })
}

fn contains(line: &[u8], needle: &[u8]) -> bool {
    line.windows(needle.len()).any(|part| part == needle)
}

/// A transcript's path is what a hook said, and an agent may say any.
fn regular(path: &Path) -> std::io::Result<(File, Metadata)> {
    torch_project::open_regular(path).map_err(std::io::Error::other)
}

fn tail(path: &Path) -> std::io::Result<Vec<u8>> {
    let (mut file, meta) = regular(path)?;
    let length = meta.len();
    file.seek(SeekFrom::Start(length.saturating_sub(SEARCHED)))?;
    let mut bytes = Vec::new();
    file.take(SEARCHED).read_to_end(&mut bytes)?;
    Ok(bytes)
}
