//! Removing worktrees, each only after everything in it was kept.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::create::Maker;
use crate::keep::keep_seen;
use crate::kept::stamp;
use crate::locate::{Located, git_dir_of, locate};
use crate::lock::Lock;
use crate::registration::Registration;
use crate::scan::{scan, scan_again};
use crate::{Git, KeepRequest, Kept, Repository, WorktreeError};

/// What becomes of an agent's home branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BranchFate {
    /// It stays.
    Stays,
    /// It goes with the worktree; its tip is kept.
    Goes,
}

/// Which worktree is to be removed.
#[derive(Debug, Clone, Copy)]
pub struct RemoveRequest<'a> {
    /// What is kept first, and under which words.
    pub keep: KeepRequest<'a>,
    /// What becomes of the home branch.
    pub branch: BranchFate,
}

/// A worktree that is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removal {
    /// Where it was.
    pub path: PathBuf,
    /// What was kept; absent where neither the disk nor git knew of a worktree there any more.
    pub kept: Option<Kept>,
    /// The home branch, if it was deleted.
    pub deleted_branch: Option<String>,
    /// Why the home branch stays although it was to go.
    pub branch_stays: Option<String>,
}

/// How far a removal has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RemovalStage {
    /// All of it is kept; the worktree stands.
    Kept,
    /// Its folder has another name.
    Aside,
    /// The repository no longer knows it.
    Pruned,
    /// Its folder is gone.
    Emptied,
    /// Its home branch is gone, if it was to go.
    Done,
}

impl RemovalStage {
    /// All of them, in order.
    pub const ALL: [Self; 5] = [
        Self::Kept,
        Self::Aside,
        Self::Pruned,
        Self::Emptied,
        Self::Done,
    ];

    /// Its name: `removal-kept` and so on.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kept => "removal-kept",
            Self::Aside => "removal-aside",
            Self::Pruned => "removal-pruned",
            Self::Emptied => "removal-emptied",
            Self::Done => "removal-done",
        }
    }
}

/// Removes a worktree and its registration, after [`crate::keep()`]. The folder is renamed first and looked at once more, so
/// that nothing written meanwhile is lost. Where a person has deleted the folder, what git still knows of it is kept, and
/// its registration goes. One that was killed is gone on from by the next, or undone by the next [`crate::add`].
///
/// # Errors
/// [`WorktreeError::Locked`] for a locked one, [`WorktreeError::Changed`] when something was written in it meanwhile,
/// [`WorktreeError::Moved`] for one that `git worktree move` has put elsewhere, and
/// whatever [`crate::keep()`] refuses. The worktree then stands as before.
pub fn remove(git: &Git, request: &RemoveRequest<'_>) -> Result<Removal, WorktreeError> {
    remove_with(git, request, |_| {})
}

/// As [`remove`], and says how far it has come: `reached` is called once at each stage that it comes to.
///
/// # Errors
/// As [`remove`].
pub fn remove_with(
    git: &Git,
    request: &RemoveRequest<'_>,
    reached: impl Fn(RemovalStage),
) -> Result<Removal, WorktreeError> {
    let keep = &request.keep;
    let _lock = Lock::take(&keep.repository.common_dir)?;
    end_killed(keep.path)?;
    let mut removal = Removal {
        path: keep.path.to_owned(),
        kept: None,
        deleted_branch: None,
        branch_stays: None,
    };
    let Some(located) = locate(keep.repository, keep.path)? else {
        let maker = Maker::open(git, keep.repository)?;
        let holds =
            |found: &Registration| keep.home_branch.is_some_and(|branch| found.holds(branch));
        let elsewhere = maker.registrations()?.into_iter().find(holds);
        // In the project itself a person may have checked it out.
        let own = [Some(&keep.repository.root), keep.repository.main.as_ref()];
        if let Some(found) = elsewhere.filter(|found| !own.contains(&Some(&found.path))) {
            return Err(WorktreeError::Moved {
                path: keep.path.to_owned(),
                to: found.path,
                root: keep.repository.root.clone(),
            });
        }
        if request.branch == BranchFate::Goes {
            let why = "there is no worktree any more that it could be kept with";
            removal.branch_stays = Some(why.to_owned());
        }
        return Ok(removal);
    };
    if located.registration.locked {
        return Err(WorktreeError::Locked {
            path: keep.path.to_owned(),
        });
    }
    let seen = scan(git, &located)?;
    removal.kept = Some(keep_seen(git, keep, &located, &seen)?);
    reached(RemovalStage::Kept);
    let maker = Maker::open(git, keep.repository)?;
    match &located.files {
        Some(files) => {
            if seen.submodules().next().is_some() && scan(git, &located)? != seen {
                return Err(WorktreeError::Changed {
                    path: files.to_owned(),
                });
            }
            let aside = Aside::put(files, keep)?;
            reached(RemovalStage::Aside);
            let again = Located {
                files: Some(aside.path.clone()),
                ..located.clone()
            };
            // A scan that fails now has met something new, too.
            if !scan_again(git, &again, &seen).is_ok_and(|now| now == seen) {
                let error = aside.back();
                if let (WorktreeError::Changed { .. }, Some(kept)) = (&error, &removal.kept) {
                    // All of it stands again; what is kept of it would only be in the way.
                    crate::kept::forget(git, keep.repository, kept)?;
                }
                return Err(error);
            }
            // Before the first file goes: a folder that the repository knows is whole, one that it does not know is kept.
            if let Err(error) = maker.prune(&located.registration) {
                aside.back();
                return Err(error);
            }
            reached(RemovalStage::Pruned);
            aside.delete()?;
        }
        None => maker.prune(&located.registration)?,
    }
    reached(RemovalStage::Emptied);
    if request.branch == BranchFate::Goes {
        delete_branch(&maker, keep, &mut removal);
    }
    reached(RemovalStage::Done);
    Ok(removal)
}

/// Ends what a killed removal of the worktree at `path` has left beside it: what the repository still knows is put back where it was,
/// and the rest of a folder that it does not know any more, which was kept, goes. Under the repository's lock.
///
/// # Errors
/// [`WorktreeError::Io`] when a folder can't be read, renamed or removed.
pub(crate) fn end_killed(path: &Path) -> Result<(), WorktreeError> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Ok(());
    };
    let start = format!(".{}{ASIDE}", name.to_string_lossy());
    let entries = match fs::read_dir(parent) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(WorktreeError::io("read", parent))?,
    };
    for entry in entries.flatten() {
        let is_aside = entry.file_name().to_string_lossy().starts_with(&start);
        if !is_aside || !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        let aside = Aside {
            path: entry.path(),
            from: path,
        };
        let link = aside.path.join(".git");
        let is_free = fs::symlink_metadata(path).is_err();
        match (fs::read(&link), git_dir_of(&link)) {
            (Ok(_), Some(_)) if is_free => {
                fs::rename(&aside.path, path).map_err(WorktreeError::io("put back", path))?;
            }
            (Ok(link), None) if link.starts_with(b"gitdir: ") => aside.delete()?,
            (Err(error), _) if error.kind() == std::io::ErrorKind::NotFound => aside.delete()?,
            _ => tracing::warn!(path = ?aside.path, "what a killed removal put aside stays there"),
        }
    }
    Ok(())
}

/// What stands between a worktree's name and the time of its removal, in the name of its folder meanwhile.
const ASIDE: &str = ".removed-";

/// Deletes the home branch unless something else needs it; its tip was kept.
fn delete_branch(maker: &Maker<'_>, keep: &KeepRequest<'_>, removal: &mut Removal) {
    let Some(branch) = keep.home_branch else {
        return;
    };
    let result = fate(maker, keep.repository, branch);
    match result {
        Ok(None) => removal.deleted_branch = Some(branch.to_owned()),
        Ok(Some(why)) => removal.branch_stays = Some(why),
        Err(error) => removal.branch_stays = Some(error.to_string()),
    }
}

/// Deletes a branch; why not, if it stays.
fn fate(
    maker: &Maker<'_>,
    repository: &Repository,
    branch: &str,
) -> Result<Option<String>, WorktreeError> {
    let holder = maker.registrations()?.into_iter().find(|r| r.holds(branch));
    if let Some(holder) = holder {
        return Ok(Some(format!("{} has it", holder.path.display())));
    }
    if repository.base_branch == branch {
        return Ok(Some("it is checked out in the project".to_owned()));
    }
    match maker.tip(branch)? {
        Some(tip) => maker.delete_branch(branch, &tip).map(|()| None),
        None => Ok(Some("it was deleted before".to_owned())),
    }
}

/// A worktree's folder under another name, from where it goes or comes back.
struct Aside<'a> {
    path: PathBuf,
    from: &'a Path,
}

impl<'a> Aside<'a> {
    fn put(from: &'a Path, keep: &KeepRequest<'_>) -> Result<Self, WorktreeError> {
        let name = from.file_name().unwrap_or_default().to_string_lossy();
        let path = from.with_file_name(format!(".{name}{ASIDE}{}", stamp(keep.now)));
        if fs::symlink_metadata(&path).is_ok() {
            return Err(WorktreeError::Occupied { path });
        }
        fs::rename(from, &path).map_err(WorktreeError::io("rename", from))?;
        Ok(Self { path, from })
    }

    /// Puts the folder back where it was, and says why it was not removed.
    fn back(self) -> WorktreeError {
        let there = fs::symlink_metadata(self.from).is_ok();
        if there {
            return WorktreeError::Occupied { path: self.path };
        }
        match fs::rename(&self.path, self.from) {
            Ok(()) => WorktreeError::Changed {
                path: self.from.to_owned(),
            },
            Err(error) => WorktreeError::io("put back", &self.path)(error),
        }
    }

    fn delete(self) -> Result<(), WorktreeError> {
        // Folders without the right to write (build caches) can't be emptied.
        if fs::remove_dir_all(&self.path).is_ok() {
            return Ok(());
        }
        open_folders(&self.path);
        fs::remove_dir_all(&self.path).map_err(WorktreeError::io("remove", &self.path))
    }
}

/// Gives the owner the right to empty a folder and those in it.
fn open_folders(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let is_folder = fs::symlink_metadata(path).is_ok_and(|found| found.is_dir());
    if !is_folder {
        return;
    }
    // Where this fails, removing says so.
    drop(fs::set_permissions(path, fs::Permissions::from_mode(0o700)));
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        open_folders(&entry.path());
    }
}
