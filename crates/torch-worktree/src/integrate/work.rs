//! What an agent has that the parent branch has not.

use std::path::Path;

use crate::call::Call;
use crate::git::failed;
use crate::progress::commits_missing;
use crate::{Git, Repository, WorktreeError};

/// A commit of an agent that is to go in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkCommit {
    /// Its branch, without `refs/heads/`; `None` for a detached worktree.
    pub branch: Option<String>,
    /// Full hex.
    pub commit: String,
    /// How many commits the parent does not have.
    pub ahead: u64,
}

/// What an agent has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Work {
    /// What is checked out, and its home branch where that has something else; only what the parent does not have.
    pub commits: Vec<WorkCommit>,
    /// How many files have changes that are not committed, new ones included.
    pub changed: usize,
    /// The paths of such files, at most 20.
    pub files: Vec<String>,
    /// What is under way in the worktree: "a rebase".
    pub operation: Option<String>,
}

/// Looks what the worktree at `path` has that the commit `parent`, full hex, has not.
///
/// # Errors
/// [`WorktreeError`] where the worktree or the parent can't be read.
pub fn work_of(
    git: &Git,
    repository: &Repository,
    (path, home): (&Path, Option<&str>),
    parent: &str,
) -> Result<Work, WorktreeError> {
    let state = crate::state(git, repository, path, parent)?;
    let located = crate::locate::locate(repository, path)?;
    let mut heads = vec![(state.branch.clone(), state.head)];
    if let Some(home) = home.filter(|home| state.branch.as_deref() != Some(home))
        && let Some(tip) = tip_of(git, repository, home)?
    {
        heads.push((Some(home.to_owned()), tip));
    }
    Ok(Work {
        commits: commits_of(git, repository, heads, parent)?,
        changed: state.changed + state.untracked,
        files: state.files,
        operation: located
            .and_then(|located| located.operation())
            .map(|operation| operation.to_string()),
    })
}

/// As [`work_of`], of a worktree whose folder is gone: what its home branch has.
///
/// # Errors
/// [`WorktreeError`] where the branch or the parent can't be read.
pub fn work_of_home(
    git: &Git,
    repository: &Repository,
    home: &str,
    parent: &str,
) -> Result<Work, WorktreeError> {
    let tip = tip_of(git, repository, home)?;
    let heads = tip.map(|tip| (Some(home.to_owned()), tip)).into_iter();
    Ok(Work {
        commits: commits_of(git, repository, heads.collect(), parent)?,
        changed: 0,
        files: Vec::new(),
        operation: None,
    })
}

/// Of these branches (none: detached) with their commits those that have something which the parent has not, nor one before them.
fn commits_of(
    git: &Git,
    repository: &Repository,
    heads: Vec<(Option<String>, String)>,
    parent: &str,
) -> Result<Vec<WorkCommit>, WorktreeError> {
    let mut found: Vec<WorkCommit> = Vec::new();
    for (branch, commit) in heads {
        let ahead = commits_missing(git, repository, &commit, parent)?;
        let known = found.iter();
        let has_it = |one: &WorkCommit| contains(git, repository, &one.commit, &commit);
        let known: Result<Vec<bool>, _> = known.map(has_it).collect();
        if ahead > 0 && !known?.contains(&true) {
            found.push(WorkCommit {
                branch,
                commit,
                ahead,
            });
        }
    }
    Ok(found)
}

/// Where a branch stands, full hex; `None` where there is none of that name.
///
/// # Errors
/// [`WorktreeError`] where git can't be run.
pub fn tip_of(
    git: &Git,
    repository: &Repository,
    branch: &str,
) -> Result<Option<String>, WorktreeError> {
    commit_at(git, repository, &format!("refs/heads/{branch}"))
}

/// The branches whose names begin so, without `refs/heads/`.
///
/// # Errors
/// [`WorktreeError`] where git can't be run.
pub fn branches_below(
    git: &Git,
    repository: &Repository,
    prefix: &str,
) -> Result<Vec<String>, WorktreeError> {
    let args = [
        "for-each-ref",
        "--format=%(refname:lstrip=2)",
        &format!("refs/heads/{prefix}"),
    ];
    let listed = git.ask("list the branches", &repository.root, args)?.text();
    Ok(listed.lines().map(str::to_owned).collect())
}

/// The commit that a full reference leads to.
pub(super) fn commit_at(
    git: &Git,
    repository: &Repository,
    name: &str,
) -> Result<Option<String>, WorktreeError> {
    let root = &repository.root;
    let name = format!("{name}^{{commit}}");
    let args = [
        "rev-parse",
        "--verify",
        "--quiet",
        "--end-of-options",
        &name,
    ];
    let output = git
        .read(root, args)
        .map_err(failed("read a reference", root))?;
    Ok(output.success().then(|| output.text()))
}

/// Whether `newer` is `older`, or has it among its ancestors; both full hex.
///
/// # Errors
/// [`WorktreeError`] where one of them can't be read.
pub fn contains(
    git: &Git,
    repository: &Repository,
    newer: &str,
    older: &str,
) -> Result<bool, WorktreeError> {
    if newer == older {
        return Ok(true);
    }
    let (act, root) = ("compare commits", &repository.root);
    let args = ["merge-base", "--is-ancestor", older, newer];
    let output = Call::to_read(git, root)
        .run(args)
        .map_err(failed(act, root))?;
    match output.status.code() {
        Some(1) => Ok(false),
        _ => output
            .success_or_error()
            .map(|_| true)
            .map_err(failed(act, root)),
    }
}

/// How many of what branches have left are compared: the newest ones.
const LEFT: &str = "--count=20";

/// A commit that a rollback took off the parent branch by force, full hex, which a branch that stands at `commit` still has within and
/// the parent does not; none where there is no such one. What the rollback left is at `refs/torch/rollback/*/old`.
///
/// # Errors
/// [`WorktreeError`] where the repository can't be read.
pub fn taken_off(
    git: &Git,
    repository: &Repository,
    commit: &str,
    parent: &str,
) -> Result<Option<String>, WorktreeError> {
    let (act, root) = ("look for what was taken back", &repository.root);
    let newest = "--sort=-creatordate";
    let args = [
        "for-each-ref",
        "--format=%(objectname)",
        newest,
        LEFT,
        "refs/torch/rollback/*/old",
    ];
    let left = git.ask(act, root, args)?.text();
    for left in left.lines() {
        let args = ["merge-base", commit, left];
        let shared = Call::to_read(git, root)
            .run(args)
            .map_err(failed(act, root))?;
        // Two without a common commit have nothing of each other.
        let shared = shared.success().then(|| shared.text());
        if let Some(shared) = shared.filter(|shared| !shared.is_empty())
            && !contains(git, repository, parent, &shared)?
        {
            return Ok(Some(shared));
        }
    }
    Ok(None)
}
