//! A screen as read by a program's rules: what it shows, and the composer with what was typed.

use std::ops::Range;

/// What a screen shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScreenKind {
    /// A composer, and no turn under way.
    Prompt,
    /// A turn is under way.
    Busy,
    /// A dialog is open.
    Asking,
    /// A usage limit's screen.
    Limited,
    /// None that torch knows.
    Unknown,
}

/// A screen, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScreenReading {
    /// What it shows.
    pub kind: ScreenKind,
    /// The composer, if one is drawn.
    pub composer: Option<Composer>,
    /// The rule and the line that decided.
    pub evidence: String,
}

/// A composer as it stands on a screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Composer {
    /// Its text, rows joined by newlines, without prompt, indentation and dim placeholder.
    pub text: String,
    /// The rows it takes, from 0.
    pub rows: Range<usize>,
}

impl Composer {
    /// Whether nothing is typed.
    pub fn is_empty(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// Whether the composer holds exactly `expected`, however it was wrapped: blanks don't count,
    /// since a wrapped row ends anywhere.
    pub fn holds(&self, expected: &str) -> bool {
        squeeze(&self.text) == squeeze(expected)
    }

    /// Whether the composer shows the end of `expected` and nothing else: what a box that scrolls shows of a long text.
    pub fn holds_end_of(&self, expected: &str, closing: &str) -> bool {
        let shown = squeeze(&self.text);
        shown.len() > squeeze(closing).len() && squeeze(expected).ends_with(&shown)
    }

    /// Whether `fragment` stands in it, blanks not counted.
    pub fn contains(&self, fragment: &str) -> bool {
        squeeze(&self.text).contains(&squeeze(fragment))
    }
}

/// `text` without its blanks.
pub fn squeeze(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}
