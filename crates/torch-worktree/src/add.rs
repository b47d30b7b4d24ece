//! Making an agent's worktree, by a ladder that always ends with one.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use torch_core::RoleName;

use crate::create::{CheckoutError, Maker};
use crate::lock::Lock;
use crate::registration::Registration;
use crate::{Engine, Git, Repository, WorktreeError};

/// The last number that is tried behind a branch's name.
const NUMBER_MAX: u8 = 9;

/// The longest part of the base branch that goes into a branch's name, in bytes: a part of a path has at most 255.
const STEM_MAX: usize = 160;

/// What to make.
#[derive(Debug, Clone, Copy)]
pub struct AddRequest<'a> {
    /// The repository, as [`crate::inspect`] found it.
    pub repository: &'a Repository,
    /// Where the worktree goes: absolute; its parents are made.
    pub path: &'a Path,
    /// The commit that it starts from, full hex.
    pub base_commit: &'a str,
    /// The team's base branch, or [`Repository::DETACHED`].
    pub base_branch: &'a str,
    /// The agent's role.
    pub role: &'a RoleName,
}

/// Which way worked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rung {
    /// The worktree was there.
    Kept,
    /// A new branch `BASE-ROLE`.
    New,
    /// The branch `BASE-ROLE` was there and free: its commits stay.
    Reused,
    /// A branch `BASE-ROLE-2` to `-9`, new or free.
    Numbered,
    /// No branch: every name is taken.
    Detached,
}

/// A worktree that stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Added {
    /// Where it is, canonical.
    pub path: PathBuf,
    /// Its branch, without `refs/heads/`.
    pub branch: Option<String>,
    /// Which way worked.
    pub rung: Rung,
    /// Whether the branch was made for it.
    pub made_branch: bool,
    /// The commit that was checked out, full hex; of a worktree that was there, the base commit.
    pub start: String,
}

/// Makes the worktree of one agent. Several may run at once, in any number of processes: they wait for each other.
/// Never takes a branch that another worktree has, but forgets a registration whose directory is gone. What a
/// killed attempt left behind is done away with first.
///
/// # Errors
/// [`WorktreeError::Occupied`] when something else is at the path, [`WorktreeError::OwnFilter`] when the files need a program
/// that only the repository names; others when git or the disk refuse.
pub fn add(git: &Git, request: &AddRequest<'_>) -> Result<Added, WorktreeError> {
    check(request)?;
    let _lock = Lock::take(&request.repository.common_dir)?;
    if request.repository.engine != Engine::Git2 {
        crate::filters::check_commit(git, request.repository, request.base_commit)?;
    }
    let path = place(request.path)?;
    crate::removal::end_killed(&path)?;
    let maker = Maker::open(git, request.repository)?;
    let marker = Marker::at(&path);
    if marker.is_set() {
        tracing::warn!(?path, "an unfinished worktree is done away with");
        maker.discard(&path)?;
    }
    let registrations = maker.registrations()?;
    if let Some(kept) = kept(&path, &registrations, request) {
        return Ok(kept);
    }
    make_room(&path)?;
    for stale in registrations.iter().filter(|r| r.is_at(&path)) {
        maker.prune(stale)?;
    }
    marker.set()?;
    let climb = Climb {
        maker: &maker,
        request,
        path: &path,
        registrations: &registrations,
    };
    let result = climb.run();
    if result.is_err() {
        maker.discard(&path)?;
    }
    marker.clear()?;
    result
}

fn check(request: &AddRequest<'_>) -> Result<(), WorktreeError> {
    let path = request.path.to_owned();
    if !path.is_absolute() || path.file_name().is_none() {
        return Err(WorktreeError::NotAbsolute { path });
    }
    if path.to_str().is_none() {
        return Err(WorktreeError::NotUtf8 { path });
    }
    let commit = request.base_commit;
    let is_hex = commit.bytes().all(|b| b.is_ascii_hexdigit());
    if !is_hex || ![40, 64].contains(&commit.len()) {
        return Err(WorktreeError::NotACommit {
            commit: commit.to_owned(),
        });
    }
    Ok(())
}

/// The path with canonical parents, which are made.
pub(crate) fn place(path: &Path) -> Result<PathBuf, WorktreeError> {
    let parent = path.parent().unwrap_or(path);
    // Those that are made are the owner's alone, as the whole registry is.
    let mut builder = fs::DirBuilder::new();
    let made = builder.recursive(true).mode(0o700).create(parent);
    made.map_err(WorktreeError::io("make the directory", parent))?;
    let parent = parent
        .canonicalize()
        .map_err(WorktreeError::io("resolve", parent))?;
    Ok(parent.join(path.file_name().unwrap_or_default()))
}

/// The linked worktree that is registered at the path and stands there. The project's own is nobody's to keep.
fn kept(path: &Path, registrations: &[Registration], request: &AddRequest<'_>) -> Option<Added> {
    let repository = request.repository;
    let is_own = path == repository.root || Some(path) == repository.main.as_deref();
    if is_own || fs::symlink_metadata(path.join(".git")).is_err() {
        return None;
    }
    let found = registrations.iter().find(|found| found.is_at(path))?;
    Some(Added {
        path: path.to_owned(),
        branch: found.branch.clone(),
        rung: Rung::Kept,
        made_branch: false,
        start: request.base_commit.to_owned(),
    })
}

/// Removes an empty directory; anything else at the path is another's.
pub(crate) fn make_room(path: &Path) -> Result<(), WorktreeError> {
    match fs::remove_dir(path) {
        Ok(()) => Ok(()),
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound => Ok(()),
            io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::NotADirectory => {
                Err(WorktreeError::Occupied {
                    path: path.to_owned(),
                })
            }
            _ => Err(WorktreeError::io("make room at", path)(error)),
        },
    }
}

/// A file beside a worktree that is being made; found later, the attempt was killed.
pub(crate) struct Marker(PathBuf);

impl Marker {
    pub(crate) fn at(path: &Path) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Self(path.with_file_name(format!(".{name}.adding")))
    }

    pub(crate) fn is_set(&self) -> bool {
        self.0.exists()
    }

    pub(crate) fn set(&self) -> Result<(), WorktreeError> {
        fs::write(&self.0, b"").map_err(WorktreeError::io("write", &self.0))
    }

    pub(crate) fn clear(&self) -> Result<(), WorktreeError> {
        fs::remove_file(&self.0).map_err(WorktreeError::io("remove", &self.0))
    }
}

struct Climb<'a> {
    maker: &'a Maker<'a>,
    request: &'a AddRequest<'a>,
    path: &'a Path,
    registrations: &'a [Registration],
}

impl Climb<'_> {
    fn run(&self) -> Result<Added, WorktreeError> {
        let home = home_branch(self.request);
        for number in 1..=NUMBER_MAX {
            let branch = match number {
                1 => home.clone(),
                _ => format!("{home}-{number}"),
            };
            if let Some(added) = self.try_branch(branch, number)? {
                return Ok(added);
            }
        }
        let commit = self.request.base_commit;
        self.maker.check_out_detached(self.path, commit)?;
        Ok(self.added(None, Rung::Detached, false, commit.to_owned()))
    }

    /// `None` when the branch can't be had.
    fn try_branch(&self, branch: String, number: u8) -> Result<Option<Added>, WorktreeError> {
        let tip = self.maker.tip(&branch)?;
        let made = tip.is_none();
        if made && let Err(error) = self.maker.make_branch(&branch, self.request.base_commit) {
            // Made by another at this moment, or in the way of a branch below it: `x-developer/y`.
            tracing::info!(branch, ?error, "branch not made, the next name is tried");
            return Ok(None);
        }
        if !made && !self.is_free(&branch)? {
            return Ok(None);
        }
        let start = tip.unwrap_or_else(|| self.request.base_commit.to_owned());
        let error = match self.maker.check_out(self.path, &branch) {
            Ok(()) => {
                let rung = match (number, made) {
                    (1, true) => Rung::New,
                    (1, false) => Rung::Reused,
                    _ => Rung::Numbered,
                };
                return Ok(Some(self.added(Some(branch), rung, made, start)));
            }
            Err(error) => error,
        };
        if made {
            self.maker.delete_branch(&branch, &start)?;
        }
        match error {
            CheckoutError::InUse(by) => {
                tracing::info!(branch, by, "branch in use, the next name is tried");
                Ok(None)
            }
            CheckoutError::Failed(error) => Err(error),
        }
    }

    /// Whether no worktree that stands has the branch; a registration without its directory is forgotten.
    fn is_free(&self, branch: &str) -> Result<bool, WorktreeError> {
        for holder in self.registrations.iter().filter(|r| r.holds(branch)) {
            if !holder.is_gone() {
                return Ok(false);
            }
            // The one at our own path has been forgotten already.
            if !holder.is_at(self.path) {
                self.maker.prune(holder)?;
            }
        }
        Ok(true)
    }

    fn added(&self, branch: Option<String>, rung: Rung, made_branch: bool, start: String) -> Added {
        Added {
            path: self.path.to_owned(),
            branch,
            rung,
            made_branch,
            start,
        }
    }
}

/// `BASE-ROLE`; where no branch is checked out, the commit's first 12 digits stand for the base.
fn home_branch(request: &AddRequest<'_>) -> String {
    home_branch_of((request.base_branch, request.base_commit), request.role)
}

/// The name of a role's home branch, from the branch that the team starts on, or [`Repository::DETACHED`], and its commit: the
/// one that is made, unless that is another worktree's already.
pub fn home_branch_of((branch, commit): (&str, &str), role: &RoleName) -> String {
    let base = match branch {
        Repository::DETACHED => commit.get(..12).unwrap_or(commit),
        base => base,
    };
    let mut end = base.len().min(STEM_MAX);
    while !base.is_char_boundary(end) {
        end -= 1;
    }
    // A leading `-` would read as an option; a cut may end in what no branch may end in.
    let stem = base[..end]
        .trim_start_matches('-')
        .trim_end_matches(['/', '.']);
    format!("{stem}-{role}")
}
