//! `torch team`: the templates as a list, and one as its file.

use std::path::Path;

use torch_team::{Catalog, Entry, Origin};

use super::plain;
use super::style::{DIM, STRONG};
use super::table::{Cell, Table};

/// The templates as a table, in the width of the terminal, if there is one.
pub fn list(catalog: &Catalog, shown: impl Fn(&Path) -> String, width: Option<usize>) -> String {
    let mut table = Table::new(0, &["TYPE", "FROM", "CORE", "DESCRIPTION"]);
    for entry in catalog.entries() {
        let template = &entry.template;
        // Every team has these two.
        let core = template
            .core
            .iter()
            .filter(|role| !role.is_hub() && !role.is_sub_hub());
        let core: Vec<&str> = core.map(|role| role.as_str()).collect();
        table.row([
            Cell::styled(STRONG, template.name.clone()),
            Cell::from(plain(&place(&entry.origin, &shown))),
            Cell::from(core.join(", ")),
            Cell::styled(DIM, plain(&template.summary)),
        ]);
    }
    table.wrapping(width, &[1, 2])
}

/// A template's file, with where it comes from as a comment.
pub fn show(entry: &Entry, shown: impl Fn(&Path) -> String) -> String {
    let mut head = format!("# {}", place(&entry.origin, &shown));
    if let Some(replaced) = &entry.replaces {
        head.push_str(&format!("; in place of: {}", place(replaced, &shown)));
    }
    format!("{}\n{}", plain(&head), plain(&entry.text))
}

fn place(origin: &Origin, shown: impl Fn(&Path) -> String) -> String {
    match origin.path() {
        Some(path) => shown(path),
        None => "built in".to_owned(),
    }
}
