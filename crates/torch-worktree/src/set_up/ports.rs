//! Pairs of ports, each leased to one worktree: an even one and the next.
//!
//! A lease is a file in a folder of the registry, so that it outlives the daemon and the machine's restart. A pair whose
//! worktree is gone is free again.

use std::fmt;
use std::fs;
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::WorktreeError;
use crate::lock::Lock;

/// Which ports there are, as `FIRST-LAST`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PortPool {
    first: u16,
    last: u16,
}

/// A text that names no ports.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no range of ports such as 8100-8199")]
pub struct NoPool(String);

impl FromStr for PortPool {
    type Err = NoPool;
    fn from_str(text: &str) -> Result<Self, NoPool> {
        let parts = text.split_once('-');
        let parts = parts.and_then(|(first, last)| {
            Some((first.trim().parse().ok()?, last.trim().parse().ok()?))
        });
        match parts {
            Some((first, last)) if first >= 1024 && last > first => Ok(Self { first, last }),
            _ => Err(NoPool(text.to_owned())),
        }
    }
}

impl fmt::Display for PortPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}

/// Two ports, the first of which is even.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PortPair(u16);

impl PortPair {
    /// The even one: the application, the development server.
    pub fn first(self) -> u16 {
        self.0
    }

    /// The odd one: its debugger, its storybook, its coverage.
    pub fn second(self) -> u16 {
        self.0 + 1
    }

    /// As variables of an environment: `PORT`, `TORCH_PORT` and `TORCH_PORT_2`.
    pub fn env(self) -> Vec<(String, String)> {
        [
            ("PORT", self.first()),
            ("TORCH_PORT", self.first()),
            ("TORCH_PORT_2", self.second()),
        ]
        .map(|(name, port)| (name.to_owned(), port.to_string()))
        .into()
    }
}

/// The leases of a registry.
#[derive(Debug, Clone)]
pub struct Ports {
    dir: PathBuf,
    pool: PortPool,
}

impl Ports {
    /// Those in a folder, which is made at the first lease.
    pub fn new(dir: impl Into<PathBuf>, pool: PortPool) -> Self {
        let dir = dir.into();
        Self { dir, pool }
    }

    /// The worktree's pair: the one that it has, or else the first one that is leased to nobody and that no program of this
    /// machine listens on.
    ///
    /// # Errors
    /// [`WorktreeError::NoPorts`] when none is left.
    pub fn lease(&self, worktree: &Path) -> Result<PortPair, WorktreeError> {
        let made = fs::create_dir_all(&self.dir);
        made.map_err(WorktreeError::io("make the directory", &self.dir))?;
        let _lock = Lock::take(&self.dir)?;
        let leases = self.leases()?;
        if let Some((pair, _)) = leases.iter().find(|(_, path)| path == worktree) {
            return Ok(*pair);
        }
        let pair = self.free(&leases).ok_or_else(|| WorktreeError::NoPorts {
            pool: self.pool.to_string(),
            worktree: worktree.to_owned(),
        })?;
        self.write(pair, worktree)?;
        Ok(pair)
    }

    /// The pair that the next worktree would get; `None` where none is left.
    ///
    /// # Errors
    /// [`WorktreeError::Io`] when the leases can't be read.
    pub fn next(&self) -> Result<Option<PortPair>, WorktreeError> {
        Ok(self.free(&self.leases()?))
    }

    /// Which ports there are.
    pub fn pool(&self) -> PortPool {
        self.pool
    }

    fn free(&self, leases: &[(PortPair, PathBuf)]) -> Option<PortPair> {
        let evens = (self.pool.first..self.pool.last).filter(|port| port % 2 == 0);
        evens.map(PortPair).find(|pair| {
            let holder = leases.iter().find(|(held, _)| held == pair);
            let is_held = holder.is_some_and(|(_, path)| path.exists());
            !is_held && is_quiet(pair.first()) && is_quiet(pair.second())
        })
    }

    /// The pair that a worktree has.
    ///
    /// # Errors
    /// [`WorktreeError::Io`] when the leases can't be read.
    pub fn of(&self, worktree: &Path) -> Result<Option<PortPair>, WorktreeError> {
        let leases = self.leases()?;
        let found = leases.into_iter().find(|(_, path)| path == worktree);
        Ok(found.map(|(pair, _)| pair))
    }

    /// All pairs that are leased, each with its worktree, by number.
    ///
    /// # Errors
    /// [`WorktreeError::Io`] when they can't be read.
    pub fn leases(&self) -> Result<Vec<(PortPair, PathBuf)>, WorktreeError> {
        let entries = match fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(WorktreeError::io("list", &self.dir)(error)),
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry.map_err(WorktreeError::io("list", &self.dir))?;
            // Only what this writes: no lock, and nothing half-written.
            let Some(port) = entry
                .file_name()
                .to_str()
                .and_then(|name| name.parse().ok())
            else {
                continue;
            };
            let path = entry.path();
            let text = fs::read(&path).map_err(WorktreeError::io("read", &path))?;
            let worktree = std::ffi::OsString::from_vec(text).into();
            found.push((PortPair(port), worktree));
        }
        found.sort();
        Ok(found)
    }

    /// Gives a worktree's pair back; one that has none is no error.
    ///
    /// # Errors
    /// [`WorktreeError::Io`] when a lease can't be removed.
    pub fn release(&self, worktree: &Path) -> Result<(), WorktreeError> {
        if !self.dir.is_dir() {
            return Ok(());
        }
        let _lock = Lock::take(&self.dir)?;
        for (pair, path) in self.leases()? {
            if path == worktree {
                let file = self.dir.join(pair.0.to_string());
                fs::remove_file(&file).map_err(WorktreeError::io("remove", &file))?;
            }
        }
        Ok(())
    }

    /// A lease is there with all of its text, or not at all.
    fn write(&self, pair: PortPair, worktree: &Path) -> Result<(), WorktreeError> {
        let file = self.dir.join(pair.0.to_string());
        let new = self.dir.join("new");
        fs::write(&new, worktree.as_os_str().as_bytes())
            .and_then(|()| fs::rename(&new, &file))
            .map_err(WorktreeError::io("write", &file))
    }
}

/// Whether nobody listens there, on this machine's own addresses.
fn is_quiet(port: u16) -> bool {
    let in_use = |error: &std::io::Error| error.kind() == std::io::ErrorKind::AddrInUse;
    // A machine without IPv6 has nobody listening there.
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_err_and(|error| in_use(&error))
        || TcpListener::bind((Ipv6Addr::LOCALHOST, port)).is_err_and(|error| in_use(&error));
    !taken
}
