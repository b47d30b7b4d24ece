//! The roles of a place: torch's own, the user's and the project's, and what is said of files that are none.

use std::path::Path;

use torch_core::RoleName;
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
    failed.hint(match (error, error.line()) {
        _ if !error.path().exists() => "torch roles check".to_owned(),
        // There is nothing in it that an editor would show.
        (RoleFileError::Read { .. }, _) => format!("ls -ld {path}"),
        (_, Some(line)) => format!("${{EDITOR:-vi}} +{line} {path}"),
        (_, None) => format!("${{EDITOR:-vi}} {path}"),
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

/// Says which of the roles that are wanted, by name or alias, the project's own files decide.
pub(crate) fn say_from_the_project<'r>(
    catalog: &RoleCatalog,
    wanted: impl Iterator<Item = &'r str>,
) {
    let ids: Vec<String> = wanted
        .map(|written| {
            let role = RoleName::parse(written.trim());
            role.map_or_else(|_| written.to_owned(), |role| role.as_str().to_owned())
        })
        .collect();
    for line in from_the_project(catalog, ids.iter().map(String::as_str)) {
        output::notice(&line);
    }
}
