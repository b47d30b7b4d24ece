//! Merging many commits, one after the other, without a worktree.

use std::collections::BTreeSet;

use torch_core::Timestamp;

use crate::call::Call;
use crate::{Git, Repository, WorktreeError, merge_tree};

/// One merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainLink {
    /// What is merged, full hex.
    pub commit: String,
    /// The merge commit's message.
    pub message: String,
}

/// What is to be merged.
#[derive(Debug, Clone, Copy)]
pub struct ChainRequest<'a> {
    /// The project's repository.
    pub repository: &'a Repository,
    /// The commit that it begins at, full hex.
    pub base: &'a str,
    /// In this order.
    pub links: &'a [ChainLink],
    /// The time of the merge commits, to the second: the same request makes the same commits.
    pub at: Timestamp,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chained {
    /// The merge commits, full hex, one per link; no reference leads to them yet.
    Done(Vec<String>),
    /// Some can't be merged by git itself: all of them, in their order. Those behind one were tried without it.
    Conflict(Vec<ChainConflict>),
}

/// A link that git can't merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainConflict {
    /// Which link, from 0.
    pub at: usize,
    /// The files, by path; bytes that are not UTF-8 are shown as U+FFFD.
    pub files: BTreeSet<String>,
}

/// Merges, each with a merge commit of its own (`--no-ff`), in memory: no reference, index or file is touched. With git 2.40 or newer.
///
/// # Errors
/// [`WorktreeError`] where a commit can't be read, or git is too old.
pub fn chain(git: &Git, request: &ChainRequest<'_>) -> Result<Chained, WorktreeError> {
    let mut made: Vec<String> = Vec::new();
    let mut conflicts = Vec::new();
    let mut tip = request.base.to_owned();
    for (at, link) in request.links.iter().enumerate() {
        let tree = match merged(
            git,
            request.repository,
            (tip.as_str(), link.commit.as_str()),
            None,
        )? {
            Ok(tree) => tree,
            Err(files) => {
                conflicts.push(ChainConflict { at, files });
                continue;
            }
        };
        let when = format!("@{} +0000", request.at.0 / 1_000);
        let call = call(git, request.repository)
            .env("GIT_AUTHOR_DATE", &when)
            .env("GIT_COMMITTER_DATE", &when)
            .stdin(link.message.as_bytes());
        let args = [
            "commit-tree",
            "-p",
            &tip,
            "-p",
            &link.commit,
            "-F",
            "-",
            &tree,
        ];
        tip = call.ask("write a merge commit", args)?.text();
        made.push(tip.clone());
    }
    Ok(match conflicts.is_empty() {
        true => Chained::Done(made),
        false => Chained::Conflict(conflicts),
    })
}

/// The files in which two commits conflict; none where git merges them by itself. With a `base`, full hex, what both changed since
/// that commit is compared, and not since the newest that both have.
///
/// # Errors
/// [`WorktreeError`] where a commit can't be read, or git is too old.
pub fn clashes(
    git: &Git,
    repository: &Repository,
    (one, other): (&str, &str),
    base: Option<&str>,
) -> Result<BTreeSet<String>, WorktreeError> {
    Ok(merged(git, repository, (one, other), base)?
        .err()
        .unwrap_or_default())
}

/// The tree of a merge, or the files in conflict.
fn merged(
    git: &Git,
    repository: &Repository,
    (ours, theirs): (&str, &str),
    base: Option<&str>,
) -> Result<Result<String, BTreeSet<String>>, WorktreeError> {
    let base = match base {
        Some(base) => format!("--merge-base={base}"),
        None => "--allow-unrelated-histories".to_owned(),
    };
    let merged = merge_tree::merged(
        call(git, repository),
        &repository.root,
        &[&base],
        (ours, theirs),
    )?;
    Ok(merged.map_err(|files| files.into_iter().collect()))
}

/// A command of the repository that signs as torch and makes what it writes durable.
pub(super) fn call(git: &Git, repository: &Repository) -> Call {
    git.call(&repository.root)
}
