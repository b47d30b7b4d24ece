//! Integrations: what is asked of them, and how they are shown.

use serde::{Deserialize, Serialize};
use torch_core::integration::{Conflict, Integration, IntegrationMerge};

use crate::wire::TeamSelector;

/// What is wanted of a team's integration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntegrateRequest {
    /// Which team.
    pub team: TeamSelector,
    /// What.
    pub order: IntegrateOrder,
}

/// As [`IntegrateRequest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "snake_case")]
pub enum IntegrateOrder {
    /// Begin one; where one is open already, that one is shown. Answers [`crate::git::GitResponse::Integration`] when it waits for
    /// something or is over, or at once.
    Begin {
        /// The last step that is done.
        until: Option<usize>,
        /// Make no pull request though one could be.
        no_pull_request: bool,
        /// The command of the tests, by a person's word.
        test: Option<String>,
        /// Measures: the text of a JSON object, numbers by name.
        metrics: Option<String>,
        /// The feature, for its tag.
        feature: Option<String>,
        /// Whether the answer waits for it.
        wait: bool,
    },
    /// What one would do now. Answers [`crate::git::GitResponse::Preview`].
    Preview {
        /// Make no pull request though one could be.
        no_pull_request: bool,
        /// The command of the tests.
        test: Option<String>,
    },
    /// Go on with what waits for it. Answers as `Begin`.
    Resume {
        /// The last step that is done.
        until: Option<usize>,
        /// The command of the tests.
        test: Option<String>,
        /// Measures: the text of a JSON object, numbers by name; none: those from before hold.
        metrics: Option<String>,
        /// Whether the answer waits for it.
        wait: bool,
    },
    /// Give it up. Answers as `Begin`.
    Abort,
    /// How the tests went that somebody was asked to run. Answers as `Begin`.
    Tests {
        /// Whether all is well.
        passed: bool,
        /// In words.
        note: String,
    },
    /// Show all, those that are over too. Answers [`crate::git::GitResponse::Integrations`].
    List,
}

/// One integration as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntegrationView {
    /// The team's name.
    pub team: String,
    /// Its id, as in `torch approve ID`.
    pub tag: String,
    /// All of it.
    pub integration: Integration,
}

/// What an integration would do now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntegrationPreview {
    /// The team's name.
    pub team: String,
    /// The branch that it goes into.
    pub parent: String,
    /// Where that stands, full hex; none: there is no such branch.
    pub parent_tip: Option<String>,
    /// The integration branch that it would get.
    pub branch: String,
    /// What would be merged, in this order.
    pub merges: Vec<IntegrationMerge>,
    /// Roles with work that is not committed, and what of it.
    pub uncommitted: Vec<(String, String)>,
    /// The files in conflict now, and whose they would be.
    pub conflicts: Vec<Conflict>,
    /// Who would run the tests, and how.
    pub tests: String,
    /// Who would review it.
    pub review: String,
    /// How it would get into the parent branch.
    pub land: String,
    /// The thresholds that measures would have to hold.
    pub gates: Vec<String>,
    /// What could not be looked at.
    pub notes: Vec<String>,
}
