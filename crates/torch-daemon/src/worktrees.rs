//! Orders for worktrees, and what came of them: the words between state and host.

use std::collections::BTreeMap;
use std::path::PathBuf;

use torch_api::worktree::{RemovedView, UndeletedView, WorkView};
use torch_api::{CommitView, Failure};
use torch_core::git_activity::Withheld;
use torch_core::policy::SecretCheck;
use torch_core::{AgentId, AgentState, RoleName, Timestamp};

use crate::event::ConnId;

/// What becomes of an agent's home branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HomeBranch {
    /// It stays.
    Stays,
    /// It is deleted; its tip is kept.
    Goes,
}

impl From<bool> for HomeBranch {
    fn from(goes: bool) -> Self {
        if goes { Self::Goes } else { Self::Stays }
    }
}

/// How worktrees are cleaned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cleaning {
    /// What becomes of their branches.
    pub branch: HomeBranch,
    /// Whether it is only said what would be removed.
    pub dry_run: bool,
}

/// A worktree as the registry knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// Whose it is; none where it belongs to no team any more.
    pub agent: Option<AgentId>,
    /// The role; for one that belongs to no team, after its folder.
    pub role: RoleName,
    /// The team's name.
    pub team: Option<String>,
    /// The agent's state.
    pub state: Option<AgentState>,
    /// A directory of the repository: the project, or the worktree itself.
    pub project: PathBuf,
    /// Where it is.
    pub path: PathBuf,
    /// The agent's home branch.
    pub branch: Option<String>,
    /// The commit that the work began at.
    pub base: Option<String>,
    /// The branch that the work is to go into; none: the one that is checked out in the project.
    pub parent: Option<String>,
    /// Whether it was made.
    pub ready: bool,
}

/// Where a team's work lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repositories {
    /// The repository's common git directory.
    pub common_dir: PathBuf,
    /// The branch that the work is for; `HEAD` for none.
    pub parent: String,
    /// The commit that the team began at.
    pub base_commit: String,
    /// The agents that have worktrees.
    pub agents: Vec<(AgentId, Registered)>,
    /// What remotes do not have yet, though the repository notes it as theirs.
    pub withheld: Vec<Withheld>,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Look at worktrees; answered by the host.
    List {
        /// The agents' ones that are shown.
        agents: Vec<Registered>,
        /// Every agent's, so that the others of the registry can be told from them; none: they are not shown.
        others_than: Option<Vec<PathBuf>>,
        /// How far the agents are with what they have to do.
        work: BTreeMap<AgentId, WorkView>,
    },
    /// List what is kept; answered by the host.
    Kept {
        /// Directories, the first of which that lies in a repository is meant.
        places: Vec<PathBuf>,
        /// Of one role.
        role: Option<String>,
    },
    /// Look which agents change the same files; answered by the host.
    Radar {
        /// The team's name.
        team: String,
        /// The branch that the work is for.
        parent: String,
        /// The team's agents.
        agents: Vec<Registered>,
    },
    /// Look how the branches of a team's agents stand; answered by the host.
    Health {
        /// What the state knows.
        view: Box<torch_api::git::HealthView>,
        /// What is looked at.
        at: Repositories,
        /// The present.
        now: Timestamp,
    },
    /// Look whose work is hardest to bring together; answered by the host.
    Risk {
        /// The team's name.
        team: String,
        /// What is looked at.
        at: Repositories,
    },
    /// Look what an integration would do; answered by the host.
    PreviewIntegration(Box<crate::integrate::Job>),
    /// Keep and remove these.
    Remove {
        /// Which.
        worktrees: Vec<Registered>,
        /// What becomes of their home branches.
        branch: HomeBranch,
        /// The present.
        now: Timestamp,
        /// Why: the command, in words.
        why: String,
    },
    /// Make one that no team has.
    Add {
        /// A directory of the project.
        project: PathBuf,
        /// Its name, as a role's.
        name: RoleName,
        /// Every agent's: how many there are besides is limited.
        known: Vec<PathBuf>,
    },
    /// Find out in which repository worktrees are to be cleaned away.
    FindToClean {
        /// A directory of it.
        directory: PathBuf,
        /// What is wanted there.
        clean: Cleaning,
    },
    /// Remove those whose work is done.
    Clean {
        /// The agents' ones, none of which runs.
        agents: Vec<Registered>,
        /// Every agent's, so that the others of the registry can be told from them; none: they stay.
        others_than: Option<Vec<PathBuf>>,
        /// The common git directory that the others must have; none: any.
        within: Option<PathBuf>,
        /// What becomes of their branches.
        branch: HomeBranch,
        /// The present, if anything is to be removed; else it is only said what would be.
        now: Option<Timestamp>,
    },
    /// Mend what was moved by hand; answered by the host.
    Repair {
        /// A directory of the project.
        project: PathBuf,
        /// Where worktrees are now.
        places: Vec<PathBuf>,
        /// Where every agent's belongs.
        known: Vec<PathBuf>,
    },
    /// Commit what was changed in this one.
    Commit {
        /// Which; it is an agent's.
        worktree: Box<Registered>,
        /// The message, cleaned.
        message: String,
        /// Files and folders; empty: all changes.
        paths: Vec<PathBuf>,
        /// Variables for the repository's hooks.
        env: BTreeMap<String, String>,
        /// What becomes of it with a secret in it.
        secrets: SecretCheck,
        /// Because of what, for the journal.
        cause: String,
    },
    /// Take work back.
    Rollback(Box<crate::rollback::Job>),
    /// Bring one back.
    Undelete {
        /// Directories, the first of which that lies in a repository is meant.
        places: Vec<PathBuf>,
        /// A role or a reference.
        what: String,
        /// The team that it must be of, by name.
        team: Option<String>,
        /// Where to.
        to: Option<PathBuf>,
    },
}

/// What came of an order that changed something.
#[derive(Debug)]
pub enum Outcome {
    /// Worktrees were removed, or not.
    Removed {
        /// Who asked.
        conn: ConnId,
        /// What became of each.
        results: Vec<Removed>,
    },
    /// It is known in which repository worktrees are to be cleaned away.
    FoundToClean {
        /// Who asked.
        conn: ConnId,
        /// The repository's common git directory.
        common_dir: PathBuf,
        /// What is wanted there.
        clean: Cleaning,
    },
    /// Worktrees were looked at, and those whose work is done removed.
    Cleaned {
        /// Who asked.
        conn: ConnId,
        /// What became of each.
        results: Vec<Removed>,
    },
    /// A commit was made, or not.
    Committed {
        /// Who asked.
        conn: ConnId,
        /// Whose worktree.
        agent: AgentId,
        /// Because of what.
        cause: String,
        /// What looked like a secret in it, one text each.
        secrets: Vec<String>,
        /// What came of it.
        result: Result<Box<CommitView>, Failure>,
    },
    /// Work was taken back, or is about to be.
    Rollback(Box<crate::rollback::Done>),
    /// One was brought back, or not.
    Undeleted {
        /// Who asked.
        conn: ConnId,
        /// What came of it.
        result: Result<Box<UndeletedView>, Failure>,
    },
}

impl Outcome {
    /// The cause that journal entries of its turn carry.
    pub fn cause(&self) -> &'static str {
        match self {
            Self::Removed { .. } => "worktrees removed",
            Self::FoundToClean { .. } => "worktrees to clean",
            Self::Cleaned { .. } => "worktrees cleaned",
            Self::Committed { .. } => "commit ended",
            Self::Rollback(_) => "rollback",
            Self::Undeleted { .. } => "worktree undeleted",
        }
    }
}

/// What became of one worktree.
#[derive(Debug)]
pub struct Removed {
    /// Whose it was.
    pub agent: Option<AgentId>,
    /// What is told of it.
    pub view: RemovedView,
    /// Whether a worktree still stands there.
    pub stands: bool,
}
