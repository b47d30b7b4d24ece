//! Taking work back: commits reverted, files restored, a branch at a good commit, a branch put back.
//!
//! Everything is made in memory first ([`revert`], [`restore`], [`pick`]), so that a conflict changes nothing; [`carry_out`] then
//! does what was decided, step by step, and may be asked again after a kill: each step looks whether it is done already.
//! A worktree that has the branch checked out is brought along by the rules of [`crate::apply_merge`]: no file that somebody
//! changed is touched. **Invariant:** a commit that a branch leaves is under a hidden reference before the branch moves.

mod carry;
mod error;
mod files;
mod line;
mod revert;
mod show;

use std::path::{Path, PathBuf};

use crate::call::{Call, zero_terminated};
use crate::git::failed;
use crate::kept::Expiry;
use crate::lock::Lock;
use crate::registration::{Registration, linked, parse_list};
use crate::{Git, Repository, WorktreeError};

#[cfg(test)]
pub(crate) use carry::carry_until;
pub use carry::{Carry, Stage, carry_out, check};
pub use error::RollbackError;
pub use files::{RestoreRequest, restore};
pub use line::{Line, LineCommit, came_in, commits, line, named, resolve, resolve_all, taken};
pub use revert::{Made, alike, are_alike, pick, revert};
pub use show::{Changed, changed, patch, upstream};

/// Lets go what branches have left in rollbacks that are over, each by its hidden references ([`Carry::refs`]); how many there
/// are. What has a commit that is still to come to its branch is not over, whatever was said, and stays.
///
/// # Errors
/// [`WorktreeError`] when git refuses; those that are gone by then are gone.
pub fn expire_left(
    git: &Git,
    repository: &Repository,
    over: &[String],
    expiry: Expiry,
) -> std::result::Result<usize, WorktreeError> {
    let _lock = Lock::take(&repository.common_dir)?;
    let call = || git.call(&repository.common_dir);
    let at = |name: &str| {
        let args = ["rev-parse", "--verify", "--quiet", "--end-of-options", name];
        let said = call().run(args);
        let said = said.map_err(failed(
            "look for what a branch has left",
            &repository.common_dir,
        ))?;
        Ok(said.success().then(|| said.text().trim().to_owned()))
    };
    let mut count = 0;
    for refs in over {
        let name = format!("{refs}/old");
        let Some(commit) = at(&name)? else {
            continue;
        };
        if at(&format!("{refs}/new"))?.is_some() {
            continue;
        }
        if expiry == Expiry::Delete {
            let args = ["update-ref", "--no-deref", "-d", &name, &commit];
            call().ask("let go what a branch has left", args)?;
        }
        count += 1;
    }
    Ok(count)
}

/// A result of this module.
type Result<T> = std::result::Result<T, RollbackError>;

/// The worktree that has a branch checked out, if one has and its folder is there.
///
/// # Errors
/// [`RollbackError::Returns`] where a rebase or bisection comes back to the branch.
pub fn holder(git: &Git, repository: &Repository, branch: &str) -> Result<Option<PathBuf>> {
    Bench::new(git, repository).holder(branch)
}

/// The repository, for commands that need no worktree.
struct Bench<'a> {
    git: &'a Git,
    repository: &'a Repository,
}

impl<'a> Bench<'a> {
    fn new(git: &'a Git, repository: &'a Repository) -> Self {
        Self { git, repository }
    }

    fn root(&self) -> &'a Path {
        &self.repository.root
    }

    fn call(&self) -> Call {
        self.git.call(self.root())
    }

    /// Asks git for a text; its failure is an error: failed to `act`.
    fn ask(&self, act: &'static str, args: &[&str]) -> std::result::Result<String, WorktreeError> {
        Ok(self.call().ask(act, args.iter().copied())?.text())
    }

    /// The commit of a name, if it is one.
    fn commit(&self, name: &str) -> Result<Option<String>> {
        let name = format!("{name}^{{commit}}");
        let args = [
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &name,
        ];
        let output = self
            .call()
            .run(args)
            .map_err(failed("read a commit", self.root()))?;
        Ok(output.success().then(|| output.text()))
    }

    fn tip(&self, branch: &str) -> Result<Option<String>> {
        self.commit(&format!("refs/heads/{branch}"))
    }

    fn is_ancestor(&self, older: &str, newer: &str) -> Result<bool> {
        let act = "compare commits";
        let output = self
            .call()
            .run(["merge-base", "--is-ancestor", older, newer])
            .map_err(failed(act, self.root()))?;
        match output.status.code() {
            Some(1) => Ok(false),
            _ => Ok(output
                .success_or_error()
                .map(|_| true)
                .map_err(failed(act, self.root()))?),
        }
    }

    /// The worktree that has a branch checked out, if one has and its folder is there.
    fn holder(&self, branch: &str) -> Result<Option<PathBuf>> {
        let args = ["worktree", "list", "--porcelain", "-z"];
        let output = self.call().ask("list the worktrees", args)?;
        let found = parse_list(&output.stdout).into_iter();
        let holder = found.filter(|one| one.branch.as_deref() == Some(branch));
        let holder = holder
            .map(|one| one.path)
            .find(|path| path.symlink_metadata().is_ok());
        if holder.is_some() {
            return Ok(holder);
        }
        let common = &self.repository.common_dir;
        let mut all = linked(common).map_err(WorktreeError::io("read worktrees of", common))?;
        all.extend(self.repository.main.as_ref().map(|path| Registration {
            name: None,
            path: path.clone(),
            branch: None,
            returns_to: crate::operation::branches_to_return_to(common),
            locked: false,
        }));
        let returns = |one: &Registration| one.returns_to.iter().any(|name| name == branch);
        match all.into_iter().find(returns) {
            Some(one) => Err(RollbackError::Returns {
                branch: branch.to_owned(),
                path: one.path,
            }),
            None => Ok(None),
        }
    }
}

/// The words of an output that ends each with NUL, as text.
fn words(output: &[u8]) -> Vec<String> {
    zero_terminated(output)
        .map(|word| String::from_utf8_lossy(word).into_owned())
        .collect()
}
