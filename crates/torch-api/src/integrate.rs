//! Integrations: what is asked of them, and how they are shown.

use serde::{Deserialize, Serialize};
use torch_core::RoleName;
use torch_core::integration::{
    Conflict, Integration, IntegrationMerge, IntegrationOutcome, Wait, WaitOn,
};

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
    /// Give it up; a command that runs for it is ended. Answers as `Begin`.
    Abort {
        /// Whether to answer only when it is over.
        wait: bool,
    },
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
    pub id: String,
    /// All of it.
    pub integration: Integration,
}

impl IntegrationView {
    /// Where it stands, in words: `waits at review: project_manager to review it`, `is at test`, `is in trunk, verified`.
    pub fn stands(&self) -> String {
        let row = &self.integration;
        let parent = &row.parent;
        match &row.outcome {
            Some(IntegrationOutcome::Verified) => return format!("is in {parent}, verified"),
            Some(IntegrationOutcome::Unverified { why }) => {
                return format!("is in {parent}, and what ran on it afterwards failed: {why}");
            }
            Some(IntegrationOutcome::Nothing) => return "found nothing to integrate".to_owned(),
            Some(IntegrationOutcome::Aborted { why }) => return format!("was given up: {why}"),
            None => {}
        }
        if let Some(why) = &row.giving_up {
            return format!("is being given up: {why}");
        }
        let step = row.step().map_or("its end", |step| step.as_str());
        match &row.wait {
            Some(wait) => format!("waits at {step}: {}", waited_for(row, wait)),
            None => format!("is at {step}"),
        }
    }
}

/// What an integration waits for, in words.
fn waited_for(row: &Integration, wait: &Wait) -> String {
    let all = |roles: &[RoleName]| {
        let roles: Vec<_> = roles.iter().map(RoleName::as_str).collect();
        roles.join(", ")
    };
    match &wait.on {
        WaitOn::Turn { other } => format!("{} of the same repository comes first", other.tag()),
        WaitOn::Commits { roles } => format!("{} to commit", all(roles)),
        WaitOn::Conflicts => {
            let open = row.conflicts.iter().filter(|one| one.solved.is_none());
            let mut owners: Vec<_> = open.map(|one| one.owner.clone()).collect();
            owners.sort();
            owners.dedup();
            format!("{} to solve conflicts", all(&owners))
        }
        WaitOn::Tests { roles } if roles.is_empty() => "a person to run the tests".to_owned(),
        WaitOn::Tests { roles } => format!("{} to run the tests", all(roles)),
        WaitOn::Fix => "commits that mend the tests".to_owned(),
        WaitOn::Review { by } => format!("{by} to review it"),
        WaitOn::Tree { path, why } => format!("{path}, where {why}"),
        WaitOn::Person { why } => format!("a person: {why}"),
    }
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
