//! Aligned columns without borders.

use anstyle::Style;
use unicode_width::UnicodeWidthStr as _;

use super::fit;
use super::style::{DIM, NONE, paint};

/// Spaces between two columns.
const GAP: usize = 2;

/// What is left at least of a column of text.
const TEXT_MIN: usize = 4;

/// What a column of prose has at least before others give way.
const PROSE_MIN: usize = 30;

/// And before words of others are cut.
const TIGHT_MIN: usize = 20;

/// What is left at least of a column whose words go on below themselves.
const WRAP_MIN: usize = 12;

/// One cell.
#[derive(Debug, Clone)]
pub struct Cell {
    text: String,
    style: Style,
    /// Whether what is too long is cut in its middle.
    middle: bool,
}

impl Cell {
    /// A cell in a style.
    pub fn styled(style: Style, text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            style,
            middle: false,
        }
    }

    /// A name, which is cut in its middle where it has to be: names that begin alike stay apart.
    pub fn name(text: impl Into<String>) -> Self {
        Self {
            middle: true,
            ..Self::styled(NONE, text)
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
        self.text(&self.widths(&self.rows))
    }

    /// The same in at most `width` columns of the terminal, if there is one: the widest columns give way first, those of
    /// text down to a few letters with `…`, those of figures down to the figures.
    pub fn within(&self, width: Option<usize>, text_columns: &[usize]) -> String {
        let mut widths = self.widths(&self.rows);
        let figures = self.widths(self.rows.get(1..).unwrap_or_default());
        let least = |column: usize| match figures.get(column) {
            Some(figure) if !text_columns.contains(&column) => *figure,
            _ => TEXT_MIN,
        };
        let Some(width) = width else {
            return self.text(&widths);
        };
        while self.indent + total(&widths) > width {
            let columns = widths.iter_mut().enumerate();
            let can_give = columns.filter(|(column, width)| **width > least(*column));
            // Of equally wide ones the last, which is the least needed.
            match can_give.max_by_key(|(_, width)| **width) {
                Some((_, widest)) => *widest -= 1,
                None => break,
            }
        }
        cut(&self.text(&widths), width)
    }

    /// The same, where these columns give way one after the other, the least important first, each down to a few letters; then
    /// the headings above figures. A column that is not named, and so an id, gives only its heading.
    pub fn giving(&self, width: Option<usize>, columns: &[usize]) -> String {
        let mut widths = self.widths(&self.rows);
        let figures = self.widths(self.rows.get(1..).unwrap_or_default());
        let Some(width) = width else {
            return self.text(&widths);
        };
        let headings = (0..widths.len()).rev().filter(|it| !columns.contains(it));
        let order: Vec<usize> = columns.iter().copied().chain(headings).collect();
        for column in order {
            let over = (self.indent + total(&widths)).saturating_sub(width);
            let least = match columns.contains(&column) {
                true => TEXT_MIN,
                false => figures[column].max(1),
            };
            let can_give = widths[column].saturating_sub(least);
            widths[column] -= over.min(can_give);
        }
        cut(&self.text(&widths), width)
    }

    /// The same, where the last column is prose: its words go on below themselves. Where that leaves it too little room,
    /// these columns give way one after the other, and go on below themselves as well.
    pub fn wrapping(&self, width: Option<usize>, columns: &[usize]) -> String {
        let mut widths = self.widths(&self.rows);
        let (Some(width), Some(last)) = (width, widths.len().checked_sub(1)) else {
            return self.render();
        };
        if self.indent + total(&widths) <= width {
            return self.render();
        }
        let wanted = widths[last];
        // Words stay whole as long as there is room.
        for (prose, least) in [(PROSE_MIN, &self.words(widths.len())[..]), (TIGHT_MIN, &[])] {
            widths[last] = wanted.min(prose);
            for &column in columns.iter().filter(|column| **column < last) {
                let over = (self.indent + total(&widths)).saturating_sub(width);
                let least = least.get(column).copied().unwrap_or_default();
                let can_give = widths[column].saturating_sub(least.max(WRAP_MIN));
                widths[column] -= over.min(can_give);
            }
        }
        let before = self.indent + total(&widths) - widths[last];
        widths[last] = width.saturating_sub(before).max(1);
        let wraps = |column: usize| column == last || columns.contains(&column);
        let wrapped = Self {
            indent: self.indent,
            rows: self
                .rows
                .iter()
                .flat_map(|row| lines(row, &widths, wraps))
                .collect(),
        };
        cut(&wrapped.text(&widths), width)
    }

    /// The rows as they are but for cells that are wider than their column.
    fn text(&self, widths: &[usize]) -> String {
        let mut text = String::new();
        for row in &self.rows {
            // Empty cells at the end would leave spaces there.
            let last = row.iter().rposition(|cell| !cell.text.is_empty());
            text.push_str(&" ".repeat(self.indent));
            for (column, (cell, width)) in row.iter().zip(widths).enumerate() {
                if last.is_none_or(|last| column > last) {
                    break;
                }
                let shown = match cell.middle {
                    true => fit::middle(&cell.text, *width),
                    false => fit::line(&cell.text, *width),
                };
                text.push_str(&paint(cell.style, &shown));
                if Some(column) != last {
                    text.push_str(&" ".repeat(width.saturating_sub(shown.width()) + GAP));
                }
            }
            text.push('\n');
        }
        text
    }

    /// The widest word of each column.
    fn words(&self, columns: usize) -> Vec<usize> {
        let widest = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells
                .flat_map(|cell| cell.text.split(' '))
                .map(|word| word.width())
                .max()
        };
        (0..columns)
            .map(|column| widest(column).unwrap_or_default())
            .collect()
    }

    /// The widest cell of each column.
    fn widths(&self, rows: &[Vec<Cell>]) -> Vec<usize> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let width = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.text.width()).max()
        };
        (0..columns)
            .map(|column| width(column).unwrap_or_default())
            .collect()
    }
}

/// A row as the lines that it takes where cells of some columns go on below themselves.
fn lines(row: &[Cell], widths: &[usize], wraps: impl Fn(usize) -> bool) -> Vec<Vec<Cell>> {
    let cells = row.iter().zip(widths).enumerate();
    let cells: Vec<Vec<String>> = cells
        .map(|(column, (cell, width))| match wraps(column) {
            true => {
                let text = fit::wrap(&cell.text, *width, 0);
                text.split('\n').map(str::to_owned).collect()
            }
            false => vec![cell.text.clone()],
        })
        .collect();
    let height = cells.iter().map(Vec::len).max().unwrap_or_default();
    let line = |at: usize| {
        let cells = row.iter().zip(&cells);
        let text = |lines: &Vec<String>| lines.get(at).cloned().unwrap_or_default();
        cells
            .map(|(cell, lines)| Cell::styled(cell.style, text(lines)))
            .collect()
    };
    (0..height).map(line).collect()
}

/// Each line in at most this width.
fn cut(text: &str, width: usize) -> String {
    let lines = text.lines().map(|line| fit::line(line, width) + "\n");
    lines.collect()
}

/// The columns with the spaces between them.
fn total(widths: &[usize]) -> usize {
    widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: &[[&str; 3]]) -> Table {
        let mut table = Table::new(0, &["NAME", "COUNTED", "TEXT"]);
        for row in rows {
            table.row(row.map(Cell::from));
        }
        table
    }

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn the_widest_column_gives_way_first() {
        let table = table(&[
            ["documentation_writer", "1234", "日本語日本語日本語"],
            ["dev", "7", "short"],
        ]);
        assert_eq!(
            plain(&table.within(Some(33), &[0, 2])),
            "NAME         COUNTED  TEXT\n\
             documentat…  1234     日本語日本…\n\
             dev          7        short\n"
        );
        // Figures stay whole, as far as there is room.
        assert_eq!(
            plain(&table.within(Some(18), &[0, 2])),
            "NAME   COUN…  TEXT\ndocu…  1234   日…\ndev    7      sho…\n"
        );
        // Where nothing can give any more, lines are cut.
        assert_eq!(
            plain(&table.within(Some(9), &[0, 2])),
            "NAME  CO…\ndoc…  12…\ndev   7 …\n"
        );
        assert_eq!(table.within(None, &[0, 2]), table.render());
    }

    #[test]
    fn words_go_on_below_themselves() {
        let mut table = Table::bare(2);
        table.row(
            [
                "documentation writer",
                "what a core of the team is, and more words",
            ]
            .map(Cell::from),
        );
        table.row(["dev", ""].map(Cell::from));
        assert_eq!(
            plain(&table.wrapping(Some(50), &[])),
            "  documentation writer  what a core of the team\n                        is, and more words\n  dev\n"
        );
        assert_eq!(
            plain(&table.wrapping(Some(46), &[0])),
            "  documentation  what a core of the team is,\n  writer         and more words\n  dev\n"
        );
        assert_eq!(table.wrapping(None, &[0]), table.render());
        assert_eq!(table.wrapping(Some(200), &[0]), table.render());
        assert_eq!(Table::bare(2).wrapping(Some(10), &[0]), "");
    }

    #[test]
    fn columns_give_way_by_importance() {
        let table = table(&[
            ["documentation_writer", "1234", "日本語日本語日本語"],
            ["dev", "7", "short"],
        ]);
        let giving = |width| plain(&table.giving(Some(width), &[2]));
        assert_eq!(
            giving(40),
            "NAME                  COUNTED  TEXT\n\
             documentation_writer  1234     日本語日…\n\
             dev                   7        short\n"
        );
        // Then the headings; the name stays whole.
        assert_eq!(
            giving(32),
            "NAME                  COU…  TEXT\n\
             documentation_writer  1234  日…\n\
             dev                   7     sho…\n"
        );
        assert_eq!(table.giving(None, &[2]), table.render());
        assert_eq!(table.within(Some(200), &[0, 2]), table.render());
    }
}
