//! `torch audit verify`.

use super::style::{BAD, GOOD, paint};
use super::{count, first_line};

/// Whether the journal's chain holds.
pub fn audit(entries: u64, head: &str, broken: Option<&str>) -> String {
    let entries = match entries {
        1 => "1 entry".to_owned(),
        many => count(many, "entrie"),
    };
    match broken {
        None => format!(
            "{} {entries}, head {head}\n",
            paint(GOOD, "the journal holds:")
        ),
        Some(broken) => format!(
            "{} {}\n{entries} read, head {head}\n",
            paint(BAD, "the journal is broken:"),
            first_line(broken, 300)
        ),
    }
}
