//! `torch doctor`: one line per check, a hint below each that is not ok.

use serde::Serialize;

use super::style::{BAD, DIM, GOOD, WARN, paint};

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

/// All checks and a closing line.
pub fn doctor(checks: &[Check]) -> String {
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
            check.found
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
