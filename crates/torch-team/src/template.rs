//! A team template: the roles of a type of project, and the signs by which the type is known.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use torch_core::RoleName;
use torch_core::lane::Lane;
use torch_core::matrix::Matrix;

use crate::look::{Look, Strength};

/// A type of project, its signs and its team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TeamTemplate {
    /// Its id, `[a-z0-9_-]{1,32}`.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// What it is, in one sentence.
    pub summary: String,
    /// The template that it was made from: it shares the signs, and stands before it where its score is as high.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extends: Option<String>,
    /// Other words for it, in `--team-type` and in a spec's TYPE.
    pub aliases: Vec<String>,
    /// Whether it goes along with others: parts of such a type don't make a monorepo.
    pub supporting: bool,
    /// Whether weak signs alone are not enough for it.
    pub needs_strong: bool,
    /// The roles that every team of this type has. The orchestrator and the project manager need not be named.
    pub core: Vec<RoleName>,
    /// The roles that a larger team has, the most useful first.
    pub optional: Vec<RoleName>,
    /// Core roles that may be left out where the team must be smaller, in that order.
    pub trim: Vec<RoleName>,
    /// Roles that depend on what the project is like.
    pub conditional: Vec<Conditional>,
    /// Roles that need others.
    pub requires: Vec<Requirement>,
    /// Who may write to whom directly.
    pub edges: Vec<Edge>,
    /// Whose commits go to whose worktree.
    pub lanes: Vec<Lane>,
    /// The agent program of a role.
    pub agents: BTreeMap<RoleName, String>,
    /// Conditions of its own, by name.
    pub conditions: BTreeMap<String, Condition>,
    /// By what it is known.
    pub signs: Vec<Sign>,
}

impl TeamTemplate {
    /// Every role that it names.
    pub fn roles(&self) -> Vec<&RoleName> {
        let conditional = self.conditional.iter().map(|it| &it.role);
        self.core
            .iter()
            .chain(&self.optional)
            .chain(conditional)
            .collect()
    }

    /// Its communication matrix; none where it has no edges.
    pub fn matrix(&self) -> Option<Matrix> {
        let edges = self
            .edges
            .iter()
            .flat_map(|edge| edge.to.iter().map(|to| (edge.from.clone(), to.clone())));
        (!self.edges.is_empty()).then(|| Matrix::from_edges(&self.name, edges))
    }

    /// Whether it is meant by this word, which case, spaces and dashes don't change.
    pub fn is_called(&self, word: &str) -> bool {
        let word = folded(word);
        folded(&self.name) == word || self.aliases.iter().any(|alias| folded(alias) == word)
    }
}

/// A type's name as it is compared.
pub(crate) fn folded(word: &str) -> String {
    let plain = word.trim().to_lowercase();
    let mut words = plain
        .split([' ', '-', '_', '/'])
        .filter(|word| !word.is_empty());
    let mut folded = words.next().unwrap_or_default().to_owned();
    for word in words {
        folded.push('_');
        folded.push_str(word);
    }
    folded
}

/// Whether one condition is enough.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Match {
    /// One is enough.
    #[default]
    Any,
    /// All must hold.
    All,
}

/// A role that joins under conditions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Conditional {
    /// The role.
    pub role: RoleName,
    /// Whether it joins before the rest of the core.
    pub before_core: bool,
    /// Whether one condition is enough.
    #[serde(rename = "match")]
    pub matching: Match,
    /// Names of conditions.
    pub when: Vec<String>,
}

/// A role that is of no use without others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Requirement {
    /// The role.
    pub role: RoleName,
    /// What it needs.
    pub needs: Vec<RoleName>,
    /// Why, as it follows "for".
    pub because: String,
}

/// A direct way of messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edge {
    /// Who writes.
    pub from: RoleName,
    /// To whom.
    pub to: Vec<RoleName>,
}

/// Something that a project may have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Condition {
    /// What holds, in words.
    pub title: String,
    /// By what it is seen.
    pub look: Look,
}

/// Something that speaks for a type, or against it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sign {
    /// What it is, in words.
    pub name: String,
    /// How much it says.
    pub strength: Strength,
    /// Whether a part that shows it is a product of its own. Of a type with such signs, parts that show none of them are
    /// pieces of other parts.
    pub product: bool,
    /// By what it is seen.
    pub look: Look,
}
