//! What keeps a registry safe without the daemon's help: backups, restoring, and what is old.
//!
//! A backup only reads and works beside a running daemon. Everything else needs the registry for itself: it holds the
//! daemon's lock, so that none can start meanwhile.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use torch_api::wire::{FailureKind, GcKind};
use torch_api::{Failure, Response};
use torch_core::config::Config;
use torch_core::{LedgerRecord, Timestamp};
use torch_process::Environment;
use torch_process::traces::Traces;
use torch_store::restore;
use torch_store::sweep::{self, Limits, Sweep, Swept};
use torch_store::{LedgerKind, Store, StoreError, backup};
use torch_worktree::{Expiry, Git};

use crate::failure::{causes, from_error, other};
use crate::run;

pub use torch_store::backup::{Backup, Content, Manifest};
pub use torch_store::restore::{Plan, Restored};

/// Why something could not be done.
type Refused = Box<Failure>;

/// Makes a verified backup of the registry in `home`, and keeps as many as are configured.
///
/// # Errors
/// A [`Failure`] that says why there is none.
pub fn back_up(home: &Path, config: &Config, now: Timestamp) -> Result<Backup, Refused> {
    let made = backup::make(home, now, "command").map_err(|error| refused(&error))?;
    let keep = usize::try_from(config.backup.keep).unwrap_or(usize::MAX);
    backup::prune(home, keep, false).map_err(|error| refused(&error))?;
    Ok(made)
}

/// The backups of the registry in `home`, newest first, as their manifests describe them.
pub fn backups(home: &Path) -> Vec<Backup> {
    backup::list(home)
}

/// Whether a backup is what it was, read to its last byte.
///
/// # Errors
/// A [`Failure`] that says what is wrong with it.
pub fn verify(backup: &Backup) -> Result<Content, Refused> {
    backup.verify().map_err(|error| refused(&error))
}

/// How long a daemon that answers nobody is waited for: one that an agent's wrapper starts over a broken database has the
/// lock for a moment.
fn patience(home: &Path) -> Duration {
    let socket = Traces::new(home).socket();
    match socket.is_some_and(|socket| UnixStream::connect(socket).is_ok()) {
        true => Duration::ZERO,
        false => Duration::from_secs(3),
    }
}

/// A registry that no daemon has or can get.
#[derive(Debug)]
pub struct Locked {
    home: PathBuf,
    _lock: File,
}

impl Locked {
    /// Takes the registry in `home`.
    ///
    /// # Errors
    /// A [`Failure`] where there is none, and while a daemon has it.
    pub fn take(home: &Path) -> Result<Self, Refused> {
        let traces = ["run", "backups", "sessions.json", "torch.db"];
        if !traces.iter().any(|name| home.join(name).exists()) {
            let error = format!("there is no registry in {}", home.display());
            return Err(Box::new(other(&error, "", Some("torch doctor"))));
        }
        let made = std::fs::create_dir_all(home.join("run")).map_err(anyhow::Error::from);
        let error = match made.and_then(|()| run::lock(home, patience(home))) {
            Ok(Some(lock)) => {
                return Ok(Self {
                    home: home.to_owned(),
                    _lock: lock,
                });
            }
            Ok(None) => {
                let what = "the daemon runs, and it has the registry";
                return Err(Box::new(other(what, "", Some("torch daemon stop"))));
            }
            Err(error) => error,
        };
        Err(Box::new(Failure {
            kind: FailureKind::Other,
            error: error.to_string(),
            causes: causes(error.as_ref()),
            hint: Some("torch doctor".to_owned()),
        }))
    }

    /// Looks what restoring `file`, or the newest backup that verifies, would mean.
    ///
    /// # Errors
    /// A [`Failure`] where there is nothing to restore.
    pub fn plan(&self, file: Option<&Path>) -> Result<Plan, Refused> {
        restore::plan(&self.home, file).map_err(|error| refused(&error))
    }

    /// Puts the plan's backup in place of the database, which is kept beside it.
    ///
    /// # Errors
    /// A [`Failure`] that says how far it came.
    pub fn restore(&self, plan: &Plan, now: Timestamp) -> Result<Restored, Refused> {
        restore::restore(&self.home, plan, now).map_err(|error| refused(&error))
    }

    /// Goes on with the database as it is, although it is older than what was written.
    ///
    /// # Errors
    /// A [`Failure`] for one that does not verify.
    pub fn accept(&self, now: Timestamp) -> Result<Restored, Refused> {
        restore::accept(&self.home, now).map_err(|error| refused(&error))
    }

    /// Moves all of the old registry aside; where it lies now.
    ///
    /// # Errors
    /// A [`Failure`] with what the disk said.
    pub fn begin_afresh(&self, now: Timestamp) -> Result<Vec<PathBuf>, Refused> {
        restore::begin_afresh(&self.home, now).map_err(|error| refused(&error))
    }

    /// Archives and removes what is old, to the end.
    ///
    /// # Errors
    /// A [`Failure`] that says why it could not go on.
    pub fn collect(&self, config: &Config, now: Timestamp) -> Result<Response, Refused> {
        let run = || -> Result<Response, StoreError> {
            let mut store = Store::open(&self.home.join("torch.db"), now)?;
            let mut sweep = Sweep::new(&store, &self.home, configured(config, now), now)?;
            while sweep.step(&mut store)? {}
            Ok(gc_response(false, sweep.swept(), sweep.archive()))
        };
        run().map_err(|error| refused(&error))
    }
}

/// Says what [`Locked::collect`] would do; only reads, also beside a daemon.
///
/// # Errors
/// A [`Failure`] when the registry can't be read.
pub fn look(home: &Path, config: &Config, now: Timestamp) -> Result<Response, Refused> {
    let look = || -> Result<Response, StoreError> {
        let store = Store::open_read_only(&home.join("torch.db"))?;
        let swept = sweep::look(&store, home, configured(config, now))?;
        Ok(gc_response(true, &swept, None))
    };
    look().map_err(|error| refused(&error))
}

fn configured(config: &Config, now: Timestamp) -> Limits {
    let keep = usize::try_from(config.backup.keep).unwrap_or(usize::MAX);
    limits(now, config.retention.days, keep)
}

pub(crate) fn limits(now: Timestamp, days: u64, backups: usize) -> Limits {
    let age = Duration::from_secs(days * 24 * 60 * 60);
    let before = now
        .0
        .saturating_sub(u64::try_from(age.as_millis()).unwrap_or(u64::MAX));
    Limits {
        before: Timestamp(before),
        backups,
    }
}

pub(crate) fn gc_response(dry_run: bool, swept: &[Swept], archive: Option<&Path>) -> Response {
    let kind = |swept: &Swept| GcKind {
        kind: swept.kind.to_owned(),
        items: swept.items,
        bytes: swept.bytes,
    };
    Response::Gc {
        dry_run,
        kinds: swept.iter().map(kind).collect(),
        archive: archive.map(Path::to_owned),
    }
}

/// Lets go what was kept of removed worktrees before the retention's limit, in the repositories of all teams; a dry run
/// only counts. A repository that is not there or can't be read is left alone; without a registry there is nothing.
///
/// # Errors
/// A [`Failure`] when the registry can't be read.
pub fn expire_kept(
    home: &Path,
    env: &Environment,
    config: &Config,
    now: Timestamp,
    dry_run: bool,
) -> Result<Option<GcKind>, Refused> {
    let read = || Store::open_read_only(&home.join("torch.db"))?.teams();
    let teams = match read() {
        Ok(teams) => teams,
        Err(StoreError::Missing { .. }) => return Ok(None),
        Err(error) => return Err(refused(&error)),
    };
    let projects: BTreeMap<_, _> = teams
        .into_iter()
        .map(|team| (team.common_dir, team.project))
        .collect();
    let git = Git::new(env.clone());
    let before = configured(config, now).before;
    let expiry = expiry(dry_run);
    let gone = |project: &PathBuf| {
        let repository = torch_worktree::inspect_busy(&git, project).ok()?;
        torch_worktree::expire_kept(&git, &repository, before, expiry).ok()
    };
    let items = projects.values().filter_map(gone).map(|kept| kept.len());
    Ok(Some(GcKind {
        kind: "kept-worktrees".to_owned(),
        items: items.sum::<usize>() as u64,
        bytes: 0,
    }))
}

/// The rollbacks that ended before the retention's limit, by project: their hidden references. They are known by records that a
/// sweep takes, so this comes before it. `None` without a registry.
///
/// # Errors
/// A [`Failure`] when the registry can't be read.
pub fn rollbacks_over(
    home: &Path,
    config: &Config,
    now: Timestamp,
) -> Result<Option<BTreeMap<PathBuf, Vec<String>>>, Refused> {
    let read = || {
        let store = Store::open_read_only(&home.join("torch.db"))?;
        Ok((store.teams()?, store.ledger(LedgerKind::Rollback)?))
    };
    let (teams, records) = match read() {
        Ok(found) => found,
        Err(StoreError::Missing { .. }) => return Ok(None),
        Err(error) => return Err(refused(&error)),
    };
    let before = configured(config, now).before;
    let mut over: BTreeMap<PathBuf, Vec<String>> = BTreeMap::new();
    for record in &records {
        let LedgerRecord::Rollback(row) = record else {
            continue;
        };
        let team = teams.iter().find(|team| team.id == row.team);
        if let Some(team) = team
            && row.ended().is_some_and(|at| at < before)
        {
            over.entry(team.project.clone())
                .or_default()
                .push(row.refs());
        }
    }
    Ok(Some(over))
}

/// Lets go what branches have left in these rollbacks (`--force`); a dry run only counts. A repository that is not there or can't be
/// read is left alone.
pub fn expire_rollbacks(
    over: &BTreeMap<PathBuf, Vec<String>>,
    env: &Environment,
    dry_run: bool,
) -> GcKind {
    let git = Git::new(env.clone());
    let gone = over.iter().filter_map(|(project, refs)| {
        let repository = torch_worktree::inspect_busy(&git, project).ok()?;
        torch_worktree::rollback::expire_left(&git, &repository, refs, expiry(dry_run)).ok()
    });
    GcKind {
        kind: "rollbacks".to_owned(),
        items: gone.sum::<usize>() as u64,
        bytes: 0,
    }
}

fn expiry(dry_run: bool) -> Expiry {
    match dry_run {
        true => Expiry::DryRun,
        false => Expiry::Delete,
    }
}

/// The journal's chain and that of its archives.
pub(crate) fn audit(store: &Store) -> Result<Response, StoreError> {
    let audit = store.verify()?;
    let home = store.path().parent().unwrap_or(Path::new("/"));
    let archive = if audit.archived > 0 {
        sweep::verify_archives(home, store).err()
    } else {
        None
    };
    Ok(Response::Audit {
        entries: audit.entries,
        archived: audit.archived,
        archive: archive.map(|error| error.to_string()),
        head: audit.head,
        broken: audit.broken,
    })
}

fn refused(error: &StoreError) -> Refused {
    Box::new(from_error(FailureKind::Other, error, error.hint()))
}
