//! `torch config`: every value with where it comes from.

use torch_core::config::{Key, Origin, Passed, Scope, Source};

use super::style::{DIM, NONE, STRONG};
use super::table::{Cell, Table};

/// Every value; what is not a default stands out.
pub fn config(origins: &[Origin]) -> String {
    let mut table = Table::new(0, &["KEY", "VALUE", "FROM"]);
    for origin in origins {
        let style = if origin.source == Source::Default {
            NONE
        } else {
            STRONG
        };
        table.row([
            Cell::from(origin.key),
            Cell::styled(style, origin.value.as_str()),
            Cell::styled(DIM, from(origin)),
        ]);
    }
    table.render()
}

/// Where a value comes from, and what does not count beside it.
pub fn from(origin: &Origin) -> String {
    let from = source(&origin.source);
    match &origin.passed {
        Some(passed) => {
            let key = Key::find(origin.key);
            let why = match key.map(|key| key.scope) {
                Some(Scope::Stricter(_)) => "a project may only be stricter",
                _ => "your own policy stands",
            };
            let Passed { value, place } = passed;
            format!("{from}; {value} of {place} does not count: {why}")
        }
        None => from,
    }
}

/// Where a value comes from, in words.
pub fn source(source: &Source) -> String {
    match source {
        Source::Default => "default".to_owned(),
        Source::Policy(profile) => format!("policy {}", profile.as_str()),
        Source::File(path) => path.clone(),
        Source::Variable(name) => format!("${name}"),
    }
}
