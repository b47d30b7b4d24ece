//! A rollback: commits of the team's parent branch taken back, files restored, or a branch made where all was well.
//!
//! What is about to be done to the repository is kept before it is done: a daemon that finds an open record looks at the
//! repository, and finishes it or says why not.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::{RollbackId, TeamId, Timestamp};

/// Within how long work is to be taken back.
pub const TARGET_SECONDS: u64 = 300;

/// What is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RollbackKind {
    /// Commits are reverted on the parent branch.
    Revert,
    /// Files are restored in a worktree, as a commit.
    Files,
    /// A branch is made at the last good commit.
    Branch,
    /// A branch is made there, and the parent branch brought back to that commit's content.
    Emergency,
    /// The parent branch is checked.
    Verify,
}

impl RollbackKind {
    /// The word used in output, which is also the command's.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Revert => "revert",
            Self::Files => "files",
            Self::Branch => "branch",
            Self::Emergency => "emergency",
            Self::Verify => "verify",
        }
    }
}

/// Why a commit counts as good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "lowercase")]
pub enum GoodBy {
    /// An integration ended with it, and it was checked afterwards.
    Integration {
        /// Its id.
        id: String,
    },
    /// A tag of this name.
    Tag {
        /// `stable-login-20261121-061412`.
        name: String,
    },
    /// Its message begins so.
    Message {
        /// `Integration:` or `stable:`.
        prefix: String,
    },
    /// A person named it.
    Given,
}

impl std::fmt::Display for GoodBy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Integration { id } => write!(f, "the verified integration {id} ended there"),
            Self::Tag { name } => write!(f, "it has the tag {name}"),
            Self::Message { prefix } => write!(f, "its message begins with \"{prefix}\""),
            Self::Given => f.write_str("it was named"),
        }
    }
}

/// The commit to which work is taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastGood {
    /// Full hex.
    pub commit: String,
    /// The first line of its message.
    pub subject: String,
    /// When it was made.
    pub at: Timestamp,
    /// Why it counts as good.
    pub why: GoodBy,
}

/// A commit that is taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakenBack {
    /// Full hex.
    pub id: String,
    /// The first line of its message.
    pub subject: String,
    /// The author's name.
    pub author: String,
    /// When it was made.
    pub at: Timestamp,
    /// How many commits it brought in, if it is a merge.
    #[serde(default)]
    pub merged: Option<usize>,
}

/// What happens to a branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BranchMove {
    /// Its name, without `refs/heads/`; none: the detached HEAD of `worktree`.
    pub branch: Option<String>,
    /// The worktree that is meant; none: whichever has the branch checked out, if one has.
    #[serde(default)]
    pub worktree: Option<PathBuf>,
    /// Where it stands, full hex.
    pub from: String,
    /// Where it goes, full hex: a descendant of `from`.
    pub to: String,
    /// Where it is put after that, full hex: an ancestor with the same content, so that no file changes any more.
    #[serde(default)]
    pub hard: Option<String>,
    /// Whether other files of the worktree may have changes that are not committed.
    #[serde(default)]
    pub others_may_change: bool,
}

/// A branch that is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewBranch {
    /// Its name, without `refs/heads/`.
    pub name: String,
    /// Its commit, full hex.
    pub commit: String,
}

/// A push that replaces what the remote has, if that is what is expected there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeasedPush {
    /// The remote.
    pub remote: String,
    /// The branch there.
    pub branch: String,
    /// What it must have, full hex.
    pub expected: String,
}

/// How a check ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum CheckResult {
    /// All is well.
    Passed {
        /// What was seen.
        what: String,
    },
    /// It is not.
    Failed {
        /// What was seen.
        why: String,
    },
    /// Nobody looked.
    NotChecked {
        /// What would have it looked at.
        why: String,
    },
}

/// One of the checks after a rollback.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// `version`, `tests`, `data`, `performance`, `security` or `integrations`.
    pub name: String,
    /// The command that was run.
    pub command: Option<String>,
    /// Where its output lies.
    pub log: Option<PathBuf>,
    /// How long it took.
    pub seconds: u64,
    /// How it ended.
    #[serde(flatten)]
    pub result: CheckResult,
}

/// What the checks say together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// None failed, and at least one passed.
    Success,
    /// Nobody looked at anything.
    Unchecked,
    /// One or two failed.
    Partial,
    /// More failed.
    Failed,
}

impl Verdict {
    /// Of these checks; one that nobody looked at counts neither way.
    pub fn of(checks: &[Check]) -> Self {
        let failed = |check: &&Check| matches!(check.result, CheckResult::Failed { .. });
        let not = |check: &Check| matches!(check.result, CheckResult::NotChecked { .. });
        match checks.iter().filter(failed).count() {
            0 if checks.iter().all(not) => Self::Unchecked,
            0 => Self::Success,
            1 | 2 => Self::Partial,
            _ => Self::Failed,
        }
    }

    /// The word used in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Unchecked => "unchecked",
            Self::Partial => "partial",
            Self::Failed => "failed",
        }
    }
}

/// How far a rollback is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum RollbackState {
    /// It is being done, or was when the daemon ended.
    Applying,
    /// It is done.
    Done {
        /// When.
        at: Timestamp,
        /// Why the remote does not have it, where it was to have it.
        #[serde(default)]
        not_pushed: Option<String>,
    },
    /// It was not done; branches stand where they stood.
    Failed {
        /// When.
        at: Timestamp,
        /// Why.
        why: String,
    },
}

/// One rollback.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollback {
    /// Its id.
    pub id: RollbackId,
    /// The team.
    pub team: TeamId,
    /// When it was asked for.
    pub at: Timestamp,
    /// By whom: `human`, `script` or a role.
    pub by: String,
    /// What was wanted.
    pub what: RollbackKind,
    /// The commit that was named as bad, full hex.
    #[serde(default)]
    pub bad: Option<String>,
    /// Where the parent branch stood, full hex; none where nobody looked.
    #[serde(default)]
    pub parent_tip: Option<String>,
    /// Where to.
    pub good: Option<LastGood>,
    /// What is taken back, the newest first.
    pub taken: Vec<TakenBack>,
    /// How many commits were made for that: what is undone already needs none. None where it is not one by one, or not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reverts: Option<usize>,
    /// How many files it changes.
    pub files: usize,
    /// What happens to a branch.
    pub moves: Option<BranchMove>,
    /// The branch that is made.
    pub new_branch: Option<NewBranch>,
    /// What is pushed.
    pub push: Option<LeasedPush>,
    /// What was checked.
    #[serde(default)]
    pub checks: Vec<Check>,
    /// How far it is.
    pub state: RollbackState,
}

impl Rollback {
    /// Whether it is being done.
    pub fn is_open(&self) -> bool {
        self.state == RollbackState::Applying
    }

    /// When it ended.
    pub fn ended(&self) -> Option<Timestamp> {
        match self.state {
            RollbackState::Applying => None,
            RollbackState::Done { at, .. } | RollbackState::Failed { at, .. } => Some(at),
        }
    }

    /// How long it took, in milliseconds.
    pub fn took_millis(&self) -> Option<u64> {
        self.ended().map(|at| at.0.saturating_sub(self.at.0))
    }

    /// The hidden references of it: `refs/torch/rollback/7k3f9q2a`.
    pub fn refs(&self) -> String {
        format!("refs/torch/rollback/{}", self.id.short())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verdict_counts_failures_alone() {
        let check = |result: CheckResult| Check {
            name: "data".to_owned(),
            command: None,
            log: None,
            seconds: 0,
            result,
        };
        let failed = || CheckResult::Failed { why: String::new() };
        let passed = || CheckResult::Passed {
            what: String::new(),
        };
        let not = || CheckResult::NotChecked { why: String::new() };
        let verdict = |n: usize| {
            let mut checks: Vec<_> = (0..n).map(|_| check(failed())).collect();
            checks.push(check(not()));
            checks.push(check(passed()));
            Verdict::of(&checks)
        };
        let found: Vec<_> = (0..5).map(verdict).collect();
        let (partial, failed) = (Verdict::Partial, Verdict::Failed);
        assert_eq!(found, [Verdict::Success, partial, partial, failed, failed]);
        let nobody_looked = [check(not()), check(not())];
        assert_eq!(Verdict::of(&nobody_looked), Verdict::Unchecked);
    }
}
