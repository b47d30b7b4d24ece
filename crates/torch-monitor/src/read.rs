//! What a screen says by a program's rules.

use std::ops::Range;

use regex::Regex;
use torch_core::program::{LineMeaning, LinePlace};
use torch_core::screen::{DialogKind, RuleMatch, ScreenKind, ScreenReading, ShownShare};

use crate::composer::{self, Sighting};
use crate::dialog::{self, Found};
use crate::rules::{LinePattern, Rules};
use crate::screen::Screen;

/// How many non-empty lines above a dialog or a composer a limit's text is looked for in.
const LIMIT_LINES: usize = 12;
/// How many non-empty lines above the last of them others belong to it.
const LIMIT_CLOSE: usize = 4;
/// From so many blanks on something else stands beside a text.
const BESIDE: &str = "            ";

impl Rules {
    /// Reads a screen. Where a composer is drawn only what stands below it counts, and the one line above it that the rules
    /// name: the others are conversation and may quote anything.
    pub fn read(&self, screen: &Screen) -> ScreenReading {
        Reader::new(self, screen).read()
    }
}

/// One screen being read.
struct Reader<'r> {
    rules: &'r Rules,
    screen: &'r Screen,
    reading: ScreenReading,
    /// The composer with its frame.
    outer: Option<Range<usize>>,
    /// The last lines that count, top first.
    tail: Vec<usize>,
}

impl<'r> Reader<'r> {
    fn new(rules: &'r Rules, screen: &'r Screen) -> Self {
        Self {
            rules,
            screen,
            reading: ScreenReading::default(),
            outer: None,
            tail: Vec::new(),
        }
    }

    fn read(mut self) -> ScreenReading {
        let submitted = match composer::find(self.screen, &self.rules.composer) {
            Sighting::Composer(composer, outer) => {
                self.matched("screen.composer", composer.rows.clone());
                self.reading.composer = Some(composer);
                self.outer = Some(outer);
                None
            }
            Sighting::Submitted(rows) => Some(rows),
            Sighting::Nothing => None,
        };
        if let Some(found) = self.find_dialog() {
            self.take_dialog(found);
            return self.reading;
        }
        self.tail = self.tail();
        self.find_context();
        self.find_share();
        self.find_start();
        if let Some((meaning, evidence)) = self.meaning(submitted.is_some()) {
            self.take_meaning(meaning, evidence);
        } else if let Some(rows) = submitted {
            self.matched("screen.composer.one_colour", rows);
            self.decide(
                ScreenKind::Busy,
                "output stands below a text that was submitted".to_owned(),
            );
        } else if self.reading.composer.is_some() {
            self.decide(
                ScreenKind::Prompt,
                "a composer, and no turn under way".to_owned(),
            );
        } else {
            self.decide(
                ScreenKind::Unknown,
                "no composer, and no rule matches the last lines".to_owned(),
            );
        }
        self.reading
    }

    fn decide(&mut self, kind: ScreenKind, evidence: String) {
        self.reading.kind = kind;
        self.reading.evidence = evidence;
    }

    fn matched(&mut self, rule: impl Into<String>, rows: Range<usize>) {
        let rule = rule.into();
        self.reading.matches.push(RuleMatch { rule, rows });
    }

    fn line(&self, row: usize) -> &'r str {
        self.screen.rows()[row].text()
    }

    /// A dialog below the composer, or one whose marked row looks like a composer's prompt.
    fn find_dialog(&self) -> Option<Found> {
        let (Some(composer), Some(outer)) = (&self.reading.composer, &self.outer) else {
            return dialog::find(self.screen, self.rules, 0, false);
        };
        let first = self.line(composer.rows.start);
        let marked = self
            .rules
            .menu
            .mark
            .as_ref()
            .is_some_and(|mark| mark.is_match(first));
        // Where questions are answered by letters, the question stands where the composer would.
        if !marked && self.rules.menu.letters.is_none() {
            return dialog::find(self.screen, self.rules, outer.end, true);
        }
        // The highlighted row need not be the first one, and the question stands above them.
        let found = dialog::find(self.screen, self.rules, 0, true)?;
        (found.at.end > composer.rows.start).then_some(found)
    }

    fn take_dialog(&mut self, found: Found) {
        let Found {
            dialog, at, rule, ..
        } = found;
        if self
            .outer
            .as_ref()
            .is_some_and(|outer| outer.end > at.start)
        {
            self.reading.composer = None;
            self.reading.matches.clear();
        }
        let rule = match rule {
            Some(n) => format!("screen.dialogs[{n}] {}", dialog.kind.as_str()),
            None => "screen.menu".to_owned(),
        };
        let last = dialog
            .question
            .lines()
            .last()
            .unwrap_or_default()
            .to_owned();
        let rows: Vec<&str> = dialog.rows.iter().map(|row| row.text.as_str()).collect();
        let evidence = format!("{rule} matches {last:?} with the rows {rows:?}");
        let mut kind = ScreenKind::Asking;
        if dialog.kind == DialogKind::LimitMenu {
            // The same menu comes as a warning, or when a person asks for it.
            let told = |line: &str| self.rules.limit_text.iter().any(|rule| rule.is_match(line));
            let own = dialog
                .question
                .lines()
                .any(told)
                .then(|| dialog.question.clone());
            self.reading.limit = own.or_else(|| self.limit_above(at.start));
            if self.reading.limit.is_some() {
                kind = ScreenKind::Limited;
            }
        }
        self.decide(kind, evidence);
        self.matched(rule, at);
        self.reading.dialog = Some(dialog);
    }

    /// The rows below the composer, or the last ones that are not blank.
    fn tail(&self) -> Vec<usize> {
        let from = self.outer.as_ref().map_or(0, |outer| outer.end);
        let filled = (from..self.screen.filled()).rev();
        let filled = filled.filter(|row| !self.screen.rows()[*row].is_blank());
        let mut rows: Vec<usize> = filled.take(self.rules.tail_lines).collect();
        rows.reverse();
        rows
    }

    /// What the first rule that fits says, with the evidence; `busy` where something else shows that a turn is under way.
    fn meaning(&mut self, busy: bool) -> Option<(LineMeaning, String)> {
        let rules = self.rules;
        let mut found: Vec<(LineMeaning, String)> = Vec::new();
        for (n, rule) in rules.lines.iter().enumerate() {
            if rule.is == LineMeaning::Started {
                continue;
            }
            let name = rule_name(rule.is);
            let line = if rule.at == LinePlace::Title {
                if !rule.line.is_match(self.screen.title()) {
                    continue;
                }
                self.matched(format!("screen.lines[{n}] {name}, the title"), 0..0);
                self.screen.title()
            } else {
                let Some(row) = self.find_line(rule) else {
                    continue;
                };
                self.matched(format!("screen.lines[{n}] {name}"), row..row + 1);
                self.line(row).trim()
            };
            let evidence = format!("screen.lines[{n}] {name} `{}` matches {line:?}", rule.line);
            found.push((rule.is, evidence));
        }
        if !busy && !found.iter().any(|(is, _)| *is == LineMeaning::Busy) {
            found.retain(|(is, _)| *is != LineMeaning::Retrying);
        }
        found.into_iter().next()
    }

    /// Whether a line says that the program's start is over.
    fn find_start(&mut self) {
        let rules = self.rules.lines.iter().enumerate();
        for (n, rule) in rules.filter(|(_, rule)| rule.is == LineMeaning::Started) {
            let title = rule.at == LinePlace::Title && rule.line.is_match(self.screen.title());
            let row = self.find_line(rule);
            if title || row.is_some() {
                self.reading.started = true;
                let rows = row.map_or(0..0, |row| row..row + 1);
                return self.matched(format!("screen.lines[{n}] started"), rows);
            }
        }
    }

    fn find_line(&self, rule: &LinePattern) -> Option<usize> {
        match rule.at {
            LinePlace::Title => None,
            LinePlace::Bare if self.outer.is_some() => None,
            LinePlace::Bare | LinePlace::Below => {
                let mut rows = self.tail.iter().rev().copied();
                rows.find(|row| rule.line.is_match(self.line(*row)))
            }
            LinePlace::Above => {
                let row = self.line_above(rule.skip.as_ref())?;
                rule.line.is_match(self.line(row)).then_some(row)
            }
        }
    }

    /// The last line above the composer, but those to skip.
    fn line_above(&self, skip: Option<&Regex>) -> Option<usize> {
        let top = self.outer.as_ref()?.start;
        let counts = |row: &usize| {
            let line = self.line(*row);
            !line.is_empty() && !skip.is_some_and(|skip| skip.is_match(line))
        };
        (top.saturating_sub(LIMIT_LINES)..top).rev().find(counts)
    }

    fn take_meaning(&mut self, meaning: LineMeaning, evidence: String) {
        let kind = match meaning {
            LineMeaning::Busy | LineMeaning::Started => ScreenKind::Busy,
            LineMeaning::Retrying => ScreenKind::Retrying,
            LineMeaning::Limited => ScreenKind::Limited,
            LineMeaning::Continuing => ScreenKind::Continuing,
        };
        match meaning {
            LineMeaning::Retrying => self.reading.retry = self.text_of(&[LineMeaning::Retrying]),
            LineMeaning::Limited | LineMeaning::Continuing => {
                let top = self.outer.as_ref().map_or(0, |outer| outer.start);
                let above = self.limit_above(top);
                let below = self.text_of(&[LineMeaning::Limited, LineMeaning::Continuing]);
                let texts: Vec<String> = above.into_iter().chain(below).collect();
                self.reading.limit = (!texts.is_empty()).then(|| texts.join("\n"));
            }
            LineMeaning::Busy | LineMeaning::Started => {}
        }
        self.decide(kind, evidence);
    }

    /// The lines that rules of these meanings matched, top first.
    fn text_of(&self, meanings: &[LineMeaning]) -> Option<String> {
        let rules = self
            .rules
            .lines
            .iter()
            .filter(|rule| meanings.contains(&rule.is));
        let mut rows: Vec<usize> = rules.filter_map(|rule| self.find_line(rule)).collect();
        rows.sort_unstable();
        rows.dedup();
        let lines: Vec<&str> = rows.into_iter().map(|row| tidy(self.line(row))).collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }

    /// What stands above `row` and tells of a limit, wrapped lines joined: the last such line, and those close above it.
    fn limit_above(&mut self, row: usize) -> Option<String> {
        let filled = (0..row).rev().filter(|row| !self.line(*row).is_empty());
        let near: Vec<usize> = filled.take(LIMIT_LINES).collect();
        let last = near.iter().position(|row| self.tells_limit(*row))?;
        // What stands above another entry of the conversation is older.
        let entry = |row: &&usize| self.tells_limit(**row) || indent_of(self.line(**row)) > 0;
        let close = near[last..].iter().take(LIMIT_CLOSE).take_while(entry);
        let mut firsts: Vec<usize> = close
            .copied()
            .filter(|row| self.tells_limit(*row))
            .collect();
        firsts.reverse();
        let mut texts = Vec::new();
        for first in firsts {
            let end = self.wrapped_end(first, row);
            let lines: Vec<&str> = (first..end).map(|row| self.line(row).trim()).collect();
            texts.push(tidy(&lines.join(" ")).to_owned());
            self.matched("screen.limit_text", first..end);
        }
        Some(texts.join("\n"))
    }

    fn tells_limit(&self, row: usize) -> bool {
        self.rules
            .limit_text
            .iter()
            .any(|rule| rule.is_match(self.line(row)))
    }

    /// The row below a text that begins in `first`: its further rows are indented as far, or the row above was full.
    fn wrapped_end(&self, first: usize, end: usize) -> usize {
        let indent = indent_of(self.line(first)).max(1);
        let width = self.screen.width();
        let wraps = |row: &usize| {
            let line = self.line(*row);
            let word = line
                .trim()
                .split(' ')
                .next()
                .map_or(0, |word| word.chars().count());
            let full = self.line(*row - 1).chars().count() + 1 + word > width;
            let fits = (indent..indent + BESIDE.len()).contains(&indent_of(line)) || full;
            !line.is_empty() && fits && !is_rule(line) && !self.tells_limit(*row)
        };
        (first + 1..end).find(|row| !wraps(row)).unwrap_or(end)
    }

    /// Only the line right above the composer counts: what stands higher is conversation.
    fn find_share(&mut self) {
        let rules = self.rules;
        let Some(row) = self.line_above(None).filter(|_| rules.show_shares()) else {
            return;
        };
        let line = self.line(row);
        for (n, rule) in rules.shares.iter().enumerate() {
            if let Some(used) = percent(rule, line) {
                let words = line.trim().to_owned();
                self.reading.share = Some(ShownShare { used, words });
                self.matched(format!("screen.shares[{n}]"), row..row + 1);
                return;
            }
        }
    }

    fn find_context(&mut self) {
        let rules = self.rules;
        for (n, (rule, at)) in rules.context.iter().enumerate() {
            let rows = match at {
                LinePlace::Above => self.line_above(None).into_iter().collect(),
                LinePlace::Title => Vec::new(),
                LinePlace::Bare if self.outer.is_some() => Vec::new(),
                LinePlace::Bare | LinePlace::Below => self.tail.clone(),
            };
            let found = rows
                .into_iter()
                .rev()
                .find_map(|row| Some((row, percent(rule, self.line(row))?)));
            if let Some((row, used)) = found {
                self.reading.context_used = Some(used);
                self.matched(format!("screen.context[{n}]"), row..row + 1);
                return;
            }
        }
    }
}

fn percent(rule: &Regex, line: &str) -> Option<u8> {
    let found = rule.captures(line)?;
    let number = |name| {
        found
            .name(name)
            .and_then(|group| group.as_str().parse::<u8>().ok())
    };
    let used =
        number("used").or_else(|| number("left").and_then(|left| 100_u8.checked_sub(left)))?;
    (used <= 100).then_some(used)
}

fn rule_name(meaning: LineMeaning) -> &'static str {
    match meaning {
        LineMeaning::Retrying => "retrying",
        LineMeaning::Busy => "busy",
        LineMeaning::Continuing => "continuing",
        LineMeaning::Limited => "limited",
        LineMeaning::Started => "started",
    }
}

/// A text without the sign before it and without what stands beside it.
fn tidy(line: &str) -> &str {
    let text = line.trim_start_matches(|c: char| !c.is_alphanumeric() && c != '[');
    text.split(BESIDE).next().unwrap_or(text).trim_end()
}

fn indent_of(line: &str) -> usize {
    line.chars().take_while(|c| c.is_whitespace()).count()
}

fn is_rule(line: &str) -> bool {
    line.trim_start().starts_with(['─', '▔', '╭', '╰', '━'])
}

#[cfg(test)]
mod tests;
