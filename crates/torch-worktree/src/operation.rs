//! Operations of git that wait for a person: a merge, a rebase and the like.

use std::fmt;
use std::fs;
use std::path::Path;

/// Something that is under way in a worktree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// `git merge`, stopped at a conflict or before its commit.
    Merge,
    /// `git rebase`.
    Rebase,
    /// `git am`.
    Mailbox,
    /// `git cherry-pick`.
    CherryPick,
    /// `git revert`.
    Revert,
    /// `git bisect`.
    Bisect,
}

/// What git keeps in a worktree's git directory while each is under way (git 2.47, wt-status.c); the more specific first.
const MARKS: [(&str, Operation); 9] = [
    ("rebase-merge", Operation::Rebase),
    ("rebase-apply/applying", Operation::Mailbox),
    ("rebase-apply", Operation::Rebase),
    ("MERGE_HEAD", Operation::Merge),
    ("CHERRY_PICK_HEAD", Operation::CherryPick),
    ("REVERT_HEAD", Operation::Revert),
    ("BISECT_LOG", Operation::Bisect),
    ("BISECT_START", Operation::Bisect),
    ("sequencer", Operation::CherryPick),
];

impl Operation {
    /// What is under way in the worktree whose own git directory this is.
    pub(crate) fn under_way(git_dir: &Path) -> Option<Self> {
        MARKS
            .iter()
            .find(|(mark, _)| git_dir.join(mark).exists())
            .map(|(_, operation)| *operation)
    }

    /// The subcommand of `git` that goes on with it with `--continue` and gives it up with `--abort`.
    fn subcommand(self) -> Option<&'static str> {
        Some(match self {
            Self::Merge => "merge",
            Self::Rebase => "rebase",
            Self::Mailbox => "am",
            Self::CherryPick => "cherry-pick",
            Self::Revert => "revert",
            Self::Bisect => return None,
        })
    }
}

/// An operation that waits for a person; its text says how a person ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unfinished(pub Operation);

impl std::error::Error for Unfinished {}

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.subcommand() {
            Some(command) => write!(
                f,
                "go on with `git {command} --continue` once its conflicts are resolved, or give it up with `git {command} --abort`"
            ),
            None => f.write_str("end it with `git bisect reset`"),
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Merge => "a merge",
            Self::Rebase => "a rebase",
            Self::Mailbox => "the application of a mailbox (git am)",
            Self::CherryPick => "a cherry-pick",
            Self::Revert => "a revert",
            Self::Bisect => "a bisection",
        })
    }
}

/// The branches that a rebase or a bisection in this worktree will come back to; its `HEAD` does not name them.
pub(crate) fn branches_to_return_to(git_dir: &Path) -> Vec<String> {
    [
        "rebase-merge/head-name",
        "rebase-apply/head-name",
        "BISECT_START",
    ]
    .iter()
    .filter_map(|file| fs::read_to_string(git_dir.join(file)).ok())
    .map(|name| {
        let name = name.trim();
        name.strip_prefix("refs/heads/").unwrap_or(name).to_owned()
    })
    .collect()
}
