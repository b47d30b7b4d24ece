//! What is shown of agents' work with git over time.

use serde::{Deserialize, Serialize};
use torch_core::git_activity::NotPushed;
use torch_core::{AgentState, Timestamp};

/// How the branches of a team's agents stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthView {
    /// The team's name.
    pub team: String,
    /// The branch that the work is for.
    pub parent: String,
    /// Its newest commit, full hex; empty where there is no such branch, and the others are compared with the commit that the team began at.
    pub parent_commit: String,
    /// Whether there is a remote.
    pub remote: bool,
    /// What the parent branch's remote does not have of it.
    #[serde(default)]
    pub parent_not_pushed: Option<NotPushed>,
    /// Each agent's branch, in the order of the windows.
    pub branches: Vec<BranchView>,
    /// The newest commits of the parent branch within the last day, the newest first, at most 20.
    pub parent_commits: Vec<ParentCommit>,
    /// How many more there are within the last day, of the 50 newest.
    pub parent_more: usize,
    /// The newest 20 commits of all these branches with the lines between them.
    pub graph: Vec<String>,
    /// What is open about git.
    pub alerts: Vec<AlertView>,
    /// Since when nothing new is seen of its branches, and why; absent where they are read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<Unread>,
}

/// Branches that can't be read: what moves meanwhile is not seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unread {
    /// Since when.
    pub since: Timestamp,
    /// Why, in words.
    pub why: String,
    /// A command that tells more.
    pub hint: String,
}

/// One agent's branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BranchView {
    /// The role.
    pub role: String,
    /// What the agent does.
    pub state: AgentState,
    /// The branch that is checked out; none: HEAD is detached.
    pub branch: Option<String>,
    /// The commit, full hex.
    pub head: Option<String>,
    /// When it was made.
    pub last_commit: Option<Timestamp>,
    /// How many commits the parent has not.
    pub ahead: u64,
    /// How many commits of the parent it has not.
    pub behind: u64,
    /// How many of its commits no remote has; none where there is no remote. What waits in the team's broker is not pushed.
    pub unpushed: Option<u64>,
    /// How many commits were counted since the team began.
    pub commits: u64,
    /// How many pushes.
    pub pushes: u64,
    /// When the last push was seen.
    pub last_push: Option<Timestamp>,
    /// What is due, the soonest first.
    pub deadlines: Vec<DeadlineView>,
    /// Why its worktree was not looked at.
    pub problem: Option<String>,
    /// What mends that, in words with a command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mend: Option<String>,
}

/// What is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadlineView {
    /// The rule that it breaks when it passes: `git.push-late`.
    pub rule: String,
    /// When it passes, or passed.
    pub at: Timestamp,
}

/// A commit of the parent branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParentCommit {
    /// Full hex.
    pub commit: String,
    /// The first line of its message.
    pub subject: String,
    /// The author's name.
    pub author: String,
    /// When it was made.
    pub at: Timestamp,
}

/// An open violation about git.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertView {
    /// Its id: `v-7k3f9q2a`.
    pub id: String,
    /// The role.
    pub role: String,
    /// The rule.
    pub rule: String,
    /// What was seen.
    pub evidence: String,
}

/// Whose work is hardest to bring together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RiskView {
    /// The team's name.
    pub team: String,
    /// The branch that the work is for.
    pub parent: String,
    /// Each role's work, the riskiest first.
    pub roles: Vec<RiskRow>,
}

/// How hard it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RiskLevel {
    /// Nothing is changed.
    None,
    /// It merges, and shares no file with others.
    Low,
    /// It shares files that merge, or is more than 20 commits behind.
    Medium,
    /// It conflicts with the parent or with others.
    High,
}

/// One role's work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RiskRow {
    /// The role.
    pub role: String,
    /// How hard it is.
    pub risk: RiskLevel,
    /// How many files differ from where it left the parent, uncommitted ones too.
    pub files: usize,
    /// Lines that its commits add.
    pub insertions: u64,
    /// Lines that its commits take away.
    pub deletions: u64,
    /// How many commits the parent has not.
    pub ahead: u64,
    /// How many commits of the parent it has not.
    pub behind: u64,
    /// The files in which it conflicts with the parent.
    pub conflicts: Vec<String>,
    /// The files that others change as well.
    pub shared: Vec<SharedView>,
    /// Why its worktree was not looked at.
    pub problem: Option<String>,
}

/// A file that others change as well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedView {
    /// The file.
    pub path: String,
    /// Who else.
    pub with: Vec<String>,
    /// Those of them with whom it conflicts.
    pub conflicts: Vec<String>,
}

/// What of the log is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogFilter {
    /// Of which team.
    pub team: crate::wire::TeamSelector,
    /// Of one role.
    pub role: Option<String>,
    /// Since when; none: of the last day.
    pub since: Option<Timestamp>,
    /// At most so many; 0: 50.
    pub limit: u32,
}

/// One thing that happened: a commit, a push, a branch that was made, deleted or rewound, a pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryView {
    /// When it was seen.
    pub at: Timestamp,
    /// `git.commit`, `git.push`, `git.branch`, `git.request`, `git.unread`, `git.read`.
    pub kind: String,
    /// The role; none where it was no agent's.
    pub role: Option<String>,
    /// The particulars, as `registry/schemas/git-activity.md` has them.
    pub data: serde_json::Value,
}
