//! What is seen of a team's repository: branches that move, and the commits that they bring.

use serde::{Deserialize, Serialize};

use crate::{AgentId, Timestamp};

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
