//! A captured screen: rows of text, and how their characters are drawn (`capture-pane -p -e`).

use unicode_width::UnicodeWidthChar as _;
use vte::{Params, Parser, Perform};

/// A colour as the program set it: 0 is the default, others are only compared.
type Colour = u32;

/// How characters are drawn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Style {
    dim: bool,
    reverse: bool,
    front: Colour,
    back: Colour,
}

/// One row of a screen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    cells: Vec<(char, Style)>,
    text: String,
}

impl Row {
    /// The row's text as captured.
    pub fn whole_text(&self) -> String {
        self.cells.iter().map(|(c, _)| *c).collect()
    }

    /// The row's text without trailing blanks.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether there is nothing in it.
    pub fn is_blank(&self) -> bool {
        self.text.is_empty()
    }

    /// The row's text after its first `skip` characters, without what is dim: a placeholder is no draft. The first character
    /// of a placeholder may be drawn as the cursor, in reverse; it goes with the dim one behind it.
    pub fn bright_text(&self, skip: usize) -> String {
        self.bright(&self.cells[skip.min(self.cells.len())..])
    }

    /// The same for the characters in the columns before `right`.
    pub(crate) fn bright_text_before(&self, skip: usize, right: usize) -> String {
        let mut column = 0;
        let inside = self.cells.iter().take_while(|(c, _)| {
            column += c.width().unwrap_or(0);
            column <= right
        });
        let end = inside.count();
        self.bright(&self.cells[skip.min(end)..end])
    }

    fn bright(&self, cells: &[(char, Style)]) -> String {
        let mut text = String::with_capacity(cells.len());
        for (n, (c, style)) in cells.iter().enumerate() {
            let dim_next = cells.get(n + 1).is_some_and(|(_, next)| next.dim);
            if !(style.dim || style.reverse && dim_next) {
                text.push(*c);
            }
        }
        text.truncate(text.trim_end().len());
        text
    }

    /// The colour of its first character that is no blank.
    pub(crate) fn front(&self) -> Option<u32> {
        let (_, style) = self.cells.iter().find(|(c, _)| !c.is_whitespace())?;
        Some(style.front)
    }

    /// The background of the character at `index`.
    pub(crate) fn back(&self, index: usize) -> Option<u32> {
        self.cells.get(index).map(|(_, style)| style.back)
    }

    /// Whether all its characters are drawn in reverse, blanks not counted.
    pub(crate) fn is_reverse(&self) -> bool {
        let mut seen = self.cells.iter().filter(|(c, _)| !c.is_whitespace());
        !self.is_blank() && seen.all(|(_, style)| style.reverse)
    }
}

/// A captured screen, top row first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Screen {
    rows: Vec<Row>,
    styled: bool,
    title: String,
}

impl Screen {
    /// Reads the bytes of `tmux capture-pane -p -e`: lines with SGR sequences. Invalid UTF-8 becomes U+FFFD.
    pub fn parse(capture: &[u8]) -> Self {
        let mut reader = Reader::default();
        reader.rows.push(Row::default());
        let text = String::from_utf8_lossy(capture);
        Parser::new().advance(&mut reader, text.as_bytes());
        if reader.rows.last().is_some_and(|row| row.cells.is_empty()) {
            reader.rows.pop();
        }
        for row in &mut reader.rows {
            row.text = row.cells.iter().map(|(c, _)| *c).collect();
            row.text.truncate(row.text.trim_end().len());
        }
        Self {
            rows: reader.rows,
            styled: reader.styled,
            title: String::new(),
        }
    }

    /// The same screen with the window's title.
    #[must_use]
    pub fn titled(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// The window's title; empty where it is not known.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The rows, top first.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Whether the capture says how characters are drawn.
    pub fn is_styled(&self) -> bool {
        self.styled
    }

    /// The number of rows without the blank ones at the end.
    pub fn filled(&self) -> usize {
        let last = self.rows.iter().rposition(|row| !row.is_blank());
        last.map_or(0, |row| row + 1)
    }

    /// The number of characters in its longest row.
    pub(crate) fn width(&self) -> usize {
        let lengths = self.rows.iter().map(|row| row.text.chars().count());
        lengths.max().unwrap_or(0)
    }

    /// The whole text, one line per row, without trailing blank rows.
    pub fn text(&self) -> String {
        let lines: Vec<&str> = self.rows.iter().map(Row::text).collect();
        lines.join("\n").trim_end().to_owned()
    }
}

#[derive(Default)]
struct Reader {
    rows: Vec<Row>,
    style: Style,
    styled: bool,
}

impl Perform for Reader {
    fn print(&mut self, c: char) {
        if let Some(row) = self.rows.last_mut() {
            row.cells.push((c, self.style));
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
        self.styled = true;
        let mut values = params.iter();
        while let Some(value) = values.next() {
            let style = &mut self.style;
            match value {
                [] | [0, ..] => *style = Style::default(),
                [2, ..] => style.dim = true,
                [22, ..] => style.dim = false,
                [7, ..] => style.reverse = true,
                [27, ..] => style.reverse = false,
                [39, ..] => style.front = 0,
                [49, ..] => style.back = 0,
                [n @ (30..=37 | 90..=97), ..] => style.front = 1 + u32::from(*n) % 30,
                [n @ (40..=47 | 100..=107), ..] => style.back = 1 + u32::from(*n - 10) % 30,
                // Extended colours carry arguments that must not be read as attributes.
                [n @ (38 | 48 | 58), rest @ ..] => {
                    let colour = extended(rest, &mut values);
                    match n {
                        38 => style.front = colour,
                        48 => style.back = colour,
                        _ => {}
                    }
                }
                _ => {}
            }
        }
    }
}

/// A colour after 38, 48 or 58: behind colons, or in the parameters that follow.
fn extended<'p>(colons: &[u16], values: &mut impl Iterator<Item = &'p [u16]>) -> Colour {
    if !colons.is_empty() {
        return mixed(colons.iter().copied());
    }
    let mut next = || values.next().and_then(|value| value.first().copied());
    match next() {
        Some(5) => mixed([5].into_iter().chain(next())),
        Some(2) => mixed([2].into_iter().chain((0..3).filter_map(|_| next()))),
        _ => 0,
    }
}

fn mixed(parts: impl Iterator<Item = u16>) -> Colour {
    parts.fold(1, |colour, part| (colour << 8) ^ u32::from(part))
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

    #[test]
    fn a_placeholder_under_the_cursor_is_dim_as_a_whole() {
        let screen = Screen::parse(b"> \x1b[7mP\x1b[0;2mress up\x1b[0m\n> typed\x1b[7m \x1b[0m\n");
        assert_eq!(screen.rows()[0].bright_text(2), "");
        assert_eq!(screen.rows()[1].bright_text(2), "typed");
    }

    #[test]
    fn a_row_is_cut_at_a_column() {
        let screen = Screen::parse("┃ 漢字ab  beside\n".as_bytes());
        assert_eq!(screen.rows()[0].bright_text_before(2, 8), "漢字ab");
        assert_eq!(screen.rows()[0].bright_text_before(2, 5), "漢");
    }
}
