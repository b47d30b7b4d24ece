//! Why a team has the roles that it has, as the client chose them.

use serde::{Deserialize, Serialize};
use torch_core::matrix::Matrix;

/// The choice of a team.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChoiceView {
    /// The type of team.
    pub team_type: String,
    /// Why that type, in words.
    pub decided: String,
    /// The type's score, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<i32>,
    /// The signs that made the score, the strongest first, each with a place.
    pub signs: Vec<String>,
    /// The size of the project by its figures: `small`, `medium`, `large` or `enterprise`.
    pub project_size: String,
    /// The plan that limits the team.
    pub plan: String,
    /// About how many times the tokens of one session the team takes.
    pub token_multiplier: u32,
    /// Its roles, each with its reason.
    pub roles: Vec<ChosenRole>,
    /// Roles that were not taken, each with why.
    #[serde(default)]
    pub left_out: Vec<ChosenRole>,
    /// The communication matrix of the type's template, which is kept with the team.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matrix: Option<Matrix>,
    /// What else is worth to know.
    #[serde(default)]
    pub notes: Vec<String>,
    /// Whether the caller said anything about the roles; if not, a team that is there may have others.
    pub asked: bool,
}

/// A role and why it is there, or is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChosenRole {
    /// The role.
    pub role: String,
    /// Why.
    pub reason: String,
}
