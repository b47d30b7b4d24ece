//! Bringing a worktree to a merge commit.
//!
//! The lock of the index is taken first, as a second name of a file of torch's, so that it is known as torch's own after a
//! crash. Files are checked out through a copy of the index; then the branch moves, and last the copy takes the index's place.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Applied, Busy, Clean, DESK, Merge, Tree};
use crate::{Git, Repository, WorktreeError};

/// What has just been done. Tests end the work behind each of them, as a kill would.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// The index is locked.
    Locked,
    /// It is copied.
    Copied,
    /// The files are checked out.
    CheckedOut,
    /// The branch has moved.
    Moved,
    /// The index is replaced.
    Replaced,
}

/// Brings a worktree to a merge that was prepared for it.
///
/// # Errors
/// [`WorktreeError`] where something fails half-way; [`settle_merge`](super::settle_merge) says then what is left of it.
pub fn apply_merge(
    git: &Git,
    repository: &Repository,
    worktree: &Path,
    merge: &Merge,
) -> Result<Applied, WorktreeError> {
    apply_with(git, repository, worktree, merge, |_| true)
}

/// [`apply_merge`], which stops as if it were killed where `go_on` says no.
pub(crate) fn apply_with(
    git: &Git,
    repository: &Repository,
    worktree: &Path,
    merge: &Merge,
    go_on: impl Fn(Step) -> bool,
) -> Result<Applied, WorktreeError> {
    let tree = Tree::open(git, repository, worktree)?;
    applied(&tree, Clean::All, merge, go_on)
}

/// [`apply_merge`] in any worktree, the project's own included.
pub(crate) fn apply_any(
    git: &Git,
    repository: &Repository,
    worktree: &Path,
    merge: &Merge,
    go_on: impl Fn(Step) -> bool,
) -> Result<Applied, WorktreeError> {
    apply_beside(git, repository, (worktree, Clean::All), merge, go_on)
}

/// [`apply_any`] where some files may have changes.
pub(crate) fn apply_beside(
    git: &Git,
    repository: &Repository,
    (worktree, clean): (&Path, Clean),
    merge: &Merge,
    go_on: impl Fn(Step) -> bool,
) -> Result<Applied, WorktreeError> {
    let tree = Tree::open_any(git, repository, worktree)?;
    applied(&tree, clean, merge, go_on)
}

fn applied(
    tree: &Tree<'_>,
    clean: Clean,
    merge: &Merge,
    go_on: impl Fn(Step) -> bool,
) -> Result<Applied, WorktreeError> {
    if let Some(busy) = tree.busy_for(merge, clean)? {
        return Ok(Applied::Busy(busy));
    }
    if tree.head()? != merge.from || tree.branch()? != merge.branch {
        return Ok(Applied::Busy(Busy::Moved));
    }
    if let Some(busy) = tree.in_the_way(&merge.from, &merge.commit)? {
        return Ok(Applied::Busy(busy));
    }
    let desk = Desk::of(tree);
    if !desk.lock()? {
        return Ok(Applied::Busy(Busy::Locked {
            path: tree.index_lock(),
        }));
    }
    if go_on(Step::Locked) {
        tree.steps(&desk, merge, go_on)?;
    }
    Ok(Applied::Done)
}

impl Tree<'_> {
    fn steps(
        &self,
        desk: &Desk,
        merge: &Merge,
        go_on: impl Fn(Step) -> bool,
    ) -> Result<(), WorktreeError> {
        fs::copy(&desk.real_index, &desk.index)
            .map_err(WorktreeError::io("copy", &desk.real_index))?;
        if !go_on(Step::Copied) {
            return Ok(());
        }
        let call = || self.call().env("GIT_INDEX_FILE", &desk.index);
        // What is out of date in the copy is seen; a status of 1 says that something is, which was looked at before.
        let refresh = ["update-index", "-q", "--refresh"];
        call()
            .run(refresh)
            .map_err(crate::git::failed("read the files", self.path))?;
        let args = ["read-tree", "-m", "-u", &merge.from, &merge.commit];
        let checked_out = call().ask("check out a merge", args);
        if let Err(error) = checked_out {
            // git checks all files before it writes one; a disk may be full half-way all the same.
            self.take_back(desk, merge)?;
            desk.clear()?;
            return Err(error);
        }
        if !go_on(Step::CheckedOut) {
            return Ok(());
        }
        let args = [
            "update-ref",
            "-m",
            "torch: merge",
            "HEAD",
            &merge.commit,
            &merge.from,
        ];
        self.call().ask("move the branch", args)?;
        if !go_on(Step::Moved) {
            return Ok(());
        }
        desk.replace()?;
        if !go_on(Step::Replaced) {
            return Ok(());
        }
        desk.clear()?;
        self.unpin(merge)
    }
}

/// The folder in which a merge is put together, and the lock of the index.
pub(super) struct Desk {
    folder: PathBuf,
    /// The file whose second name is the lock.
    owner: PathBuf,
    pub(super) index: PathBuf,
    pub(super) real_index: PathBuf,
    lock: PathBuf,
}

impl Desk {
    pub(super) fn of(tree: &Tree<'_>) -> Self {
        let git_dir = &tree.located.git_dir;
        let folder = git_dir.join(DESK);
        Self {
            owner: folder.join("owner"),
            index: folder.join("index"),
            real_index: git_dir.join("index"),
            lock: tree.index_lock(),
            folder,
        }
    }

    /// Takes the lock of the index; whether it was free.
    fn lock(&self) -> Result<bool, WorktreeError> {
        self.clear()?;
        fs::create_dir_all(&self.folder).map_err(WorktreeError::io("make", &self.folder))?;
        fs::write(&self.owner, "").map_err(WorktreeError::io("write", &self.owner))?;
        match fs::hard_link(&self.owner, &self.lock) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            linked => linked
                .map(|()| true)
                .map_err(WorktreeError::io("make the lock file", &self.lock)),
        }
    }

    /// Whether the lock that stands there is one of torch's.
    pub(super) fn is_locked(&self) -> bool {
        use std::os::unix::fs::MetadataExt as _;
        let id = |path: &Path| {
            fs::symlink_metadata(path)
                .map(|found| (found.dev(), found.ino()))
                .ok()
        };
        let lock = id(&self.lock);
        lock.is_some() && lock == id(&self.owner)
    }

    /// Puts the copy in the index's place, and gives the lock up.
    pub(super) fn replace(&self) -> Result<(), WorktreeError> {
        fs::rename(&self.index, &self.real_index)
            .map_err(WorktreeError::io("replace", &self.real_index))?;
        self.unlock()
    }

    /// Gives the lock up.
    pub(super) fn unlock(&self) -> Result<(), WorktreeError> {
        if self.is_locked() {
            fs::remove_file(&self.lock).map_err(WorktreeError::io("remove", &self.lock))?;
        }
        Ok(())
    }

    /// Removes what is left of a merge.
    pub(super) fn clear(&self) -> Result<(), WorktreeError> {
        self.unlock()?;
        match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(WorktreeError::io("remove", &self.folder)(error))
            }
            _ => Ok(()),
        }
    }
}
