//! What is seen of a team's repository: branches that move, and the commits that they bring.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{AgentId, TeamId, Timestamp};

/// At most as many commits are told of one move; [`RefMove::more`] counts the others.
pub const COMMITS_TOLD: usize = 50;

/// A commit, as far as anybody needs it who does not read the repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitFact {
    /// Full hex.
    pub id: String,
    /// Its parents, full hex; a merge has two or more.
    pub parents: Vec<String>,
    /// The first line of its message; bytes that are not UTF-8 are U+FFFD.
    pub subject: String,
    /// The author's name.
    pub author: String,
    /// The author's address.
    pub email: String,
    /// When it was committed, by the committer's own clock.
    pub at: Timestamp,
}

/// A branch that was made, moved or deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefMove {
    /// The full name: `refs/heads/main`, or `refs/remotes/origin/main`, which moves with a push or a fetch; `HEAD` of a detached worktree.
    pub name: String,
    /// Whose worktree has it checked out.
    pub agent: Option<AgentId>,
    /// Where it stood, full hex; `None` when it is new.
    pub old: Option<String>,
    /// Where it stands, full hex; `None` when it is gone.
    pub new: Option<String>,
    /// Whether commits that it led to are not below it any more: an amended commit, a rebase, a reset.
    pub rewound: bool,
    /// The commits that it leads to now and did not before (for a new one: that the team's base does not), the oldest first, at most
    /// [`COMMITS_TOLD`], the newest ones.
    pub commits: Vec<CommitFact>,
    /// How many there are besides.
    pub more: usize,
}

impl RefMove {
    /// Under which name [`KnownRefs::tips`] has it: the reference's own, and for a detached worktree one of its agent's.
    pub fn key(&self) -> String {
        match self.agent.filter(|_| self.name == "HEAD") {
            Some(agent) => detached_key(agent),
            None => self.name.clone(),
        }
    }

    /// The branch's name without `refs/heads/`; `None` for what is none of this repository.
    pub fn branch(&self) -> Option<&str> {
        self.name.strip_prefix("refs/heads/")
    }

    /// The remote and the branch of a remote's branch, as far as the first `/` tells them apart.
    pub fn remote_branch(&self) -> Option<(&str, &str)> {
        self.name.strip_prefix("refs/remotes/")?.split_once('/')
    }
}

/// The key of the commit that an agent's detached worktree is at.
pub fn detached_key(agent: AgentId) -> String {
    format!("HEAD@{agent}")
}

/// Where a repository's branches stood when a team was last told: what moves is what differs from it. It is written in the turn
/// that tells of the moves, so nothing is told twice and nothing is missed while no daemon runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownRefs {
    /// The team.
    pub team: TeamId,
    /// When it was last written.
    pub at: Timestamp,
    /// The commits, full hex, by the references' names.
    pub tips: BTreeMap<String, String>,
    /// The conflicts between agents that their owners were told of: `PATH: ROLE, ROLE`.
    #[serde(default)]
    pub told: BTreeSet<String>,
}

/// What was seen of one agent's work with git.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentActivity {
    /// The agent.
    pub agent: AgentId,
    /// Its team.
    pub team: TeamId,
    /// Since when it is counted.
    pub since: Timestamp,
    /// How many commits it made.
    #[serde(default)]
    pub commits: u64,
    /// When the last one was made.
    #[serde(default)]
    pub last_commit: Option<Timestamp>,
    /// How often it pushed.
    #[serde(default)]
    pub pushes: u64,
    /// When it pushed last.
    #[serde(default)]
    pub last_push: Option<Timestamp>,
    /// The remote, and the branch of it, that it pushed to last.
    #[serde(default)]
    pub pushed_to: Option<(String, String)>,
    /// What of the parent branch it lacks.
    #[serde(default)]
    pub lacks: Option<Lacking>,
    /// The pull request of its branch.
    #[serde(default)]
    pub request: Option<PullRequest>,
}

/// New commits of the parent branch that an agent's branch has not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lacking {
    /// The oldest of them, full hex.
    pub oldest: String,
    /// Since when it is missing.
    pub since: Timestamp,
}

/// A pull request, as far as its age matters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullRequest {
    /// Its number.
    pub number: u64,
    /// Its state, in lower case: `open`, `merged`, `closed`.
    pub state: String,
    /// When it was opened.
    pub opened: Timestamp,
    /// When it was merged.
    #[serde(default)]
    pub merged: Option<Timestamp>,
}

/// A push that waits in a team's broker: the repository notes it as the remote's, and the remote does not have it yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withheld {
    /// The remote's branch as the repository notes it: `refs/remotes/origin/feature/login`.
    pub note: String,
    /// Where the push put the note, full hex.
    pub pushed: String,
    /// Where the note was before, full hex; `None`: the remote had no such branch.
    pub there: Option<String>,
}

/// Commits of a branch that its remote does not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotPushed {
    /// How many.
    pub commits: u64,
    /// The remote's name.
    pub remote: String,
    /// The command by which a person brings them there: `git push origin main`.
    pub push: String,
}

/// How an agent's branch stands to its parent and to the remote, as the repository has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Whose worktree it is.
    pub agent: AgentId,
    /// The branch that is checked out; `None` where HEAD is detached.
    pub branch: Option<String>,
    /// The commit that is checked out, full hex.
    pub head: String,
    /// How many commits the parent has not.
    pub ahead: u64,
    /// When the oldest of them was made.
    pub ahead_since: Option<Timestamp>,
    /// How many commits of the parent it has not.
    pub behind: u64,
    /// The oldest of them, full hex.
    pub lacks: Option<String>,
    /// How many of its own commits, those that the parent has not either, no remote has; `None` where there is no remote.
    pub unpushed: Option<u64>,
    /// When the oldest of them was made.
    pub unpushed_since: Option<Timestamp>,
}
