//! The last good commit of a team's parent branch.

use torch_core::rollback::{GoodBy, LastGood, Rollback};
use torch_integration::last_good::{Commit, Mark, Past, STABLE_TAG, by_message, last_good};
use torch_worktree::rollback::{Line, LineCommit, came_in, line, resolve};
use torch_worktree::{Git, Repository};

use super::{Result, failed, no_stable_point, short};
use crate::rollback::{Landed, Wanted};

/// What was found.
pub(super) struct Good {
    /// The branch.
    pub(super) line: Line,
    /// The commit.
    pub(super) good: LastGood,
    /// How many commits of the branch lie above it.
    pub(super) position: usize,
    /// How many lie above the newest commit that has its content: an earlier rollback may have brought that back.
    pub(super) above: usize,
    /// The bad commit that was named, and where on the branch it came in.
    pub(super) bad: Option<(String, usize)>,
    /// Stable tags that are on no commit of the branch itself.
    pub(super) aside: Vec<String>,
}

/// Finds it.
pub(super) fn find(git: &Git, repository: &Repository, wanted: &Wanted) -> Result<Good> {
    let line = line(git, repository, &wanted.parent).map_err(failed)?;
    let bad = match &wanted.bad {
        None => None,
        Some(name) => {
            let id = resolve(git, repository, name).map_err(failed)?;
            let at = came_in(git, repository, &line, &id).map_err(failed)?;
            Some((id, at))
        }
    };
    let marks = marks(&line, wanted);
    let ids: Vec<&str> = line
        .commits
        .iter()
        .map(|commit| commit.id.as_str())
        .collect();
    let tags = line.tags.iter();
    let aside = tags.filter(|(_, commit)| !ids.contains(&commit.as_str()));
    let aside: Vec<String> = aside.map(|(name, _)| name.clone()).collect();
    let past = past(git, repository, (&line, &wanted.records));
    let at = bad
        .as_ref()
        .map_or_else(|| past.suspect(), |(_, at)| Some(*at));
    let Some(found) = last_good(&ids, &marks, at, &past) else {
        return Err(none(wanted, (&line, at.unwrap_or_default()), &aside));
    };
    let (position, why) = (found.position, found.mark.why.clone());
    let good = told(&line.commits[position], why);
    let tree = &line.commits[position].tree;
    let alike = line.commits.iter().position(|commit| commit.tree == *tree);
    Ok(Good {
        good,
        position,
        above: alike.unwrap_or(position),
        bad,
        aside,
        line,
    })
}

/// What earlier rollbacks say of the line.
fn past(git: &Git, repository: &Repository, (line, records): (&Line, &[Rollback])) -> Past {
    let commits = line.commits.iter().map(|commit| Commit {
        id: &commit.id,
        subject: &commit.subject,
        body: &commit.body,
    });
    let commits: Vec<_> = commits.collect();
    // A commit that this branch does not have, or that is gone, says nothing of it.
    Past::read(&commits, records, |id| {
        came_in(git, repository, line, id).ok()
    })
}

/// What is told of a good commit.
pub(super) fn told(commit: &LineCommit, why: GoodBy) -> LastGood {
    LastGood {
        commit: commit.id.clone(),
        subject: commit.subject.clone(),
        at: commit.at,
        why,
    }
}

fn marks(line: &Line, wanted: &Wanted) -> Vec<Mark> {
    let mark = |commit: &String, why| Mark {
        commit: commit.clone(),
        why,
    };
    let integrations = wanted.integrations.iter().map(|landed| {
        let id = landed.id.clone();
        mark(&landed.commit, GoodBy::Integration { id })
    });
    let tags = line.tags.iter().map(|(name, commit)| {
        let name = name.clone();
        mark(commit, GoodBy::Tag { name })
    });
    let messages = line.commits.iter().filter_map(|commit| {
        let why = by_message(&commit.subject, &commit.body)?;
        Some(mark(&commit.id, why))
    });
    integrations.chain(tags).chain(messages).collect()
}

fn none(wanted: &Wanted, (line, bad): (&Line, usize), aside: &[String]) -> Box<torch_api::Failure> {
    let suspect = line.commits.get(bad);
    let below = suspect.map_or("", |commit| short(&commit.id));
    let mut cause = format!(
        "below {below} it has no verified integration, no tag {STABLE_TAG}*, and no commit whose message begins with \"Integration:\" or \"stable:\""
    );
    if let Some(first) = aside.first() {
        cause.push_str(&format!(
            "; the tag {first} is on a branch that was merged, or on none, and says nothing of {}",
            wanted.parent
        ));
    }
    let landed = suspect.and_then(|suspect| landed_at(wanted, line, suspect));
    let range = landed.map(|landed| {
        cause.push_str(&format!(
            "; {below} itself is where the verified integration {} ended, and before it {} stood at {}",
            landed.id,
            wanted.parent,
            short(&landed.before)
        ));
        let before = landed.before.get(..12).unwrap_or(&landed.before);
        format!("{before}..{}", wanted.parent)
    });
    no_stable_point(wanted, &cause, range.as_deref())
}

/// The verified integration that is under suspicion, if it is one and what was before it can be gone back to.
fn landed_at<'a>(wanted: &'a Wanted, line: &Line, suspect: &LineCommit) -> Option<&'a Landed> {
    let mut all = wanted.integrations.iter();
    let landed = all.find(|landed| landed.commit == suspect.id)?;
    let position = line.position(&landed.before)?;
    let tip = line.commits.first()?;
    (line.commits[position].tree != tip.tree).then_some(landed)
}
