//! A captured screen: rows of text, and which characters of them are dim (`capture-pane -p -e`).

use vte::{Params, Parser, Perform};

/// One row of a screen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    cells: Vec<(char, bool)>,
}

impl Row {
    /// The row's text as captured.
    pub fn whole_text(&self) -> String {
        self.cells.iter().map(|(c, _)| *c).collect()
    }

    /// The row's text without trailing blanks.
    pub fn text(&self) -> String {
        let text: String = self.cells.iter().map(|(c, _)| *c).collect();
        text.trim_end().to_owned()
    }

    /// The row's text after its first `skip` characters, without what is dim: a placeholder is no draft.
    pub fn bright_text(&self, skip: usize) -> String {
        let bright = self.cells.iter().skip(skip).filter(|(_, dim)| !dim);
        let text: String = bright.map(|(c, _)| *c).collect();
        text.trim_end().to_owned()
    }
}

/// A captured screen, top row first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Screen {
    rows: Vec<Row>,
}

impl Screen {
    /// Reads the bytes of `tmux capture-pane -p -e`: lines with SGR sequences. Invalid UTF-8 becomes U+FFFD.
    pub fn parse(capture: &[u8]) -> Self {
        let mut reader = Reader {
            rows: vec![Row::default()],
            dim: false,
        };
        let text = String::from_utf8_lossy(capture);
        Parser::new().advance(&mut reader, text.as_bytes());
        if reader.rows.last().is_some_and(|row| row.cells.is_empty()) {
            reader.rows.pop();
        }
        Self { rows: reader.rows }
    }

    /// The rows, top first.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The last `count` rows that are not blank, top first, with their numbers from 0.
    pub fn tail(&self, count: usize) -> Vec<(usize, String)> {
        let filled = self.rows.iter().enumerate().map(|(i, row)| (i, row.text()));
        let mut lines: Vec<_> = filled.filter(|(_, text)| !text.is_empty()).collect();
        lines.split_off(lines.len().saturating_sub(count))
    }

    /// The whole text, one line per row, without trailing blank rows.
    pub fn text(&self) -> String {
        let lines: Vec<String> = self.rows.iter().map(Row::text).collect();
        lines.join("\n").trim_end().to_owned()
    }
}

struct Reader {
    rows: Vec<Row>,
    dim: bool,
}

impl Perform for Reader {
    fn print(&mut self, c: char) {
        if let Some(row) = self.rows.last_mut() {
            row.cells.push((c, self.dim));
        }
    }

    fn execute(&mut self, byte: u8) {
        if byte == b'\n' {
            self.rows.push(Row::default());
        }
    }

    fn csi_dispatch(&mut self, params: &Params, _: &[u8], _: bool, action: char) {
        if action != 'm' {
            return;
        }
        let mut values = params.iter().map(|p| p.first().copied().unwrap_or(0));
        while let Some(value) = values.next() {
            match value {
                0 | 22 => self.dim = false,
                2 => self.dim = true,
                // Extended colours carry arguments that must not be read as attributes.
                38 | 48 | 58 => match values.next() {
                    Some(5) => drop(values.next()),
                    Some(2) => drop((values.next(), values.next(), values.next())),
                    _ => {}
                },
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dim_text_is_told_from_typed_text() {
        let screen =
            Screen::parse(b"\x1b[1m\xe2\x9d\xaf\x1b[0m \x1b[2mTry \"x\"\x1b[0m typed\nnext  \n");
        assert_eq!(screen.rows().len(), 2);
        assert_eq!(screen.rows()[0].text(), "❯ Try \"x\" typed");
        assert_eq!(screen.rows()[0].bright_text(0), "❯  typed");
        assert_eq!(screen.text(), "❯ Try \"x\" typed\nnext");
    }

    #[test]
    fn a_colour_number_is_no_attribute() {
        let screen = Screen::parse(b"\x1b[38;5;2mgreen\x1b[38;2;2;2;2mrgb\x1b[38:5:2mcolon");
        assert_eq!(screen.rows()[0].bright_text(0), "greenrgbcolon");
    }

    #[test]
    fn dim_ends_with_22_and_spans_lines() {
        let screen = Screen::parse(b"\x1b[2;33ma\nb\x1b[22mc\n\xff\n");
        assert_eq!(screen.rows()[0].bright_text(0), "");
        assert_eq!(screen.rows()[1].bright_text(0), "c");
        assert_eq!(screen.rows()[2].text(), "\u{fffd}");
    }
}
