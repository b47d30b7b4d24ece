//! What measures must hold before an integration lands.

use serde::{Deserialize, Serialize};

/// The thresholds of `torch integrate --metrics`; only what was measured is judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QualityConfig {
    /// The least part of the code that tests must reach, in percent.
    pub coverage: u64,
    /// The least part of it that must have types, in percent.
    pub type_coverage: u64,
    /// The most of it that may stand twice, in percent.
    pub duplication: u64,
    /// The most that what is shipped may grow, in percent.
    pub bundle_growth: u64,
    /// The highest complexity of one function.
    pub complexity: u64,
    /// How many errors a linter may find.
    pub lint_errors: u64,
}

impl Default for QualityConfig {
    fn default() -> Self {
        Self {
            coverage: 80,
            type_coverage: 90,
            duplication: 5,
            bundle_growth: 5,
            complexity: 10,
            lint_errors: 0,
        }
    }
}
