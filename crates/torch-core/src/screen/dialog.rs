//! A dialog as it stands on a screen: what it asks, its rows, and which keys choose one.

use serde::{Deserialize, Serialize};

/// What a dialog is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DialogKind {
    /// Whether a tool may run.
    Permission,
    /// Whether the folder is trusted.
    Trust,
    /// Whether a key from the environment is used, or how to log in.
    Key,
    /// Whether to update the program.
    Update,
    /// A question of the model to the person.
    Question,
    /// Whether a plan is good to go.
    Plan,
    /// What to do about a usage limit.
    LimitMenu,
    /// None that the program's rules know.
    Unknown,
}

impl DialogKind {
    /// The word in JSON and in the TOML files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Permission => "permission",
            Self::Trust => "trust",
            Self::Key => "key",
            Self::Update => "update",
            Self::Question => "question",
            Self::Plan => "plan",
            Self::LimitMenu => "limit_menu",
            Self::Unknown => "unknown",
        }
    }
}

/// One row of a dialog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DialogRow {
    /// Its text, wrapped lines joined.
    pub text: String,
    /// The tmux keys that choose it at once; empty: it is reached with the arrow keys only.
    pub keys: Vec<String>,
}

/// Which way a dialog's rows lie.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RowAxis {
    /// One below the other.
    #[default]
    Vertical,
    /// Side by side.
    Horizontal,
}

/// An open dialog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialog {
    /// What it is about.
    pub kind: DialogKind,
    /// The text above its rows: what it shows and asks, wrapped lines joined.
    pub question: String,
    /// What can be chosen, first row first; empty for a dialog that only has keys.
    pub rows: Vec<DialogRow>,
    /// The row that Enter chooses, if it can be seen.
    pub highlighted: Option<usize>,
    /// The row that approves this once.
    pub approve: Option<usize>,
    /// The row that denies.
    pub deny: Option<usize>,
    /// Which way the rows lie.
    pub axis: RowAxis,
    /// Its lines as they stand on the screen, top first: the rows, and what is asked right above them. As long as they stand,
    /// the dialog does.
    pub lines: Vec<String>,
}

impl Dialog {
    /// The tmux keys that choose a row, in order. `None` where there is no such row, or where nobody can tell from which row
    /// the arrow keys start.
    pub fn keys_for(&self, row: usize) -> Option<Vec<String>> {
        let wanted = self.rows.get(row)?;
        if !wanted.keys.is_empty() {
            return Some(wanted.keys.clone());
        }
        let from = self.highlighted?;
        let (back, forth) = match self.axis {
            RowAxis::Vertical => ("Up", "Down"),
            RowAxis::Horizontal => ("Left", "Right"),
        };
        let arrow = if row < from { back } else { forth };
        let mut keys = vec![arrow.to_owned(); from.abs_diff(row)];
        keys.push("Enter".to_owned());
        Some(keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_lead_from_the_highlight_to_the_row() {
        let row = |text: &str, key: Option<&str>| DialogRow {
            text: text.to_owned(),
            keys: key.map(str::to_owned).into_iter().collect(),
        };
        let mut dialog = Dialog {
            kind: DialogKind::Trust,
            question: String::new(),
            rows: vec![row("No", None), row("Yes", None), row("Always", Some("3"))],
            highlighted: Some(0),
            approve: Some(1),
            deny: Some(0),
            axis: RowAxis::Vertical,
            lines: Vec::new(),
        };
        assert_eq!(
            dialog.keys_for(1),
            Some(vec!["Down".into(), "Enter".into()])
        );
        assert_eq!(dialog.keys_for(0), Some(vec!["Enter".into()]));
        assert_eq!(dialog.keys_for(2), Some(vec!["3".into()]));
        assert_eq!(dialog.keys_for(3), None);
        (dialog.highlighted, dialog.axis) = (Some(1), RowAxis::Horizontal);
        assert_eq!(
            dialog.keys_for(0),
            Some(vec!["Left".into(), "Enter".into()])
        );
        dialog.highlighted = None;
        assert_eq!(dialog.keys_for(0), None);
    }
}
