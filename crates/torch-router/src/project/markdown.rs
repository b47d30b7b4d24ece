//! Statements of a Markdown file: list items and sentences, with the line and the section they stand in.

use std::sync::LazyLock;

use regex::Regex;

use super::about::{Section, section};
use super::statement::{self, Reading};
use super::{Found, RuleFile, file};

static LIST_ITEM: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*(?:[-*+•]|\d{1,3}[.)])\s+(?:\[[ xX]\]\s+)?").expect("the pattern is constant")
});

static SECTION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:rules?|communicat\w*|messag\w*|git|commits?|policy|policies|protocols?|etiquette|reporting|workflow|guidelines?|conventions?|discipline|must|never|always|do\s+not|don'ts?|collaboration|escalation|branch\w*)\b")
        .expect("the pattern is constant")
});

/// Words that make a sentence read like a rule.
static MARKER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:must|mustn't|never|always|don't|do\s+not|shall|may\s+not|cannot|not\s+allowed|forbidden|required|at\s+most|no\s+more\s+than|\d+\s*(?:minutes?|mins?)|only)\b")
        .expect("the pattern is constant")
});

/// One statement.
#[derive(Debug)]
struct Statement {
    line: u32,
    text: String,
    is_item: bool,
    in_section: bool,
    about: Section,
}

/// Takes the rules of a file, and what reads like one.
pub(super) fn read(from: &RuleFile<'_>, found: &mut Found) {
    for statement in statements(from.text) {
        let marked = MARKER.is_match(&statement.text);
        let is_rule_like = marked || (statement.is_item && statement.in_section);
        // Prose outside such sections tells how things are.
        if !is_rule_like && !statement.is_item && !statement.in_section {
            continue;
        }
        let (line, text) = (statement.line, statement.text.as_str());
        let Reading {
            rules,
            doubtful,
            why,
        } = statement::read(text, statement.about);
        for ask in rules {
            found.rule(from.name, line, text, ask);
        }
        // What could be a rule is told wherever it stands.
        if let Some(why) = why.filter(|_| is_rule_like || !doubtful.is_empty()) {
            found.unchecked(from.name, line, text, (why, file::stated(&doubtful)));
        }
    }
}

/// What is being put together: lines that belong to one item or paragraph.
#[derive(Debug, Default)]
struct Block {
    pieces: Vec<(u32, String)>,
    is_item: bool,
}

/// What the headings above say.
#[derive(Debug, Clone, Copy)]
struct Within {
    /// One of them is about rules, git, workflow and the like.
    rules: bool,
    /// Whom they are about.
    about: Section,
}

fn within(headings: &[(usize, Within)]) -> Within {
    headings.last().map_or(
        Within {
            rules: false,
            about: Section::Plain,
        },
        |(_, within)| *within,
    )
}

fn statements(text: &str) -> Vec<Statement> {
    let mut out = Vec::new();
    let mut block = Block::default();
    // The headings above, by their level.
    let mut headings: Vec<(usize, Within)> = Vec::new();
    let mut fence: Option<&str> = None;
    let mut in_comment = false;
    let mut lines = (1..).zip(text.lines()).peekable();
    if text.starts_with("---\n") || text.starts_with("---\r\n") {
        skip_front_matter(text, &mut lines);
    }
    for (number, line) in lines {
        let trimmed = line.trim();
        let within = within(&headings);
        let marks = ["```", "~~~"]
            .into_iter()
            .find(|mark| trimmed.starts_with(mark));
        if let Some(open) = fence {
            fence = (marks != Some(open)).then_some(open);
            continue;
        }
        if in_comment {
            in_comment = !trimmed.contains("-->");
            continue;
        }
        if marks.is_some() || trimmed.starts_with("<!--") {
            flush(&mut block, within, &mut out);
            fence = marks;
            in_comment = marks.is_none() && !trimmed.contains("-->");
            continue;
        }
        let level = trimmed.bytes().take_while(|byte| *byte == b'#').count();
        if (1..=6).contains(&level) && trimmed[level..].starts_with(' ') {
            flush(&mut block, within, &mut out);
            headings.retain(|(above, _)| *above < level);
            let heading = &trimmed[level..];
            let above = self::within(&headings);
            let own = Within {
                rules: above.rules || SECTION.is_match(heading),
                about: section(heading, level, above.about),
            };
            headings.push((level, own));
            continue;
        }
        // Tables and quotations are no statements of the file's own.
        if trimmed.is_empty() || trimmed.starts_with('|') || trimmed.starts_with('>') {
            flush(&mut block, within, &mut out);
            continue;
        }
        if let Some(hit) = LIST_ITEM.find(line) {
            flush(&mut block, within, &mut out);
            block.is_item = true;
            block
                .pieces
                .push((number, line[hit.end()..].trim().to_owned()));
            continue;
        }
        block.pieces.push((number, trimmed.to_owned()));
    }
    flush(&mut block, within(&headings), &mut out);
    out
}

fn skip_front_matter<'a>(
    text: &str,
    lines: &mut std::iter::Peekable<impl Iterator<Item = (u32, &'a str)>>,
) {
    let closed = text.lines().skip(1).any(|line| line.trim_end() == "---");
    if !closed {
        return;
    }
    lines.next();
    for (_, line) in lines.by_ref() {
        if line.trim_end() == "---" {
            break;
        }
    }
}

/// Ends a block: its sentences are statements.
fn flush(block: &mut Block, within: Within, out: &mut Vec<Statement>) {
    let block = std::mem::take(block);
    let mut text = String::new();
    let mut starts = Vec::new();
    for (line, piece) in &block.pieces {
        if !text.is_empty() {
            text.push(' ');
        }
        starts.push((text.len(), *line));
        text.push_str(piece);
    }
    let mut begin = 0;
    for end in sentence_ends(&text) {
        let sentence = &text[begin..end];
        let at = begin + (sentence.len() - sentence.trim_start().len());
        let line = starts.iter().rev().find(|(start, _)| *start <= at);
        let sentence = sentence.trim();
        if sentence.chars().any(char::is_alphabetic) {
            out.push(Statement {
                line: line.map_or(1, |(_, line)| *line),
                text: sentence.to_owned(),
                is_item: block.is_item,
                in_section: within.rules,
                about: within.about,
            });
        }
        begin = end;
    }
}

/// Where sentences end: behind a stop that a space and a capital follow, outside quotation marks, not behind "e.g.".
fn sentence_ends(text: &str) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut quoted = false;
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'"' | b'`' => quoted = !quoted,
            b'.' | b'!' | b';' | b'?' if !quoted && bytes.get(at + 1) == Some(&b' ') => {
                let abbreviated = ["e.g", "i.e", "etc", "vs", "approx", "min", "max"]
                    .iter()
                    .any(|short| text[..at].to_ascii_lowercase().ends_with(short));
                let next = text[at + 2..].chars().next();
                let begins = next.is_some_and(|c| c.is_uppercase() || !c.is_alphanumeric());
                if (*byte == b';' || begins) && !(abbreviated && *byte == b'.' && !begins) {
                    ends.push(at + 1);
                }
            }
            _ => {}
        }
    }
    ends.push(text.len());
    ends
}
