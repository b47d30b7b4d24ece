//! What is shipped as data, compiled in: agent programs, roles and the briefing.

use std::sync::Arc;

use anyhow::Context as _;
use torch_core::program::AgentProgram;

use crate::state::{Programs, RoleTemplate, Templates};

const PROGRAMS: [(&str, &str); 3] = [
    (
        "claude",
        include_str!("../../../templates/agents/claude.toml"),
    ),
    (
        "codex",
        include_str!("../../../templates/agents/codex.toml"),
    ),
    ("demo", include_str!("../../../templates/agents/demo.toml")),
];

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

/// The agent programs, their rules compiled.
///
/// # Errors
/// When a shipped file is broken, which a test rules out.
pub fn programs() -> anyhow::Result<Programs> {
    Programs::compile(program_files()?).context("failed to read the agent programs")
}

/// The agent programs as their files say.
///
/// # Errors
/// When a shipped file is broken, which a test rules out.
pub fn program_files() -> anyhow::Result<Vec<AgentProgram>> {
    let read = PROGRAMS.iter().map(|(name, text)| {
        toml::from_str(text).with_context(|| format!("failed to read the agent program {name}"))
    });
    read.collect()
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
