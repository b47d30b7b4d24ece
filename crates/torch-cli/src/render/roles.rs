//! `torch roles`: the list, one role as JSON, and files that were checked.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use torch_daemon::catalog::Origin;
use torch_daemon::role_files::{RoleCatalog, RoleEntry};

use super::plain;
use super::style::{DIM, NONE, STRONG};
use super::table::{Cell, Table};

/// The roles as a table, the core first.
pub fn list(catalog: &RoleCatalog, shown: impl Fn(&Path) -> String) -> String {
    let mut table = Table::new(0, &["ROLE", "TIER", "FROM", "SUMMARY"]);
    let mut entries: Vec<&RoleEntry> = catalog.entries.values().collect();
    entries.sort_by_key(|entry| (entry.role.tier, entry.role.name.clone()));
    for entry in entries {
        let (style, from) = match &entry.origin {
            Origin::BuiltIn => (DIM, "built in".to_owned()),
            Origin::User(path) | Origin::Project(path) => (NONE, shown(path)),
        };
        let from = match &entry.replaces {
            Some(replaced) => format!("{from} (in place of the {} one)", replaced.as_str()),
            None => from,
        };
        table.row([
            Cell::styled(STRONG, entry.role.name.as_str()),
            Cell::from(entry.role.tier.as_str()),
            Cell::styled(style, plain(&from)),
            Cell::from(plain(&entry.role.summary)),
        ]);
    }
    table.render()
}

/// One role.
pub fn json(entry: &RoleEntry) -> Value {
    json!({
        "role": entry.role,
        "origin": {"kind": entry.origin.as_str(), "path": entry.origin.path()},
        "replaces": entry.replaces.as_ref().map(Origin::as_str),
    })
}

/// The files that are roles.
pub fn checked(good: &[(PathBuf, String)], shown: impl Fn(&Path) -> String) -> String {
    if good.is_empty() {
        return "no role of your own or of this project can be used\n".to_owned();
    }
    let line = |(path, name): &(PathBuf, String)| {
        format!("{}: ok, the role {name}\n", plain(&shown(path)))
    };
    good.iter().map(line).collect()
}
