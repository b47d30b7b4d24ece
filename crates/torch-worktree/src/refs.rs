//! Where a repository's branches stand, what moved since another time, and how agents' branches stand to their parent.
//!
//! One reading is one look at all references, by libgit2 or, where that can't open the repository (reftable, sha256), by `git`.

mod by_git;
mod by_libgit2;
mod graph;
mod remotes;
mod standing;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use torch_core::AgentId;
use torch_core::git_activity::{COMMITS_TOLD, CommitFact, RefMove, detached_key};

use crate::{Git, WorktreeError};

pub use graph::{graph, line_counts, made_at, newest};
pub use remotes::{branch_not_pushed, has_remote, not_pushed};
pub use standing::{StandingsRequest, standings};

/// At most as many commits of one move are counted.
const COUNTED: usize = 10_000;

/// A repository's branches, and what its worktrees have checked out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tips {
    /// The commits of all branches and of all branches of remotes, full hex, by full name; symbolic ones (`origin/HEAD`) aside.
    pub refs: BTreeMap<String, String>,
    /// The worktrees, the main one too.
    pub heads: Vec<HeadAt>,
}

/// What a worktree has checked out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadAt {
    /// Where its files are.
    pub path: PathBuf,
    /// The branch: the one that it comes back to while a rebase or a bisection is under way.
    pub branch: Option<String>,
    /// The commit of a detached one with nothing under way, full hex.
    pub detached: Option<String>,
}

/// Whose worktree lies where.
pub type Owners = [(AgentId, PathBuf)];

impl Tips {
    /// Reads a repository by its common git directory.
    ///
    /// # Errors
    /// [`WorktreeError`] when neither libgit2 nor `git` can read it.
    pub fn read(git: &Git, common_dir: &Path) -> Result<Self, WorktreeError> {
        match git2::Repository::open(common_dir) {
            Ok(repository) => by_libgit2::tips(&repository)
                .map_err(WorktreeError::libgit2("read the branches", common_dir)),
            Err(_) => by_git::tips(git, common_dir),
        }
    }

    /// The commits under the names that [`RefMove::key`] gives, with the detached worktrees of these agents.
    pub fn known(&self, owners: &Owners) -> BTreeMap<String, String> {
        let mut known = self.refs.clone();
        for (agent, path) in owners {
            if let Some(commit) = self.at(path).and_then(|head| head.detached.as_ref()) {
                known.insert(detached_key(*agent), commit.clone());
            }
        }
        known
    }

    /// What a worktree has checked out.
    pub(crate) fn at(&self, path: &Path) -> Option<&HeadAt> {
        self.heads.iter().find(|head| {
            let found = &head.path;
            found == path
                || found
                    .canonicalize()
                    .is_ok_and(|canonical| canonical == path)
        })
    }

    /// The agent that has the branch of this full name checked out.
    pub fn owner(&self, name: &str, owners: &Owners) -> Option<AgentId> {
        let branch = name.strip_prefix("refs/heads/")?;
        let holds = |path: &Path| {
            self.at(path)
                .is_some_and(|head| head.branch.as_deref() == Some(branch))
        };
        owners
            .iter()
            .find(|(_, path)| holds(path))
            .map(|(agent, _)| *agent)
    }
}

/// What is asked of a repository after its branches were read.
#[derive(Debug, Clone, Copy)]
pub struct MovesRequest<'a> {
    /// The common git directory.
    pub common_dir: &'a Path,
    /// Where the branches stand now.
    pub tips: &'a Tips,
    /// Where they stood, as [`Tips::known`] gave it.
    pub known: &'a BTreeMap<String, String>,
    /// What a new branch is compared with: the commit that the team began at, and its parent branch by its full name.
    pub base: (&'a str, &'a str),
    /// Whose worktrees lie where.
    pub owners: &'a Owners,
}

/// What moved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moved {
    /// The moves, in the order of the names.
    pub moves: Vec<RefMove>,
    /// The commits of these that no branch led to before: a merge brings a branch many that are not new.
    pub fresh: BTreeSet<String>,
}

/// What moved.
///
/// # Errors
/// [`WorktreeError`] when the repository can't be read.
pub fn moves(git: &Git, request: &MovesRequest<'_>) -> Result<Moved, WorktreeError> {
    let now = request.tips.known(request.owners);
    let gone = request.known.keys().filter(|name| !now.contains_key(*name));
    let changed = now
        .iter()
        .filter(|(name, commit)| request.known.get(*name) != Some(commit))
        .map(|(name, _)| name);
    let mut names: Vec<&String> = gone.chain(changed).collect();
    names.sort_unstable();
    if names.is_empty() {
        return Ok(Moved::default());
    }
    let graph = Graph::open(git, request.common_dir);
    let (base, parent) = request.base;
    let parent_stood = request.known.get(parent).map(String::as_str);
    let mut found = Vec::new();
    for key in names {
        let (old, new) = (request.known.get(key), now.get(key));
        let led = match (old, new) {
            (_, None) => Led::default(),
            (Some(old), Some(new)) => graph.led(Some(old), new, &[])?,
            (None, Some(new)) => {
                let hidden: Vec<&str> = std::iter::once(base).chain(parent_stood).collect();
                graph.led(None, new, &hidden)?
            }
        };
        let detached = owner_of_detached(key, request.owners);
        found.push(RefMove {
            name: detached.map_or_else(|| key.clone(), |_| "HEAD".to_owned()),
            agent: detached.or_else(|| request.tips.owner(key, request.owners)),
            old: old.cloned(),
            new: new.cloned(),
            rewound: led.rewound,
            commits: led.commits,
            more: led.more,
        });
    }
    // Of an agent that is gone nobody says where its worktree's HEAD was.
    found.retain(|moved| !moved.name.starts_with("HEAD@"));
    let news = found.iter().filter(|moved| !moved.commits.is_empty());
    let news: BTreeSet<&str> = news.filter_map(|moved| moved.new.as_deref()).collect();
    let fresh = match news.is_empty() {
        true => BTreeSet::new(),
        false => graph.fresh(&news, request)?,
    };
    Ok(Moved {
        moves: found,
        fresh,
    })
}

fn owner_of_detached(key: &str, owners: &Owners) -> Option<AgentId> {
    let found = owners.iter().find(|(agent, _)| detached_key(*agent) == key);
    found.map(|(agent, _)| *agent)
}

/// What a branch leads to that it did not lead to before.
#[derive(Debug, Default)]
struct Led {
    rewound: bool,
    commits: Vec<CommitFact>,
    more: usize,
}

/// A way to ask for commits: by libgit2, and by `git` where that can't open the repository, or refuses a commit that git itself shows,
/// such as one with a date that is none.
pub(crate) struct Graph<'a> {
    repository: Option<Box<git2::Repository>>,
    git: &'a Git,
    common_dir: &'a Path,
}

impl<'a> Graph<'a> {
    pub(crate) fn open(git: &'a Git, common_dir: &'a Path) -> Self {
        Self {
            repository: git2::Repository::open(common_dir).ok().map(Box::new),
            git,
            common_dir,
        }
    }

    /// Whether libgit2 opens the repository: not with sha256 or reftable.
    pub(crate) fn is_read_by_libgit2(&self) -> bool {
        self.repository.is_some()
    }

    pub(crate) fn ask<T>(
        &self,
        by_libgit2: impl FnOnce(&git2::Repository) -> Result<T, git2::Error>,
        by_git: impl FnOnce(&Git, &Path) -> Result<T, WorktreeError>,
    ) -> Result<T, WorktreeError> {
        if let Some(repository) = &self.repository {
            match by_libgit2(repository) {
                Ok(found) => return Ok(found),
                Err(error) => {
                    tracing::debug!(at = %self.common_dir.display(), %error, "git is asked instead of libgit2");
                }
            }
        }
        by_git(self.git, self.common_dir)
    }

    /// What these lead to and nothing that was known did, at most [`COUNTED`].
    fn fresh(
        &self,
        news: &BTreeSet<&str>,
        request: &MovesRequest<'_>,
    ) -> Result<BTreeSet<String>, WorktreeError> {
        let known: BTreeSet<&str> = request.known.values().map(String::as_str).collect();
        let known: BTreeSet<&str> = known.into_iter().chain([request.base.0]).collect();
        self.ask(
            |repository| by_libgit2::fresh(repository, news, &known),
            |git, at| by_git::fresh(git, at, news, &known),
        )
    }

    fn led(&self, old: Option<&str>, new: &str, hidden: &[&str]) -> Result<Led, WorktreeError> {
        self.ask(
            |repository| by_libgit2::led(repository, old, new, hidden),
            |git, at| by_git::led(git, at, old, new, hidden),
        )
    }
}
