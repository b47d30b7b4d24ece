//! Commits reverted and picked in memory: no file, index or branch is touched.

use super::line::short;
use super::{Bench, Result, RollbackError};
use crate::{Git, Repository, WorktreeError, merge_tree};

/// At most so many commits are taken back one by one.
const MOST: usize = 500;

/// Commits that were made, which no branch has yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The newest, full hex.
    pub tip: String,
    /// All of them, the oldest first.
    pub commits: Vec<String>,
}

/// What is read of a commit before it is taken back or picked.
struct Original {
    id: String,
    parents: Vec<String>,
    author: String,
    email: String,
    /// As git takes it: `@1700000000 +0100`.
    date: String,
    subject: String,
    message: String,
}

/// Makes one commit for each of `commits` that reverts it, on top of `tip`, in this order: the newest is to be the first. A merge
/// is reverted as what it brought to its first parent. What is undone already is passed over; `trailer` ends each message.
///
/// # Errors
/// [`RollbackError::Conflict`] for the first that git can't revert by itself, [`RollbackError::TooMany`].
pub fn revert(
    git: &Git,
    repository: &Repository,
    tip: &str,
    (commits, trailer): (&[String], &str),
) -> Result<Made> {
    let bench = Bench::new(git, repository);
    let mut made = Made::at(tip, commits.len())?;
    for id in commits {
        let original = bench.original(id)?;
        let theirs = match original.parents.first() {
            Some(parent) => parent.clone(),
            None => bench.empty_commit()?,
        };
        let Some(tree) = bench.merged(&original, (id, &made.tip, &theirs))? else {
            continue;
        };
        let args = ["commit-tree", "-p", &made.tip, "-F", "-", &tree];
        let call = bench.call().stdin(original.reverted(trailer));
        made.add(call.ask("write a commit", args)?.text());
    }
    Ok(made)
}

/// Makes one commit for each of `commits` that does the same on top of `tip`, in this order, by the same author.
///
/// # Errors
/// As [`revert`].
pub fn pick(git: &Git, repository: &Repository, tip: &str, commits: &[String]) -> Result<Made> {
    let bench = Bench::new(git, repository);
    let mut made = Made::at(tip, commits.len())?;
    for id in commits {
        let original = bench.original(id)?;
        let base = match original.parents.first() {
            Some(parent) => parent.clone(),
            None => bench.empty_commit()?,
        };
        let Some(tree) = bench.merged(&original, (&base, &made.tip, id))? else {
            continue;
        };
        let args = ["commit-tree", "-p", &made.tip, "-F", "-", &tree];
        let call = bench
            .call()
            .env("GIT_AUTHOR_NAME", &original.author)
            .env("GIT_AUTHOR_EMAIL", &original.email)
            .env("GIT_AUTHOR_DATE", &original.date)
            .stdin(original.picked());
        made.add(call.ask("write a commit", args)?.text());
    }
    Ok(made)
}

/// Makes one commit on top of `tip` with the content of `good`.
///
/// # Errors
/// When git can't write it.
pub fn alike(
    git: &Git,
    repository: &Repository,
    (tip, good): (&str, &str),
    message: &str,
) -> Result<Made> {
    let bench = Bench::new(git, repository);
    let tree = bench.tree(good)?;
    let args = ["commit-tree", "-p", tip, "-F", "-", &tree];
    let call = bench.call().stdin(message);
    let mut made = Made::at(tip, 1)?;
    made.add(call.ask("write a commit", args)?.text());
    Ok(made)
}

/// Whether two commits have the same content.
///
/// # Errors
/// When git can't read them.
pub fn are_alike(git: &Git, repository: &Repository, (a, b): (&str, &str)) -> Result<bool> {
    let bench = Bench::new(git, repository);
    Ok(bench.tree(a)? == bench.tree(b)?)
}

impl Made {
    fn at(tip: &str, count: usize) -> Result<Self> {
        if count > MOST {
            return Err(RollbackError::TooMany { count, most: MOST });
        }
        Ok(Self {
            tip: tip.to_owned(),
            commits: Vec::new(),
        })
    }

    fn add(&mut self, commit: String) {
        self.tip.clone_from(&commit);
        self.commits.push(commit);
    }
}

impl Original {
    fn reverted(&self, trailer: &str) -> String {
        let subject = &self.subject;
        let inner = subject.strip_prefix("Revert \"");
        let title = match inner.and_then(|rest| rest.strip_suffix('"')) {
            // As git (2.43) names it.
            Some(inner) => format!("Reapply \"{inner}\""),
            None => format!("Revert \"{subject}\""),
        };
        let merge = match self.parents.as_slice() {
            [first, _, ..] => format!(", reversing\nchanges made to {first}"),
            _ => String::new(),
        };
        format!(
            "{title}\n\nThis reverts commit {}{merge}.\n\n{trailer}\n",
            self.id
        )
    }

    fn picked(&self) -> String {
        format!(
            "{}\n\n(cherry picked from commit {})\n",
            self.message.trim_end(),
            self.id
        )
    }
}

impl Bench<'_> {
    fn original(&self, id: &str) -> Result<Original> {
        let args = [
            "log",
            "-1",
            "--date=format:%z",
            "--format=%P%n%an%n%ae%n%at%n%ad%n%s%n%B",
            id,
            "--",
        ];
        let text = self.ask("read a commit", &args)?;
        let mut lines = text.splitn(7, '\n');
        let mut next = || lines.next().unwrap_or_default().to_owned();
        let parents = next().split_whitespace().map(str::to_owned).collect();
        let (author, email, seconds, zone) = (next(), next(), next(), next());
        Ok(Original {
            id: id.to_owned(),
            parents,
            author,
            email,
            date: format!("@{seconds} {zone}"),
            subject: next(),
            message: next(),
        })
    }

    /// The tree of `ours` with the change from `base` to `theirs`; `None` where that changes nothing.
    fn merged(
        &self,
        original: &Original,
        (base, ours, theirs): (&str, &str, &str),
    ) -> Result<Option<String>> {
        let base = format!("--merge-base={base}");
        let merged = merge_tree::merged(self.call(), self.root(), &[&base], (ours, theirs))?;
        let tree = merged.map_err(|files| RollbackError::Conflict {
            commit: short(&original.id),
            subject: original.subject.clone(),
            files,
        })?;
        let before = self.tree(ours)?;
        Ok((tree != before).then_some(tree))
    }

    /// The tree of a commit, full hex.
    pub(super) fn tree(&self, commit: &str) -> std::result::Result<String, WorktreeError> {
        let name = format!("{commit}^{{tree}}");
        self.ask("read a commit", &["rev-parse", "--verify", &name])
    }

    /// A commit without files and parents: what was before a first commit.
    fn empty_commit(&self) -> std::result::Result<String, WorktreeError> {
        let tree = self
            .call()
            .stdin("")
            .ask("write an empty tree", ["mktree"])?;
        let call = self.call().stdin("nothing\n");
        let args = ["commit-tree", "-F", "-", &tree.text()];
        Ok(call.ask("write a commit", args)?.text())
    }
}
