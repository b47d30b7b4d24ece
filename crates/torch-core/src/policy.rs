//! A team's policy: what its agents may do with git, and who lets work into the base branch.

use serde::{Deserialize, Serialize};

use crate::Enforcement;
use crate::config::names_in;
use crate::forbidden::Operation;

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

/// What becomes of a commit of an agent in which something looks like a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SecretCheck {
    /// It is refused.
    #[default]
    Refuse,
    /// It is made, and told of.
    Warn,
    /// Nobody looks.
    Off,
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
    /// The operations that agents are kept from: names of [`Operation`]s with commas.
    #[serde(default = "every_operation")]
    pub forbid: String,
    /// What becomes of a commit with a secret in it.
    #[serde(default)]
    pub secret_check: SecretCheck,
}

impl GitPolicy {
    /// The operations that agents are kept from, in the order of [`Operation::ALL`].
    pub fn forbidden(&self) -> Vec<Operation> {
        let named = |one: &Operation| names_in(&self.forbid).any(|name| name == one.as_str());
        Operation::ALL.into_iter().filter(named).collect()
    }

    /// How firmly agents are kept from what this policy forbids, as far as their own hooks go.
    pub fn enforcement(&self) -> Enforcement {
        let idle = self.forbidden().is_empty()
            && self.secret_check == SecretCheck::Off
            && self.agent_commits == AgentCommits::Required;
        if idle {
            Enforcement::None
        } else {
            Enforcement::Advice
        }
    }
}

/// All operations, as the setting names them.
fn every_operation() -> String {
    Operation::ALL.map(Operation::as_str).join(", ")
}

impl Default for GitPolicy {
    fn default() -> Self {
        Self {
            agent_commits: AgentCommits::Required,
            commit_minutes: 30,
            push_minutes: 15,
            forbid: every_operation(),
            secret_check: SecretCheck::Refuse,
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
