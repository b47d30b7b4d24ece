//! A screen as read by a program's rules: what it shows, the composer with what was typed, and an open dialog.

mod dialog;
mod drawn;

use std::ops::Range;

use serde::{Deserialize, Serialize};

pub use dialog::{Dialog, DialogKind, DialogRow, RowAxis};
pub use drawn::{reads_as, squeeze};

/// What a screen shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScreenKind {
    /// A composer, and no turn under way.
    Prompt,
    /// A turn is under way.
    Busy,
    /// A turn is under way, and the program tries again after an error.
    Retrying,
    /// A dialog is open.
    Asking,
    /// A usage limit's screen or menu.
    Limited,
    /// A usage limit holds it, and the program says that it goes on by itself.
    Continuing,
    /// None that torch knows.
    #[default]
    Unknown,
}

impl ScreenKind {
    /// The word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Prompt => "prompt",
            Self::Busy => "busy",
            Self::Retrying => "retrying",
            Self::Asking => "asking",
            Self::Limited => "limited",
            Self::Continuing => "continuing",
            Self::Unknown => "unknown",
        }
    }
}

/// A screen, read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScreenReading {
    /// What it shows.
    pub kind: ScreenKind,
    /// The composer, if one is drawn.
    pub composer: Option<Composer>,
    /// The open dialog, if there is one.
    pub dialog: Option<Dialog>,
    /// What the screen says of a usage limit that holds it, wrapped lines joined; only with [`ScreenKind::Limited`] and
    /// [`ScreenKind::Continuing`].
    pub limit: Option<String>,
    /// What went wrong, only with [`ScreenKind::Retrying`].
    pub retry: Option<String>,
    /// Whether a line says that the program's start is over ([`LineMeaning::Started`](crate::program::LineMeaning::Started)).
    pub started: bool,
    /// How much of the context window is used, in percent, where the screen says so.
    pub context_used: Option<u8>,
    /// How much of a usage limit is used, where the screen says so.
    pub share: Option<ShownShare>,
    /// The rule and the line that decided.
    pub evidence: String,
    /// The rules that matched, in the order in which they were looked at.
    pub matches: Vec<RuleMatch>,
}

/// A used share of a limit as a screen shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownShare {
    /// In percent.
    pub used: u8,
    /// The line that says it, and of which limit.
    pub words: String,
}

/// A rule that matched, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleMatch {
    /// The rule's place in the program's file, e.g. `screen.composer` or `screen.lines[0] busy`.
    pub rule: String,
    /// The rows, from 0.
    pub rows: Range<usize>,
}

/// A composer as it stands on a screen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Composer {
    /// Its text, rows joined by newlines, without prompt, indentation and dim placeholder.
    pub text: String,
    /// The rows it takes, from 0.
    pub rows: Range<usize>,
    /// The labels in it that stand for a paste which it does not show, such as `[Pasted text #1 +39 lines]`.
    pub collapsed: Vec<String>,
}

impl Composer {
    /// Whether nothing is typed.
    pub fn is_empty(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// Whether the composer holds exactly `expected`, however it was wrapped and drawn ([`reads_as`]).
    pub fn holds(&self, expected: &str) -> bool {
        reads_as(&self.text, expected)
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
