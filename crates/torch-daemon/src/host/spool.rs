//! Spool files: hooks and wrappers append, the daemon reads on from where it was.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc;
use torch_core::{AgentId, LaunchId};

use super::Input;
use crate::event::Event;

/// The most that is read of one spool at once, in bytes.
const READ_MAX: u64 = 32 * 1024 * 1024;

/// One launch's spool, and how far it was read.
struct SpoolFile {
    launch: LaunchId,
    path: PathBuf,
    offset: u64,
}

/// All spools that are watched.
pub(crate) struct Spools {
    watcher: Option<RecommendedWatcher>,
    files: BTreeMap<AgentId, SpoolFile>,
}

impl Spools {
    /// Starts the watcher. Without one (no inotify instances left) the spools are read with every listing of the panes.
    pub(crate) fn new(inputs: mpsc::UnboundedSender<Input>) -> Self {
        let handler = move |event: notify::Result<notify::Event>| {
            let Ok(event) = event else { return };
            if event.kind.is_access() {
                return;
            }
            for path in &event.paths {
                if let Some(agent) = agent_of(path) {
                    // The loop is gone only when the daemon ends.
                    drop(inputs.send(Input::Spool(agent)));
                }
            }
        };
        let watcher = notify::recommended_watcher(handler)
            .inspect_err(|error| tracing::warn!("spools are read once a second only: {error}"))
            .ok();
        Self {
            watcher,
            files: BTreeMap::new(),
        }
    }

    /// Reads this spool from `offset` on whenever it grows.
    pub(crate) fn watch(&mut self, agent: AgentId, launch: LaunchId, path: PathBuf, offset: u64) {
        if let (Some(watcher), Some(old)) = (&mut self.watcher, self.files.get(&agent)) {
            // A file that is gone took its watch with it.
            drop(watcher.unwatch(&old.path));
        }
        if let Some(watcher) = &mut self.watcher
            && let Err(error) = watcher.watch(&path, RecursiveMode::NonRecursive)
        {
            tracing::warn!("{} is read once a second only: {error}", path.display());
        }
        self.files.insert(
            agent,
            SpoolFile {
                launch,
                path,
                offset,
            },
        );
    }

    /// Reads this agent's spool no more.
    pub(crate) fn forget(&mut self, agent: AgentId) {
        if let (Some(watcher), Some(old)) = (&mut self.watcher, self.files.remove(&agent)) {
            // A file that is gone took its watch with it.
            drop(watcher.unwatch(&old.path));
        }
    }

    /// Everybody whose spool is longer than what was read.
    pub(crate) fn grown(&self) -> Vec<AgentId> {
        let longer = |file: &SpoolFile| {
            file.path
                .metadata()
                .is_ok_and(|meta| meta.len() > file.offset)
        };
        self.files
            .iter()
            .filter(|(_, file)| longer(file))
            .map(|(agent, _)| *agent)
            .collect()
    }

    /// The new whole lines of a spool, and where they end. A line that is no record is passed over.
    pub(crate) fn read(&mut self, agent: AgentId) -> Option<Event> {
        let SpoolFile {
            launch,
            path,
            offset,
        } = self.files.get_mut(&agent)?;
        let mut file = File::open(&*path).ok()?;
        file.seek(SeekFrom::Start(*offset)).ok()?;
        let mut bytes = Vec::new();
        file.take(READ_MAX).read_to_end(&mut bytes).ok()?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n')? + 1;
        *offset += whole as u64;
        let records = bytes[..whole]
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .filter_map(|line| {
                serde_json::from_slice(line)
                    .inspect_err(|error| {
                        tracing::warn!("{}: a line is no record: {error}", path.display())
                    })
                    .ok()
            })
            .collect();
        Some(Event::Spool {
            agent,
            launch: *launch,
            offset: *offset,
            records,
        })
    }
}

/// The agent whose spool lies at `…/run/agents/<agent>/spool-<launch>.jsonl`.
fn agent_of(path: &Path) -> Option<AgentId> {
    path.parent()?.file_name()?.to_str()?.parse().ok()
}
