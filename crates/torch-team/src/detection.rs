//! What was made out about a project, and why.

use std::collections::BTreeMap;

use serde::Serialize;
use torch_core::RoleName;

use crate::figures::Figures;
use crate::look::Strength;
use crate::matcher::Seen;
use crate::parts::PartSeen;
use crate::size::Size;
use crate::survey::Cut;

/// What kind of project it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Detection {
    /// The template that was chosen.
    pub template: String,
    /// Why that one.
    pub decision: Decision,
    /// The types that something speaks for, the highest score first; those that can't be chosen beside software last.
    pub types: Vec<TypeScore>,
    /// The project's parts.
    pub parts: Vec<PartSeen>,
    /// The project in numbers.
    pub figures: Figures,
    /// How large that makes it.
    pub size: Size,
    /// The conditions that the templates name.
    pub conditions: BTreeMap<String, ConditionSeen>,
    /// The roles that the spec gives work to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub owners: Vec<OwnerSeen>,
    /// Why not all of the project was seen, if it was not.
    pub cut: Option<Cut>,
    /// How many files and folders could not be read.
    pub unreadable: u64,
    /// What else is worth to know.
    pub notes: Vec<String>,
}

impl Detection {
    /// The score of the chosen type.
    pub fn chosen(&self) -> Option<&TypeScore> {
        self.types.iter().find(|it| it.name == self.template)
    }
}

/// A role that the spec gives work to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OwnerSeen {
    /// The role.
    pub role: RoleName,
    /// The first line that does.
    pub line: usize,
}

/// Why a template was chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Decision {
    /// `--team-type` says so.
    Flag,
    /// The spec says so.
    Spec {
        /// In which line.
        line: usize,
        /// In which words.
        value: String,
    },
    /// A sign was found that decides.
    Decisive {
        /// Its name.
        sign: String,
    },
    /// It has the highest score.
    Score {
        /// By how many points.
        lead: i32,
    },
    /// Nothing is clear.
    Unclear {
        /// Why.
        why: String,
    },
}

impl Decision {
    /// In words.
    pub fn words(&self) -> String {
        match self {
            Self::Flag => "named by --team-type".to_owned(),
            Self::Spec { line, value } => format!("the spec says TYPE: {value} in line {line}"),
            Self::Decisive { sign } => format!("decided by {sign}"),
            Self::Score { lead } => format!("the highest score, by {lead}"),
            Self::Unclear { why } => why.clone(),
        }
    }
}

/// The score of one type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TypeScore {
    /// The type.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// The points of its signs together.
    pub score: i32,
    /// Whether it can be chosen: some types need a strong sign.
    pub eligible: bool,
    /// The software beside which a type that goes along with others can't be chosen, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beside: Option<String>,
    /// The signs that were found, and those that the spec denies.
    pub signs: Vec<SignSeen>,
}

/// One sign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignSeen {
    /// What it is.
    pub name: String,
    /// How much it says.
    pub strength: Strength,
    /// What it added; 0 where the spec says that it is not wanted.
    pub points: i32,
    /// Where it was seen.
    #[serde(flatten)]
    pub seen: Seen,
}

/// Whether a condition holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConditionSeen {
    /// What would hold, in words.
    pub title: String,
    /// Whether it does. What the spec says it does not want does not, whatever the files show.
    pub holds: bool,
    /// Where it was seen.
    #[serde(flatten)]
    pub seen: Seen,
}
