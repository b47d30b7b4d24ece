//! How agents' branches stand to the parent and to the remotes.

use std::collections::BTreeSet;
use std::path::Path;

use git2::{Oid, Sort};
use torch_core::git_activity::{Standing, Withheld};
use torch_core::{AgentId, Timestamp};

use super::{COUNTED, Graph, HeadAt, Owners, Tips, by_git, by_libgit2};
use crate::{Git, WorktreeError};

/// How many commits there are, and the oldest with its time.
type Counted = (u64, Option<(String, Timestamp)>);

/// What is asked of how agents' branches stand.
#[derive(Debug, Clone, Copy)]
pub struct StandingsRequest<'a> {
    /// The common git directory.
    pub common_dir: &'a Path,
    /// Where the branches stand now.
    pub tips: &'a Tips,
    /// The commit that the team began at, and its parent branch by its full name.
    pub base: (&'a str, &'a str),
    /// Whose worktrees lie where.
    pub owners: &'a Owners,
    /// What remotes do not have yet, though it is noted below `refs/remotes`.
    pub withheld: &'a [Withheld],
}

/// How the branches of these agents stand; who has no worktree in this repository is left out.
///
/// # Errors
/// [`WorktreeError`] when the repository can't be read.
pub fn standings(
    git: &Git,
    request: &StandingsRequest<'_>,
) -> Result<Vec<Standing>, WorktreeError> {
    let (tips, (base, parent)) = (request.tips, request.base);
    let graph = Graph::open(git, request.common_dir);
    let parent = tips.refs.get(parent).map_or(base, String::as_str);
    let remotes = match graph.has_remote()? {
        true => Some(tips.on_remotes(request.withheld)),
        false => None,
    };
    let mut found = Vec::new();
    for (agent, path) in request.owners {
        let Some(head) = tips.at(path) else { continue };
        let Some(commit) = commit_of(tips, head) else {
            continue;
        };
        found.push(standing(
            &graph,
            (*agent, head, commit),
            parent,
            remotes.as_ref(),
        )?);
    }
    Ok(found)
}

fn commit_of<'a>(tips: &'a Tips, head: &'a HeadAt) -> Option<&'a str> {
    match &head.branch {
        Some(branch) => tips
            .refs
            .get(&format!("refs/heads/{branch}"))
            .map(String::as_str),
        None => head.detached.as_deref(),
    }
}

fn standing(
    graph: &Graph<'_>,
    (agent, head, commit): (AgentId, &HeadAt, &str),
    parent: &str,
    remotes: Option<&BTreeSet<&str>>,
) -> Result<Standing, WorktreeError> {
    let (ahead, oldest) = graph.count(commit, &[parent])?;
    let (behind, lacks) = graph.count(parent, &[commit])?;
    let unpushed = match remotes {
        None => None,
        Some(remotes) => {
            let hidden: Vec<&str> = remotes.iter().copied().chain([parent]).collect();
            Some(graph.count(commit, &hidden)?)
        }
    };
    Ok(Standing {
        agent,
        branch: head.branch.clone(),
        head: commit.to_owned(),
        ahead,
        ahead_since: oldest.map(|(_, at)| at),
        behind,
        lacks: lacks.map(|(id, _)| id),
        unpushed: unpushed.as_ref().map(|(count, _)| *count),
        unpushed_since: unpushed.and_then(|(_, oldest)| oldest).map(|(_, at)| at),
    })
}

impl Graph<'_> {
    /// The commits below `from` and not below any of `hidden`, at most [`COUNTED`] of them.
    pub(super) fn count(&self, from: &str, hidden: &[&str]) -> Result<Counted, WorktreeError> {
        if hidden.contains(&from) {
            return Ok((0, None));
        }
        self.ask(
            |repository| by_walk(repository, from, hidden),
            |git, at| {
                let hidden = hidden.iter().map(|hex| format!("^{hex}"));
                let range: Vec<String> = std::iter::once(from.to_owned()).chain(hidden).collect();
                let range: Vec<&str> = range.iter().map(String::as_str).collect();
                by_git::counted(git, at, &range)
            },
        )
    }
}

fn by_walk(
    repository: &git2::Repository,
    from: &str,
    hidden: &[&str],
) -> Result<Counted, git2::Error> {
    let mut walk = repository.revwalk()?;
    walk.set_sorting(Sort::TOPOLOGICAL | Sort::TIME)?;
    walk.push(Oid::from_str(from)?)?;
    for hex in hidden {
        walk.hide(Oid::from_str(hex)?)?;
    }
    let mut count = 0;
    let mut oldest = None;
    for id in walk.take(COUNTED) {
        oldest = Some(id?);
        count += 1;
    }
    let oldest = match oldest {
        Some(id) => {
            let at = repository.find_commit(id)?.time().seconds();
            Some((id.to_string(), by_libgit2::seconds(at)))
        }
        None => None,
    };
    Ok((count, oldest))
}
