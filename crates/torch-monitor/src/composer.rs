//! Finding the composer: where a program shows what was typed and not yet submitted.

use std::ops::Range;

use regex::Regex;
use torch_core::program::ComposerShape;
use torch_core::screen::Composer;

use crate::rules::ComposerPatterns;
use crate::screen::{Row, Screen};

/// What was found where a composer may stand.
#[derive(Debug)]
pub(crate) enum Sighting {
    /// A composer, and the rows from the line above it to the line below it.
    Composer(Composer, Range<usize>),
    /// A prompt whose text was submitted: these rows, and a turn's output below it.
    Submitted(Range<usize>),
    /// None.
    Nothing,
}

/// Finds the composer nearest to the end of a screen.
pub(crate) fn find(screen: &Screen, rules: &ComposerPatterns) -> Sighting {
    match rules.shape {
        ComposerShape::Prompt => find_prompt(screen, rules),
        ComposerShape::Bar => find_bar(screen, rules)
            .map_or(Sighting::Nothing, |(found, outer)| {
                Sighting::Composer(found, outer)
            }),
    }
}

fn find_prompt(screen: &Screen, rules: &ComposerPatterns) -> Sighting {
    let end = screen.filled();
    for row in (0..end).rev() {
        let Some(skip) = prompt_length(&screen.rows()[row], rules) else {
            continue;
        };
        let Some(top) = top_row(screen, rules, row) else {
            continue;
        };
        let Some(bottom) = bottom_row(screen, rules, row, end) else {
            continue;
        };
        if is_something_else(screen, rules, row..bottom) {
            continue;
        }
        // Some programs repeat the prompt before further rows.
        let (row, skip) = first_row(screen, rules, top, row).unwrap_or((row, skip));
        if footer_lines(screen, bottom, end) > rules.footer_lines {
            // Further up there are only more lines below.
            return Sighting::Nothing;
        }
        if rules.one_colour && has_other_colour(screen, row..bottom) {
            let typed = screen.rows()[row].bright_text(skip);
            return if typed.is_empty() {
                Sighting::Nothing
            } else {
                Sighting::Submitted(row..bottom)
            };
        }
        let composer = read(screen, rules, row..bottom, skip);
        return Sighting::Composer(composer, top..(bottom + 1).min(end));
    }
    Sighting::Nothing
}

/// How many characters of a row are the prompt: none in another mode, where the whole row counts as typed.
fn prompt_length(row: &Row, rules: &ComposerPatterns) -> Option<usize> {
    let whole = row.whole_text();
    if let Some(found) = rules.prompt.find(&whole) {
        return Some(found.as_str().chars().count());
    }
    rules
        .modes
        .iter()
        .any(|mode| mode.is_match(&whole))
        .then_some(0)
}

fn is_something_else(screen: &Screen, rules: &ComposerPatterns, rows: Range<usize>) -> bool {
    let Some(never) = &rules.never else {
        return false;
    };
    screen.rows()[rows]
        .iter()
        .any(|row| never.is_match(row.text()))
}

/// The first row below the line above with a prompt.
fn first_row(
    screen: &Screen,
    rules: &ComposerPatterns,
    top: usize,
    row: usize,
) -> Option<(usize, usize)> {
    let mut rows = (top + 1..row).map(|row| (row, prompt_length(&screen.rows()[row], rules)));
    rows.find_map(|(row, length)| Some((row, length?)))
}

fn top_row(screen: &Screen, rules: &ComposerPatterns, row: usize) -> Option<usize> {
    let Some(top) = &rules.top else {
        return Some(row);
    };
    if row == 0 {
        return top.is_match("").then_some(0);
    }
    let from = row.saturating_sub(rules.top_within);
    (from..row)
        .rev()
        .find(|above| top.is_match(screen.rows()[*above].text()))
}

/// The line that ends it: the first one below; where blank lines end it the last one, since a text may have some as well.
fn bottom_row(screen: &Screen, rules: &ComposerPatterns, row: usize, end: usize) -> Option<usize> {
    let Some(bottom) = &rules.bottom else {
        return Some(end);
    };
    let line = |n: usize| screen.rows()[n].text();
    let drawn = (row + 1..end).find(|n| !line(*n).is_empty() && bottom.is_match(line(*n)));
    drawn.or_else(|| {
        let blank = |n: &usize| line(*n).is_empty();
        (row + 1..end)
            .rev()
            .find(blank)
            .filter(|_| bottom.is_match(""))
    })
}

fn footer_lines(screen: &Screen, bottom: usize, end: usize) -> usize {
    let below = screen.rows().get(bottom + 1..end).unwrap_or_default();
    below.iter().filter(|row| !row.is_blank()).count()
}

fn has_other_colour(screen: &Screen, rows: Range<usize>) -> bool {
    let colour = screen.rows()[rows.start].front();
    screen.rows()[rows]
        .iter()
        .any(|row| row.front().is_some() && row.front() != colour)
}

fn read(screen: &Screen, rules: &ComposerPatterns, rows: Range<usize>, skip: usize) -> Composer {
    let lines = screen.rows()[rows.clone()]
        .iter()
        .enumerate()
        .map(|(n, row)| {
            let skip = if n == 0 {
                skip
            } else {
                indentation(row, rules.continuation.as_ref())
            };
            let mut text = row.bright_text(skip);
            if let Some(found) = rules.right.as_ref().and_then(|right| right.find(&text)) {
                text.truncate(found.start());
                text.truncate(text.trim_end().len());
            }
            text
        });
    composer(lines.collect(), rows, rules)
}

fn indentation(row: &Row, continuation: Option<&Regex>) -> usize {
    let found = continuation.and_then(|rule| rule.find(row.text()));
    found.map_or(0, |found| found.as_str().chars().count())
}

fn find_bar(screen: &Screen, rules: &ComposerPatterns) -> Option<(Composer, Range<usize>)> {
    let end = screen.filled();
    let edge = rules.bottom.as_ref()?;
    let bottom = (0..end)
        .rev()
        .find(|row| edge.is_match(screen.rows()[*row].text()))?;
    if footer_lines(screen, bottom, end) > rules.footer_lines {
        return None;
    }
    // The edge is as wide as the box; something may stand beside the box.
    let right = edge
        .find(screen.rows()[bottom].text())?
        .as_str()
        .chars()
        .count();
    let bar = |row: &usize| rules.prompt.is_match(screen.rows()[*row].text());
    let top = (0..bottom).rev().take_while(bar).last()?;
    let rows = top + rules.padding[0]..bottom.saturating_sub(rules.padding[1]);
    if rows.is_empty() {
        return None;
    }
    let lines = screen.rows()[rows.clone()]
        .iter()
        .map(|row| row.bright_text_before(indentation(row, Some(&rules.prompt)), right));
    Some((
        composer(lines.collect(), rows.clone(), rules),
        top..bottom + 1,
    ))
}

fn composer(lines: Vec<String>, rows: Range<usize>, rules: &ComposerPatterns) -> Composer {
    let mut text = lines.join("\n").trim_end().to_owned();
    if rules
        .placeholders
        .iter()
        .any(|rule| rule.is_match(text.trim()))
    {
        text.clear();
    }
    let labels = rules
        .collapsed
        .iter()
        .flat_map(|rule| rule.find_iter(&text));
    let collapsed = labels.map(|found| found.as_str().to_owned()).collect();
    Composer {
        text,
        rows,
        collapsed,
    }
}

#[cfg(test)]
mod tests;
