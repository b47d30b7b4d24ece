//! A branch's own line: its newest commit and the first parents below it.

use torch_core::Timestamp;
use torch_core::rollback::TakenBack;

use super::{Bench, Result, RollbackError, words};
use crate::{Git, Repository, WorktreeError};

/// At most so many commits of a line are read.
const LINE_MAX: usize = 10_000;

/// What tags of good commits are called.
const STABLE: &str = "refs/tags/stable-*";

/// How commits are asked for, a line for each part of [`LineCommit`]; only its last one may have several.
const FORMAT: &str = "--format=%H%n%T%n%P%n%ct%n%an%n%s%n%b";

/// A commit of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineCommit {
    /// Full hex.
    pub id: String,
    /// Its content, full hex.
    pub tree: String,
    /// Full hex; the first is the next one of the line.
    pub parents: Vec<String>,
    /// When it was committed.
    pub at: Timestamp,
    /// The author's name.
    pub author: String,
    /// The first line of its message.
    pub subject: String,
    /// The rest of it.
    pub body: String,
}

/// A branch's own line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The branch.
    pub branch: String,
    /// Its commits, the newest first; at most 10,000, and never none.
    pub commits: Vec<LineCommit>,
    /// The tags `stable-…` of the repository, with the commits that they lead to.
    pub tags: Vec<(String, String)>,
}

impl Line {
    /// Where a commit stands on it; 0 is the newest.
    pub fn position(&self, id: &str) -> Option<usize> {
        self.commits.iter().position(|commit| commit.id == id)
    }

    /// Its newest commit, full hex.
    pub fn tip(&self) -> &str {
        self.commits.first().map_or("", |commit| commit.id.as_str())
    }
}

/// Reads a branch's own line and the repository's stable tags.
///
/// # Errors
/// [`RollbackError::NoBranch`], or when git can't read it.
pub fn line(git: &Git, repository: &Repository, branch: &str) -> Result<Line> {
    let bench = Bench::new(git, repository);
    let Some(tip) = bench.tip(branch)? else {
        return Err(RollbackError::NoBranch {
            branch: branch.to_owned(),
            root: bench.root().to_owned(),
        });
    };
    let count = format!("--max-count={LINE_MAX}");
    let args = ["log", "--first-parent", &count, "-z", FORMAT, &tip, "--"];
    let output = bench.call().ask("read the branch", args)?;
    let commits = words(&output.stdout)
        .iter()
        .filter_map(|text| read(text))
        .collect();
    let format = "--format=%(refname:strip=2)%09%(objectname)%09%(*objectname)";
    let tags = bench.ask("list the tags", &["for-each-ref", format, STABLE])?;
    let tags = tags.lines().filter_map(|line| {
        let mut fields = line.split('\t');
        let (name, own, peeled) = (fields.next()?, fields.next()?, fields.next()?);
        let commit = if peeled.is_empty() { own } else { peeled };
        Some((name.to_owned(), commit.to_owned()))
    });
    Ok(Line {
        branch: branch.to_owned(),
        commits,
        tags: tags.collect(),
    })
}

/// These commits, in this order.
///
/// # Errors
/// When git can't read them.
pub fn commits(git: &Git, repository: &Repository, ids: &[String]) -> Result<Vec<LineCommit>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let bench = Bench::new(git, repository);
    let mut args = vec!["log", "--no-walk=unsorted", "-z", FORMAT];
    args.extend(ids.iter().map(String::as_str));
    args.push("--");
    let output = bench.call().ask("read the commits", args)?;
    let found = words(&output.stdout);
    Ok(found.iter().filter_map(|text| read(text)).collect())
}

fn read(text: &str) -> Option<LineCommit> {
    let mut lines = text.splitn(7, '\n');
    let mut next = || lines.next().map(str::to_owned);
    let (id, tree, parents, at) = (next()?, next()?, next()?, next()?);
    Some(LineCommit {
        id,
        tree,
        parents: parents.split_whitespace().map(str::to_owned).collect(),
        at: Timestamp(at.parse::<u64>().ok()?.saturating_mul(1000)),
        author: next()?,
        subject: next()?,
        body: next().unwrap_or_default(),
    })
}

/// The commit of a name that a person gave, full hex.
///
/// # Errors
/// [`RollbackError::NoCommit`].
pub fn resolve(git: &Git, repository: &Repository, name: &str) -> Result<String> {
    let bench = Bench::new(git, repository);
    bench.commit(name)?.ok_or_else(|| RollbackError::NoCommit {
        name: name.to_owned(),
        root: bench.root().to_owned(),
    })
}

/// The commits of these names and ranges (`A..B`: along the first parents), each once, the newest first.
///
/// # Errors
/// [`RollbackError::NoCommit`], or [`RollbackError::NotIn`] where one of them is not in the line's branch.
pub fn resolve_all(
    git: &Git,
    repository: &Repository,
    line: &Line,
    names: &[String],
) -> Result<Vec<String>> {
    let bench = Bench::new(git, repository);
    let found = named(git, repository, names)?;
    for commit in &found {
        came_in(git, repository, line, commit)?;
    }
    if found.is_empty() {
        return Ok(found);
    }
    // Of two, the one that has the other is newer; git sorts so.
    let args = ["rev-list", "--topo-order", line.tip(), "--"];
    let all = bench.ask("sort the commits", &args)?;
    let sorted = all.lines().filter(|id| found.iter().any(|one| one == id));
    Ok(sorted.map(str::to_owned).collect())
}

/// The commits of these names and ranges in the order in which they are named, of a range the oldest first.
///
/// # Errors
/// [`RollbackError::NoCommit`].
pub fn named(git: &Git, repository: &Repository, names: &[String]) -> Result<Vec<String>> {
    let bench = Bench::new(git, repository);
    let mut found: Vec<String> = Vec::new();
    for name in names {
        match name.split_once("..") {
            Some((from, to)) => {
                let from = resolve(git, repository, from)?;
                let to = resolve(git, repository, to)?;
                let range = format!("{from}..{to}");
                let args = ["rev-list", "--first-parent", "--reverse", &range, "--"];
                let listed = bench.ask("list the commits", &args)?;
                found.extend(listed.lines().map(str::to_owned));
            }
            None => found.push(resolve(git, repository, name)?),
        }
    }
    Ok(found)
}

/// Where on the line a commit came in: the position of the oldest commit of the line that has it.
///
/// # Errors
/// [`RollbackError::NotIn`] where the newest does not have it.
pub fn came_in(git: &Git, repository: &Repository, line: &Line, commit: &str) -> Result<usize> {
    if let Some(position) = line.position(commit) {
        return Ok(position);
    }
    let bench = Bench::new(git, repository);
    let has = |position: usize| {
        let there = line.commits.get(position).map(|there| there.id.as_str());
        there.map_or(Ok(false), |there| bench.is_ancestor(commit, there))
    };
    if !has(0)? {
        return Err(RollbackError::NotIn {
            commit: short(commit),
            branch: line.branch.clone(),
        });
    }
    // What has it is above what does not.
    let (mut with, mut without) = (0, line.commits.len());
    while without - with > 1 {
        let middle = with + (without - with) / 2;
        match has(middle)? {
            true => with = middle,
            false => without = middle,
        }
    }
    Ok(with)
}

/// What is told of the commits of a line above a position, the newest first.
///
/// # Errors
/// When git can't count what a merge brought.
pub fn taken(
    git: &Git,
    repository: &Repository,
    commits: &[LineCommit],
) -> std::result::Result<Vec<TakenBack>, WorktreeError> {
    let bench = Bench::new(git, repository);
    let tell = |commit: &LineCommit| {
        let merged = match commit.parents.first() {
            Some(first) if commit.parents.len() > 1 => {
                let args = [
                    "rev-list",
                    "--count",
                    "--no-merges",
                    &commit.id,
                    "--not",
                    first,
                    "--",
                ];
                let count = bench.ask("count the commits", &args)?;
                Some(count.parse().unwrap_or_default())
            }
            _ => None,
        };
        Ok(TakenBack {
            id: commit.id.clone(),
            subject: commit.subject.clone(),
            author: commit.author.clone(),
            at: commit.at,
            merged,
        })
    };
    commits.iter().map(tell).collect()
}

/// A commit's id as short as texts have it.
pub(super) fn short(id: &str) -> String {
    id.get(..8).unwrap_or(id).to_owned()
}
