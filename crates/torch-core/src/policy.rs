//! A team's policy: what its agents may do with git, and who lets work into the base branch.

use serde::{Deserialize, Serialize};

/// The profile that a policy's values begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// The agents commit and integrate by themselves.
    #[default]
    Team,
    /// The agents change files; a person reviews and commits.
    ReviewOnly,
    /// The agents commit; a person lets work into the base branch.
    Supervised,
}

impl Profile {
    /// Every profile.
    pub const ALL: [Self; 3] = [Self::Team, Self::ReviewOnly, Self::Supervised];

    /// Its name, as in the settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Team => "team",
            Self::ReviewOnly => "review-only",
            Self::Supervised => "supervised",
        }
    }
}

/// Whether agents commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AgentCommits {
    /// They have to, regularly.
    #[default]
    Required,
    /// They must not: a person does.
    Forbidden,
}

/// Who lets work into the base branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    /// The project manager, or without one the orchestrator.
    #[default]
    ProjectManager,
    /// A person.
    Person,
}

/// What agents do with git.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GitPolicy {
    /// Whether they commit.
    pub agent_commits: AgentCommits,
    /// Within how many minutes they are told to commit; 0: no time is named.
    pub commit_minutes: u64,
    /// Within how many minutes of a commit they are told to push it; 0: they are told not to push.
    pub push_minutes: u64,
}

impl Default for GitPolicy {
    fn default() -> Self {
        Self {
            agent_commits: AgentCommits::Required,
            commit_minutes: 30,
            push_minutes: 15,
        }
    }
}

/// How work gets into the base branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntegrationPolicy {
    /// Who lets it in.
    pub approval: Approval,
    /// Whether a pull request may be merged past the protection of its branch (`gh pr merge --admin`).
    pub admin_merge: bool,
}

impl Default for IntegrationPolicy {
    fn default() -> Self {
        Self {
            approval: Approval::ProjectManager,
            admin_merge: true,
        }
    }
}

/// A team's policy, as it was when the team was started.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TeamPolicy {
    /// The profile that it began with.
    pub profile: Profile,
    /// What agents do with git.
    pub git: GitPolicy,
    /// How work gets into the base branch.
    pub integration: IntegrationPolicy,
}
