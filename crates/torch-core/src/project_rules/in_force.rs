//! Rules that are in force in a team, and what of the files' changes waits for a person.

use serde::{Deserialize, Serialize};

use super::{ProjectRule, ProjectRules};
use crate::{TeamId, Timestamp};

/// Rules that are or were in force in a team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulesInForce {
    /// The team.
    pub team: TeamId,
    /// Since when.
    pub since: Timestamp,
    /// Until when; absent while they are.
    pub until: Option<Timestamp>,
    /// The rules.
    pub set: ProjectRules,
    /// What the files state instead, where some of it loosens the rules and waits for a person; absent where nothing waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stated: Option<ProjectRules>,
    /// What a person was told last, while changes since then are gathered; absent where the person knows all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<RulesTold>,
}

/// The rules of a team as a person knows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulesTold {
    /// When they began to be others.
    pub since: Timestamp,
    /// Those in force then.
    pub set: ProjectRules,
    /// What the files stated then, as in [`RulesInForce::stated`].
    pub stated: Option<ProjectRules>,
}

/// What a project's files loosen while its team runs: it counts when a person accepts it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldBack {
    /// Eight hex digits of a hash of what is held back, so that a person accepts what was shown and nothing else.
    pub id: String,
    /// Rules in force that the files state no more, or state with another value or for fewer roles.
    pub stays: Vec<ProjectRule>,
    /// Rules that the files state and that are not in force: they allow more than the rules in force.
    pub waits: Vec<ProjectRule>,
}

/// A statement of a project's files, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stated {
    /// The file, relative to the project.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// What it says.
    pub text: String,
    /// The rule's name, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
}

/// Two statements that can't both be kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contradiction {
    /// The stricter one, where one is.
    pub one: Stated,
    /// The other one.
    pub other: Stated,
    /// What becomes of them, in words.
    pub outcome: String,
}

impl HeldBack {
    /// How many rules it is about.
    pub fn len(&self) -> usize {
        self.stays.len() + self.waits.len()
    }

    /// Whether it is about none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
