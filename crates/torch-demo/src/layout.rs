//! Text to terminal rows: wrapping by display width, and the wire form of a frame.

use unicode_width::UnicodeWidthChar as _;

/// Wraps `text` to rows of at most `width` columns (at least 2), hard, by display width. A newline begins a row;
/// characters of no width stay with the one before them. There is always at least one row.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(2);
    let mut rows = Vec::new();
    for line in text.split('\n') {
        let mut row = String::new();
        let mut used = 0;
        for c in line.chars() {
            let columns = c.width().unwrap_or(0);
            if used + columns > width {
                rows.push(std::mem::take(&mut row));
                used = 0;
            }
            row.push(c);
            used += columns;
        }
        rows.push(row);
    }
    rows
}

/// Like [`wrap`], but every row after the first is indented by as many columns as `first` takes, and the first
/// row begins with `first`.
pub(crate) fn hanging(first: &str, text: &str, width: usize) -> Vec<String> {
    let indent = columns(first);
    wrap(text, width.saturating_sub(indent))
        .into_iter()
        .enumerate()
        .map(|(n, row)| match n {
            0 => format!("{first}{row}"),
            _ => format!("{}{row}", " ".repeat(indent)),
        })
        .collect()
}

/// How many columns a text takes.
pub(crate) fn columns(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// The text without the control characters that would move the cursor or change modes.
pub(crate) fn printable(text: &str) -> String {
    text.replace('\t', "    ")
        .chars()
        .filter(|c| *c == '\n' || !c.is_control())
        .collect()
}

/// A whole screen: one string per row, with its SGR sequences, and where the cursor stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Frame {
    /// The rows from the top; as many as the terminal has.
    pub rows: Vec<String>,
    /// The cursor's row and column from 0; `None` hides it.
    pub cursor: Option<(usize, usize)>,
}

impl Frame {
    /// What to write to turn `before` into this frame: only rows that changed, inside one synchronised update,
    /// so that a capture never sees a half-drawn one.
    ///
    /// Each row is erased as a whole before it is written. tmux (3.3a) keeps what is more than a byte and 256 colours
    /// in a list of its row, and a cell that is erased alone (`CSI K`) leaves its place in the list behind; only erasing
    /// the whole row empties it. 20 rows that were a rule and a short text by turns, 500 times each, held 9 MB.
    pub(crate) fn update(&self, before: Option<&Self>) -> String {
        let mut out = String::from("\x1b[?2026h\x1b[?25l");
        let old = before.filter(|old| old.rows.len() == self.rows.len());
        if old.is_none() {
            out.push_str("\x1b[2J");
        }
        for (n, row) in self.rows.iter().enumerate() {
            if old.is_none_or(|old| old.rows[n] != *row) {
                out.push_str(&format!("\x1b[{};1H\x1b[0m\x1b[2K{row}\x1b[0m", n + 1));
            }
        }
        if let Some((row, column)) = self.cursor {
            out.push_str(&format!("\x1b[{};{}H\x1b[?25h", row + 1, column + 1));
        }
        out.push_str("\x1b[?2026l");
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_hold_their_width_in_columns() {
        for (text, width, rows) in [
            ("abcdef", 4, vec!["abcd", "ef"]),
            ("日本語", 4, vec!["日本", "語"]),
            ("日本語", 5, vec!["日本", "語"]),
            ("ae\u{301}b", 2, vec!["ae\u{301}", "b"]),
            ("a\n\nb", 9, vec!["a", "", "b"]),
            ("", 9, vec![""]),
        ] {
            assert_eq!(wrap(text, width), rows, "{text:?} at {width}");
        }
        let long = wrap(&"x".repeat(1_000), 80);
        assert_eq!(long.len(), 13);
        assert_eq!(long.concat().len(), 1_000);
    }

    #[test]
    fn further_rows_hang_under_the_first() {
        assert_eq!(
            hanging("❯\u{a0}", "abcdef\ng", 6),
            ["❯\u{a0}abcd", "  ef", "  g"]
        );
    }

    #[test]
    fn an_update_writes_only_what_changed() {
        let frame = |text: &str| Frame {
            rows: vec!["same".to_owned(), text.to_owned()],
            cursor: None,
        };
        let update = frame("new").update(Some(&frame("old")));
        assert!(
            update.contains("\x1b[2;1H\x1b[0m\x1b[2Knew"),
            "the whole row is erased first: {update:?}"
        );
        assert!(!update.contains("same") && !update.contains("\x1b[2J"));
        assert!(frame("new").update(None).contains("same"));
    }
}
