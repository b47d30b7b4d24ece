//! Finding what a repository knows of the worktree at a path, also where its folder is gone.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::call::Call;
use crate::registration::{Registration, linked};
use crate::{Git, Operation, Repository, WorktreeError};

/// A linked worktree as its repository has it registered.
#[derive(Debug, Clone)]
pub(crate) struct Located {
    /// What git has written down of it.
    pub(crate) registration: Registration,
    /// Its own git directory, below `worktrees/` of the common one.
    pub(crate) git_dir: PathBuf,
    /// Where its files are; absent where the folder is gone.
    pub(crate) files: Option<PathBuf>,
}

impl Located {
    /// A command of this worktree.
    pub(crate) fn call(&self, git: &Git) -> Call {
        match &self.files {
            Some(files) => git.call(files).of(&self.git_dir, files),
            None => git.call(&self.git_dir).of(&self.git_dir, &self.git_dir),
        }
    }

    /// What is under way in it.
    pub(crate) fn operation(&self) -> Option<Operation> {
        Operation::under_way(&self.git_dir)
    }
}

/// Finds the linked worktree at `path`; `None` where neither git nor the disk knows one.
///
/// # Errors
/// [`WorktreeError::NotAWorktree`] when something is there that is no worktree of this repository, or the project's
/// own, [`WorktreeError::Unlinked`] when its way to the repository is lost, [`WorktreeError::Io`] when it can't be looked at.
pub(crate) fn locate(
    repository: &Repository,
    path: &Path,
) -> Result<Option<Located>, WorktreeError> {
    let common = &repository.common_dir;
    let not_a_worktree = || WorktreeError::NotAWorktree {
        path: path.to_owned(),
        root: repository.root.clone(),
    };
    if path == repository.root || Some(path) == repository.main.as_deref() {
        return Err(not_a_worktree());
    }
    let registrations = linked(common).map_err(WorktreeError::io("read worktrees of", common))?;
    let found = registrations.into_iter().find(|found| found.is_at(path));
    let there = match fs::symlink_metadata(path) {
        Ok(_) => true,
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => return Err(WorktreeError::io("look at", path)(error)),
    };
    let Some(registration) = found else {
        return if there {
            Err(not_a_worktree())
        } else {
            Ok(None)
        };
    };
    let name = registration.name.clone().unwrap_or_default();
    let git_dir = common.join("worktrees").join(name);
    if there && !points_to(&path.join(".git"), &git_dir) {
        return Err(WorktreeError::Unlinked {
            path: path.to_owned(),
            root: repository.root.clone(),
        });
    }
    Ok(Some(Located {
        files: there.then(|| path.to_owned()),
        git_dir,
        registration,
    }))
}

/// As [`locate`], but the project's own worktrees are found, too: the main one and the one that it lies in.
///
/// # Errors
/// As [`locate`].
pub(crate) fn locate_any(
    repository: &Repository,
    path: &Path,
) -> Result<Option<Located>, WorktreeError> {
    if repository.main.as_deref() == Some(path) {
        return Ok(Some(main(repository, path)));
    }
    // A linked one may be where the team was started.
    let other = repository.main.clone().unwrap_or_default();
    let from_elsewhere = Repository {
        root: other,
        ..repository.clone()
    };
    locate(&from_elsewhere, path)
}

/// The project's main worktree, at `path`.
pub(crate) fn main(repository: &Repository, path: &Path) -> Located {
    let common = &repository.common_dir;
    Located {
        registration: Registration {
            name: None,
            path: path.to_owned(),
            branch: None,
            returns_to: Vec::new(),
            locked: false,
        },
        git_dir: common.clone(),
        files: Some(path.to_owned()),
    }
}

/// Whether a worktree's file `.git` leads to this git directory.
pub(crate) fn points_to(file: &Path, git_dir: &Path) -> bool {
    match (git_dir_of(file), git_dir.canonicalize()) {
        (Some(target), Ok(git_dir)) => target == git_dir,
        _ => false,
    }
}

/// The git directory that a worktree's file `.git` leads to, canonical.
pub(crate) fn git_dir_of(file: &Path) -> Option<PathBuf> {
    let text = fs::read(file).ok()?;
    let target = text.strip_prefix(b"gitdir: ")?;
    let target = Path::new(OsStr::from_bytes(target.trim_ascii_end()));
    let folder = file.parent().unwrap_or(file);
    folder.join(target).canonicalize().ok()
}
