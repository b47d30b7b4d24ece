//! What a sign or a condition looks for.

use serde::{Deserialize, Serialize};

/// How much a sign says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strength {
    /// Where it is found, the type is this one, whatever else speaks for others.
    Decisive,
    /// Hardly found in anything else.
    Strong,
    /// Found in many types.
    Weak,
    /// Speaks against the type.
    Against,
}

impl Strength {
    /// What it adds to a type's score. The distances are chosen so that three weak signs don't outweigh a strong one, and
    /// that a strong sign is taken back by one against the type.
    pub fn points(self) -> i32 {
        match self {
            Self::Decisive => 20,
            Self::Strong => 10,
            Self::Weak => 3,
            Self::Against => -10,
        }
    }

    /// The word in templates.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Decisive => "decisive",
            Self::Strong => "strong",
            Self::Weak => "weak",
            Self::Against => "against",
        }
    }
}

/// What is looked for; it is seen where any of the kinds that are given is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Look {
    /// Globs of files; one without `/` fits in any folder.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// So many files at least.
    pub min: u64,
    /// So many bytes at least, all files together.
    pub min_bytes: u64,
    /// So many of a hundred source files at least.
    pub share: u64,
    /// Counts among tests, fixtures and examples, too.
    pub anywhere: bool,
    /// Globs of files that hold one of the words.
    #[serde(rename = "in", skip_serializing_if = "Vec::is_empty")]
    pub inside: Vec<String>,
    /// The words, in lower case.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<String>,
    /// Words of the spec; what it says that it does not want is not there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub spec: Vec<String>,
    /// A header field that the spec has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spec_field: Option<String>,
    /// The project has parts of so many types at least, supporting ones aside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part_types: Option<u64>,
    /// A part of the project is of one of these types.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub part_is: Vec<String>,
    /// The project has more services than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub services_over: Option<u64>,
}

impl Look {
    /// Whether it looks for nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.files.is_empty()
            && self.inside.is_empty()
            && self.spec.is_empty()
            && self.spec_field.is_none()
            && self.part_types.is_none()
            && self.part_is.is_empty()
            && self.services_over.is_none()
    }
}
