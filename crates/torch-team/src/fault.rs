//! What is wrong with a team template.

use std::path::PathBuf;

/// A place in a file that keeps it from being a team template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}, line {line}, can't be used", path.display())]
pub struct TemplateError {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    #[source]
    pub fault: Fault,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// No TOML, or other keys than a template has.
    #[error("{0}")]
    Syntax(String),
    /// A name that can't be one.
    #[error("the name {0:?} takes 1 to 32 of a-z, 0-9, _ and -, and does not begin with -")]
    Name(String),
    /// Another file of the folder has the name.
    #[error("the name {name:?} is also that of {}", other.display())]
    Twice {
        /// The name.
        name: String,
        /// The other file.
        other: PathBuf,
    },
    /// A role that torch does not have.
    #[error("there is no role {name:?}{}", meant(near))]
    UnknownRole {
        /// What stands there.
        name: String,
        /// The nearest roles.
        near: Vec<String>,
    },
    /// A role that is no member of the template.
    #[error("{place} names {role}, which is in none of core, optional and conditional")]
    Absent {
        /// Which table or key.
        place: &'static str,
        /// The role.
        role: String,
    },
    /// A role twice in one list.
    #[error("{place} names {role} twice")]
    Repeated {
        /// Which table or key.
        place: &'static str,
        /// The role.
        role: String,
    },
    /// The hub or its deputy can't be left out.
    #[error("trim names {0}, which every team has")]
    Untrimmable(String),
    /// Something can only be trimmed from the core.
    #[error("trim names {0}, which is not in core")]
    NotCore(String),
    /// A lane from a role to itself.
    #[error("lanes leads from {0} to itself; a lane brings one role's commits to another")]
    OwnLane(String),
    /// The same lane twice.
    #[error("lanes leads from {from} to {to} twice")]
    SameLane {
        /// Whose commits.
        from: String,
        /// To whom.
        to: String,
    },
    /// No length of time for a lane.
    #[error(
        "`within` is {0:?}; it is a length of time with units, \"30s\" to \"24h\", such as \"5m\""
    )]
    Within(String),
    /// No name of a branch.
    #[error("`branch` is {0:?}, which can be no branch")]
    Branch(String),
    /// A list or a text that must not be empty.
    #[error("{0} is empty")]
    Empty(&'static str),
    /// Roles that need each other.
    #[error("these roles need each other in a circle: {}", .0.join(" → "))]
    Cycle(Vec<String>),
    /// Templates that are made from each other.
    #[error("`extends` leads back to where it began: {}", .0.join(" → "))]
    Circle(Vec<String>),
    /// A condition that nobody has defined.
    #[error("there is no condition {name:?}{}", meant(near))]
    UnknownCondition {
        /// What stands there.
        name: String,
        /// The nearest.
        near: Vec<String>,
    },
    /// A sign or condition that looks for nothing.
    #[error(
        "{0:?} looks for nothing: it takes files, in with words, spec, spec_field, part_types, part_is or services_over"
    )]
    Blind(String),
    /// A key that a sign needs, or a condition.
    #[error("{what} {name:?} needs the key `{key}`")]
    Missing {
        /// `the sign` or `the condition`.
        what: &'static str,
        /// Its name.
        name: String,
        /// The key.
        key: &'static str,
    },
    /// A key that it can't have.
    #[error("{what} {name:?} can't have the key `{key}`{why}")]
    Misplaced {
        /// `the sign` or `the condition`.
        what: &'static str,
        /// Its name.
        name: String,
        /// The key.
        key: &'static str,
        /// Why.
        why: &'static str,
    },
    /// No glob.
    #[error("{glob:?} is no glob: {why}")]
    Glob {
        /// What stands there.
        glob: String,
        /// Why.
        why: String,
    },
    /// A number that makes no sense.
    #[error("`share` is {0}; it is a part of a hundred")]
    Share(u64),
    /// A header field that specs don't have.
    #[error("{0:?} is no header field of a spec; there are PROJECT, TARGET and TYPE")]
    Field(String),
}

/// `; did you mean a, b?`
fn meant(near: &[String]) -> String {
    match near {
        [] => String::new(),
        some => format!("; did you mean {}?", some.join(", ")),
    }
}
