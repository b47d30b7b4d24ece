//! What is shipped as data, compiled in: roles, the briefing, and of the [`catalog`](crate::catalog) the agent programs.

use std::sync::Arc;

use anyhow::Context as _;

use crate::catalog::Catalog;
use crate::state::{Programs, RoleTemplate, Templates};

const BRIEFING: &str = include_str!("../../../templates/briefing.md");
const RECOVERY: &str = include_str!("../../../templates/recovery.md");

macro_rules! roles {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../../templates/roles/", $name, ".toml")))),*]
    };
}

const ROLES: [(&str, &str); 15] = roles!(
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

/// The compiled-in agent programs, their rules compiled.
///
/// # Errors
/// When a shipped file is broken, which a test rules out.
pub fn programs() -> anyhow::Result<Programs> {
    let catalog = Catalog::load(None, None);
    catalog
        .programs()
        .context("failed to read the agent programs")
}

/// The roles and the briefing's text.
///
/// # Errors
/// When a shipped file is broken, which a test rules out.
pub fn roles() -> anyhow::Result<Arc<Templates>> {
    let roles = ROLES
        .iter()
        .map(|(name, text)| {
            let role: RoleTemplate =
                toml::from_str(text).with_context(|| format!("failed to read the role {name}"))?;
            Ok(((*name).to_owned(), role))
        })
        .collect::<anyhow::Result<_>>()?;
    Ok(Arc::new(Templates {
        briefing: BRIEFING.to_owned(),
        recovery: RECOVERY.to_owned(),
        roles,
    }))
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_shipped_can_be_read() {
        let roles = super::roles().expect("the roles");
        assert!(
            roles
                .roles
                .iter()
                .all(|(name, role)| *name == role.name && !role.duties.is_empty())
        );
        let programs = super::programs().expect("the programs");
        assert!(programs.contains_key("demo"));
    }
}
