//! The rows of a dialog: below each other, side by side, or letters to type.

use std::ops::Range;

use regex::{Captures, Regex};
use torch_core::screen::{DialogRow, RowAxis};

use super::{Menu, text};
use crate::rules::Rules;
use crate::screen::Screen;

/// The most non-empty lines between a dialog's rows and the screen's end.
const BELOW_ROWS: usize = 8;
/// The most rows of a list that are looked through for its first one.
const LIST_ROWS: usize = 80;
/// The tmux name of keys that programs write otherwise.
const KEY_NAMES: [(&str, &str); 4] = [
    ("esc", "Escape"),
    ("enter", "Enter"),
    ("tab", "Tab"),
    ("space", "Space"),
];

/// Finds the rows of a dialog at or below `from`, or a line that says what keys do.
pub(super) fn find(screen: &Screen, rules: &Rules, from: usize) -> Option<Menu> {
    list(screen, rules, from)
        .or_else(|| side_by_side(screen, rules, from))
        .or_else(|| letters(screen, rules, from))
        .or_else(|| {
            let at = footer(screen, rules, from.max(last_lines(screen, 3)))?;
            let lines = at.start..at.start;
            Some(Menu::new(Vec::new(), None, RowAxis::Vertical, lines))
        })
}

/// The first line at or below `from` that says what keys do, with those that belong to it.
pub(super) fn footer(screen: &Screen, rules: &Rules, from: usize) -> Option<Range<usize>> {
    let rows = from..screen.filled();
    let says = |row: &usize| {
        let line = text::line(screen, rules, *row);
        rules.menu.footer.iter().any(|rule| rule.is_match(&line))
    };
    let first = rows.clone().find(says)?;
    Some(first..first + 1)
}

/// The row above the last `count` non-empty lines.
fn last_lines(screen: &Screen, count: usize) -> usize {
    let filled = (0..screen.filled())
        .rev()
        .filter(|row| !screen.rows()[*row].is_blank());
    filled.take(count).last().unwrap_or(0)
}

impl Menu {
    fn new(
        rows: Vec<DialogRow>,
        highlighted: Option<usize>,
        axis: RowAxis,
        lines: Range<usize>,
    ) -> Self {
        Self {
            rows,
            highlighted,
            axis,
            lines,
            marked: None,
            question: None,
        }
    }
}

/// A line of a list: where its number or text begins, its number, its text.
struct Item {
    column: usize,
    number: Option<u32>,
    text: String,
}

impl Item {
    fn parse(line: &str, mark: Option<&Regex>) -> Option<Self> {
        let start = match mark.and_then(|mark| mark.find(line)) {
            Some(found) => found.end(),
            None => line.len() - line.trim_start().len(),
        };
        let column = line[..start].chars().count();
        let rest = &line[start..];
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let after = rest[digits..].strip_prefix(['.', ')']);
        let numbered = after.filter(|after| digits > 0 && digits < 3 && after.starts_with(' '));
        let text = numbered.unwrap_or(rest).trim().to_owned();
        let number = numbered.and_then(|_| rest[..digits].parse().ok());
        (!text.is_empty()).then_some(Self {
            column,
            number,
            text,
        })
    }
}

/// A list of which one row is marked.
fn list(screen: &Screen, rules: &Rules, from: usize) -> Option<Menu> {
    let mark = rules.menu.mark.as_ref()?;
    let end = screen.filled();
    let lowest = from.max(end.saturating_sub(LIST_ROWS));
    let line = |row: usize| text::line(screen, rules, row);
    let (marked, item) = (lowest..end).rev().find_map(|row| {
        let text = line(row);
        mark.find(&text)?;
        Some((row, Item::parse(&text, Some(mark))?))
    })?;
    // Without numbers only indented rows are a list: a prompt in a conversation looks the same otherwise.
    if item.number.is_none() && !line(marked).starts_with(' ') {
        return None;
    }
    let first = first_line(&line, marked, &item, lowest);
    let (rows, next) = items(&line, first..end, (marked, &item, mark))?;
    let highlighted = rows.iter().position(|(row, _)| *row == marked);
    let below = (next..end)
        .filter(|row| !screen.rows()[*row].is_blank())
        .count();
    if rows.len() < 2 || highlighted.is_none() || below > BELOW_ROWS {
        return None;
    }
    let rows = rows
        .into_iter()
        .map(|(_, item)| row(rules, item.number, item.text))
        .collect();
    let mut menu = Menu::new(rows, highlighted, RowAxis::Vertical, first..next);
    menu.marked = Some(marked);
    Some(menu)
}

/// The rows of a list from its first line on, each with the line it begins in and its wrapped text joined; and the line
/// below them.
fn items(
    line: &impl Fn(usize) -> String,
    lines: Range<usize>,
    (marked, item, mark): (usize, &Item, &Regex),
) -> Option<(Vec<(usize, Item)>, usize)> {
    let mut items: Vec<(usize, Item)> = Vec::new();
    let mut next = lines.start;
    let mut blank = false;
    for row in lines {
        let text = line(row);
        if text.is_empty() {
            if item.number.is_none() {
                break;
            }
            blank = true;
            continue;
        }
        let this = Item::parse(&text, (row == marked).then_some(mark))?;
        let last = items.last_mut();
        let follows = match last.as_ref().map(|(_, last)| last.number) {
            None => this.number.is_some() == item.number.is_some(),
            Some(number) => this.number == number.map(|n| n + 1),
        };
        match last {
            _ if this.column == item.column && follows => items.push((row, this)),
            Some((_, last)) if this.column >= item.column && !blank => {
                last.text = format!("{} {}", last.text, this.text);
            }
            _ => break,
        }
        blank = false;
        next = row + 1;
    }
    Some((items, next))
}

/// The line of the list's first row, seen from the marked one.
fn first_line(line: &impl Fn(usize) -> String, marked: usize, item: &Item, lowest: usize) -> usize {
    let mut first = marked;
    let mut number = item.number;
    for row in (lowest..marked).rev() {
        if number == Some(1) {
            break;
        }
        let text = line(row);
        let above = Item::parse(&text, None);
        match (&above, number) {
            (None, None) => break,
            (None, Some(_)) => {}
            (Some(above), _) if above.column < item.column => break,
            (Some(above), None) if above.column == item.column && above.number.is_none() => {
                first = row
            }
            (Some(above), Some(n))
                if above.column == item.column && above.number == Some(n - 1) =>
            {
                (first, number) = (row, Some(n - 1));
            }
            (Some(_), _) => {}
        }
    }
    first
}

/// The row of a number and its whole text.
fn row(rules: &Rules, number: Option<u32>, text: String) -> DialogRow {
    let named = rules
        .menu
        .row_key
        .as_ref()
        .and_then(|key| key.captures(&text));
    let named = named
        .and_then(|found| found.get(1))
        .map(|key| tmux_key(key.as_str()));
    let digit = number
        .filter(|n| rules.menu.digits && *n < 10)
        .map(|n| n.to_string());
    let keys = named.or(digit).into_iter().collect();
    DialogRow { text, keys }
}

fn tmux_key(name: &str) -> String {
    let known = KEY_NAMES
        .iter()
        .find(|(theirs, _)| theirs.eq_ignore_ascii_case(name));
    known.map_or(name, |(_, tmux)| *tmux).to_owned()
}

/// All rows in one line, the highlighted one with a background of its own.
fn side_by_side(screen: &Screen, rules: &Rules, from: usize) -> Option<Menu> {
    let wanted = rules.menu.horizontal.as_ref()?;
    let lowest = from.max(last_lines(screen, BELOW_ROWS));
    let line = (lowest..screen.filled())
        .rev()
        .find(|row| wanted.is_match(screen.rows()[*row].text()))?;
    let whole = screen.rows()[line].text();
    let mut rows = Vec::new();
    let mut backs = Vec::new();
    for (start, text) in parts(whole) {
        let border = rules
            .menu
            .left
            .as_ref()
            .is_some_and(|left| left.is_match(text));
        let hint = rules
            .menu
            .hints
            .as_ref()
            .is_some_and(|hints| hints.is_match(text));
        if border || hint {
            continue;
        }
        rows.push(DialogRow {
            text: text.to_owned(),
            keys: Vec::new(),
        });
        backs.push(screen.rows()[line].back(start));
    }
    let alone = |n: &usize| backs.iter().filter(|back| **back == backs[*n]).count() == 1;
    let mut own = (0..backs.len()).filter(alone);
    // Of two rows nobody can tell which background is the usual one.
    let highlighted = own
        .next()
        .filter(|_| own.next().is_none() && backs.len() > 2);
    (rows.len() > 1).then(|| Menu::new(rows, highlighted, RowAxis::Horizontal, line..line + 1))
}

/// The parts of a line between which two or more blanks stand, with where each begins, in characters.
fn parts(line: &str) -> Vec<(usize, &str)> {
    let mut parts = Vec::new();
    let mut chars = 0;
    for part in line.split("  ") {
        let text = part.trim();
        if !text.is_empty() {
            let lead = part.chars().take_while(|c| c.is_whitespace()).count();
            parts.push((chars + lead, text));
        }
        chars += part.chars().count() + 2;
    }
    parts
}

/// A question at the screen's end that is answered by a letter and Enter.
fn letters(screen: &Screen, rules: &Rules, from: usize) -> Option<Menu> {
    let wanted = rules.menu.letters.as_ref()?;
    let end = screen.filled();
    let filled = |row: &usize| !screen.rows()[*row].is_blank();
    let start = (from..end).rev().take_while(filled).take(8).last()?;
    // The program wraps the question where it likes, also within a word, so the whole block is one text.
    for first in (start..end).rev() {
        let lines: Vec<&str> = (first..end).map(|row| screen.rows()[row].text()).collect();
        let text = [lines.join(" "), lines.concat()]
            .into_iter()
            .find(|text| wanted.is_match(text));
        let Some(text) = text else {
            continue;
        };
        return letters_of(&text, &wanted.captures(&text)?, first..end);
    }
    None
}

fn letters_of(text: &str, found: &Captures<'_>, lines: Range<usize>) -> Option<Menu> {
    let answers = found.get(0)?;
    let default = found.name("default").map(|word| word.as_str());
    let parts = answers.as_str().split(['/', '[']);
    let rows: Vec<DialogRow> = parts.filter_map(letter_row).collect();
    let highlighted = rows
        .iter()
        .position(|row| Some(row.text.as_str()) == default);
    let mut menu = Menu::new(rows, highlighted, RowAxis::Vertical, lines);
    menu.question = Some(text[..answers.start()].trim().to_owned());
    (menu.rows.len() > 1).then_some(menu)
}

/// `(Y)es`: typed as its letter and Enter.
fn letter_row(answer: &str) -> Option<DialogRow> {
    let (letter, rest) = answer.trim().strip_prefix('(')?.split_once(')')?;
    let key = letter.to_lowercase();
    (letter.chars().count() == 1).then(|| DialogRow {
        text: format!("{letter}{rest}"),
        keys: vec![key, "Enter".to_owned()],
    })
}
