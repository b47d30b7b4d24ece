//! Settings of the fast lane.

use serde::{Deserialize, Serialize};

/// Whether torch merges commits between agents' worktrees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FastLaneConfig {
    /// Whether teams that are started have it.
    pub enabled: bool,
}

impl Default for FastLaneConfig {
    fn default() -> Self {
        Self { enabled: true }
    }
}
