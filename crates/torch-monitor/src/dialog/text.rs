//! The text of a dialog without what is drawn around it.

use std::ops::Range;

use crate::rules::Rules;
use crate::screen::Screen;

/// The text of rows without the sides of a box and what stands beside it; lines that are drawn are blank.
pub(super) fn lines(screen: &Screen, rules: &Rules, rows: Range<usize>) -> Vec<String> {
    rows.map(|row| line(screen, rules, row)).collect()
}

/// The text of one row, see [`lines`].
pub(super) fn line(screen: &Screen, rules: &Rules, row: usize) -> String {
    let Some(row) = screen.rows().get(row) else {
        return String::new();
    };
    let mut text = row.text();
    if let Some(found) = rules.menu.right.as_ref().and_then(|right| right.find(text)) {
        text = &text[..found.start()];
    }
    if let Some(found) = rules.menu.left.as_ref().and_then(|left| left.find(text)) {
        text = &text[found.end()..];
    }
    if let Some(found) = rules
        .menu
        .beside
        .as_ref()
        .and_then(|beside| beside.find(text))
    {
        text = &text[..found.start()];
    }
    if is_drawn(text) {
        return String::new();
    }
    text.trim_end().to_owned()
}

/// Whether a line is nothing but a rule or a box's edge.
fn is_drawn(text: &str) -> bool {
    text.trim()
        .chars()
        .all(|c| matches!(c, '\u{2500}'..='\u{257f}' | '\u{2580}'..='\u{259f}' | ' '))
}

/// What programs leave free at the right end of a row: a margin, and the side of a box.
const MARGIN: usize = 4;

/// Lines as text: those that a full row of a screen `width` characters wide wrapped are joined again, blank ones go.
pub(super) fn joined(lines: &[String], width: usize) -> String {
    let mut out = String::new();
    let mut room = 0;
    for line in lines {
        let text = line.trim();
        if text.is_empty() {
            room = 0;
            continue;
        }
        // A row was full if the next word had no place in it.
        let word = text
            .split(' ')
            .next()
            .map_or(0, |word| word.chars().count());
        let wrapped = room > 0 && room + 1 + word + MARGIN > width;
        if !out.is_empty() {
            out.push(if wrapped { ' ' } else { '\n' });
        }
        out.push_str(text);
        room = line.chars().count();
    }
    out
}
