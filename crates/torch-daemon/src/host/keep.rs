//! Keeping the registry: automatic backups, the reserve for a full disk, and sweeps that clients ask for.

use std::path::Path;
use std::time::Duration;

use torch_api::Response;
use torch_core::Timestamp;
use torch_core::config::Config;
use torch_store::backup::{self, Backup};
use torch_store::sweep::{self, Limits, Sweep};
use torch_store::{RESERVE_BYTES, Store, StoreError};

use super::{Host, Input, answer, socket};
use crate::care;
use crate::event::{ConnId, Event};
use crate::failure::other;

/// How long after its start a daemon makes a backup at the earliest: one that is started for a moment makes none.
const SETTLED: Duration = Duration::from_secs(5 * 60);
/// How long after a backup that failed the next one is tried.
const AGAIN: Duration = Duration::from_secs(30 * 60);
/// How often a reserve that is missing is looked after.
const RESERVE: Duration = Duration::from_secs(60);
/// How long after its start the daemon makes the reserve.
const RESERVE_FIRST: Duration = Duration::from_secs(5);

/// What is due, and what is under way.
#[derive(Debug)]
pub(crate) struct Keep {
    /// Between two backups; `None`: there are none.
    every: Option<Duration>,
    backups: usize,
    days: u64,
    /// When the next backup may be made.
    backup_at: Timestamp,
    /// Whether anything was written since the last one.
    changed: bool,
    copying: bool,
    /// Whether the last one failed, which was told.
    failed: bool,
    reserve_at: Timestamp,
    reserve_told: bool,
    sweep: Option<(ConnId, Sweep)>,
}

impl Keep {
    pub(crate) fn new(config: &Config, home: &Path, now: Timestamp) -> Self {
        let hours = config.backup.hours;
        let every = (hours > 0).then(|| Duration::from_secs(hours * 60 * 60));
        let last = backup::list(home)
            .into_iter()
            .find_map(|backup| backup.manifest);
        // One that a clock which was ahead has dated holds up none.
        let due = every
            .zip(last)
            .map(|(every, last)| last.made.min(now).after(every));
        Self {
            every,
            backups: usize::try_from(config.backup.keep).unwrap_or(usize::MAX),
            days: config.retention.days,
            backup_at: now.after(SETTLED).max(due.unwrap_or(now)),
            changed: true,
            copying: false,
            failed: false,
            reserve_at: now.after(RESERVE_FIRST),
            reserve_told: false,
            sweep: None,
        }
    }

    /// Something was written.
    pub(crate) fn changed(&mut self) {
        self.changed = true;
    }

    fn backup_due(&self, now: Timestamp) -> bool {
        // A clock that was set back makes nobody wait for longer than always.
        let far = self
            .every
            .is_some_and(|every| self.backup_at > now.after(every));
        self.every.is_some() && self.changed && !self.copying && (far || now >= self.backup_at)
    }

    fn limits(&self, now: Timestamp) -> Limits {
        care::limits(now, self.days, self.backups)
    }
}

impl Host {
    /// Does what is due; nothing of it holds the loop for longer than the reserve takes to write.
    pub(crate) fn keep(&mut self, now: Timestamp) {
        self.keep_reserve(now);
        if !self.keep.backup_due(now) {
            return;
        }
        self.keep.copying = true;
        self.keep.changed = false;
        let (home, keep, inputs) = (self.home.clone(), self.keep.backups, self.inputs.clone());
        drop(tokio::task::spawn_blocking(move || {
            let result = backup::make(&home, now, "daemon").and_then(|made| {
                backup::prune(&home, keep, false)?;
                Ok(made)
            });
            // A daemon that is ending needs no answer.
            inputs.send(Input::Copied(result)).ok();
        }));
    }

    /// A backup was made, or could not be.
    pub(crate) fn copied(&mut self, now: Timestamp, result: Result<Backup, StoreError>) {
        self.keep.copying = false;
        match result {
            Ok(made) => {
                tracing::info!("backed up to {}", made.path.display());
                self.keep.failed = false;
                self.keep.backup_at = now.after(self.keep.every.unwrap_or(AGAIN));
            }
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the registry could not be backed up"
                );
                // Once: a database that is damaged stays so.
                if !std::mem::replace(&mut self.keep.failed, true) {
                    let hint = error.hint().unwrap_or_else(|| "torch backup".to_owned());
                    self.tell(format!(
                        "the registry could not be backed up: {error}. See: {hint}"
                    ));
                }
                self.keep.changed = true;
                self.keep.backup_at = now.after(AGAIN);
            }
        }
    }

    /// Tells the person, in the log and in the inbox.
    fn tell(&self, text: String) {
        tracing::error!("{text}");
        // A daemon that is ending has nobody to take it.
        self.inputs.send(Input::Event(Event::Trouble { text })).ok();
    }

    /// Looks after the room for a full disk, and says so once when it had to be given up.
    fn keep_reserve(&mut self, now: Timestamp) {
        if self.store.reserve_given_up() && !self.keep.reserve_told {
            self.keep.reserve_told = true;
            self.keep.reserve_at = now.after(RESERVE);
            self.tell(format!(
                "the disk of {} is full: torch gave up its reserve of {RESERVE_BYTES} bytes and will end when that is used. See: df -h",
                self.home.display()
            ));
        }
        if now < self.keep.reserve_at {
            return;
        }
        self.keep.reserve_at = now.after(RESERVE);
        match self
            .store
            .keep_reserve(&self.home.join("run/reserve"), RESERVE_BYTES)
        {
            Ok(true) => self.keep.reserve_told = false,
            Ok(false) => {
                tracing::warn!("the disk has no room for a reserve of {RESERVE_BYTES} bytes")
            }
            Err(error) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "there is no reserve for a full disk"
            ),
        }
    }

    /// Checks the journal for a client.
    pub(crate) fn audit(&self, conn: ConnId) {
        self.read_aside(conn, care::audit);
    }

    /// Answers a client by reading much of the database, on a connection and a thread of its own: the loop goes on.
    fn read_aside(
        &self,
        conn: ConnId,
        read: impl FnOnce(&Store) -> Result<Response, StoreError> + Send + 'static,
    ) {
        let Some(sender) = self.connections.get(&conn).cloned() else {
            return;
        };
        let path = self.home.join("torch.db");
        drop(tokio::task::spawn_blocking(move || {
            let response = Store::open_read_only(&path)
                .and_then(|store| read(&store))
                .unwrap_or_else(|error| Response::Failed(answer::store_failure(&error)));
            // A client that is gone needs no answer.
            let _ = sender.send(socket::line(&response));
        }));
    }

    /// Begins a sweep for a client; with `dry_run` a task of its own looks what it would do.
    pub(crate) fn collect(&mut self, now: Timestamp, conn: ConnId, dry_run: bool) {
        let limits = self.keep.limits(now);
        if dry_run {
            let home = self.home.clone();
            return self.read_aside(conn, move |store| {
                Ok(care::gc_response(
                    true,
                    &sweep::look(store, &home, limits)?,
                    None,
                ))
            });
        }
        if self.keep.sweep.is_some() {
            let failure = other(
                "what is old is being archived already",
                "another `torch gc` asked for it",
                None,
            );
            return self.reply(conn, &Response::Failed(failure));
        }
        match Sweep::new(&self.store, &self.home, limits, now) {
            Ok(sweep) => {
                self.keep.sweep = Some((conn, sweep));
                self.inputs.send(Input::Sweep).ok();
            }
            Err(error) => self.reply(conn, &Response::Failed(answer::store_failure(&error))),
        }
    }

    /// One step of the sweep; other events come in between.
    pub(crate) fn sweep(&mut self) {
        let Some((conn, mut sweep)) = self.keep.sweep.take() else {
            return;
        };
        match sweep.step(&mut self.store) {
            Ok(true) => {
                self.keep.sweep = Some((conn, sweep));
                self.inputs.send(Input::Sweep).ok();
            }
            Ok(false) => {
                self.keep.changed();
                let response = care::gc_response(false, sweep.swept(), sweep.archive());
                self.reply(conn, &response);
            }
            Err(error) => self.reply(conn, &Response::Failed(answer::store_failure(&error))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_767_323_045_000);
    const HOUR: Duration = Duration::from_secs(60 * 60);

    fn keep(home: &Path, hours: u64) -> Keep {
        let mut config = Config::default();
        config.backup.hours = hours;
        Keep::new(&config, home, NOW)
    }

    #[test]
    fn backups_are_due_after_their_time_and_a_change() {
        let home = tempfile::tempdir().expect("a folder");
        let mut first = keep(home.path(), 6);
        assert!(
            !first.backup_due(NOW),
            "a daemon that has just started makes none"
        );
        assert!(first.backup_due(NOW.after(SETTLED)));
        first.copying = true;
        assert!(!first.backup_due(NOW.after(SETTLED)), "one at a time");
        first.copying = false;
        first.changed = false;
        assert!(!first.backup_due(NOW.after(HOUR)), "nothing changed");
        first.changed();
        assert!(first.backup_due(NOW.after(HOUR)));
        assert!(
            !keep(home.path(), 0).backup_due(NOW.after(HOUR * 100)),
            "switched off"
        );

        drop(Store::open(&home.path().join("torch.db"), NOW).expect("opens"));
        backup::make(home.path(), NOW, "command").expect("is made");
        let next = keep(home.path(), 6);
        assert!(
            !next.backup_due(NOW.after(HOUR * 5)),
            "the last one is fresh, whoever made it"
        );
        assert!(next.backup_due(NOW.after(HOUR * 6)));
    }
}
