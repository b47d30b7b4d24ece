//! Communication matrices: which roles may write to which directly, as data.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{NameError, RoleName};

/// A matrix that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum MatrixError {
    /// It is not TOML of this form.
    #[error("failed to read the communication matrix")]
    Syntax(#[source] Box<toml::de::Error>),
    /// A name in it is no role's.
    #[error("the communication matrix `{matrix}` names `{role}`, which can be no role")]
    Role {
        /// The matrix.
        matrix: String,
        /// The name.
        role: String,
        /// Why not.
        #[source]
        source: NameError,
    },
}

/// Which roles may write to which, in one direction each.
///
/// The hub and the project manager need no edges: everybody writes to them and they to everybody, whatever the matrix says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matrix {
    name: String,
    #[serde(rename = "edges")]
    rows: BTreeMap<RoleName, Row>,
}

/// Kept as in the files: a list of roles, `["*"]` for all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
enum Row {
    All,
    Some(BTreeSet<RoleName>),
}

/// What stands for every role in a list.
const ALL: &str = "*";

impl TryFrom<Vec<String>> for Row {
    type Error = NameError;

    fn try_from(names: Vec<String>) -> Result<Self, NameError> {
        if names.iter().any(|name| name == ALL) {
            return Ok(Self::All);
        }
        let roles = names.iter().map(|name| RoleName::parse(name));
        roles.collect::<Result<_, _>>().map(Self::Some)
    }
}

impl From<Row> for Vec<String> {
    fn from(row: Row) -> Self {
        match row {
            Row::All => vec![ALL.to_owned()],
            Row::Some(roles) => roles.iter().map(ToString::to_string).collect(),
        }
    }
}

/// A matrix as a file has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    #[serde(rename = "summary")]
    _summary: String,
    edges: BTreeMap<String, Vec<String>>,
}

impl Matrix {
    /// A matrix of these edges.
    pub fn from_edges(
        name: impl Into<String>,
        edges: impl IntoIterator<Item = (RoleName, RoleName)>,
    ) -> Self {
        let mut matrix = Self {
            name: name.into(),
            rows: BTreeMap::new(),
        };
        for (from, to) in edges {
            let row = matrix
                .rows
                .entry(from)
                .or_insert(Row::Some(BTreeSet::new()));
            if let Row::Some(row) = row {
                row.insert(to);
            }
        }
        matrix
    }

    /// Reads a matrix from a file of `templates/matrices`.
    ///
    /// # Errors
    /// When it is not of that form, or names what can be no role.
    pub fn parse(text: &str) -> Result<Self, MatrixError> {
        let file: File =
            toml::from_str(text).map_err(|error| MatrixError::Syntax(Box::new(error)))?;
        let role = |name: &str| {
            RoleName::parse(name).map_err(|source| MatrixError::Role {
                matrix: file.name.clone(),
                role: name.to_owned(),
                source,
            })
        };
        let mut rows = BTreeMap::new();
        for (from, to) in &file.edges {
            let row = if to.iter().any(|name| name == ALL) {
                Row::All
            } else {
                Row::Some(to.iter().map(|name| role(name)).collect::<Result<_, _>>()?)
            };
            rows.insert(role(from)?, row);
        }
        Ok(Self {
            name: file.name,
            rows,
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether one role may write to another directly. The second of a role, `developer-2`, has the edges of the first.
    pub fn allows(&self, from: &RoleName, to: &RoleName) -> bool {
        let row = self.rows.get(from).or_else(|| self.rows.get(&first(from)?));
        match row {
            Some(Row::All) => true,
            Some(Row::Some(row)) => {
                row.contains(to) || first(to).is_some_and(|first| row.contains(&first))
            }
            None => false,
        }
    }

    /// Every edge between two of these roles, in order.
    pub fn edges<'a>(
        &'a self,
        roles: &'a [RoleName],
    ) -> impl Iterator<Item = (&'a RoleName, &'a RoleName)> {
        let pairs = roles
            .iter()
            .flat_map(move |from| roles.iter().map(move |to| (from, to)));
        pairs.filter(|(from, to)| from != to && self.allows(from, to))
    }
}

/// The role without the number of its second, third, …: `developer` for `developer-2`.
fn first(role: &RoleName) -> Option<RoleName> {
    let (name, number) = role.as_str().rsplit_once('-')?;
    let numbered = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    numbered.then(|| RoleName::parse(name).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(name: &str) -> RoleName {
        RoleName::parse(name).expect("a role")
    }

    #[test]
    fn edges_have_a_direction() {
        let matrix = Matrix::from_edges("m", [(role("developer"), role("tester"))]);
        assert!(matrix.allows(&role("dev"), &role("qa")));
        assert!(!matrix.allows(&role("tester"), &role("developer")));
        assert!(!matrix.allows(&role("devops"), &role("tester")));
    }

    #[test]
    fn the_second_of_a_role_has_the_edges_of_the_first() {
        let matrix = Matrix::from_edges("m", [(role("developer"), role("tester"))]);
        assert!(matrix.allows(&role("developer-2"), &role("tester-13")));
        assert!(!matrix.allows(&role("developer-x"), &role("tester")));
        assert!(!matrix.allows(&role("developer-"), &role("tester")));
    }

    #[test]
    fn a_matrix_is_kept_as_its_file_has_it() {
        let text = "name = \"m\"\nsummary = \"\"\n[edges]\nsysadmin = [\"*\"]\ndeveloper = [\"tester\", \"devops\"]";
        let matrix = Matrix::parse(text).expect("a matrix");
        let kept = serde_json::to_string(&matrix).expect("plain data");
        assert_eq!(
            kept,
            r#"{"name":"m","edges":{"developer":["devops","tester"],"sysadmin":["*"]}}"#
        );
        let again: Matrix = serde_json::from_str(&kept).expect("the same");
        assert_eq!(again, matrix);
        let bad = r#"{"name":"m","edges":{"developer":["human"]}}"#;
        assert!(serde_json::from_str::<Matrix>(bad).is_err());
    }

    #[test]
    fn a_bad_file_is_refused() {
        let syntax = Matrix::parse("name = 3").expect_err("no name");
        assert!(matches!(syntax, MatrixError::Syntax(_)));
        let text = "name = \"m\"\nsummary = \"\"\n[edges]\ndeveloper = [\"human\"]";
        let error = Matrix::parse(text).expect_err("no role").to_string();
        assert_eq!(
            error,
            "the communication matrix `m` names `human`, which can be no role"
        );
    }
}
