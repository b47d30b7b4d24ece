//! Text cut to a terminal: lines to its width, a frame to its height. Styles take no room.

use unicode_width::UnicodeWidthChar as _;

use super::style::{DIM, paint};

/// How far a tab goes on terminals.
const TAB: usize = 8;

/// What stands behind a number, a space between (see [`super::time::span`] and [`super::bytes`]).
const UNITS: [&str; 11] = ["ms", "s", "m", "h", "d", "B", "kB", "MB", "GB", "TB", "%"];

/// One line in at most `width` columns; one that is longer ends with `…`. Tabs become spaces.
pub fn line(text: &str, width: usize) -> String {
    let whole = take(text, width);
    if whole.complete {
        return whole.text;
    }
    let cut = take(text, width.saturating_sub(1));
    let mark = if width == 0 { "" } else { "…" };
    let reset = if cut.styled { "\x1b[0m" } else { "" };
    format!("{}{reset}{mark}", cut.text)
}

/// One line in at most `width` columns, with `…` in the middle of one that is longer: what stands at the end tells names apart.
/// The text has no styles.
pub fn middle(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return line(text, width);
    }
    let head = width.saturating_sub(1) / 3;
    let begin = take(text, head).text;
    let room = width.saturating_sub(1 + columns(&begin));
    let mut end = "";
    for (at, _) in text.char_indices().rev() {
        if columns(&text[at..]) > room {
            break;
        }
        end = &text[at..];
    }
    match width {
        0 => String::new(),
        _ => format!("{begin}…{end}"),
    }
}

/// A text broken between words into lines of at most `width` columns, the lines after the first moved to the right by
/// `indent`; a word that is longer than a line stands on one of its own. A command in parentheses, `(torch …)`, is one word.
pub fn wrap(text: &str, width: usize, indent: usize) -> String {
    let mut wrapped = String::new();
    let mut column = 0;
    let mut begun = false;
    for word in words(text) {
        let columns = columns(word);
        if column > 0 && column + 1 + columns > width {
            // What kept the columns of a table apart belongs to no line.
            wrapped.truncate(wrapped.trim_end_matches(' ').len());
            wrapped.push('\n');
            wrapped.push_str(&" ".repeat(indent));
            column = indent;
            begun = true;
        } else if column > 0 && !begun {
            wrapped.push(' ');
            column += 1;
        }
        if begun && word.is_empty() {
            continue;
        }
        begun = false;
        wrapped.push_str(word);
        column += columns;
    }
    wrapped
}

/// The words between single spaces; a command in parentheses can be copied whole, and a number stays with its unit.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let from = match text.strip_prefix("(torch ") {
            Some(_) => text.find(')').unwrap_or(0),
            None => before_unit(text),
        };
        let end = text[from..].find(' ').map(|end| from + end);
        rest = end.map(|end| &text[end + 1..]);
        Some(end.map_or(text, |end| &text[..end]))
    })
}

/// Where the unit of a number begins, with which a text begins: 3 in `39 s ago`; 0 where there is none.
fn before_unit(text: &str) -> usize {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let Some(behind) = text[digits..].strip_prefix(' ') else {
        return 0;
    };
    let unit = behind.split([' ', ',', ';', ':', '.', ')']).next();
    match digits > 0 && unit.is_some_and(|unit| UNITS.contains(&unit)) {
        true => digits + 1,
        false => 0,
    }
}

/// [`wrap`] for a terminal of this width, if there is one; lines that begin with spaces go on below their first word.
pub fn prose(text: &str, width: Option<usize>, hang: usize) -> String {
    let Some(width) = width else {
        return text.to_owned();
    };
    let lines = text.lines().map(|line| {
        let words = line.trim_start_matches(' ');
        let indent = line.len() - words.len();
        if columns(line) <= width {
            return format!("{line}\n");
        }
        let body = wrap(words, width.saturating_sub(indent), hang);
        let lines = body
            .lines()
            .map(|line| format!("{}{line}\n", " ".repeat(indent)));
        lines.collect()
    });
    lines.collect()
}

/// Whether no line of a text is wider than this; no width is no terminal, where everything has room.
pub fn fits(text: &str, width: Option<usize>) -> bool {
    width.is_none_or(|width| text.lines().all(|line| columns(line) <= width))
}

/// How many columns a line takes.
fn columns(text: &str) -> usize {
    take(text, usize::MAX).columns
}

/// A text in at most `width` columns and `height` lines, without a newline at the end. Where lines are left out, the
/// last one says how many.
pub fn frame(text: &str, width: usize, height: usize) -> String {
    let all: Vec<&str> = text.lines().collect();
    let shown = if all.len() <= height {
        all.len()
    } else {
        height.saturating_sub(1)
    };
    let mut lines: Vec<_> = all
        .iter()
        .take(shown)
        .map(|text| line(text, width))
        .collect();
    if shown < all.len() && height > 0 {
        let rest = all.len() - shown;
        let noun = if rest == 1 { "line is" } else { "lines are" };
        let words = format!("{rest} more {noun} not shown");
        lines.push(paint(DIM, &line(&words, width)));
    }
    lines.join("\n")
}

struct Taken {
    text: String,
    columns: usize,
    styled: bool,
    complete: bool,
}

/// As much of a line as fits into `width` columns.
fn take(text: &str, width: usize) -> Taken {
    let mut taken = Taken {
        text: String::new(),
        columns: 0,
        styled: false,
        complete: true,
    };
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c == '\x1b' {
            taken.styled = true;
            taken.text.push(c);
            // Styles alone occur here: `ESC [` up to a letter.
            for c in rest.by_ref() {
                taken.text.push(c);
                if c.is_ascii_alphabetic() {
                    break;
                }
            }
            continue;
        }
        let columns = match c {
            '\t' => TAB - taken.columns % TAB,
            _ => c.width().unwrap_or_default(),
        };
        if taken.columns + columns > width {
            taken.complete = false;
            break;
        }
        taken.columns += columns;
        match c {
            '\t' => taken.text.push_str(&" ".repeat(columns)),
            _ => taken.text.push(c),
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_broken_without_its_gaps() {
        let row = "name      first         second words";
        assert_eq!(wrap(row, 20, 2), "name      first\n  second words");
        assert_eq!(wrap("a  b  c", 20, 2), "a  b  c");
    }

    #[test]
    fn lines_are_cut_by_columns() {
        for (text, width, cut) in [
            ("hello", 5, "hello"),
            ("hello", 4, "hel…"),
            ("hello", 1, "…"),
            ("hello", 0, ""),
            ("日本語", 6, "日本語"),
            ("日本語", 5, "日本…"),
            ("日本語", 4, "日…"),
            ("a\tb", 9, "a       b"),
            ("a\tb", 8, "a…"),
            ("\x1b[1mbold\x1b[0m", 4, "\x1b[1mbold\x1b[0m"),
            ("\x1b[1mbold\x1b[0m", 3, "\x1b[1mbo\x1b[0m…"),
        ] {
            assert_eq!(line(text, width), cut, "{text:?} in {width}");
        }
    }

    #[test]
    fn names_are_cut_in_the_middle() {
        for (text, width, cut) in [
            ("main-tester", 11, "main-tester"),
            ("main-tester", 9, "ma…tester"),
            ("main-testrunner", 9, "ma…runner"),
            ("main-tester", 2, "…r"),
            ("main-tester", 1, "…"),
            ("main-tester", 0, ""),
            ("日本語日本語", 7, "日…本語"),
        ] {
            assert_eq!(middle(text, width), cut, "{text:?} in {width}");
        }
    }

    #[test]
    fn words_are_wrapped_by_columns() {
        for (text, width, wrapped) in [
            ("a b c", 5, "a b c"),
            ("a b c", 3, "a b\n c"),
            ("日本 日本 日本", 9, "日本 日本\n 日本"),
            ("\x1b[1mbold\x1b[0m text", 9, "\x1b[1mbold\x1b[0m text"),
            ("/a/long/path x", 4, "/a/long/path\n x"),
        ] {
            assert_eq!(wrap(text, width, 1), wrapped, "{text:?} in {width}");
        }
        assert_eq!(wrap("open, 39 s ago", 9, 1), "open,\n 39 s ago");
        assert_eq!(wrap("it took 39 steps", 10, 1), "it took 39\n steps");
        let note = "the developer is asking (torch why developer), or so";
        assert_eq!(
            wrap(note, 30, 1),
            "the developer is asking\n (torch why developer), or so"
        );
        assert_eq!(prose("  a b c\nd\n", Some(5), 1), "  a b\n   c\nd\n");
        assert_eq!(prose("  a b c\n", None, 1), "  a b c\n");
        assert!(fits("日本\n\x1b[1mbold\x1b[0m", Some(4)));
        assert!(!fits("日本語", Some(5)));
    }

    #[test]
    fn a_frame_says_what_it_leaves_out() {
        assert_eq!(frame("a\nb\nc\n", 80, 3), "a\nb\nc");
        let cut = frame("a\nb\nc\nd\n", 80, 3);
        assert_eq!(
            anstream::adapter::strip_str(&cut).to_string(),
            "a\nb\n2 more lines are not shown"
        );
        assert_eq!(frame("a\nb\n", 80, 0), "");
    }
}
