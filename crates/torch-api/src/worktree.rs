//! What is shown of worktrees: those that stand, those that were removed, and what is kept of them.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use torch_core::{AgentState, Timestamp};

use crate::Failure;

/// One worktree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorktreeView {
    /// The team's name; none where it belongs to no team any more.
    pub team: Option<String>,
    /// The role; of one that belongs to no team, its folder's name.
    pub role: String,
    /// What the agent is doing.
    pub state: Option<AgentState>,
    /// Where it is, or will be.
    pub path: PathBuf,
    /// Whether it stands there.
    pub there: bool,
    /// Whether it was removed, and what was in it is kept.
    #[serde(default)]
    pub removed: bool,
    /// The branch that is checked out; none on a detached HEAD.
    pub branch: Option<String>,
    /// The commit that is checked out, full hex.
    pub head: Option<String>,
    /// Commits that the branch lacks which the work is to go into, as `torch git health` counts them; none where that can't be told.
    pub ahead: Option<u64>,
    /// Files that git knows and that are changed, staged or not.
    pub changed: u64,
    /// Files that are new.
    pub untracked: u64,
    /// Why it can't be looked at, or what is wrong with it.
    pub problem: Option<String>,
    /// What mends that, in words with a command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mend: Option<String>,
    /// The first of its two ports.
    #[serde(default)]
    pub port: Option<u16>,
    /// How far the work is, seen from the branch that it is to go into.
    #[serde(default)]
    pub progress: Option<ProgressView>,
    /// How far its agent is with what it has to do.
    #[serde(default)]
    pub work: Option<WorkView>,
    /// Of one that no team has: how many of them its project has.
    #[serde(default)]
    pub own: Option<OwnView>,
    /// Of one that was to be made: whether it stood there before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was_there: Option<bool>,
}

/// The ports of which worktrees get pairs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortsView {
    /// The range, as `8100-8199`.
    pub pool: String,
    /// The first of the pair that the next worktree gets, as far as nobody takes it before; none is left.
    pub next: Option<u16>,
}

/// How far an agent is with what it has to do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkView {
    /// How many of its tasks are done.
    pub tasks_done: u32,
    /// How many it has in the team's plan.
    pub tasks: u32,
    /// What it says that holds it up.
    pub blocked: Option<String>,
    /// What the tests said when its work was last put together with the others'.
    pub tests: Option<TestsView>,
}

/// What tests said of an agent's work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestsView {
    /// Its commit that was in, full hex.
    pub commit: String,
    /// Whether they passed.
    pub passed: bool,
    /// Who ran them: `torch`, or a role.
    pub by: String,
}

/// The worktrees of a project that no team has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnView {
    /// The project.
    pub project: PathBuf,
    /// How many there are.
    pub count: u64,
    /// How many there may be (`worktree.limit`); none: any number.
    pub limit: Option<u64>,
}

/// How far the work in a worktree is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgressView {
    /// The branch that it is to go into.
    pub parent: String,
    /// Commits that the parent does not have.
    pub unmerged: u64,
    /// Commits of the parent that are not here.
    pub behind: u64,
    /// Commits that no remote has; none where there is no remote.
    pub unpushed: Option<u64>,
    /// When the commit that is checked out was made.
    pub last_commit: Timestamp,
    /// What is under way: `a merge`.
    pub operation: Option<String>,
    /// What had better be done, where nobody has committed for a week.
    pub advice: Option<String>,
}

/// What is kept of a removed worktree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptView {
    /// `refs/torch/kept/ROLE/STAMP`.
    pub reference: String,
    /// The same from the role on, as `torch undelete` takes it.
    pub short: String,
    /// The commit it points to: its tree is the working tree, its first parent what was checked out.
    pub commit: String,
    /// The role.
    pub role: String,
    /// The team's name.
    pub team: Option<String>,
    /// Where the worktree was.
    pub path: PathBuf,
    /// The branch that was checked out.
    pub branch: Option<String>,
    /// The commit that was checked out, full hex.
    pub head: String,
    /// When it was kept.
    pub at: Timestamp,
    /// Why: the command.
    pub why: String,
    /// Commits since the team's base.
    pub commits: u64,
    /// Files that were not committed.
    pub files: u64,
    /// The messages of its stashes.
    pub stashes: Vec<String>,
    /// What was under way: `a merge`.
    pub operation: Option<String>,
    /// Ignored files, which are not kept.
    pub ignored_files: u64,
    /// Their bytes.
    pub ignored_bytes: u64,
    /// Submodules, of which only the commit is kept.
    pub submodules: Vec<String>,
    /// Whether the folder was gone already, so that only what git knew is kept.
    pub folder_was_gone: bool,
}

/// Which worktrees may be cleaned away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum CleanScope {
    /// Those of one repository: its teams' ones, and those that no team has.
    Repository {
        /// A directory of it, absolute.
        directory: PathBuf,
    },
    /// Those of one team.
    Team {
        /// Its name.
        name: String,
    },
    /// All of the registry.
    All,
}

/// What became of a worktree that was to be removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemovedView {
    /// The role.
    pub role: String,
    /// Where it was, or still is.
    pub path: PathBuf,
    /// The top of its repository, in which `torch undelete` brings it back; none where it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<PathBuf>,
    /// What is kept; none where there was no worktree, or it could not be removed.
    pub kept: Option<KeptView>,
    /// The home branch, if it was deleted.
    pub deleted_branch: Option<String>,
    /// Why the home branch stays although it was to go.
    pub branch_stays: Option<String>,
    /// Why it was not removed: it stands as before.
    pub failure: Option<Failure>,
    /// Whether it would have been removed, and was only looked at.
    #[serde(default)]
    pub only_looked: bool,
}

/// A worktree that is back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndeletedView {
    /// What was kept, and stays so.
    pub kept: KeptView,
    /// Where it is now.
    pub path: PathBuf,
    /// The branch that is checked out.
    pub branch: Option<String>,
    /// Whether the old branch could not be had as it was.
    pub another_branch: bool,
    /// How many files were written.
    pub files: u64,
    /// How many stashes were put back.
    pub stashes: u64,
    /// Whether an agent works in it when it is started next.
    pub is_agents: bool,
}
