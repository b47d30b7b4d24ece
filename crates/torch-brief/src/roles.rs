//! The roles there are: those that are shipped, and whatever is put over them.

use std::collections::BTreeMap;

use crate::error::RoleError;
use crate::parse::shape;
use crate::role::Role;

macro_rules! built_in {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../../templates/roles/", $name, ".toml")))),*]
    };
}

/// The shipped roles, each with its file's text: the core, the optional, those of system operations.
pub const BUILT_IN: [(&str, &str); 15] = built_in!(
    "orchestrator",
    "project_manager",
    "developer",
    "tester",
    "testrunner",
    "researcher",
    "logtracker",
    "devops",
    "code_reviewer",
    "documentation_writer",
    "sysadmin",
    "securityops",
    "networkops",
    "monitoringops",
    "databaseops",
);

/// Roles by name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Roles {
    by_name: BTreeMap<String, Role>,
}

impl Roles {
    /// The shipped roles; a test tries each of their texts.
    ///
    /// # Errors
    /// [`RoleError`] when a shipped file is broken, which a test rules out.
    pub fn built_in() -> Result<Self, RoleError> {
        let mut roles = Self::default();
        for (_, text) in BUILT_IN {
            roles.put(shape(text)?);
        }
        Ok(roles)
    }

    /// Adds a role, or puts it in the place of the one of its name.
    pub fn put(&mut self, role: Role) {
        self.by_name.insert(role.name.clone(), role);
    }

    /// The role of this name.
    pub fn get(&self, name: &str) -> Option<&Role> {
        self.by_name.get(name)
    }

    /// Whether there is a role of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// The names in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }

    /// The roles in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &Role> {
        self.by_name.values()
    }
}
