//! Outboxes: what appears in an agent's `.torch/outbox/` becomes a request, and a receipt in `done/`.
//!
//! Looks are tasks, one per outbox at a time: caused by the watch of the folder, by every listing of the panes and by the
//! daemon's upkeep. A file that is whole is moved into `.taken/`, read there, and stays until its receipt is written; so
//! a daemon that was killed meanwhile finds it again, and the journal knows what was made of it.

mod folder;
mod look;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use notify::event::{AccessKind, AccessMode, ModifyKind, RenameMode};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use torch_api::Response;
use torch_core::{AgentId, Timestamp};

use super::answers::{Waiting, channel};
use super::execute::send;
use super::{Host, Input};
use crate::event::{ConnId, Effect, Event};
use crate::outbox;

pub(crate) use look::Looked;
use look::{Found, Look, Mark, Seen};

/// How many names that were said to be written are remembered between two looks; the looks themselves find the others.
const CLOSED_MAX: usize = 4096;

/// The outboxes of all agents.
pub(crate) struct Outboxes {
    watcher: Option<RecommendedWatcher>,
    boxes: BTreeMap<AgentId, Outbox>,
    /// The files that wait for their answers.
    asking: BTreeMap<ConnId, (AgentId, OsString)>,
}

/// One agent's.
#[derive(Default)]
struct Outbox {
    worktree: PathBuf,
    folder: PathBuf,
    /// The folder that is watched, so that one in its place is noticed.
    watched: Option<Mark>,
    /// Whether a look was taken since it is watched.
    looked: bool,
    /// The folder as the last look found it.
    last: Option<(Mark, Timestamp)>,
    /// Files that may still be written.
    seen: Seen,
    /// Files whose writers have closed them since the last look.
    closed: BTreeSet<OsString>,
    /// Files that wait for their answers.
    busy: BTreeSet<OsString>,
    looking: bool,
    again: bool,
}

impl Outboxes {
    /// Starts the watcher. Without one files are found within two looks.
    pub(crate) fn new(inputs: mpsc::UnboundedSender<Input>) -> Self {
        let handler = move |event: notify::Result<notify::Event>| {
            let Ok(event) = event else { return };
            // Only what says that a file is whole: closed after writing, or moved in.
            let whole = matches!(
                event.kind,
                EventKind::Access(AccessKind::Close(AccessMode::Write))
                    | EventKind::Modify(ModifyKind::Name(RenameMode::To))
            );
            if let (true, Some(path)) = (whole, event.paths.into_iter().next()) {
                // The loop is gone only when the daemon ends.
                drop(inputs.send(Input::OutboxFile(path)));
            }
        };
        let watcher = notify::recommended_watcher(handler)
            .inspect_err(|error| tracing::warn!("outboxes are looked into only: {error}"))
            .ok();
        Self {
            watcher,
            boxes: BTreeMap::new(),
            asking: BTreeMap::new(),
        }
    }

    /// Whether a connection is a file's: what the registry could not keep is asked again, and gets no receipt.
    pub(crate) fn is_asking(&self, conn: ConnId) -> bool {
        self.asking.contains_key(&conn)
    }

    /// Takes in which outboxes there are, and watches those that stand.
    fn sync(&mut self, now: &[(AgentId, PathBuf)]) {
        let known: BTreeSet<AgentId> = now.iter().map(|(agent, _)| *agent).collect();
        let gone = |agent: &AgentId, _: &mut Outbox| !known.contains(agent);
        for (_, old) in self.boxes.extract_if(.., gone) {
            forget(self.watcher.as_mut(), &old.folder);
        }
        for (agent, worktree) in now {
            let outbox = self.boxes.entry(*agent).or_default();
            if outbox.worktree != *worktree {
                outbox.worktree.clone_from(worktree);
                outbox.folder = folder::place(worktree);
            }
            let there = Mark::of_folder(&outbox.folder);
            if same_folder(there, outbox.watched) {
                continue;
            }
            forget(self.watcher.as_mut(), &outbox.folder);
            outbox.watched = there;
            outbox.looked = false;
            outbox.last = None;
            if let (Some(watcher), Some(_)) = (&mut self.watcher, there)
                && let Err(error) = watcher.watch(&outbox.folder, RecursiveMode::NonRecursive)
            {
                tracing::warn!("{} is looked into only: {error}", outbox.folder.display());
            }
        }
    }
}

fn forget(watcher: Option<&mut RecommendedWatcher>, folder: &Path) {
    if let Some(watcher) = watcher {
        // A folder that is gone took its watch with it.
        drop(watcher.unwatch(folder));
    }
}

fn same_folder(one: Option<Mark>, other: Option<Mark>) -> bool {
    one.map(|mark| mark.inode) == other.map(|mark| mark.inode)
}

impl Host {
    /// Looks into every outbox in which something may have changed.
    pub(crate) fn look_into_outboxes(&mut self, now: Timestamp) {
        self.outboxes.sync(&self.state.outboxes());
        let agents: Vec<AgentId> = self.outboxes.boxes.keys().copied().collect();
        for agent in agents {
            let Some(outbox) = self.outboxes.boxes.get_mut(&agent) else {
                continue;
            };
            let mark = Mark::of_folder(&outbox.folder);
            let quiet = outbox.seen.is_empty() && outbox.closed.is_empty();
            let changed = match (mark, outbox.last) {
                (Some(mark), Some((last, at))) => mark != last || !mark.is_older_than(at),
                (mark, last) => mark.is_some() || last.is_some(),
            };
            if changed || !quiet {
                outbox.last = mark.map(|mark| (mark, now));
                self.look_into_outbox(now, agent);
            }
        }
    }

    /// Somebody has closed or moved in this file.
    pub(crate) fn outbox_file(&mut self, now: Timestamp, path: &Path) {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return;
        };
        let mut boxes = self.outboxes.boxes.iter_mut();
        let Some((agent, outbox)) = boxes.find(|(_, outbox)| outbox.folder == folder) else {
            return;
        };
        if outbox.closed.len() < CLOSED_MAX {
            outbox.closed.insert(name.to_owned());
        }
        let agent = *agent;
        self.look_into_outbox(now, agent);
    }

    fn look_into_outbox(&mut self, now: Timestamp, agent: AgentId) {
        let Some(outbox) = self.outboxes.boxes.get_mut(&agent) else {
            return;
        };
        if outbox.looking {
            outbox.again = true;
            return;
        }
        outbox.looking = true;
        outbox.again = false;
        let is_watched = outbox.looked && self.outboxes.watcher.is_some();
        outbox.looked = outbox.watched.is_some();
        let look = Look {
            agent,
            worktree: outbox.worktree.clone(),
            closed: std::mem::take(&mut outbox.closed),
            seen: outbox.seen.clone(),
            busy: outbox.busy.clone(),
            is_watched,
            now,
        };
        let inputs = self.inputs.clone();
        drop(tokio::task::spawn_blocking(move || {
            send(&inputs, Input::OutboxLooked(Box::new(look.take())));
        }));
    }

    /// A look has ended: what it took asks now.
    pub(crate) fn outbox_looked(&mut self, now: Timestamp, looked: Looked) -> Vec<Effect> {
        let Looked {
            agent,
            found,
            seen,
            left,
            more,
        } = looked;
        let Some(outbox) = self.outboxes.boxes.get_mut(&agent) else {
            return Vec::new();
        };
        outbox.looking = false;
        outbox.seen = seen;
        outbox.closed.extend(left);
        let again = more || outbox.again;
        let mut effects = Vec::new();
        for file in found {
            effects.extend(self.file_asks(now, agent, file));
        }
        if again {
            self.look_into_outbox(now, agent);
        }
        effects
    }

    fn file_asks(&mut self, now: Timestamp, agent: AgentId, file: Found) -> Vec<Effect> {
        let Some(outbox) = self.outboxes.boxes.get_mut(&agent) else {
            return Vec::new();
        };
        if !outbox.busy.insert(file.name.clone()) {
            return Vec::new();
        }
        let order = Receipt {
            worktree: outbox.worktree.clone(),
            name: file.name.clone(),
            request: file.asks.request.as_ref().map_or("none", |r| r.name()),
            shown: file.asks.name.clone(),
            key: file.asks.key.clone(),
            at: now,
        };
        let conn = self.fresh_conn();
        self.outboxes.asking.insert(conn, (agent, file.name));
        let (answers, lines) = channel();
        let known = self.taken_before(&order.key);
        // Then it was taken by a daemon that did not live to write the receipt.
        let is_known = known.is_some();
        let inputs = self.inputs.clone();
        tokio::spawn(async move {
            let receipt = match known {
                Some(receipt) => Some(receipt),
                None => answered(lines).await,
            };
            if let Some(receipt) = receipt {
                let written = tokio::task::spawn_blocking(move || order.write(receipt));
                if let Err(error) = written.await {
                    tracing::warn!(%error, "a receipt was not written");
                }
            }
            send(&inputs, Input::OutboxDone(conn));
        });
        if is_known {
            return Vec::new();
        }
        self.connections.insert(conn, answers);
        let event = Event::File {
            conn,
            agent,
            file: Box::new(file.asks),
        };
        self.state.handle(now, event)
    }

    /// What an earlier daemon, or this one, answered to this very file.
    fn taken_before(&self, key: &str) -> Option<Value> {
        // What can't be read is asked again: at worst it is said twice.
        let rows = self.store.trace(key).unwrap_or_default();
        let row = rows.into_iter().rfind(|row| row.kind == "outbox.taken")?;
        row.data
            .get("answer")
            .filter(|answer| !answer.is_null())
            .cloned()
    }

    /// A file's receipt is written, or never will be.
    pub(crate) fn outbox_done(&mut self, now: Timestamp, conn: ConnId) -> Vec<Effect> {
        self.connections.remove(&conn);
        if let Some((agent, name)) = self.outboxes.asking.remove(&conn)
            && let Some(outbox) = self.outboxes.boxes.get_mut(&agent)
        {
            outbox.busy.remove(&name);
            // Another file of that name may have come meanwhile.
            outbox.last = None;
        }
        self.state.handle(now, Event::Disconnected(conn))
    }
}

/// The answer, once it is the last one; `None` when the daemon ends first.
async fn answered(mut lines: Waiting) -> Option<Value> {
    while let Some(line) = lines.next().await {
        match serde_json::from_slice(&line) {
            Ok(Response::Progress { .. }) => {}
            Ok(response) => return Some(outbox::receipt(&response)),
            Err(error) => tracing::warn!(%error, "an answer to a file could not be read"),
        }
    }
    None
}

/// A receipt that is to be written.
struct Receipt {
    worktree: PathBuf,
    name: OsString,
    shown: String,
    request: &'static str,
    key: String,
    at: Timestamp,
}

impl Receipt {
    /// Writes it, and takes the file away.
    fn write(self, mut receipt: Value) {
        receipt["file"] = self.shown.into();
        receipt["request"] = self.request.into();
        receipt["key"] = self.key.clone().into();
        receipt["at"] = json!(self.at);
        let mut text = serde_json::to_vec_pretty(&receipt).unwrap_or_default();
        text.push(b'\n');
        let written = folder::Folder::open(&self.worktree).and_then(|folder| {
            let Some(folder) = folder else { return Ok(()) };
            if let Err(error) = folder.write_receipt(&self.name, &self.key, &text) {
                // The request stands; only its receipt is missing.
                tracing::warn!(%error, file = ?self.name, "a receipt was not written");
            }
            crate::crash::did("receipt");
            folder.remove_taken(&self.name)
        });
        if let Err(error) = written {
            tracing::warn!(%error, file = ?self.name, "a file that was taken stays");
        }
    }
}
