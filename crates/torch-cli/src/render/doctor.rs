//! `torch doctor`: one line per check, a hint below each that is not ok.

use serde::Serialize;

use super::fit;
use super::style::{BAD, DIM, GOOD, WARN, paint};

/// Columns of the verdict and the spaces behind it.
const VERDICT: usize = 6;
/// With less room than this, broken lines are no easier to read.
const LEAST: usize = 24;

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// Works, with less.
    Warn,
    /// Does not work.
    Fail,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was checked.
    pub name: &'static str,
    /// How it came out.
    pub verdict: Verdict,
    /// What was found.
    pub found: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// All checks and a closing line, for a terminal of `columns` columns if there is one. A hint stands on one line, to be copied.
pub fn doctor(checks: &[Check], columns: Option<usize>) -> String {
    let width = checks
        .iter()
        .map(|check| check.name.len())
        .max()
        .unwrap_or_default();
    let mut text = String::new();
    for check in checks {
        let (style, word) = match check.verdict {
            Verdict::Ok => (GOOD, "ok  "),
            Verdict::Warn => (WARN, "warn"),
            Verdict::Fail => (BAD, "fail"),
        };
        text.push_str(&format!(
            "{}  {:<width$}  {}\n",
            paint(style, word),
            check.name,
            found(&check.found, width, columns)
        ));
        if let Some(hint) = &check.hint {
            text.push_str(&format!(
                "      {:<width$}  {}\n",
                "",
                paint(DIM, &format!("Hint: {hint}"))
            ));
        }
    }
    let count = |verdict| {
        checks
            .iter()
            .filter(|check| check.verdict == verdict)
            .count()
    };
    let summary = match (count(Verdict::Fail), count(Verdict::Warn)) {
        (0, 0) => "all is well".to_owned(),
        (0, warn) => format!("all that is needed works; warnings: {warn}"),
        (fail, warn) => format!("failed: {fail}; warnings: {warn}"),
    };
    text.push_str(&format!("\n{summary}\n"));
    text
}

/// What was found, in the lines that there is room for.
fn found(text: &str, names: usize, columns: Option<usize>) -> String {
    let before = VERDICT + names + 2;
    let room = columns.and_then(|columns| columns.checked_sub(before));
    match room.filter(|room| *room >= LEAST) {
        Some(room) => {
            let lines = fit::wrap(text, room, 0);
            lines.replace('\n', &format!("\n{}", " ".repeat(before)))
        }
        None => text.to_owned(),
    }
}
