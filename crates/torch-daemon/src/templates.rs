//! What is shipped as data, compiled in: agent programs, roles and the briefing.

use anyhow::Context as _;
use torch_core::program::AgentProgram;

use crate::state::{RoleTemplate, Templates};

const PROGRAMS: [(&str, &str); 1] = [("demo", include_str!("../../../templates/agents/demo.toml"))];

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

/// The agent programs.
///
/// # Errors
/// When a shipped file is broken, which a test rules out.
pub fn programs() -> anyhow::Result<Vec<AgentProgram>> {
    PROGRAMS
        .iter()
        .map(|(name, text)| {
            toml::from_str(text).with_context(|| format!("failed to read the agent program {name}"))
        })
        .collect()
}

/// The roles and the briefing's text.
///
/// # Errors
/// When a shipped file is broken, which a test rules out.
pub fn roles() -> anyhow::Result<Templates> {
    let roles = ROLES
        .iter()
        .map(|(name, text)| {
            let role: RoleTemplate =
                toml::from_str(text).with_context(|| format!("failed to read the role {name}"))?;
            Ok(((*name).to_owned(), role))
        })
        .collect::<anyhow::Result<_>>()?;
    Ok(Templates {
        briefing: BRIEFING.to_owned(),
        recovery: RECOVERY.to_owned(),
        roles,
    })
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
        for program in super::programs().expect("the programs") {
            torch_monitor::Rules::compile(&program.name, &program.screen).expect("its rules");
        }
    }
}
