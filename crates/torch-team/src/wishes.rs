//! What a person wants of a team, and why there may be none of that kind.

use torch_core::RoleName;

use crate::size::{Plan, Size};

/// What a person wants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wishes {
    /// `--team-type`.
    pub team_type: Option<String>,
    /// `--roles`: these and no others, but for what they need.
    pub roles: Vec<RoleName>,
    /// `--add-roles`.
    pub add_roles: Vec<RoleName>,
    /// `--size`.
    pub size: Option<Size>,
    /// `--plan`, where it was given.
    pub plan: Option<Plan>,
    /// The plan without it.
    pub default_plan: Plan,
}

impl Wishes {
    /// Whether anything is said about the roles.
    pub(crate) fn are_any(&self) -> bool {
        let named =
            self.team_type.is_some() || !self.roles.is_empty() || !self.add_roles.is_empty();
        named || self.size.is_some() || self.plan.is_some()
    }
}

/// Why no team can be chosen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChoiceError {
    /// No template of this name.
    #[error("there is no team type {name:?}")]
    UnknownType {
        /// The word.
        name: String,
        /// Every type.
        known: Vec<String>,
        /// The nearest ones.
        near: Vec<String>,
    },
    /// A role that torch does not have.
    #[error("there is no role {name:?}")]
    UnknownRole {
        /// The word.
        name: String,
        /// By which flag it was given.
        flag: &'static str,
        /// Every role.
        known: Vec<String>,
        /// The nearest ones.
        near: Vec<String>,
    },
    /// Not even the default template is there.
    #[error("there is no team template {0:?}")]
    NoTemplate(String),
}
