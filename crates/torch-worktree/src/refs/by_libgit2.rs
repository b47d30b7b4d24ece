//! Branches and their commits as libgit2 reads them.

use std::collections::BTreeSet;
use std::path::Path;

use git2::{Oid, Repository, Sort};
use torch_core::Timestamp;

use super::{COMMITS_TOLD, COUNTED, CommitFact, HeadAt, Led, Tips};
use crate::Operation;
use crate::registration::{branch_of, linked};

pub(super) fn tips(repository: &Repository) -> Result<Tips, git2::Error> {
    let mut tips = Tips::default();
    for pattern in ["refs/heads/*", "refs/remotes/*"] {
        for reference in repository.references_glob(pattern)? {
            // One that was deleted meanwhile, or is broken, is none.
            let Ok(reference) = reference else { continue };
            if let (Ok(name), Some(commit)) = (reference.name(), reference.target()) {
                tips.refs.insert(name.to_owned(), commit.to_string());
            }
        }
    }
    tips.heads = heads(repository.commondir());
    Ok(tips)
}

/// What the worktrees have checked out, from the files of the common directory.
fn heads(common_dir: &Path) -> Vec<HeadAt> {
    let main = match common_dir.file_name() {
        Some(name) if name == ".git" => common_dir.parent(),
        _ => None,
    };
    let mut heads: Vec<HeadAt> = main
        .map(|path| head_at(common_dir, path.to_owned(), None))
        .into_iter()
        .collect();
    let registrations = linked(common_dir).unwrap_or_default();
    heads.extend(registrations.into_iter().map(|found| {
        let git_dir = common_dir
            .join("worktrees")
            .join(found.name.unwrap_or_default());
        let returns_to = found.returns_to.into_iter().next();
        head_at(&git_dir, found.path, found.branch.or(returns_to))
    }));
    heads
}

fn head_at(git_dir: &Path, path: std::path::PathBuf, branch: Option<String>) -> HeadAt {
    let head = std::fs::read_to_string(git_dir.join("HEAD")).unwrap_or_default();
    let branch = branch.or_else(|| branch_of(head.trim()));
    let is_detached = branch.is_none() && Operation::under_way(git_dir).is_none();
    let commit = Oid::from_str(head.trim()).ok().filter(|_| is_detached);
    HeadAt {
        path,
        branch,
        detached: commit.map(|commit| commit.to_string()),
    }
}

pub(super) fn led(
    repository: &Repository,
    old: Option<&str>,
    new: &str,
    hidden: &[&str],
) -> Result<Led, git2::Error> {
    let new = Oid::from_str(new)?;
    // What was pruned since is nowhere below.
    let there = |hex: &str| {
        let commit = Oid::from_str(hex).ok()?;
        repository
            .find_commit(commit)
            .ok()
            .map(|commit| commit.id())
    };
    let stood = old.and_then(there);
    let rewound = match (old, stood) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(_), Some(old)) => old != new && !repository.graph_descendant_of(new, old)?,
    };
    let mut walk = repository.revwalk()?;
    walk.set_sorting(Sort::TOPOLOGICAL | Sort::TIME)?;
    walk.push(new)?;
    for hide in stood
        .into_iter()
        .chain(hidden.iter().filter_map(|hex| there(hex)))
    {
        walk.hide(hide)?;
    }
    let mut led = Led {
        rewound,
        ..Led::default()
    };
    for id in walk.take(COUNTED) {
        let id = id?;
        if led.commits.len() == COMMITS_TOLD {
            led.more += 1;
            continue;
        }
        led.commits.push(fact(&repository.find_commit(id)?));
    }
    led.commits.reverse();
    Ok(led)
}

pub(super) fn fresh(
    repository: &Repository,
    news: &BTreeSet<&str>,
    known: &BTreeSet<&str>,
) -> Result<BTreeSet<String>, git2::Error> {
    let mut walk = repository.revwalk()?;
    for new in news {
        walk.push(Oid::from_str(new)?)?;
    }
    for old in known {
        // What was pruned since is nowhere below.
        if let Ok(commit) = Oid::from_str(old).and_then(|id| repository.find_commit(id)) {
            walk.hide(commit.id())?;
        }
    }
    let ids = walk.take(COUNTED).map(|id| Ok(id?.to_string()));
    ids.collect()
}

fn fact(commit: &git2::Commit<'_>) -> CommitFact {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let author = commit.author();
    CommitFact {
        id: commit.id().to_string(),
        parents: commit.parent_ids().map(|id| id.to_string()).collect(),
        subject: text(commit.summary_bytes().unwrap_or_default()),
        author: text(author.name_bytes()),
        email: text(author.email_bytes()),
        at: seconds(commit.time().seconds()),
    }
}

pub(super) fn seconds(since_1970: i64) -> Timestamp {
    let seconds = u64::try_from(since_1970).unwrap_or(0);
    Timestamp(seconds.saturating_mul(1000))
}
