//! Taking work back: what is asked for, and what is shown of it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use torch_core::rollback::{LastGood, LeasedPush, Rollback, TakenBack, Verdict};

use crate::wire::TeamSelector;

/// What `torch rollback` asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RollbackRequest {
    /// Which team; an agent's own is meant, whatever it says.
    pub team: TeamSelector,
    /// A commit that is bad: what has it is never the last good one. Without it the parent branch's newest commit is.
    #[serde(default)]
    pub bad: Option<String>,
    /// What.
    pub order: RollbackOrder,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "snake_case")]
pub enum RollbackOrder {
    /// Nothing: answers [`RollbackResponse::Plan`].
    Plan,
    /// Commits of the parent branch are reverted. Answers [`RollbackResponse::Done`].
    Revert {
        /// Names or ranges; none: all above the last good commit.
        commits: Vec<String>,
    },
    /// Files are restored as a commit. Answers [`RollbackResponse::Done`].
    Files {
        /// Files and folders, absolute or relative to the worktree.
        paths: Vec<PathBuf>,
        /// As they were at this commit; none: at the last good one.
        from: Option<String>,
        /// In the worktree of this role; none: the calling agent's, and for a person the one that holds the working directory.
        role: Option<String>,
    },
    /// A branch is made at the last good commit. Answers [`RollbackResponse::Done`].
    Branch {
        /// Commits that are picked onto it, in this order: names or ranges.
        keep: Vec<String>,
    },
    /// A branch is made there, the parent branch gets the content of the last good commit, and all agents are told.
    /// Answers [`RollbackResponse::Done`].
    Emergency {
        /// What a person has typed to have the branch itself put back, and its remote: the parent branch's name.
        force: Option<String>,
    },
    /// The parent branch is checked. Answers [`RollbackResponse::Done`].
    Verify {
        /// The command of the tests; none: as configured.
        test: Option<String>,
    },
    /// What was done so far. Answers [`RollbackResponse::List`].
    List,
}

impl RollbackOrder {
    /// The word used in output, which is also the command's.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Revert { .. } => "revert",
            Self::Files { .. } => "files",
            Self::Branch { .. } => "branch",
            Self::Emergency { .. } => "emergency",
            Self::Verify { .. } => "verify",
            Self::List => "list",
        }
    }
}

/// The answer to a [`RollbackRequest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum RollbackResponse {
    /// What would be taken back.
    Plan(Box<RollbackPlan>),
    /// What was done.
    Done(Box<RollbackView>),
    /// What was done so far.
    List(RollbackList),
}

/// What would be taken back, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RollbackPlan {
    /// The team's name.
    pub team: String,
    /// The branch that its work goes into.
    pub parent: String,
    /// Its newest commit, full hex.
    pub tip: String,
    /// The last good commit.
    pub good: LastGood,
    /// The bad commit that was named, full hex, and how many commits of the branch have been made since it came in.
    pub bad: Option<(String, usize)>,
    /// The commits of the branch above the good one, the newest first.
    pub taken: Vec<TakenBack>,
    /// The files that differ.
    pub files: Vec<FileChangeView>,
    /// The commits that the branch would leave if it were itself put back (`emergency --force`), the newest first.
    #[serde(default)]
    pub leaves: Vec<TakenBack>,
    /// What would then be replaced on the remote, under which lease; none where the remote is not known to have any of it.
    #[serde(default)]
    pub push: Option<LeasedPush>,
    /// Stable tags that are no commit of the branch itself and say nothing of it.
    pub aside: Vec<String>,
    /// Why it can't be done now, if it can't.
    pub hindrance: Option<String>,
    /// The command that had better be run.
    pub command: String,
    /// Why that one.
    pub why: String,
}

/// A file that differs between two commits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileChangeView {
    /// Its path; bytes that are not UTF-8 are U+FFFD.
    pub path: String,
    /// Lines added; none of a binary file.
    pub insertions: Option<u64>,
    /// Lines removed.
    pub deletions: Option<u64>,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RollbackView {
    /// The team's name.
    pub team: String,
    /// The branch that its work goes into.
    pub parent: String,
    /// The record.
    pub rollback: Rollback,
    /// How long it took, in milliseconds.
    pub took_millis: u64,
    /// The files that differ from before.
    pub files: Vec<FileChangeView>,
    /// The differences as a patch, without what would act on a terminal.
    pub diff: String,
    /// Whether the patch goes on.
    pub diff_cut: bool,
    /// What a check says; none where nothing was checked.
    pub verdict: Option<Verdict>,
    /// The command that brings back what was replaced.
    pub undo: Option<String>,
    /// How many agents are told.
    pub told: usize,
}

/// What was done so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RollbackList {
    /// The team's name.
    pub team: String,
    /// The records, the newest first.
    pub rollbacks: Vec<Rollback>,
}
