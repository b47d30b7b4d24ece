//! Reading an open dialog: its rows, where the highlight is, and the text above them.

mod rows;
mod text;

use std::ops::Range;

use torch_core::screen::{Dialog, DialogKind, DialogRow, RowAxis};

use crate::rules::{DialogPattern, Rules};
use crate::screen::Screen;

/// How many lines of what is asked, those nearest to the rows, tell a dialog from the next one. What stands further up may be
/// conversation, which moves.
const ASKED_LINES: usize = 8;
/// How far above its rows a dialog's text is looked for.
const TEXT_ROWS: usize = 60;

/// A dialog, and where it stands.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) dialog: Dialog,
    /// Its rows on the screen, from the line below its top to its footer.
    pub(crate) at: Range<usize>,
    /// The number of the rule that it fits, if any.
    pub(crate) rule: Option<usize>,
}

/// What is drawn of a dialog before anybody knows what it is about.
#[derive(Debug)]
pub(crate) struct Menu {
    rows: Vec<DialogRow>,
    highlighted: Option<usize>,
    axis: RowAxis,
    /// The rows' lines on the screen.
    lines: Range<usize>,
    /// The line of the highlighted row.
    marked: Option<usize>,
    /// Its question, where that stands in the same line as the answers.
    question: Option<String>,
}

/// Finds a dialog at or below `from`; with `composer`, what is found must be surer, as a text may look like rows.
pub(crate) fn find(screen: &Screen, rules: &Rules, from: usize, composer: bool) -> Option<Found> {
    let menu = rows::find(screen, rules, from)?;
    let (start, question) = match &menu.question {
        Some(question) => (menu.lines.start, question.clone()),
        None => question(screen, rules, from, menu.lines.start),
    };
    let footer = rows::footer(screen, rules, menu.lines.end);
    let end = footer.as_ref().map_or(menu.lines.end, |at| at.end);
    let footer_text = footer.map(|at| text::lines(screen, rules, at).join("\n"));
    let rule = rule(rules, &menu, &question, footer_text.as_deref());
    // A text in a composer may look like rows; then only what a program alone draws tells them apart.
    let reversed = rules.menu.mark_reverse
        && menu
            .marked
            .is_some_and(|row| screen.rows()[row].is_reverse());
    let sure = rule.is_some() || footer_text.is_some() || reversed;
    let lines = standing(screen, start..menu.lines.end, menu.lines.start);
    (sure || !composer).then(|| Found {
        dialog: dialog(menu, question, lines, rule.map(|rule| &rules.dialogs[rule])),
        at: start..end,
        rule,
    })
}

/// The first rule that fits.
fn rule(rules: &Rules, menu: &Menu, question: &str, footer: Option<&str>) -> Option<usize> {
    let texts = menu.rows.iter().map(|row| row.text.as_str());
    let lines: Vec<&str> = [question].into_iter().chain(texts).chain(footer).collect();
    let words: Vec<&str> = lines
        .iter()
        .flat_map(|line| line.split_whitespace())
        .collect();
    let all = words.join(" ");
    let last = question.lines().last().unwrap_or_default();
    rules.dialogs.iter().position(|rule| {
        let asks = rule.asks.as_ref().is_none_or(|asks| asks.is_match(last));
        let row = rule
            .row
            .as_ref()
            .is_none_or(|row| menu.rows.iter().any(|r| row.is_match(&r.text)));
        asks && row && rule.when.iter().all(|pattern| pattern.is_match(&all))
    })
}

/// The lines that stand as long as the dialog does.
fn standing(screen: &Screen, at: Range<usize>, rows: usize) -> Vec<String> {
    let text = |row: usize| screen.rows()[row].text();
    let filled = |row: &usize| !text(*row).trim().is_empty();
    let mut above: Vec<usize> = (at.start.min(rows)..rows)
        .rev()
        .filter(filled)
        .take(ASKED_LINES)
        .collect();
    above.reverse();
    let below = (rows..at.end).filter(filled);
    above
        .into_iter()
        .chain(below)
        .map(|row| text(row).to_owned())
        .collect()
}

fn dialog(
    menu: Menu,
    question: String,
    lines: Vec<String>,
    rule: Option<&DialogPattern>,
) -> Dialog {
    let row = |pattern: Option<&regex::Regex>, last: bool| {
        let pattern = pattern?;
        let fits = |row: &DialogRow| pattern.is_match(&row.text);
        if last {
            menu.rows.iter().rposition(fits)
        } else {
            menu.rows.iter().position(fits)
        }
    };
    Dialog {
        kind: rule.map_or(DialogKind::Unknown, |rule| rule.kind),
        approve: row(rule.and_then(|rule| rule.approve.as_ref()), false),
        deny: row(rule.and_then(|rule| rule.deny.as_ref()), true),
        question,
        highlighted: menu.highlighted,
        axis: menu.axis,
        lines,
        rows: menu.rows,
    }
}

/// The text above the rows, down from the dialog's top, and its first row.
fn question(screen: &Screen, rules: &Rules, from: usize, rows: usize) -> (usize, String) {
    let first = rows.saturating_sub(TEXT_ROWS).max(from);
    let top = rules.menu.top.as_ref().and_then(|top| {
        (first..rows)
            .rev()
            .find(|row| top.is_match(screen.rows()[*row].text()))
    });
    let start = top.map_or(first, |top| top + 1);
    let lines = text::lines(screen, rules, start..rows);
    (start, text::joined(&lines, screen.width()))
}

#[cfg(test)]
mod tests;
