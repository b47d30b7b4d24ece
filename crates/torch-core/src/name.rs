//! Names that become window names, branch parts and folder names: `[a-z0-9_-]{1,32}`, no leading `-`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::roles::canonical;

/// The longest role or session name, in characters.
pub const NAME_MAX: usize = 32;

/// A name that torch can't use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing was given.
    #[error("a name is empty")]
    Empty,
    /// Longer than [`NAME_MAX`].
    #[error("the name {0:?} is longer than {NAME_MAX} characters")]
    TooLong(String),
    /// A character outside `[a-z0-9_-]`, or a leading `-`.
    #[error("the name {0:?} has a character outside `a-z`, `0-9`, `_` and `-`, or begins with `-`")]
    Character(String),
    /// A word that torch uses for something else.
    #[error("the name {0:?} is reserved")]
    Reserved(String),
}

fn check(text: &str) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    if text.chars().count() > NAME_MAX {
        return Err(NameError::TooLong(text.chars().take(NAME_MAX).collect()));
    }
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    if text.starts_with('-') || !text.chars().all(plain) {
        return Err(NameError::Character(text.to_owned()));
    }
    Ok(())
}

/// A role's id, which is also its window's name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RoleName(String);

impl RoleName {
    /// The hub of a team.
    pub const HUB: &'static str = "orchestrator";
    /// The sub-hub of a team.
    pub const SUB_HUB: &'static str = "project_manager";

    /// Reads a role as people write it: case, spaces and dashes are ignored for the known roles and
    /// their aliases (`PM`, `Project-Manager`, `qa`), anything else must be a plain name.
    ///
    /// # Errors
    /// [`NameError`] when the text is no alias and no plain name, or is a reserved word.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let lower = text.trim().to_ascii_lowercase();
        let folded: String = lower
            .chars()
            .map(|c| if c == '-' || c == ' ' { '_' } else { c })
            .collect();
        if let Some(known) = canonical(&folded) {
            return Ok(Self(known.to_owned()));
        }
        check(&lower)?;
        if ["human", "torch", "all", "unknown", "script"].contains(&lower.as_str()) {
            return Err(NameError::Reserved(lower));
        }
        Ok(Self(lower))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this role is the hub of its team.
    pub fn is_hub(&self) -> bool {
        self.0 == Self::HUB
    }

    /// Whether this role is the project manager, the hub's deputy.
    pub fn is_sub_hub(&self) -> bool {
        self.0 == Self::SUB_HUB
    }
}

impl fmt::Display for RoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for RoleName {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for RoleName {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        Self::parse(&text)
    }
}

impl From<RoleName> for String {
    fn from(name: RoleName) -> String {
        name.0
    }
}

/// A tmux session's name, made from a project's folder name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SessionName(String);

impl SessionName {
    /// Turns a folder name into a session name: lower case, runs of anything else become one `-`.
    /// A name without a usable character becomes `project`.
    pub fn slug(folder: &str) -> Self {
        let mut slug = String::new();
        for c in folder.chars().flat_map(char::to_lowercase) {
            if c.is_ascii_alphanumeric() || c == '_' {
                slug.push(c);
            } else if !slug.is_empty() && !slug.ends_with('-') {
                slug.push('-');
            }
        }
        slug.truncate(NAME_MAX);
        let slug = slug.trim_matches(|c| c == '-' || c == '_');
        Self(if slug.is_empty() {
            "project".to_owned()
        } else {
            slug.to_owned()
        })
    }

    /// The same name with a suffix, cut so that the whole stays within [`NAME_MAX`].
    #[must_use]
    pub fn with_suffix(&self, suffix: &str) -> Self {
        let room = NAME_MAX.saturating_sub(suffix.len() + 1);
        let stem: String = self.0.chars().take(room).collect();
        Self(format!("{stem}-{suffix}"))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SessionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for SessionName {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        check(&text)?;
        Ok(Self(text))
    }
}

impl From<SessionName> for String {
    fn from(name: SessionName) -> String {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_resolve_to_one_role() {
        for (text, role) in [
            ("PM", "project_manager"),
            ("Project-Manager", "project_manager"),
            ("project manager", "project_manager"),
            ("qa", "tester"),
            ("ORC", "orchestrator"),
            ("TEMP-CodeReview", "temp-codereview"),
            ("my-role_2", "my-role_2"),
        ] {
            assert_eq!(
                RoleName::parse(text).map(String::from),
                Ok(role.to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn hostile_names_are_refused() {
        for text in [
            "",
            "-x",
            "#(touch x)",
            "a b c",
            "a\nb",
            "ü",
            "a/b",
            "..",
            "human",
            "x$(id)",
        ] {
            assert!(RoleName::parse(text).is_err(), "{text:?}");
        }
        assert!(RoleName::parse(&"x".repeat(33)).is_err());
    }

    #[test]
    fn slugs_are_plain() {
        for (folder, slug) in [
            ("My Project", "my-project"),
            ("#(touch x)", "touch-x"),
            ("日本", "project"),
            ("-leading", "leading"),
            ("a.b:c", "a-b-c"),
            ("x\ny", "x-y"),
        ] {
            assert_eq!(SessionName::slug(folder).as_str(), slug, "{folder:?}");
        }
        let long = SessionName::slug(&"p".repeat(50));
        assert_eq!(long.as_str().len(), NAME_MAX);
        assert_eq!(long.with_suffix("abcd").as_str().len(), NAME_MAX);
    }
}
