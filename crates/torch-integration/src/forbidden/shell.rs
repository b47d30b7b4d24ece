//! The simple commands of a line of shell, as far as they can be told without running it: quotes, separators, substitutions. No
//! expansion is made; what only a running shell knows (variables, aliases, functions, files that are sourced) stays unread.

/// At most as many bytes of a line are read.
const READ_MAX: usize = 64 << 10;

/// The words of each simple command, in their order. Commands in `$(…)`, backticks and parentheses are commands as well.
pub(super) fn commands(line: &str) -> Vec<Vec<String>> {
    let mut end = line.len().min(READ_MAX);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    let mut reader = Reader::default();
    reader.read(&line[..end], 0);
    reader.done
}

/// How deep substitutions are followed.
const DEEPEST: usize = 8;

#[derive(Default)]
struct Reader {
    done: Vec<Vec<String>>,
}

/// The command that is being read.
#[derive(Default)]
struct Open {
    words: Vec<String>,
    word: Option<String>,
}

impl Open {
    fn push(&mut self, c: char) {
        self.word.get_or_insert_default().push(c);
    }

    fn end_word(&mut self) {
        self.words.extend(self.word.take());
    }
}

impl Reader {
    fn read(&mut self, text: &str, depth: usize) {
        if depth > DEEPEST {
            return;
        }
        let mut open = Open::default();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            rest = &rest[c.len_utf8()..];
            match c {
                '\'' => rest = literal(rest, &mut open),
                '"' => rest = self.quoted(rest, &mut open, depth),
                '\\' => rest = escaped(rest, &mut open),
                '$' if rest.starts_with('(') => rest = self.inner(&rest[1..], depth, ')'),
                '`' => rest = self.inner(rest, depth, '`'),
                '#' if open.word.is_none() => rest = rest.find('\n').map_or("", |at| &rest[at..]),
                ' ' | '\t' | '\r' => open.end_word(),
                ';' | '&' | '|' | '\n' | '(' | ')' => self.end(&mut open),
                '<' | '>' => open.end_word(),
                _ => open.push(c),
            }
        }
        self.end(&mut open);
    }

    fn end(&mut self, open: &mut Open) {
        open.end_word();
        let words = std::mem::take(&mut open.words);
        if !words.is_empty() {
            self.done.push(words);
        }
    }

    /// What stands in double quotes.
    fn quoted<'t>(&mut self, text: &'t str, open: &mut Open, depth: usize) -> &'t str {
        open.word.get_or_insert_default();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            rest = &rest[c.len_utf8()..];
            match c {
                '"' => return rest,
                '\\' => rest = escaped(rest, open),
                '$' if rest.starts_with('(') => rest = self.inner(&rest[1..], depth, ')'),
                '`' => rest = self.inner(rest, depth, '`'),
                _ => open.push(c),
            }
        }
        rest
    }

    /// A substitution, whose commands are read; what it gives is not known.
    fn inner<'t>(&mut self, text: &'t str, depth: usize, close: char) -> &'t str {
        let mut level = 0_usize;
        for (at, c) in text.char_indices() {
            match c {
                _ if c == close && level == 0 => {
                    self.read(&text[..at], depth + 1);
                    return &text[at + c.len_utf8()..];
                }
                '(' if close == ')' => level += 1,
                ')' if close == ')' => level -= 1,
                _ => {}
            }
        }
        self.read(text, depth + 1);
        ""
    }
}

/// What stands in single quotes.
fn literal<'t>(text: &'t str, open: &mut Open) -> &'t str {
    let end = text.find('\'').unwrap_or(text.len());
    open.word.get_or_insert_default().push_str(&text[..end]);
    text.get(end + 1..).unwrap_or("")
}

/// What a backslash stands before; with the end of a line it is nothing.
fn escaped<'t>(text: &'t str, open: &mut Open) -> &'t str {
    let Some(c) = text.chars().next() else {
        return text;
    };
    if c != '\n' {
        open.push(c);
    }
    &text[c.len_utf8()..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expect: &[&[&str]]) {
        assert_eq!(commands(line), expect, "{line}");
    }

    #[test]
    fn a_line_is_its_commands() {
        check("git push -f", &[&["git", "push", "-f"]]);
        check(
            "cd x && git 'push' \"-f\"; ls|wc",
            &[&["cd", "x"], &["git", "push", "-f"], &["ls"], &["wc"]],
        );
        check(
            "echo \"a $(git push) b\"",
            &[&["git", "push"], &["echo", "a  b"]],
        );
        check(
            "echo `git push` # git reset",
            &[&["git", "push"], &["echo"]],
        );
        check(
            "(git push)\n# x\ngit p\\\nush",
            &[&["git", "push"], &["git", "push"]],
        );
        check("echo 'git push; \"' >f", &[&["echo", "git push; \"", "f"]]);
        check("a#b ''", &[&["a#b", ""]]);
    }

    #[test]
    fn nothing_makes_it_fail() {
        for line in ["", "'", "\"", "\\", "$(", "`", "$($($(", "((((", "ä\\ö'ü"] {
            commands(line);
        }
        commands(&"$(".repeat(100_000));
        commands(&"ä".repeat(100_000));
    }
}
