//! How work gets into the base branch: the policy's part, and what torch itself may run for it.

use serde::{Deserialize, Serialize};

use crate::policy::{Approval, IntegrationPolicy};

/// The settings of `torch integrate`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntegrationConfig {
    /// Who lets it in.
    pub approval: Approval,
    /// Whether a pull request may be merged past the protection of its branch (`gh pr merge --admin`).
    pub admin_merge: bool,
    /// Whether torch runs a project's tests itself, outside of the agents' sandboxes, with the user's rights.
    pub run_tests: bool,
    /// The tests' command; empty: as the project's files have it.
    pub test: String,
    /// A command that is run on the base branch afterwards; empty: none.
    pub build: String,
    /// Another one, which tries what was built; empty: none.
    pub smoke: String,
    /// Whether torch speaks to remotes: fetches, pushes, and makes pull requests with `gh`.
    pub network: bool,
}

impl IntegrationConfig {
    /// The part of it that a team keeps from its start on.
    pub fn policy(&self) -> IntegrationPolicy {
        IntegrationPolicy {
            approval: self.approval,
            admin_merge: self.admin_merge,
        }
    }

    /// The tests' command, where one is named.
    pub fn test_command(&self) -> Option<&str> {
        Some(self.test.trim()).filter(|command| !command.is_empty())
    }

    /// What is run on the base branch afterwards, in order; nothing where torch runs nothing.
    pub fn verify_commands(&self) -> impl Iterator<Item = &str> {
        let commands = [self.build.trim(), self.smoke.trim()];
        let may = self.run_tests;
        commands
            .into_iter()
            .filter(move |command| may && !command.is_empty())
    }
}

impl Default for IntegrationConfig {
    fn default() -> Self {
        let IntegrationPolicy {
            approval,
            admin_merge,
        } = IntegrationPolicy::default();
        Self {
            approval,
            admin_merge,
            run_tests: false,
            test: String::new(),
            build: String::new(),
            smoke: String::new(),
            network: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_run_that_the_user_did_not_allow() {
        let mut config = IntegrationConfig {
            build: "make".to_owned(),
            smoke: " ".to_owned(),
            ..IntegrationConfig::default()
        };
        assert_eq!(config.verify_commands().count(), 0);
        config.run_tests = true;
        assert_eq!(config.verify_commands().collect::<Vec<_>>(), ["make"]);
        assert_eq!(config.test_command(), None);
        assert_eq!(config.policy(), IntegrationPolicy::default());
    }
}
