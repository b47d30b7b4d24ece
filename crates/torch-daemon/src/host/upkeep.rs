//! What keeps the daemon reachable and alone: its socket and its lock are looked at now and then, and tmux's socket.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Duration;

use torch_core::Timestamp;

use super::{Host, socket};
use crate::event::{ConnId, TimerKey};

/// How often.
const EVERY: Duration = Duration::from_secs(2);

/// A file as it was made: one of the same name may be another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Made {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl Made {
    /// Takes down which file stands at `path` now; `None` if none does.
    pub(crate) fn at(path: &Path) -> Option<Self> {
        let meta = path.symlink_metadata().ok()?;
        Some(Self {
            path: path.to_owned(),
            device: meta.dev(),
            inode: meta.ino(),
        })
    }

    /// Whether it still stands there.
    pub(crate) fn stands(&self) -> bool {
        Self::at(&self.path).as_ref() == Some(self)
    }
}

impl Host {
    /// Takes the socket away, if it is still this daemon's.
    pub(crate) fn remove_socket(&self) {
        if let Some(socket) = self.socket.as_ref().filter(|socket| socket.stands()) {
            drop(std::fs::remove_file(&socket.path));
        }
    }

    /// Begins the end that a person or a signal asked for: nobody is to start the daemon again by himself.
    pub(crate) fn told_to_end(&mut self) {
        self.ending = true;
        if let Err(error) = self.traces.set_stopped() {
            tracing::warn!(%error, "agents' wrappers may start the daemon again");
        }
    }

    /// The number of one more connection.
    pub(crate) fn fresh_conn(&self) -> ConnId {
        ConnId(self.connected.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// Ends a daemon whose lock or database is gone (another one may own the registry by now; what is written would be
    /// read by nobody), sees to backups, and opens a lost socket again.
    pub(crate) fn upkeep(&mut self, now: Timestamp) {
        let alive = self.service.alive_every();
        let every = alive.map_or(EVERY, |alive| alive.min(EVERY));
        self.agenda.set(TimerKey::Upkeep, now.after(every));
        self.service.alive();
        self.tend_tmux_socket();
        if !self.lock.stands() {
            tracing::error!(
                "{} is gone or another file; ending, agents go on",
                self.lock.path.display()
            );
            self.ending = true;
            return;
        }
        if let Err(error) = self.store.still_there() {
            tracing::error!("{error}; ending, agents go on. See: torch restore --list");
            self.ending = true;
            return;
        }
        self.keep(now);
        self.look_into_outboxes(now);
        let Some(path) = self
            .socket
            .as_ref()
            .filter(|socket| !socket.stands())
            .map(|socket| socket.path.clone())
        else {
            return;
        };
        match socket::listen(&path) {
            Ok(listener) => {
                tracing::warn!("{} was gone; it is open again", path.display());
                self.socket = Made::at(&path);
                self.serve_on(listener);
            }
            Err(error) => tracing::warn!("{} is gone: {error:#}", path.display()),
        }
    }
}
