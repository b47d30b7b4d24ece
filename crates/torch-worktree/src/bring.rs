//! What a merge between two worktrees would bring, asked before and after it is prepared.

use std::path::Path;

use crate::call::Call;
use crate::locate::locate;
use crate::merge::{Merge, PINS};
use crate::{CommitLine, Git, Repository, WorktreeError};

/// The most commits that are counted.
const COUNTED: &str = "--max-count=1000";

/// Where a worktree stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stand {
    /// The commit that is checked out, full hex.
    pub head: String,
    /// The branch; `None` where the worktree is detached.
    pub branch: Option<String>,
}

/// What lies in one commit and not in another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brought {
    /// How many commits, without merges, up to 1000.
    pub commits: usize,
    /// The newest of them.
    pub newest: Option<CommitLine>,
}

/// Says where a worktree stands.
///
/// # Errors
/// [`WorktreeError`] where it is none of the repository, or can't be read.
pub fn stand(git: &Git, repository: &Repository, path: &Path) -> Result<Stand, WorktreeError> {
    let args = ["rev-parse", "HEAD^{commit}", "--symbolic-full-name", "HEAD"];
    let text = call(git, repository, path)?.ask("read HEAD", args)?.text();
    let mut lines = text.lines();
    let head = lines.next().unwrap_or_default().to_owned();
    let branch = lines
        .next()
        .and_then(|name| name.strip_prefix("refs/heads/"));
    Ok(Stand {
        head,
        branch: branch.map(str::to_owned),
    })
}

/// Says what `theirs` has that `ours` has not; both are full commit ids of the worktree's repository.
///
/// # Errors
/// [`WorktreeError`] where they can't be read.
pub fn brought(
    git: &Git,
    repository: &Repository,
    path: &Path,
    (ours, theirs): (&str, &str),
) -> Result<Brought, WorktreeError> {
    let range = format!("{ours}..{theirs}");
    let args = [
        "log",
        "--no-merges",
        COUNTED,
        "--format=%h %s",
        &range,
        "--",
    ];
    let text = call(git, repository, path)?
        .ask("read what is new", args)?
        .text();
    let newest = text.lines().next().map(|line| {
        let (id, subject) = line.split_once(' ').unwrap_or((line, ""));
        CommitLine {
            id: id.to_owned(),
            subject: subject.to_owned(),
        }
    });
    Ok(Brought {
        commits: text.lines().count(),
        newest,
    })
}

/// Whether a prepared merge changes no file.
///
/// # Errors
/// [`WorktreeError`] where it can't be read.
pub fn changes_nothing(
    git: &Git,
    repository: &Repository,
    path: &Path,
    merge: &Merge,
) -> Result<bool, WorktreeError> {
    let trees = [&merge.from, &merge.commit].map(|commit| format!("{commit}^{{tree}}"));
    let args = ["rev-parse", &trees[0], &trees[1]];
    let text = call(git, repository, path)?
        .ask("compare commits", args)?
        .text();
    let mut lines = text.lines();
    Ok(lines.next() == lines.next())
}

/// Lets a prepared merge go that nobody applies.
///
/// # Errors
/// [`WorktreeError`] where the repository can't be written.
pub fn give_up_merge(
    git: &Git,
    repository: &Repository,
    path: &Path,
    merge: &Merge,
) -> Result<(), WorktreeError> {
    let args = ["update-ref", "-d", &merge.pin, &merge.commit];
    call(git, repository, path)?
        .ask("let a prepared merge go", args)
        .map(drop)
}

/// Lets go whatever merge stands prepared under a label ([`crate::MergeRequest::label`]), where its maker was killed before anybody heard
/// of it. Only for who knows that none is under way there.
///
/// # Errors
/// [`WorktreeError`] where the worktree can't be read or the reference can't be removed.
pub fn give_up_forgotten(
    git: &Git,
    repository: &Repository,
    path: &Path,
    label: &str,
) -> Result<(), WorktreeError> {
    let pin = format!("{PINS}{label}");
    call(git, repository, path)?
        .ask("let a forgotten merge go", ["update-ref", "-d", &pin])
        .map(drop)
}

fn call(git: &Git, repository: &Repository, path: &Path) -> Result<Call, WorktreeError> {
    let located = locate(repository, path)?.filter(|located| located.files.is_some());
    let located = located.ok_or_else(|| WorktreeError::NoDirectory {
        path: path.to_owned(),
    })?;
    Ok(located.call(git))
}
