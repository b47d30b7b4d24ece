//! What a program's screens look like, and how a pasted message is submitted.
//!
//! All patterns are regular expressions over one line of plain text without trailing blanks, unless they say otherwise.

use serde::{Deserialize, Serialize};

use crate::screen::DialogKind;

/// What a program's screens look like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScreenRules {
    /// How many of the last non-empty lines are looked at where no composer is drawn.
    pub tail_lines: usize,
    /// Where what is being typed stands.
    pub composer: ComposerRules,
    /// What certain lines outside the composer say; the first rule that fits counts.
    #[serde(default)]
    pub lines: Vec<LineRule>,
    /// Lines that say how much context is used; see [`ContextRule`].
    #[serde(default)]
    pub context: Vec<ContextRule>,
    /// Lines that say how much of a usage limit is used; see [`ShareRule`].
    #[serde(default)]
    pub shares: Vec<ShareRule>,
    /// Lines in which a usage limit is told; read only once a rule has found that a limit holds the program.
    #[serde(default)]
    pub limit_text: Vec<String>,
    /// What a dialog's rows look like.
    #[serde(default)]
    pub menu: MenuRules,
    /// The dialogs that are known. The first that fits counts; one that none fits is of kind `unknown`.
    #[serde(default)]
    pub dialogs: Vec<DialogRule>,
}

/// How a composer is drawn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ComposerShape {
    /// A prompt before the first row of text; a line above and one below it, which may be a frame.
    #[default]
    Prompt,
    /// A bar before each row, and an edge below as wide as the box.
    Bar,
}

/// Where what is being typed stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComposerRules {
    /// How it is drawn.
    #[serde(default)]
    pub shape: ComposerShape,
    /// The line above it; empty: any.
    #[serde(default)]
    pub top: String,
    /// How many rows above the text that line may stand.
    #[serde(default = "one")]
    pub top_within: usize,
    /// The line below it: the first one that matches or, where blank lines do, the last of those. Empty: the screen's end.
    #[serde(default)]
    pub bottom: String,
    /// The prompt before the first row, or the bar before each: what it matches is not part of the text.
    pub prompt: String,
    /// Prompts of other modes, such as one in which a text is run by a shell: there the whole row counts as typed, so that
    /// nothing is pasted into it.
    #[serde(default)]
    pub modes: Vec<String>,
    /// The indentation of further rows.
    #[serde(default)]
    pub continuation: String,
    /// What ends a row: the frame's right side.
    #[serde(default)]
    pub right: String,
    /// A row that no composer has, such as one of a dialog in a box: with one between its lines it is none.
    #[serde(default)]
    pub never: String,
    /// Rows of a bar's box above and below the text.
    #[serde(default)]
    pub padding: [usize; 2],
    /// The most non-empty lines below it; with more, what looks like a composer is conversation.
    #[serde(default = "many")]
    pub footer_lines: usize,
    /// Rows of another colour below a prompt with text in it: that text was submitted and a turn is under way. For programs
    /// that leave the prompt where it was.
    #[serde(default)]
    pub one_colour: bool,
    /// Texts that are shown where nothing is typed, for programs that do not draw them dim.
    #[serde(default)]
    pub placeholders: Vec<String>,
    /// Labels that stand for a paste which is not shown; matched anywhere in the text.
    #[serde(default)]
    pub collapsed: Vec<String>,
}

fn one() -> usize {
    1
}

fn many() -> usize {
    usize::MAX
}

/// What a line means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineMeaning {
    /// The program tries again after an error. Counts only while another line says that a turn is under way.
    Retrying,
    /// A turn is under way.
    Busy,
    /// A usage limit holds it, and it goes on by itself.
    Continuing,
    /// A usage limit holds it.
    Limited,
    /// Its start is over: no dialog of a first run can follow. For programs that draw their composer before they ask whether the
    /// folder is trusted, and whose hooks say nothing of it.
    Started,
}

/// Where a line stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinePlace {
    /// Below the composer; without one, among the last lines.
    #[default]
    Below,
    /// The last line above the composer. What stands further up is conversation and may quote anything.
    Above,
    /// Among the last lines of a screen without a composer.
    Bare,
    /// The window's title, as the program sets it. It stays when a program is killed.
    Title,
}

/// What a line outside the composer says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineRule {
    /// What it means.
    pub is: LineMeaning,
    /// The line.
    pub line: String,
    /// Where it stands.
    #[serde(default)]
    pub at: LinePlace,
    /// Lines between it and the composer that do not count, with [`LinePlace::Above`].
    #[serde(default)]
    pub skip: String,
}

/// How much context is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContextRule {
    /// The line, with a group `used` or `left` that is a whole number of percent.
    pub line: String,
    /// Where it stands.
    #[serde(default)]
    pub at: LinePlace,
}

/// How much of a usage limit is used. Which limit it is, and when it is reset, is read from the line's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShareRule {
    /// The line right above the composer, with a group `used` that is a whole number of percent.
    pub line: String,
}

/// What a dialog's rows look like. Rows are numbered, or stand below each other in one column, one of them marked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MenuRules {
    /// What stands before the highlighted row's number or text, blanks included.
    pub mark: String,
    /// Whether the highlighted row is drawn in reverse: then a row is told from a text that only looks like one.
    pub mark_reverse: bool,
    /// Whether a number's digit chooses its row at once.
    pub digits: bool,
    /// A key that a row names itself, as the first group: `(y)`, `(esc)`; it chooses the row at once.
    pub row_key: String,
    /// The sides of a box around dialogs; both are taken off each line.
    pub border: String,
    /// What separates the dialog from what stands beside it; the rest of the line is left out.
    pub beside: String,
    /// The line above a dialog.
    pub top: String,
    /// Lines below the rows that say what keys do. One of them without a composer is a dialog as well.
    pub footer: Vec<String>,
    /// A line with all rows side by side, two or more blanks between them. The one with a background of its own is highlighted.
    pub horizontal: String,
    /// What is no row in such a line.
    pub hints: String,
    /// The end of a question that is answered by a letter and Enter: `(Y)es/(N)o [Yes]:`, the default in a group `default`.
    pub letters: String,
}

/// A dialog that is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DialogRule {
    /// What it is about.
    pub kind: DialogKind,
    /// Each of these stands somewhere in the dialog, its lines joined by blanks. Much of a dialog shows what the model wrote:
    /// a kind that anything is decided by should be told by `asks` or `row`, which the program writes.
    #[serde(default)]
    pub when: Vec<String>,
    /// The last line of its question; empty: any.
    #[serde(default)]
    pub asks: String,
    /// The text of one of its rows; empty: any.
    #[serde(default)]
    pub row: String,
    /// The row that approves this once, by its text; empty: none.
    #[serde(default)]
    pub approve: String,
    /// The row that denies, by its text; empty: none.
    #[serde(default)]
    pub deny: String,
}

/// How a pasted message is submitted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubmitRules {
    /// Milliseconds between the paste and the Enter that the program needs.
    pub settle_ms: u64,
    /// The tmux name of the key that submits.
    pub key: String,
    /// The longest text that its composer shows whole, in characters, tags included; a longer one goes into a file
    /// even with `--inline`, since what can't be seen can't be verified.
    pub shown_chars: usize,
    /// The most lines that its composer shows whole.
    pub shown_lines: usize,
}
