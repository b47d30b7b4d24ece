//! What is to be taken back, and what came of it: the words between state and host.

use std::path::PathBuf;

use torch_api::Failure;
use torch_api::rollback::{FileChangeView, RollbackOrder};
use torch_core::rollback::{Check, Rollback, RollbackKind, RollbackState};
use torch_core::{RollbackId, TeamId, Timestamp};

use crate::event::ConnId;

/// What somebody wants, as far as the state knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The id of what may come of it.
    pub id: RollbackId,
    /// The team.
    pub team: TeamId,
    /// Its name.
    pub name: String,
    /// A directory of its project.
    pub project: PathBuf,
    /// The branch that its work goes into.
    pub parent: String,
    /// Who wants it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// What a branch of now is called: of a rollback, and of an emergency.
    pub branches: [String; 2],
    /// A commit that is bad.
    pub bad: Option<String>,
    /// What.
    pub order: RollbackOrder,
    /// The worktree in which files are restored.
    pub worktree: Option<PathBuf>,
    /// The verified integrations of the team; looked up by the host.
    pub integrations: Vec<Landed>,
    /// The rollbacks of all teams, the oldest first: a branch's commits tell which of them were made on it. Looked up by the host.
    pub records: Vec<Rollback>,
    /// The last rollback that moved the parent branch; looked up by the host.
    pub last: Option<Box<Rollback>>,
    /// What each check runs, and how many minutes each may take.
    pub checks: Vec<(String, String)>,
    /// As [`Self::checks`].
    pub minutes: u64,
}

impl Wanted {
    /// Its record as it begins: nothing is told of it but what is wanted, by whom and when.
    pub(crate) fn record(&self, what: RollbackKind) -> Rollback {
        Rollback {
            id: self.id,
            team: self.team,
            at: self.at,
            by: self.by.clone(),
            what,
            bad: None,
            parent_tip: None,
            reverts: None,
            good: None,
            taken: Vec::new(),
            files: 0,
            moves: None,
            new_branch: None,
            push: None,
            checks: Vec::new(),
            state: RollbackState::Applying,
        }
    }
}

/// A verified integration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Landed {
    /// Its id.
    pub id: String,
    /// Where it ended, full hex.
    pub commit: String,
    /// Where the parent branch stood before, full hex.
    pub before: String,
}

/// Something to be done outside of the state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Job {
    /// It is looked what would be done, and the commits are made; no reference moves. A plan and a list are answered by the host.
    Prepare(Box<Wanted>),
    /// A record that is kept is carried out, or gone on with.
    CarryOut {
        /// The record.
        rollback: Box<Rollback>,
        /// A directory of the project.
        project: PathBuf,
        /// The branch that the team's work goes into.
        parent: String,
    },
}

/// What came of it.
#[derive(Debug)]
pub enum Done {
    /// It may be done, or may not.
    Prepared {
        /// Who asked.
        conn: ConnId,
        /// What was wanted.
        wanted: Box<Wanted>,
        /// What would be done.
        result: Result<Box<Rollback>, Box<Failure>>,
    },
    /// It was done, or not.
    Carried {
        /// Which.
        id: RollbackId,
        /// What is told of it.
        result: Result<Box<Carried>, Box<Failure>>,
    },
    /// The parent branch was checked.
    Checked {
        /// Who asked.
        conn: ConnId,
        /// What was wanted.
        wanted: Box<Wanted>,
        /// The checks.
        result: Result<Vec<Check>, Box<Failure>>,
    },
}

/// What is told of a rollback that was carried out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Carried {
    /// Why the remote does not have it.
    pub not_pushed: Option<String>,
    /// The files that differ from before.
    pub files: Vec<FileChangeView>,
    /// The differences.
    pub diff: String,
    /// Whether there are more.
    pub diff_cut: bool,
    /// The command that brings back what was replaced.
    pub undo: Option<String>,
}
