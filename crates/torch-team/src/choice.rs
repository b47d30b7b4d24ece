//! A team as it was chosen, with the reason for each role.

use std::collections::BTreeMap;

use serde::Serialize;
use torch_core::RoleName;
use torch_core::lane::Lane;
use torch_core::matrix::Matrix;

use crate::size::{Plan, Size};
use crate::template::Edge;

/// A team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// The template that it follows.
    pub template: String,
    /// Its roles: the hub, the project manager, then the others.
    pub members: Vec<Member>,
    /// Roles that speak for themselves, but are not in it.
    pub left_out: Vec<LeftOut>,
    /// Who of them may write to whom directly, by the template.
    pub edges: Vec<Edge>,
    /// The template's whole communication matrix, for roles that join later too; none where it has no edges, or knows none of the
    /// members.
    #[serde(skip)]
    pub matrix: Option<Matrix>,
    /// Whose commits go to whose worktree: the template's lanes, and the standard ones of roles that it does not know, for roles
    /// that join later too.
    #[serde(skip)]
    pub lanes: Vec<Lane>,
    /// The agent programs that the template names for its members.
    pub agents: BTreeMap<RoleName, String>,
    /// What it takes.
    pub estimate: Estimate,
    /// What else is worth to know.
    pub notes: Vec<String>,
    /// Whether the caller said anything about the roles.
    pub asked: bool,
}

impl Choice {
    /// The roles in the order of their windows.
    pub fn roles(&self) -> impl Iterator<Item = &RoleName> {
        self.members.iter().map(|member| &member.role)
    }
}

/// A role of a team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Member {
    /// The role.
    pub role: RoleName,
    /// Why it is there.
    #[serde(serialize_with = "in_words")]
    pub reason: Reason,
}

fn in_words<S: serde::Serializer>(reason: &Reason, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&reason.words())
}

/// Why a role is in a team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// Every team has it.
    Always,
    /// It was named.
    Asked {
        /// By which flag.
        flag: &'static str,
    },
    /// Every team of this type has it.
    Core {
        /// The template.
        template: String,
    },
    /// What is seen of the project calls for it.
    Condition {
        /// What holds, and where it was seen.
        why: String,
    },
    /// The size has room for it.
    Optional {
        /// The size.
        size: Size,
    },
    /// The project is large enough for it.
    Figures {
        /// How large, and by which figure.
        why: String,
    },
    /// Another role needs it.
    Needed {
        /// Which one.
        by: RoleName,
        /// For what.
        because: String,
    },
}

impl Reason {
    /// In words.
    pub fn words(&self) -> String {
        match self {
            Self::Always => "every team has one".to_owned(),
            Self::Asked { flag } => format!("named by {flag}"),
            Self::Core { template } => format!("core of {template}"),
            Self::Condition { why } => why.clone(),
            Self::Optional { size } => format!("useful in a team of size {size}"),
            Self::Figures { why } => format!("useful in a project that is {why}"),
            Self::Needed { by, because } => format!("{by} needs it for {because}"),
        }
    }
}

/// A role that is not in the team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// The role.
    pub role: RoleName,
    /// Why it would have been there.
    #[serde(serialize_with = "in_words")]
    pub reason: Reason,
    /// Why it is not.
    pub why: String,
}

/// What a team takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Estimate {
    /// The plan that limits it.
    pub plan: Plan,
    /// The size that its roles make.
    pub size: Size,
    /// About how many times the tokens of one session.
    pub token_multiplier: u32,
}
