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

/// Where the journal begins when its older part was archived, and what is wrong with that part, if anything.
pub fn archived(up_to: u64, wrong: Option<&str>) -> String {
    match (up_to, wrong) {
        (0, _) => String::new(),
        (_, None) => format!("entries 1 to {up_to} are archived, the archives hold\n"),
        (_, Some(wrong)) => format!(
            "entries 1 to {up_to} are archived, {} {}\n",
            paint(BAD, "the archives do not hold:"),
            first_line(wrong, 300)
        ),
    }
}
