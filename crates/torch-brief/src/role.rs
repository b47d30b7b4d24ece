//! A role: what an agent is for, and what it is told about it.

use serde::Serialize;

/// Which of the built-in groups a role belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// Part of every team, unless it is small.
    Core,
    /// Added where the work asks for it.
    Optional,
    /// Looks after systems rather than code.
    Sysops,
}

impl Tier {
    /// The word in files and output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Optional => "optional",
            Self::Sysops => "sysops",
        }
    }

    /// The tier of this name.
    pub fn find(name: &str) -> Option<Self> {
        [Self::Core, Self::Optional, Self::Sysops]
            .into_iter()
            .find(|tier| tier.as_str() == name)
    }
}

/// What an agent is for. The lists hold lines of text, each a template of its own over [`crate::VARIABLES`]; one that renders
/// to nothing is left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Role {
    /// Its id, also the name of its window.
    pub name: String,
    /// Its group.
    pub tier: Tier,
    /// Its name for people.
    pub title: String,
    /// What it is for, in one sentence of plain text.
    pub summary: String,
    /// What its further branches begin with, with the `/`.
    pub branch_prefix: String,
    /// What it looks at before anything else.
    pub first: Vec<String>,
    /// What it does.
    pub duties: Vec<String>,
    /// What good work is here.
    pub good: Vec<String>,
    /// What it gives to whom, and in which form.
    pub hand_over: Vec<String>,
    /// What it leaves alone.
    pub not_yours: Vec<String>,
    /// The paths that it looks after.
    pub directories: Vec<String>,
}

impl Role {
    /// A role that nothing is known of but its name.
    pub fn bare(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            tier: Tier::Optional,
            title: name.to_owned(),
            summary: String::new(),
            branch_prefix: format!("{name}/"),
            first: Vec::new(),
            duties: Vec::new(),
            good: Vec::new(),
            hand_over: Vec::new(),
            not_yours: Vec::new(),
            directories: Vec::new(),
        }
    }

    /// Its lists of lines, each with its key in the file.
    pub(crate) fn lists(&self) -> [(&'static str, &[String]); 5] {
        [
            ("first", &self.first),
            ("duties", &self.duties),
            ("good", &self.good),
            ("hand_over", &self.hand_over),
            ("not_yours", &self.not_yours),
        ]
    }
}
