//! What is shipped as data, compiled in: the roles, and of the [`catalog`](crate::catalog) the agent programs.

use std::sync::Arc;

use anyhow::Context as _;
use torch_router::matrix::Matrix;

use crate::catalog::Catalog;
use crate::state::{Programs, Templates};

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

/// The roles.
///
/// # Errors
/// When a shipped file is broken, which a test rules out.
pub fn roles() -> anyhow::Result<Arc<Templates>> {
    let roles = torch_brief::Roles::built_in().context("failed to read the roles")?;
    let matrices = MATRICES
        .iter()
        .map(|text| Ok(Matrix::parse(text)?))
        .collect::<anyhow::Result<_>>()?;
    Ok(Arc::new(Templates { roles, matrices }))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use torch_core::roles::{BUILT_IN_NAMES, DEFAULT_NAMES};

    /// A role that is added or renamed in one place only would be shipped without duties, or not at all.
    #[test]
    fn the_roles_are_those_of_their_folder_in_the_order_of_their_tiers() {
        assert_eq!(torch_brief::BUILT_IN.map(|(name, _)| name), BUILT_IN_NAMES);
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates/roles");
        let files = std::fs::read_dir(folder).expect("the folder").flatten();
        let mut files: Vec<String> = files
            .map(|file| file.file_name().to_string_lossy().into_owned())
            .collect();
        files.sort_unstable();
        let mut names = BUILT_IN_NAMES.map(|name| format!("{name}.toml"));
        names.sort_unstable();
        assert_eq!(files, names);
        let shipped = super::roles().expect("the roles");
        let tier = |name: &str| shipped.roles.get(name).expect("a role").tier;
        let tiers = BUILT_IN_NAMES.map(tier);
        assert!(tiers.is_sorted());
        let core = tiers
            .iter()
            .filter(|tier| **tier == torch_brief::Tier::Core)
            .count();
        assert_eq!(DEFAULT_NAMES, &BUILT_IN_NAMES[..core]);
    }

    #[test]
    fn what_is_shipped_can_be_read() {
        let roles = super::roles().expect("the roles");
        assert_eq!(roles.roles.iter().count(), torch_brief::BUILT_IN.len());
        let programs = super::programs().expect("the programs");
        assert!(programs.contains_key("demo"));
    }
}
