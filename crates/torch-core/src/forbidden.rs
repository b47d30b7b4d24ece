//! What agents must not do with git: the operations, and the file by which an agent's hooks know them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::policy::{AgentCommits, SecretCheck};
use crate::program::GuardRules;
use crate::{AgentId, LaunchId, RoleName};

/// The name of the file with an agent's [`GitRules`], in the launch's folder.
pub const RULES_FILE: &str = "git-rules.json";

/// The variable that names that file to an agent's hooks. Programs that hide variables go by `KEY`, `SECRET` and `TOKEN` in a name.
pub const RULES_VARIABLE: &str = "TORCH_GIT_RULES";

/// The rule that is broken by a secret in a commit.
pub const SECRET_RULE: &str = "git.secret";

/// What to do instead of committing one.
pub const SECRET_REMEDY: &str = "take it out of the files, and read it from the environment or from a file that git ignores; where it is none, end that line with torch:allow-secret";

/// The rule that is broken by a commit where a person commits.
pub const COMMIT_RULE: &str = "commit.forbidden";

/// An operation that agents are kept from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// A push that replaces what a remote branch has.
    ForcePush,
    /// A push to the base branch, to a remote's main branch or to another role's.
    PushProtected,
    /// A commit, merge or reset on the base branch itself, or on a remote's main branch.
    MoveParent,
    /// Taking back or replacing commits that others have, and moving another role's branch or a stable tag.
    RewindShared,
    /// Deleting a branch or tag that is not the agent's own.
    DeleteProtected,
    /// Switching hooks off.
    SkipHooks,
}

impl Operation {
    /// Every operation, in the order of the settings.
    pub const ALL: [Self; 6] = [
        Self::ForcePush,
        Self::PushProtected,
        Self::MoveParent,
        Self::RewindShared,
        Self::DeleteProtected,
        Self::SkipHooks,
    ];

    /// Its name in the settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ForcePush => "force-push",
            Self::PushProtected => "push-protected",
            Self::MoveParent => "move-parent",
            Self::RewindShared => "rewind-shared",
            Self::DeleteProtected => "delete-protected",
            Self::SkipHooks => "skip-hooks",
        }
    }

    /// The rule that an agent breaks by it.
    pub fn rule(self) -> &'static str {
        match self {
            Self::ForcePush => "git.force-push",
            Self::PushProtected => "git.push-protected",
            Self::MoveParent => "git.move-parent",
            Self::RewindShared => "git.rewind-shared",
            Self::DeleteProtected => "git.delete-protected",
            Self::SkipHooks => "git.skip-hooks",
        }
    }

    /// The operation of this name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == name)
    }
}

/// What the hooks of one launch of an agent go by; the daemon writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GitRules {
    /// The agent.
    pub agent: AgentId,
    /// Its launch.
    pub launch: LaunchId,
    /// Its role.
    pub role: RoleName,
    /// Where refusals are noted.
    pub spool: PathBuf,
    /// The common git directory of the team's repository, canonical: in any other repository nothing is held back.
    pub common_dir: PathBuf,
    /// The team's base branch.
    pub parent: String,
    /// The agent's home branch.
    pub home: Option<String>,
    /// The home branches of the others, with their roles.
    pub others: BTreeMap<String, RoleName>,
    /// Whether agents commit.
    pub commits: AgentCommits,
    /// Which operations are held back.
    pub forbid: Vec<Operation>,
    /// What becomes of a commit with a secret in it.
    pub secrets: SecretCheck,
    /// How the agent's program is told that a command is denied; none: it can't be.
    pub guard: Option<GuardRules>,
}

impl GitRules {
    /// Whether an operation is held back.
    pub fn forbids(&self, operation: Operation) -> bool {
        self.forbid.contains(&operation)
    }

    /// Whether there is anything to hold back at all.
    pub fn is_idle(&self) -> bool {
        self.forbid.is_empty()
            && self.secrets == SecretCheck::Off
            && self.commits == AgentCommits::Required
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_has_one_name() {
        for one in Operation::ALL {
            assert_eq!(Operation::find(one.as_str()), Some(one));
            assert_eq!(one.rule(), format!("git.{}", one.as_str()));
            let json = serde_json::to_string(&one).expect("JSON");
            assert_eq!(json, format!("\"{}\"", one.as_str()));
        }
    }
}
