//! One look into an outbox, in a blocking task: which files are whole, and what they say.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs::{self, Metadata};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use torch_api::Failure;
use torch_api::wire::BODY_MAX;
use torch_core::{AgentId, Timestamp};
use torch_router::tag::sha256;

use super::folder::{Folder, Taken};
use crate::event::FileRequest;
use crate::failure::usage;
use crate::outbox;

/// How many files one look takes; the others wait for the next one, which follows at once.
const BATCH: usize = 64;
/// How far two looks lie apart between which a file must have stayed as it is, where nobody says that it was closed.
const STILL: Duration = Duration::from_millis(700);
/// How old a file must be besides if it lay there before anybody watched.
const OLD: Duration = Duration::from_secs(2);
/// How old if somebody would have said that it was closed: its writer may only rest.
const RESTED: Duration = Duration::from_secs(10);
/// The largest file: a message's largest body, and room for what is around it.
const FILE_MAX: u64 = BODY_MAX as u64 + 64 * 1024;
/// Endings of files that are being written.
const UNFINISHED: [&str; 4] = [".tmp", ".part", ".swp", "~"];
/// How long a folder must have been unchanged to count as looked into: its time may not tell two changes apart.
const TICK: Duration = Duration::from_secs(2);

/// A state of a file or folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) inode: u64,
    size: u64,
    written: (i64, i64),
}

impl Mark {
    fn of(meta: &Metadata) -> Self {
        Self {
            inode: meta.ino(),
            size: meta.size(),
            written: (meta.mtime(), meta.mtime_nsec()),
        }
    }

    /// The folder at a path; none where there is none.
    pub(super) fn of_folder(path: &Path) -> Option<Self> {
        let meta = fs::symlink_metadata(path).ok()?;
        meta.is_dir().then(|| Self::of(&meta))
    }

    /// Whether it was written so long before `at` that its time tells any later change.
    pub(super) fn is_older_than(&self, at: Timestamp) -> bool {
        self.age(at) > TICK
    }

    /// How long before `at` it was written; nothing where that lies ahead.
    fn age(&self, at: Timestamp) -> Duration {
        let seconds = u64::try_from(self.written.0).unwrap_or(0);
        at.since(Timestamp(seconds.saturating_mul(1000)))
    }
}

/// A file that may still be written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sight {
    mark: Mark,
    since: Timestamp,
    /// How old it must become where nobody says that it was closed.
    wait: Duration,
}

/// Files that may still be written.
pub(super) type Seen = BTreeMap<OsString, Sight>;

/// A look that is to be taken.
pub(super) struct Look {
    pub(super) agent: AgentId,
    pub(super) worktree: PathBuf,
    pub(super) closed: BTreeSet<OsString>,
    pub(super) seen: Seen,
    pub(super) busy: BTreeSet<OsString>,
    /// Whether it is said when a file is closed, and was since the look before.
    pub(super) is_watched: bool,
    pub(super) now: Timestamp,
}

/// A file that was taken.
#[derive(Debug)]
pub(crate) struct Found {
    pub(super) name: OsString,
    pub(super) asks: FileRequest,
}

/// What a look found.
#[derive(Debug)]
pub(crate) struct Looked {
    pub(super) agent: AgentId,
    pub(super) found: Vec<Found>,
    pub(super) seen: Seen,
    /// Whole files that have to wait: for the next look, or for one of the same name.
    pub(super) left: BTreeSet<OsString>,
    /// Whether there are more files than one look takes.
    pub(super) more: bool,
}

impl Look {
    /// Takes what is whole out of the outbox, oldest first.
    pub(super) fn take(self) -> Looked {
        let mut looked = Looked {
            agent: self.agent,
            found: Vec::new(),
            seen: Seen::new(),
            left: BTreeSet::new(),
            more: false,
        };
        match Folder::open(&self.worktree) {
            Ok(Some(folder)) => self.take_from(&folder, &mut looked),
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, outbox = ?self.worktree, "not looked into"),
        }
        looked
    }

    fn take_from(&self, folder: &Folder, looked: &mut Looked) {
        // What an earlier daemon took is before everything else.
        let mut names = folder.taken();
        names.retain(|name| !self.busy.contains(name));
        let mut whole = self.whole(folder, looked);
        whole.sort();
        for (_, name) in whole {
            if names.len() >= BATCH {
                looked.more = true;
                looked.left.insert(name);
                continue;
            }
            match folder.take(&name) {
                Ok(true) => {
                    looked.seen.remove(&name);
                    names.push(name);
                }
                // One of that name waits for its answer; this one comes after it.
                Ok(false) => drop(looked.left.insert(name)),
                Err(error) => tracing::warn!(%error, file = ?name, "a file could not be taken"),
            }
        }
        for name in names {
            let asks = self.read(folder, &name);
            looked.found.push(Found { name, asks });
        }
    }

    /// The files that nobody writes any more, with when they were written.
    fn whole(&self, folder: &Folder, looked: &mut Looked) -> Vec<((i64, i64), OsString)> {
        let names = folder.names().unwrap_or_default();
        let mut whole = Vec::new();
        for name in names.into_iter().filter(|name| is_offered(name)) {
            let Ok(meta) = folder.look_at(&name) else {
                continue;
            };
            if meta.is_dir() {
                continue;
            }
            let mark = Mark::of(&meta);
            let before = self.seen.get(&name).filter(|before| before.mark == mark);
            let still = before.is_some_and(|before| {
                self.now.since(before.since) >= STILL && mark.age(self.now) >= before.wait
            });
            let closed = self.closed.contains(&name) && mark.size > 0;
            // What is no regular file never will be one.
            if !meta.is_file() || closed || still {
                if let Some(before) = before {
                    // Should it not be taken this time, it is as old as it was.
                    looked.seen.insert(name.clone(), *before);
                }
                whole.push((mark.written, name));
            } else {
                let fresh = Sight {
                    mark,
                    since: self.now,
                    wait: if self.is_watched { RESTED } else { OLD },
                };
                looked.seen.insert(name, before.copied().unwrap_or(fresh));
            }
        }
        whole
    }

    fn read(&self, folder: &Folder, name: &OsStr) -> FileRequest {
        let shown = shown(name);
        let (taken, request) = match folder.read_taken(name, FILE_MAX) {
            Ok(taken) => {
                let bytes = taken.bytes.clone();
                let request = match readable(name) {
                    Some(text) => outbox::request(text, bytes, &self.worktree),
                    None => Err(refuse(
                        &shown,
                        "its name has control characters or is no text",
                    )),
                };
                (Some(taken), request)
            }
            Err(why) => (None, Err(refuse(&shown, &why))),
        };
        FileRequest {
            key: self.key(name, taken.as_ref()),
            name: shown,
            request,
        }
    }

    /// What tells a file from every other one, in every daemon's life: a number alone is used again.
    fn key(&self, name: &OsStr, taken: Option<&Taken>) -> String {
        let mut all = self.agent.to_string().into_bytes();
        let mut add = |bytes: &[u8]| {
            all.push(0);
            all.extend_from_slice(bytes);
        };
        add(name.as_bytes());
        match taken {
            Some(taken) => {
                let (seconds, nanos) = taken.written;
                add(format!("{} {seconds} {nanos}", taken.inode).as_bytes());
                add(&taken.bytes);
            }
            // It is refused, now and whenever it is looked at again.
            None => add(format!("unread {}", self.now.0).as_bytes()),
        }
        format!("outbox-{}", &sha256(&all)[..32])
    }
}

/// Whether a file is meant to be taken: not hidden, and not being written by its name.
fn is_offered(name: &OsStr) -> bool {
    let name = name.as_bytes();
    let unfinished = |ending: &&str| name.ends_with(ending.as_bytes());
    !name.starts_with(b".") && !UNFINISHED.iter().any(unfinished)
}

/// A name that may stand in a target, a text and a terminal.
fn readable(name: &OsStr) -> Option<&str> {
    let name = name.to_str()?;
    (!name.chars().any(char::is_control)).then_some(name)
}

/// A name as it may be shown, whatever it is.
fn shown(name: &OsStr) -> String {
    let text = name.to_string_lossy();
    let plain = text.chars();
    plain
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .take(120)
        .collect()
}

fn refuse(shown: &str, why: &str) -> Box<Failure> {
    let error = format!("the file {shown:?} in the outbox can't be used");
    let hint = "echo 'your text' > .torch/outbox/orchestrator--report.md";
    Box::new(usage(&error, why, Some(hint)))
}
