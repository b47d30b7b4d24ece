//! Orders for integrations: the words between state and host.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use torch_core::AgentId;
use torch_core::integration::Integration;
use torch_integration::integrate::{Act, Rules};

use crate::worktrees::Registered;

/// One act of an integration, with all that the host needs for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// What is to be done.
    pub act: Act,
    /// The integration, as it is kept.
    pub row: Integration,
    /// What holds for it.
    pub rules: Rules,
    /// The team's agents.
    pub agents: Vec<Registered>,
    /// Those of them into whose worktrees the fast lane merges now.
    pub merged_into: BTreeSet<AgentId>,
    /// The project's folder.
    pub project: PathBuf,
    /// The team's environment.
    pub env: BTreeMap<String, String>,
}
