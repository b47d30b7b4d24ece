//! `torch doctor --probe`: a table per program, and what is missing.

use super::plain;
use super::style::{BAD, DIM, GOOD, STRONG, paint};
use super::table::{Cell, Table};
use crate::command::doctor::probe::{Report, Verdict};

/// One program's table.
pub(crate) fn report(report: &Report, width: Option<usize>) -> String {
    let version = report.version.as_deref().unwrap_or_default();
    let name = format!("{} {}", report.program, plain(version));
    let mut table = Table::new(2, &["DOOR", "", "EVIDENCE"]);
    for finding in &report.doors {
        let (style, word) = match finding.verdict {
            Verdict::Works => (GOOD, "works"),
            Verdict::Fails => (BAD, "does not work"),
            Verdict::Untried => (DIM, "not tried"),
        };
        table.row([
            Cell::from(finding.door),
            Cell::styled(style, word),
            Cell::from(plain(&finding.evidence)),
        ]);
    }
    let mut text = format!(
        "{}\n{}",
        paint(STRONG, name.trim_end()),
        table.within(width, &[2])
    );
    match report.missing.is_empty() {
        true => text.push_str("  what a team needs works\n"),
        false => {
            let missing = report.missing.join("; ");
            text.push_str(&format!(
                "  {}\n",
                paint(BAD, &format!("missing: {missing}"))
            ));
        }
    }
    for hint in &report.hints {
        text.push_str(&format!("  {}\n", paint(DIM, &format!("Hint: {hint}"))));
    }
    text.push('\n');
    text
}
