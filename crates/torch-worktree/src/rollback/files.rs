//! Chosen files as they were at a commit, as a commit on top of what a worktree has checked out.

use std::fs;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Component, Path, PathBuf};

use torch_core::rollback::BranchMove;

use super::line::short;
use super::{Bench, Result, RollbackError, words};
use crate::call::{Call, quoted, zero_terminated};
use crate::git::failed;
use crate::locate::{Located, locate_any};
use crate::words::shown;
use crate::{Git, Repository, WorktreeError};

/// Which files are restored, and where.
#[derive(Debug, Clone, Copy)]
pub struct RestoreRequest<'a> {
    /// The repository.
    pub repository: &'a Repository,
    /// The worktree, any one of it.
    pub worktree: &'a Path,
    /// The files and folders, absolute or relative to the worktree.
    pub paths: &'a [PathBuf],
    /// The commit that has them as they shall be, full hex.
    pub good: &'a str,
    /// Ends the commit's message.
    pub trailer: &'a str,
    /// A name of this request alone, for the index that it is put together in.
    pub label: &'a str,
}

/// Makes the commit; the worktree stays as it is. A file that the good commit does not have is removed by it.
///
/// # Errors
/// [`RollbackError::Uncommitted`] where one of the files holds work that no commit has, [`RollbackError::Same`] where nothing
/// would change, [`RollbackError::NoFile`] for one that neither has.
pub fn restore(git: &Git, request: &RestoreRequest<'_>) -> Result<BranchMove> {
    let worktree = request.worktree;
    let located = locate_any(request.repository, worktree)?.filter(|at| at.files.is_some());
    let located = located.ok_or_else(|| WorktreeError::NoDirectory {
        path: worktree.to_owned(),
    })?;
    let specs: Vec<Vec<u8>> = request
        .paths
        .iter()
        .map(|path| within(worktree, path))
        .collect::<Result<_>>()?;
    let tree = Restored {
        bench: Bench::new(git, request.repository),
        located: &located,
        request,
        index: request
            .repository
            .common_dir
            .join(format!("torch-restore-{}", request.label)),
    };
    let made = tree.made(&specs);
    // Left by nobody; git's own lock of it goes with its command.
    drop(fs::remove_file(&tree.index));
    made
}

struct Restored<'a> {
    bench: Bench<'a>,
    located: &'a Located,
    request: &'a RestoreRequest<'a>,
    index: PathBuf,
}

impl Restored<'_> {
    fn call(&self) -> Call {
        self.located
            .call(self.bench.git)
            .env("GIT_LITERAL_PATHSPECS", "1")
    }

    fn made(&self, specs: &[Vec<u8>]) -> Result<BranchMove> {
        let head = self
            .call()
            .ask("read HEAD", ["rev-parse", "--verify", "HEAD^{commit}"])?;
        let head = head.text();
        let branch = self
            .call()
            .run(["symbolic-ref", "--quiet", "--short", "HEAD"])
            .map_err(failed("read HEAD", self.request.worktree))?;
        self.check(specs)?;
        let tree = self.tree(&head, specs)?;
        if tree == self.bench.tree(&head)? {
            return Err(RollbackError::Same {
                files: specs.iter().map(|spec| shown(spec)).collect(),
                commit: short(self.request.good),
            });
        }
        let names: Vec<_> = specs.iter().map(|spec| shown(spec)).collect();
        let message = format!(
            "stable: restore {} as in {}\n\n{}\n",
            few(&names),
            short(self.request.good),
            self.request.trailer
        );
        let args = ["commit-tree", "-p", &head, "-F", "-", &tree];
        let commit = self
            .call()
            .stdin(message)
            .ask("write a commit", args)?
            .text();
        Ok(BranchMove {
            branch: branch.success().then(|| branch.text()),
            worktree: Some(self.request.worktree.to_owned()),
            from: head,
            to: commit,
            hard: None,
            others_may_change: true,
        })
    }

    /// Whether the files hold nothing that would be lost.
    fn check(&self, specs: &[Vec<u8>]) -> Result<()> {
        let mut args: Vec<std::ffi::OsString> = ["status", "--porcelain=v1", "-z", "--no-renames"]
            .map(Into::into)
            .to_vec();
        args.extend(["--untracked-files=no".into(), "--".into()]);
        args.extend(
            specs
                .iter()
                .map(|spec| std::ffi::OsString::from_vec(spec.clone())),
        );
        let output = self.call().ask("read the status", args)?;
        let files: Vec<String> = words(&output.stdout)
            .iter()
            .filter_map(|entry| entry.get(3..).map(str::to_owned))
            .collect();
        match files.is_empty() {
            true => Ok(()),
            false => Err(RollbackError::Uncommitted {
                path: self.request.worktree.to_owned(),
                files,
            }),
        }
    }

    /// The tree of `head` with the files of the good commit in their places.
    fn tree(&self, head: &str, specs: &[Vec<u8>]) -> Result<String> {
        let call = || self.call().env("GIT_INDEX_FILE", &self.index);
        call().ask("read a commit", ["read-tree", head])?;
        let zeros = "0".repeat(head.len());
        let mut lines = Vec::new();
        for spec in specs {
            let listed = |commit: &str| {
                let mut args: Vec<std::ffi::OsString> =
                    ["ls-tree", "-r", "-z", "--full-tree", commit, "--"]
                        .map(Into::into)
                        .to_vec();
                args.push(std::ffi::OsString::from_vec(spec.clone()));
                self.call().ask("list the files", args)
            };
            let (now, good) = (listed(head)?.stdout, listed(self.request.good)?.stdout);
            if now.is_empty() && good.is_empty() {
                return Err(RollbackError::NoFile {
                    file: shown(spec),
                    commit: short(self.request.good),
                });
            }
            // Away with what is there: a file may have become a folder.
            for (_, path) in zero_terminated(&now).filter_map(entry) {
                lines.push(format!("0 {zeros}\t{}\n", quoted(path)));
            }
            for (what, path) in zero_terminated(&good).filter_map(entry) {
                lines.push(format!("{what}\t{}\n", quoted(path)));
            }
        }
        let args = ["update-index", "--index-info"];
        call()
            .stdin(lines.concat())
            .ask("put files in place", args)?;
        Ok(call().ask("write a tree", ["write-tree"])?.text())
    }
}

/// `MODE TYPE ID` and the path of a line of `git ls-tree`.
fn entry(line: &[u8]) -> Option<(String, &[u8])> {
    let tab = line.iter().position(|&byte| byte == b'\t')?;
    let what = String::from_utf8_lossy(&line[..tab]).into_owned();
    Some((what, &line[tab + 1..]))
}

/// A path as git takes it, relative to the worktree.
fn within(worktree: &Path, path: &Path) -> Result<Vec<u8>> {
    let outside = || RollbackError::Outside {
        file: path.to_owned(),
        path: worktree.to_owned(),
    };
    let inner = match path.is_absolute() {
        true => path.strip_prefix(worktree).map_err(|_| outside())?,
        false => path,
    };
    let mut clean = PathBuf::new();
    for part in inner.components() {
        match part {
            Component::Normal(name) => clean.push(name),
            Component::CurDir => {}
            _ => return Err(outside()),
        }
    }
    // The whole worktree is another matter: that is what `revert` and `branch` are for.
    if clean.as_os_str().is_empty() {
        return Err(outside());
    }
    Ok(clean.as_os_str().as_bytes().to_vec())
}

/// The first three of some names.
fn few(names: &[String]) -> String {
    match names {
        [a, b, c, _, ..] => format!("{a}, {b}, {c} and {} more", names.len() - 3),
        _ => names.join(", "),
    }
}
