//! What is shipped as data, compiled in: roles, the briefing, and of the [`catalog`](crate::catalog) the agent programs.

use std::sync::Arc;

use anyhow::Context as _;
use torch_core::roles::BUILT_IN_ROLES;
use torch_router::matrix::Matrix;

use crate::catalog::Catalog;
use crate::state::{Programs, RoleTemplate, Templates};

const BRIEFING: &str = include_str!("../../../templates/briefing.md");
const RECOVERY: &str = include_str!("../../../templates/recovery.md");

macro_rules! roles {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../../templates/roles/", $name, ".toml")))),*]
    };
}

/// The files of `templates/roles`, by the names that stand in [`torch_core::roles`], which a test holds.
const ROLES: [(&str, &str); BUILT_IN_ROLES.len()] = roles!(
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

const MATRICES: [&str; 2] = [
    include_str!("../../../templates/matrices/standard.toml"),
    include_str!("../../../templates/matrices/system_operations.toml"),
];

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
    let matrices = MATRICES
        .iter()
        .map(|text| Ok(Matrix::parse(text)?))
        .collect::<anyhow::Result<_>>()?;
    Ok(Arc::new(Templates {
        briefing: BRIEFING.to_owned(),
        recovery: RECOVERY.to_owned(),
        roles,
        matrices,
    }))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use torch_core::roles::{BUILT_IN_NAMES, DEFAULT_NAMES};

    /// A role that is added or renamed in one place only would be shipped without duties, or not at all.
    #[test]
    fn the_roles_are_those_of_their_folder_in_the_order_of_their_tiers() {
        assert_eq!(super::ROLES.map(|(name, _)| name), BUILT_IN_NAMES);
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates/roles");
        let files = std::fs::read_dir(folder).expect("the folder").flatten();
        let mut files: Vec<String> = files
            .map(|file| file.file_name().to_string_lossy().into_owned())
            .collect();
        files.sort_unstable();
        let mut names = BUILT_IN_NAMES.map(|name| format!("{name}.toml"));
        names.sort_unstable();
        assert_eq!(files, names);
        let roles = super::roles().expect("the roles").roles.clone();
        let tier = |name: &str| {
            let tiers = ["core", "optional", "sysops"];
            let tier = tiers.iter().position(|tier| *tier == roles[name].tier);
            tier.expect("a known tier")
        };
        let tiers = BUILT_IN_NAMES.map(tier);
        assert!(tiers.is_sorted());
        let core = tiers.iter().filter(|tier| **tier == 0).count();
        assert_eq!(DEFAULT_NAMES, &BUILT_IN_NAMES[..core]);
    }

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
