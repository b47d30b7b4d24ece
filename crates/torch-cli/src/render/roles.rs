//! `torch roles`: the list, one role as JSON, and files that were checked.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use torch_daemon::catalog::Origin;
use torch_daemon::matrix::{Barred, MatrixInForce};
use torch_daemon::role_files::{RoleCatalog, RoleEntry};

use super::plain;
use super::style::{DIM, NONE, STRONG};
use super::table::{Cell, Table};

/// The roles as a table in the width of the terminal, if there is one, the core first; of the team that is there also whom they may write to directly.
pub fn list(
    catalog: &RoleCatalog,
    team: Option<&MatrixInForce>,
    shown: impl Fn(&Path) -> String,
    width: Option<usize>,
) -> String {
    let direct = team.map(MatrixInForce::by_role);
    let mut headings = vec!["ROLE", "TIER", "FROM"];
    headings.extend(direct.as_ref().map(|_| "WRITES TO"));
    headings.push("SUMMARY");
    let mut table = Table::new(0, &headings);
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
        let mut cells = vec![
            Cell::styled(STRONG, entry.role.name.as_str()),
            Cell::from(entry.role.tier.as_str()),
            Cell::styled(style, plain(&from)),
        ];
        if let Some(direct) = &direct {
            let to = direct.get(entry.role.name.as_str());
            let barred = team
                .into_iter()
                .flat_map(|team| team.barred_to(&entry.role.name));
            let to = to.map_or_else(String::new, |to| reached(*to));
            cells.push(Cell::from(
                to + &barred_by(barred.map(|row| (row, row.at.as_str()))),
            ));
        }
        cells.push(Cell::from(plain(&entry.role.summary)));
        table.row(cells);
    }
    // Whom a role writes to is a list; where it comes from is short.
    table.wrapping(width, &[2, 3])
}

/// Whom a role may write to directly, in a word each.
pub fn reached(to: Option<&[String]>) -> String {
    match to {
        None => "everyone".to_owned(),
        Some([]) => "nobody else".to_owned(),
        Some(to) => to.join(", "),
    }
}

/// Whom a role may not write to by the project's rules, each with what says so.
pub fn barred_by<'b>(barred: impl Iterator<Item = (&'b Barred, &'b str)>) -> String {
    let barred = barred.map(|(row, by)| format!("; not {} ({})", row.to, plain(by)));
    barred.collect()
}

/// The same as JSON, for a role of the team.
pub fn direct(matrix: &MatrixInForce, role: &str) -> Option<Value> {
    let direct = matrix.by_role();
    let to = direct.get(role)?;
    let mut row =
        json!({"team": matrix.team, "to": to.map_or_else(|| json!("everyone"), |to| json!(to))});
    let barred: Vec<&Barred> = matrix.barred_to(role).collect();
    if !barred.is_empty() {
        row["barred"] = json!(barred);
    }
    Some(row)
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
