//! What a part has to say, and what of it was missed.

use crate::distribution::Figure;

/// A part's output.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Markdown: a table, and what stands below it.
    pub(crate) text: String,
    /// What makes the whole run fail, in words. Times on a shared machine do not.
    pub(crate) failed: Vec<String>,
}

impl Report {
    /// A table of figures.
    pub(crate) fn of(figures: Vec<Figure>) -> Self {
        let rows = figures.iter().map(Figure::row);
        let lines: Vec<String> = std::iter::once(Figure::head().to_owned())
            .chain(rows)
            .collect();
        Self {
            text: lines.join("\n"),
            failed: Vec::new(),
        }
    }
}
