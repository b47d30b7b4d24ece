//! Bringing a kept worktree back: a new worktree with the files, the index, the branch and the stashes as they were.
//!
//! Whoever may write to the repository may also write such a reference, so what it says is not believed: a path must be a
//! plain one below the new worktree, links are made last, and only known files are put into the git directory.

mod files;
mod index;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::add::{Marker, make_room, place};
use crate::call::Call;
use crate::create::Maker;
use crate::filters::Attributes;
use crate::keep::extras::{is_own_ref, is_state};
use crate::kept::is_id;
use crate::locate::locate;
use crate::lock::Lock;
use crate::registration::Registration;
use crate::{Engine, Git, Kept, Repository, WorktreeError};

/// The last number that is tried behind a branch's name.
const NUMBER_MAX: u8 = 99;

/// What is to be brought back, and where.
#[derive(Debug, Clone, Copy)]
pub struct UndeleteRequest<'a> {
    /// The repository.
    pub repository: &'a Repository,
    /// What was kept.
    pub kept: &'a Kept,
    /// Where to: absolute; by default where it was.
    pub to: Option<&'a Path>,
}

/// A worktree that is back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undeleted {
    /// Where it is, canonical.
    pub path: PathBuf,
    /// The branch that is checked out in it.
    pub branch: Option<String>,
    /// Whether the old branch could not be had as it was, so that this is another one at the same commit.
    pub another_branch: bool,
    /// How many files were written.
    pub files: usize,
    /// How many stashes were put back; those that are still in the list are left alone.
    pub stashes: usize,
    /// Submodules, whose folders are empty.
    pub submodules: Vec<String>,
}

/// Brings a kept worktree back. Nothing is written over: the place must be free, a branch that has moved on stays as it
/// is, and what was kept stays kept.
///
/// # Errors
/// [`WorktreeError::Occupied`] when something is at the place; [`WorktreeError::Damaged`] when what was kept can't be
/// read; others when git or the disk refuse. Then nothing of it is left.
pub fn undelete(git: &Git, request: &UndeleteRequest<'_>) -> Result<Undeleted, WorktreeError> {
    let wanted = request.to.unwrap_or(&request.kept.path);
    if !wanted.is_absolute() || wanted.file_name().is_none() {
        return Err(WorktreeError::NotAbsolute {
            path: wanted.to_owned(),
        });
    }
    if wanted.to_str().is_none() {
        return Err(WorktreeError::NotUtf8 {
            path: wanted.to_owned(),
        });
    }
    let _lock = Lock::take(&request.repository.common_dir)?;
    let record = Record::read(git, request)?;
    let path = place(wanted)?;
    let maker = Maker::open(git, request.repository)?;
    let marker = Marker::at(&path);
    if marker.is_set() {
        maker.discard(&path)?;
    }
    make_room(&path)?;
    for stale in maker.registrations()?.iter().filter(|r| r.is_at(&path)) {
        if stale.locked {
            return Err(WorktreeError::Locked { path });
        }
        maker.prune(stale)?;
    }
    marker.set()?;
    let restorer = Restorer {
        git,
        request,
        maker: &maker,
        path: &path,
        record: &record,
    };
    let result = restorer.restore();
    if result.is_err() {
        maker.discard(&path)?;
    }
    marker.clear()?;
    result
}

/// What the kept state says, read and checked.
struct Record {
    files: Vec<files::Listed>,
    index: Vec<crate::scan::IndexEntry>,
    refs: Vec<(String, String)>,
    /// Files of the git directory: their paths in it, and their blobs.
    state: Vec<(Vec<u8>, String)>,
}

impl Record {
    fn read(git: &Git, request: &UndeleteRequest<'_>) -> Result<Self, WorktreeError> {
        let kept = request.kept;
        let common = &request.repository.common_dir;
        let damaged = |what: &str| WorktreeError::Damaged {
            reference: kept.reference.clone(),
            what: what.to_owned(),
        };
        let blob = |name: &str| -> Result<Vec<u8>, WorktreeError> {
            let spec = format!("{}:{name}", kept.state);
            let call = git.call(common);
            Ok(call
                .ask("read what was kept", ["cat-file", "blob", &spec])?
                .stdout)
        };
        let listed = if kept.folder_was_gone {
            let args = ["ls-tree", "-r", "-l", "-z", "--full-tree", &kept.commit];
            let tree = git.call(common).ask("read what was kept", args)?;
            let mut listed = files::of_tree(&tree.stdout);
            if let Engine::Git { .. } = request.repository.engine {
                // The tree is what was staged, and a filter may have to make the files of it.
                listed = listed.map(files::through_filters);
            }
            listed
        } else {
            files::parse(&blob("files")?)
        };
        let args = ["ls-tree", "-r", "-z", "--full-tree", &kept.state, "state/"];
        let tree = git.call(common).ask("read what was kept", args)?;
        let state = files::of_tree(&tree.stdout).ok_or_else(|| damaged("state"))?;
        let state = state.into_iter().filter_map(|entry| {
            let path = entry.path.strip_prefix(b"state/")?.to_vec();
            is_state(&path).then_some((path, entry.id))
        });
        let refs = String::from_utf8_lossy(&blob("refs")?).into_owned();
        let refs = refs.lines().filter_map(|line| line.split_once(' '));
        let refs = refs.filter(|(id, name)| is_id(id) && is_own_ref(name));
        Ok(Self {
            files: listed.ok_or_else(|| damaged("the list of files"))?,
            index: crate::scan::parse_index(&blob("index")?),
            refs: refs
                .map(|(id, name)| (name.to_owned(), id.to_owned()))
                .collect(),
            state: state.collect(),
        })
    }
}

struct Restorer<'a> {
    git: &'a Git,
    request: &'a UndeleteRequest<'a>,
    maker: &'a Maker<'a>,
    path: &'a Path,
    record: &'a Record,
}

impl Restorer<'_> {
    fn restore(&self) -> Result<Undeleted, WorktreeError> {
        let kept = self.request.kept;
        let (branch, another_branch, made) = self.branch()?;
        let restored = self.fill(branch.as_deref());
        if restored.is_err()
            && made
            && let Some(branch) = &branch
        {
            self.maker.discard(self.path)?;
            self.maker.delete_branch(branch, &kept.head)?;
        }
        let stashes = restored.and_then(|()| self.stashes())?;
        Ok(Undeleted {
            path: self.path.to_owned(),
            branch,
            another_branch,
            files: self.record.files.len(),
            stashes,
            submodules: kept.submodules.clone(),
        })
    }

    /// The branch to check out, whether it is another one than before, and whether it was made now.
    fn branch(&self) -> Result<(Option<String>, bool, bool), WorktreeError> {
        let kept = self.request.kept;
        let registrations = self.maker.registrations()?;
        if let (Some(home), Some(tip)) = (&kept.home_branch, &kept.home_tip)
            && kept.branch.as_ref() != Some(home)
            && self.maker.tip(home)?.is_none()
        {
            self.maker.make_branch(home, tip)?;
        }
        let Some(old) = &kept.branch else {
            return Ok((None, false, false));
        };
        if self.is_as_it_was(old, &registrations)? {
            return Ok((Some(old.clone()), false, false));
        }
        let numbered = (2..=NUMBER_MAX).map(|number| format!("{old}-{number}"));
        for name in std::iter::once(old.clone()).chain(numbered) {
            let is_free =
                self.maker.tip(&name)?.is_none() && !registrations.iter().any(|r| r.holds(&name));
            // A name may still be in the way of another: `x` and `x/y`.
            if is_free && self.maker.make_branch(&name, &kept.head).is_ok() {
                let another = name != *old;
                return Ok((Some(name), another, true));
            }
        }
        Ok((None, true, false))
    }

    /// Whether a branch still points to the kept commit and no worktree has it.
    fn is_as_it_was(
        &self,
        branch: &str,
        registrations: &[Registration],
    ) -> Result<bool, WorktreeError> {
        let tip = self.maker.tip(branch)?;
        Ok(tip.as_ref() == Some(&self.request.kept.head)
            && !registrations.iter().any(|r| r.holds(branch)))
    }

    /// Makes the worktree and everything in it.
    fn fill(&self, branch: Option<&str>) -> Result<(), WorktreeError> {
        let start = branch.unwrap_or(&self.request.kept.head);
        let mut args: Vec<PathBuf> = ["worktree", "add", "--quiet", "--no-checkout"]
            .map(PathBuf::from)
            .into();
        if branch.is_none() {
            args.push("--detach".into());
        }
        args.extend(["--".into(), self.path.to_owned(), start.into()]);
        let root = &self.request.repository.root;
        self.git.call(root).ask("add a worktree", args)?;
        let located =
            locate(self.request.repository, self.path)?.ok_or_else(|| WorktreeError::Answer {
                act: "add a worktree",
                path: self.path.to_owned(),
                answer: "no registration".to_owned(),
            })?;
        let call = || located.call(self.git);
        index::restore(call, &self.record.index)?;
        let doubtful = crate::filters::doubtful(&call(), root)?;
        let filtered = files::filtered(&self.record.files);
        crate::filters::check(call(), root, (&filtered, Attributes::OfIndex), &doubtful)?;
        files::restore(call, self.path, &self.record.files)?;
        // libgit2 would write an entry that is only to be added back as one that is added.
        self.refresh(call)?;
        index::add_intended(call, self.path, &self.record.index)?;
        index::set_flags(call, &self.record.index)?;
        files::restore_state(call, &located.git_dir, &self.record.state)?;
        for (name, id) in &self.record.refs {
            call().ask(
                "restore a reference",
                ["update-ref", "--no-deref", name, id],
            )?;
        }
        Ok(())
    }

    /// Lets the index know the files that were written, so that none of them looks changed.
    fn refresh(&self, call: impl Fn() -> Call) -> Result<(), WorktreeError> {
        match self.request.repository.engine {
            // Which runs no filter.
            Engine::Git2 => {
                let refreshed = git2::Repository::open(self.path).and_then(|repository| {
                    let mut options = git2::StatusOptions::new();
                    options.update_index(true).include_untracked(false);
                    repository.statuses(Some(&mut options)).map(drop)
                });
                refreshed.map_err(WorktreeError::libgit2("refresh the index", self.path))
            }
            Engine::Git { .. } => {
                let args = ["update-index", "-q", "--refresh", "--unmerged"];
                // It ends with 1 where a file differs from what is staged, which is as it should be.
                let refreshed = call().run(args);
                refreshed
                    .map(drop)
                    .map_err(crate::git::failed("refresh the index", self.path))
            }
        }
    }

    /// Puts back the stashes that are in the list no more, oldest first.
    fn stashes(&self) -> Result<usize, WorktreeError> {
        let call = || self.git.call(&self.request.repository.root);
        let listed = call().run([
            "log",
            "-g",
            "--no-show-signature",
            "--format=%H",
            "refs/stash",
            "--",
        ]);
        // Without a stash there is no list.
        let there = listed.map(|output| output.text()).unwrap_or_default();
        let mut count = 0;
        for stash in self.request.kept.stashes.iter().rev() {
            if there.lines().any(|commit| commit == stash.commit) {
                continue;
            }
            let args = ["stash", "store", "-q", "-m", &stash.message, &stash.commit];
            call().ask("put a stash back", args)?;
            count += 1;
        }
        Ok(count)
    }
}
