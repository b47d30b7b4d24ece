//! The single steps that a worktree is made of, by libgit2 or by `git`.

use std::path::{Path, PathBuf};

use git2::{BranchType, ErrorCode, Oid, WorktreeAddOptions};
use torch_process::{Output, ProcessError};

use crate::git::failed;
use crate::registration::{Registration, linked, parse_list};
use crate::{Engine, Git, Repository, WorktreeError};

/// What makes the branches and worktrees of one repository.
pub(crate) struct Maker<'a> {
    git: &'a Git,
    repository: &'a Repository,
    libgit2: Option<git2::Repository>,
}

/// Why a branch could not be checked out.
pub(crate) enum CheckoutError {
    /// Another worktree has it.
    InUse(String),
    /// Anything else.
    Failed(WorktreeError),
}

impl<'a> Maker<'a> {
    pub(crate) fn open(git: &'a Git, repository: &'a Repository) -> Result<Self, WorktreeError> {
        let common = &repository.common_dir;
        let libgit2 = match repository.engine {
            Engine::Git { .. } => None,
            Engine::Git2 => Some(
                git2::Repository::open(common)
                    .map_err(WorktreeError::libgit2("open the repository", common))?,
            ),
        };
        Ok(Self {
            git,
            repository,
            libgit2,
        })
    }

    /// All worktrees of the repository, the main one included.
    pub(crate) fn registrations(&self) -> Result<Vec<Registration>, WorktreeError> {
        let common = &self.repository.common_dir;
        let Some(libgit2) = &self.libgit2 else {
            let args = ["worktree", "list", "--porcelain", "-z"];
            let mut again = 0..AGAIN;
            let output = loop {
                match self.ask("list the worktrees", args) {
                    Err(error) if was_unlocked(&error) && again.next().is_some() => {}
                    listed => break listed?,
                }
            };
            return Ok(parse_list(&output.stdout));
        };
        let mut found = linked(common).map_err(WorktreeError::io("read worktrees of", common))?;
        if let Some(workdir) = libgit2.workdir() {
            let head = std::fs::read_to_string(common.join("HEAD")).unwrap_or_default();
            found.push(Registration {
                name: None,
                path: workdir.to_owned(),
                branch: crate::registration::branch_of(head.trim()),
                returns_to: crate::operation::branches_to_return_to(common),
                locked: false,
            });
        }
        Ok(found)
    }

    /// The commit that a branch points to, full hex; `None` if there is no such branch.
    pub(crate) fn tip(&self, branch: &str) -> Result<Option<String>, WorktreeError> {
        if let Some(libgit2) = &self.libgit2 {
            return match libgit2.find_branch(branch, BranchType::Local) {
                Ok(found) => Ok(found.get().target().map(|id| id.to_string())),
                Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
                Err(error) => Err(self.libgit2_error("read a branch", error)),
            };
        }
        let name = format!("refs/heads/{branch}^{{commit}}");
        let args = [
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &name,
        ];
        let output = self
            .git
            .read(&self.repository.root, args)
            .map_err(failed("read a branch", &self.repository.root))?;
        Ok(output.success().then(|| output.text()))
    }

    /// Makes a branch, which must not exist.
    pub(crate) fn make_branch(&self, branch: &str, commit: &str) -> Result<(), WorktreeError> {
        if let Some(libgit2) = &self.libgit2 {
            let made = Oid::from_str(commit)
                .and_then(|id| libgit2.find_commit(id))
                .and_then(|commit| libgit2.branch(branch, &commit, false).map(drop));
            return made.map_err(|error| self.libgit2_error("make a branch", error));
        }
        let name = format!("refs/heads/{branch}");
        let none = "0".repeat(commit.len());
        let note = "torch: an agent's branch";
        let args = ["update-ref", "--no-deref", "-m", note, &name, commit, &none];
        self.change("make a branch", args).map(drop)
    }

    /// Deletes a branch if it still points to `commit`.
    pub(crate) fn delete_branch(&self, branch: &str, commit: &str) -> Result<(), WorktreeError> {
        let name = format!("refs/heads/{branch}");
        let args = ["update-ref", "--no-deref", "-d", &name, commit];
        self.change("delete a branch", args).map(drop)
    }

    /// Makes a worktree with a branch checked out. `path` must not exist.
    pub(crate) fn check_out(&self, path: &Path, branch: &str) -> Result<(), CheckoutError> {
        if let Some(libgit2) = &self.libgit2 {
            match self.check_out_libgit2(libgit2, path, branch) {
                Ok(()) => return Ok(()),
                Err(error) if error.message().contains("already checked out") => {
                    return Err(CheckoutError::InUse(error.message().to_owned()));
                }
                Err(error) => {
                    tracing::warn!(?path, branch, %error, "libgit2 made no worktree, git is asked");
                    self.discard(path).map_err(CheckoutError::Failed)?;
                }
            }
        }
        let args = ["worktree", "add", "--quiet", "--"];
        let args = args.map(PathBuf::from).into_iter();
        let args = args.chain([path.to_owned(), PathBuf::from(branch)]);
        match self.change("add a worktree", args) {
            Ok(_) => Ok(()),
            Err(WorktreeError::Git {
                source: ProcessError::Failed { stderr, .. },
                ..
            }) if stderr.contains("already used by worktree")
                || stderr.contains("already checked out") =>
            {
                Err(CheckoutError::InUse(stderr))
            }
            Err(error) => Err(CheckoutError::Failed(error)),
        }
    }

    /// Makes a worktree without a branch. `git` does it: libgit2 can't.
    pub(crate) fn check_out_detached(
        &self,
        path: &Path,
        commit: &str,
    ) -> Result<(), WorktreeError> {
        let args = ["worktree", "add", "--quiet", "--detach", "--"];
        let args = args.map(PathBuf::from).into_iter();
        let args = args.chain([path.to_owned(), PathBuf::from(commit)]);
        self.change("add a detached worktree", args).map(drop)
    }

    /// Forgets one registration whose directory is gone. A `git worktree add` that outlived whoever began it tidies up after
    /// itself when it fails, and may be the quicker one.
    pub(crate) fn prune(&self, registration: &Registration) -> Result<(), WorktreeError> {
        let pruned = match (&self.libgit2, &registration.name) {
            (Some(libgit2), Some(name)) => libgit2
                .find_worktree(name)
                .and_then(|worktree| worktree.prune(None))
                .map_err(|error| self.libgit2_error("prune a worktree", error)),
            _ => self.remove(&registration.path),
        };
        match pruned {
            Err(error) => {
                let still = self.registrations()?;
                let there = still.iter().any(|other| other.is_at(&registration.path));
                if there { Err(error) } else { Ok(()) }
            }
            done => done,
        }
    }

    /// Removes a worktree; git refuses when it is locked or anything in it is not committed.
    pub(crate) fn remove(&self, path: &Path) -> Result<(), WorktreeError> {
        let args = ["worktree", "remove", "--"].map(PathBuf::from).into_iter();
        self.change("remove a worktree", args.chain([path.to_owned()]))
            .map(drop)
    }

    /// Does away with what a failed or killed attempt left at `path`, which nobody has been given yet.
    pub(crate) fn discard(&self, path: &Path) -> Result<(), WorktreeError> {
        match std::fs::remove_dir_all(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(WorktreeError::io("remove the unfinished", path)(error));
            }
            _ => {}
        }
        for registration in self.registrations()? {
            if !registration.is_at(path) {
                continue;
            }
            if registration.locked {
                // A killed `git worktree add` leaves it locked as "initializing".
                let args = ["worktree", "unlock", "--"].map(PathBuf::from).into_iter();
                self.change("unlock a worktree", args.chain([path.to_owned()]))?;
            }
            self.prune(&registration)?;
        }
        Ok(())
    }

    fn check_out_libgit2(
        &self,
        libgit2: &git2::Repository,
        path: &Path,
        branch: &str,
    ) -> Result<(), git2::Error> {
        let found = libgit2.find_branch(branch, BranchType::Local)?;
        let reference = found.into_reference();
        let mut options = WorktreeAddOptions::new();
        options.reference(Some(&reference));
        let name = self.free_name(path);
        libgit2.worktree(&name, path, Some(&options)).map(drop)
    }

    /// A name for the folder below `worktrees/`, after the worktree's own folder as git does it.
    fn free_name(&self, path: &Path) -> String {
        let folder = path.file_name().unwrap_or_default().to_string_lossy();
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
        let stem: String = folder.chars().take(100).map(plain).collect();
        let worktrees = self.repository.common_dir.join("worktrees");
        std::iter::once(stem.clone())
            .chain((1_u32..).map(|n| format!("{stem}{n}")))
            .find(|name| std::fs::symlink_metadata(worktrees.join(name)).is_err())
            .unwrap_or(stem)
    }

    fn ask<const N: usize>(
        &self,
        act: &'static str,
        args: [&str; N],
    ) -> Result<Output, WorktreeError> {
        self.git.ask(act, &self.repository.root, args)
    }

    fn change<A: Into<std::ffi::OsString>>(
        &self,
        act: &'static str,
        args: impl IntoIterator<Item = A>,
    ) -> Result<Output, WorktreeError> {
        let root = &self.repository.root;
        self.git
            .write(root, args)
            .and_then(Output::success_or_error)
            .map_err(failed(act, root))
    }

    fn libgit2_error(&self, act: &'static str, error: git2::Error) -> WorktreeError {
        WorktreeError::libgit2(act, &self.repository.common_dir)(error)
    }
}

/// How often worktrees are listed again where another git was at one of them.
const AGAIN: u32 = 10;

/// Whether git stumbled over a lock of a worktree that another git took away meanwhile, as it does where it has just made one.
fn was_unlocked(error: &WorktreeError) -> bool {
    let source = std::error::Error::source(error).map(ToString::to_string);
    source.is_some_and(|source| source.contains("failed to read") && source.contains("/locked"))
}
