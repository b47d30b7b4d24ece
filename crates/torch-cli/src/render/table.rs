//! Aligned columns without borders.

use anstyle::Style;
use unicode_width::UnicodeWidthStr as _;

use super::style::{DIM, NONE, paint};

/// One cell.
#[derive(Debug, Clone)]
pub struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    /// A cell in a style.
    pub fn styled(style: Style, text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            style,
        }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::styled(NONE, text)
    }
}

/// A table under construction.
#[derive(Debug, Default)]
pub struct Table {
    indent: usize,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table with dim headings, moved to the right by `indent` spaces.
    pub fn new(indent: usize, headings: &[&str]) -> Self {
        let heading = headings
            .iter()
            .map(|text| Cell::styled(DIM, *text))
            .collect();
        Self {
            indent,
            rows: vec![heading],
        }
    }

    /// A table without headings.
    pub fn bare(indent: usize) -> Self {
        Self {
            indent,
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The text, two spaces between columns, a newline after each row, nothing at a row's end.
    pub fn render(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells
                .map(|cell| cell.text.width())
                .max()
                .unwrap_or_default()
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut text = String::new();
        for row in &self.rows {
            // Empty cells at the end would leave spaces there.
            let last = row.iter().rposition(|cell| !cell.text.is_empty());
            text.push_str(&" ".repeat(self.indent));
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                if last.is_none_or(|last| column > last) {
                    break;
                }
                text.push_str(&paint(cell.style, &cell.text));
                if Some(column) != last {
                    text.push_str(&" ".repeat(width - cell.text.width() + 2));
                }
            }
            text.push('\n');
        }
        text
    }
}
