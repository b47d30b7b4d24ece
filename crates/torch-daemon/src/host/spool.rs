//! Spool files: hooks and wrappers append, the daemon reads on from where it was.
//!
//! An agent can write to its own spool as it likes: endless lines, lines that are no records, another file in its place. What can't be
//! taken in is passed over, is told once of each launch, and costs neither what follows it nor more memory than the longest line.

mod file;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc;
use torch_core::{AgentId, LaunchId, Timestamp};

use super::execute::send;
use super::{Host, Input};
use crate::event::{Effect, Event};
use file::SpoolFile;

/// All spools that are watched.
pub(crate) struct Spools {
    watcher: Option<RecommendedWatcher>,
    files: BTreeMap<AgentId, SpoolFile>,
}

/// What one step of reading brought.
#[derive(Debug, Default)]
pub(crate) struct Read {
    /// In the order in which it stands there.
    pub(crate) events: Vec<Event>,
    /// Whether there is more to be read already.
    pub(crate) more: bool,
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
        if let Some(old) = self.files.remove(&agent) {
            self.unwatch(&old.path);
        }
        self.look_at(&path);
        let file = SpoolFile::new(launch, path, offset);
        self.files.insert(agent, file);
    }

    /// Reads this agent's spool no more.
    pub(crate) fn forget(&mut self, agent: AgentId) {
        if let Some(old) = self.files.remove(&agent) {
            self.unwatch(&old.path);
        }
    }

    /// Everybody whose spool is not as it was read.
    pub(crate) fn grown(&self) -> Vec<AgentId> {
        let changed = self.files.iter().filter(|(_, file)| file.has_changed());
        changed.map(|(agent, _)| *agent).collect()
    }

    /// The next step of reading a spool: its new whole lines, but not more than a step's worth of them.
    pub(crate) fn read(&mut self, agent: AgentId) -> Read {
        let Some(file) = self.files.get_mut(&agent) else {
            return Read::default();
        };
        let step = file.step();
        let (launch, offset, path) = (file.launch, file.offset, file.path.clone());
        if step.begun_anew {
            // The watch was for the file that was there before.
            self.unwatch(&path);
            self.look_at(&path);
        }
        let gaps = step.gaps.into_iter().map(|(gap, at)| Event::SpoolGap {
            agent,
            launch,
            gap,
            at,
        });
        let records = step.records.map(|records| Event::Spool {
            agent,
            launch,
            offset,
            records,
        });
        Read {
            events: gaps.chain(records).collect(),
            more: step.more,
        }
    }

    fn look_at(&mut self, path: &Path) {
        if let Some(watcher) = &mut self.watcher
            && let Err(error) = watcher.watch(path, RecursiveMode::NonRecursive)
        {
            tracing::warn!("{} is read once a second only: {error}", path.display());
        }
    }

    fn unwatch(&mut self, path: &Path) {
        if let Some(watcher) = &mut self.watcher {
            // A file that is gone took its watch with it.
            drop(watcher.unwatch(path));
        }
    }
}

impl Host {
    /// Takes the next step of an agent's spool in. What is left has a later turn of the loop: nobody's spool holds up the others.
    pub(super) fn read_spool(&mut self, now: Timestamp, agent: AgentId) -> Vec<Effect> {
        let read = self.spools.read(agent);
        if read.more {
            let inputs = self.inputs.clone();
            // A task runs once this turn is over.
            tokio::spawn(async move { send(&inputs, Input::Spool(agent)) });
        }
        let events = read.events.into_iter();
        events
            .flat_map(|event| self.state.handle(now, event))
            .collect()
    }
}

/// The agent whose spool lies at `…/run/agents/<agent>/spool-<launch>.jsonl`.
fn agent_of(path: &Path) -> Option<AgentId> {
    path.parent()?.file_name()?.to_str()?.parse().ok()
}
