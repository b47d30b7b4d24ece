//! The composer: the text being written, its cursor, and pastes that are shown collapsed but delivered whole.
//!
//! What a paste goes through follows Claude Code 2.1.329 (measured): escape sequences and control characters
//! are stripped, CR and CRLF become LF, a tab becomes four spaces, and a paste of three or more newlines or of
//! 2,000 or more characters is shown as `[Pasted text #1 +39 lines]`. It does not normalise to NFC.

/// From how many newlines on a paste is shown collapsed.
pub(crate) const COLLAPSE_NEWLINES: usize = 3;
/// From how many characters on a paste is shown collapsed.
pub(crate) const COLLAPSE_CHARS: usize = 2_000;

/// One unit of the text, as the cursor sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Atom {
    Char(char),
    Paste { label: String, text: String },
}

/// What Enter did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Enter {
    /// The whole text, for submission; the composer is empty now.
    Submit(String),
    /// A backslash at the end became a newline.
    Newline,
    /// There was nothing to submit.
    Nothing,
}

/// The text being written.
#[derive(Debug, Clone, Default)]
pub(crate) struct Composer {
    atoms: Vec<Atom>,
    cursor: usize,
    pastes: usize,
}

impl Composer {
    /// Whether nothing is written.
    pub(crate) fn is_empty(&self) -> bool {
        self.atoms.is_empty()
    }

    /// The text as it is shown, collapsed pastes by their labels.
    pub(crate) fn shown(&self) -> String {
        self.show(&self.atoms)
    }

    /// The shown text before the cursor.
    pub(crate) fn shown_before_cursor(&self) -> String {
        self.show(&self.atoms[..self.cursor])
    }

    /// The text as it would be submitted.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for atom in &self.atoms {
            match atom {
                Atom::Char(c) => text.push(*c),
                Atom::Paste { text: pasted, .. } => text.push_str(pasted),
            }
        }
        text
    }

    /// Replaces everything by `text`, as a person's draft would stand there.
    pub(crate) fn set(&mut self, text: &str) {
        self.atoms = text.chars().map(Atom::Char).collect();
        self.cursor = self.atoms.len();
    }

    /// Types one character at the cursor; control characters are ignored.
    pub(crate) fn insert(&mut self, c: char) {
        if !c.is_control() {
            self.put(Atom::Char(c));
        }
    }

    /// Puts a bracketed paste in at the cursor.
    pub(crate) fn paste(&mut self, raw: &str) {
        let text = clean(raw);
        let newlines = text.matches('\n').count();
        if newlines >= COLLAPSE_NEWLINES || text.chars().count() >= COLLAPSE_CHARS {
            self.pastes += 1;
            let n = self.pastes;
            let label = match newlines {
                0 => format!("[Pasted text #{n}]"),
                lines => format!("[Pasted text #{n} +{lines} lines]"),
            };
            self.put(Atom::Paste { label, text });
        } else {
            let atoms: Vec<Atom> = text.chars().map(Atom::Char).collect();
            let after = self.cursor + atoms.len();
            self.atoms.splice(self.cursor..self.cursor, atoms);
            self.cursor = after;
        }
    }

    /// Enter: submits the text (its trailing white space is dropped), or turns a backslash at its end into a newline.
    pub(crate) fn enter(&mut self) -> Enter {
        if self.cursor == self.atoms.len() && self.atoms.last() == Some(&Atom::Char('\\')) {
            self.atoms.pop();
            self.cursor -= 1;
            self.put(Atom::Char('\n'));
            return Enter::Newline;
        }
        let text = self.text().trim_end().to_owned();
        if text.is_empty() {
            return Enter::Nothing;
        }
        self.clear();
        Enter::Submit(text)
    }

    /// Ctrl-U: clears back to the start of the line.
    pub(crate) fn clear_line(&mut self) {
        let start = self.line_start();
        self.atoms.drain(start..self.cursor);
        self.cursor = start;
    }

    /// Throws everything away.
    pub(crate) fn clear(&mut self) {
        self.atoms.clear();
        self.cursor = 0;
    }

    /// Deletes the character before the cursor; a collapsed paste goes as one.
    pub(crate) fn backspace(&mut self) {
        if self.cursor > 0 {
            self.cursor -= 1;
            self.atoms.remove(self.cursor);
        }
    }

    /// Deletes the character under the cursor.
    pub(crate) fn delete(&mut self) {
        if self.cursor < self.atoms.len() {
            self.atoms.remove(self.cursor);
        }
    }

    /// One character to the left.
    pub(crate) fn left(&mut self) {
        self.cursor = self.cursor.saturating_sub(1);
    }

    /// One character to the right.
    pub(crate) fn right(&mut self) {
        self.cursor = (self.cursor + 1).min(self.atoms.len());
    }

    /// To the start of the line.
    pub(crate) fn home(&mut self) {
        self.cursor = self.line_start();
    }

    /// To the end of the line.
    pub(crate) fn end(&mut self) {
        self.cursor = self.line_end();
    }

    /// One line up, to the same column where the line is long enough.
    pub(crate) fn up(&mut self) {
        let start = self.line_start();
        let column = self.cursor - start;
        if start > 0 {
            self.cursor = start - 1;
            self.cursor = (self.line_start() + column).min(start - 1);
        }
    }

    /// One line down, to the same column where the line is long enough.
    pub(crate) fn down(&mut self) {
        let column = self.cursor - self.line_start();
        let end = self.line_end();
        if end < self.atoms.len() {
            self.cursor = end + 1;
            self.cursor = (end + 1 + column).min(self.line_end());
        }
    }

    fn put(&mut self, atom: Atom) {
        self.atoms.insert(self.cursor, atom);
        self.cursor += 1;
    }

    fn line_start(&self) -> usize {
        self.atoms[..self.cursor]
            .iter()
            .rposition(|atom| *atom == Atom::Char('\n'))
            .map_or(0, |at| at + 1)
    }

    fn line_end(&self) -> usize {
        self.atoms[self.cursor..]
            .iter()
            .position(|atom| *atom == Atom::Char('\n'))
            .map_or(self.atoms.len(), |at| self.cursor + at)
    }

    fn show(&self, atoms: &[Atom]) -> String {
        let mut shown = String::new();
        for atom in atoms {
            match atom {
                Atom::Char(c) => shown.push(*c),
                Atom::Paste { label, .. } => shown.push_str(label),
            }
        }
        shown
    }
}

/// A paste without what a composer can't hold: escape sequences, control characters, CR, tabs.
fn clean(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut chars = raw.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => {
                chars.next_if_eq(&'\n');
                text.push('\n');
            }
            '\t' => text.push_str("    "),
            '\n' => text.push('\n'),
            '\x1b' => skip_escape(&mut chars),
            c if c.is_control() => {}
            c => text.push(c),
        }
    }
    text
}

/// Skips a control sequence (`ESC [ … final byte`) or the one character after a lone escape.
fn skip_escape(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    if chars.next_if_eq(&'[').is_none() {
        return;
    }
    for c in chars.by_ref() {
        if ('\x40'..='\x7e').contains(&c) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> Composer {
        let mut composer = Composer::default();
        text.chars().for_each(|c| composer.insert(c));
        composer
    }

    #[test]
    fn a_long_paste_is_shown_collapsed_and_delivered_whole() {
        let mut composer = typed("see ");
        let block = (0..40).map(|n| format!("line {n}")).collect::<Vec<_>>();
        composer.paste(&block.join("\n"));
        composer.paste(&"x".repeat(2_000));
        assert_eq!(
            composer.shown(),
            "see [Pasted text #1 +39 lines][Pasted text #2]"
        );
        let whole = format!("see {}{}", block.join("\n"), "x".repeat(2_000));
        assert_eq!(composer.enter(), Enter::Submit(whole));
        assert!(composer.is_empty());
    }

    #[test]
    fn a_short_paste_stays_text_and_is_cleaned() {
        for (raw, text) in [
            ("a\nb\nc", "a\nb\nc"),
            ("a\r\nb\rc", "a\nb\nc"),
            ("\x1b[31mred\x1b[0m\x07", "red"),
            ("a\tb", "a    b"),
            ("日本 e\u{301} 👩‍🚀", "日本 e\u{301} 👩‍🚀"),
        ] {
            let mut composer = Composer::default();
            composer.paste(raw);
            assert_eq!(composer.text(), text, "{raw:?}");
            assert_eq!(composer.shown(), text, "{raw:?}");
        }
    }

    #[test]
    fn a_backslash_before_enter_is_a_newline() {
        let mut composer = typed("one\\");
        assert_eq!(composer.enter(), Enter::Newline);
        composer.insert('2');
        assert_eq!(composer.enter(), Enter::Submit("one\n2".to_owned()));
        assert_eq!(typed("  ").enter(), Enter::Nothing);
        assert_eq!(typed("a\\b").enter(), Enter::Submit("a\\b".to_owned()));
    }

    #[test]
    fn editing_moves_by_character_and_line() {
        let mut composer = typed("abc");
        composer.left();
        composer.backspace();
        assert_eq!(composer.text(), "ac");
        composer.delete();
        assert_eq!(composer.text(), "a");
        composer.paste("x\nlonger\nz");
        composer.up();
        composer.insert('!');
        assert_eq!(composer.text(), "ax\nl!onger\nz");
        composer.down();
        composer.home();
        composer.insert('>');
        composer.end();
        composer.clear_line();
        assert_eq!(composer.text(), "ax\nl!onger\n");
    }
}
