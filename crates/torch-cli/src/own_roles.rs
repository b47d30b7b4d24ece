//! The roles of a place: torch's own, the user's and the project's, and what is said of files that are none.

use std::path::Path;

use torch_daemon::catalog::Origin;
use torch_daemon::role_files::{RoleCatalog, RoleFileError};

use crate::error::CommandError;
use crate::output;
use crate::place::{project_roles, project_root, shown, user_roles};
use crate::render;

/// The roles for whoever works in `dir`. What can't be used is in the catalog's `broken`, and not told.
pub(crate) fn catalog(dir: &Path) -> RoleCatalog {
    let project = project_roles(&project_root(dir));
    RoleCatalog::load(user_roles().as_deref(), Some(&project))
}

/// The same; files that can't be used are told on standard error and stop nothing.
pub(crate) fn told(dir: &Path) -> RoleCatalog {
    let catalog = catalog(dir);
    for error in &catalog.broken {
        output::notice(render::error::error(&unusable(error)).trim_end());
    }
    catalog
}

/// What is said of a file that is no role; the hint opens it at the line.
pub(crate) fn unusable(error: &RoleFileError) -> CommandError {
    let mut failed = CommandError::usage(error.to_string());
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        failed = failed.cause(cause.to_string().trim_end());
        source = cause.source();
    }
    let path = torch_process::quote::shell(error.path());
    failed.hint(match error.line() {
        Some(line) => format!("${{EDITOR:-vi}} +{line} {path}"),
        None if !error.path().exists() => "torch roles check".to_owned(),
        None => format!("${{EDITOR:-vi}} {path}"),
    })
}

/// A line for each role of a team that the project's own files decide, since they came with its repository.
pub(crate) fn from_the_project<'r>(
    catalog: &RoleCatalog,
    roles: impl Iterator<Item = &'r str>,
) -> Vec<String> {
    let of_project = |name: &str| match &catalog.entries.get(name)?.origin {
        Origin::Project(path) => Some(format!(
            "note: what {name} is told comes from the project's {}",
            shown(path)
        )),
        _ => None,
    };
    roles.filter_map(of_project).collect()
}
