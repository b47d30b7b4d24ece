//! The words of a spec, with the ends of clauses between them.

/// One word, or the end of a clause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    /// In lower case and singular; of a break its sign.
    pub(super) word: String,
    /// The line, from 1.
    pub(super) line: usize,
    /// What ends here, if it is no word.
    pub(super) kind: Kind,
    /// Whether the spec says that it is not wanted.
    pub(super) unwanted: bool,
    /// Whether the project deals with it, or is it.
    pub(super) object: Object,
}

/// Whether the spec speaks of the project itself, or of what it deals with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Object {
    /// Of the project.
    No,
    /// Of something that it or its users read, show, search …
    Used,
    /// Of something that others made: what it is a client of, scans, calls.
    Foreign,
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A word.
    Word,
    /// A comma or a bracket: a list may go on behind it.
    Comma,
    /// A colon or a dash with spaces.
    Colon,
    /// The end of a sentence, a list item or a paragraph.
    End,
    /// The beginning of a heading, with its level; 7 for a line that ends in a colon.
    Heading(u8),
}

impl Token {
    pub(super) fn is_break(&self) -> bool {
        self.kind != Kind::Word
    }
}

/// `services` as `service`, as the plural is no other word.
pub(super) fn singular(word: &str) -> String {
    let plural = word.len() > 3 && word.ends_with('s') && !word.ends_with("ss");
    word.get(..word.len() - usize::from(plural))
        .unwrap_or(word)
        .to_owned()
}

/// The words of a text; the lines of `without` have none.
pub(super) fn tokens(text: &str, without: &[usize]) -> Vec<Token> {
    let mut found = Vec::new();
    let mut fenced = false;
    for (number, line) in text.lines().enumerate() {
        let number = number + 1;
        let trimmed = line.trim();
        if trimmed.starts_with("```") || trimmed.starts_with("~~~") {
            fenced = !fenced;
            continue;
        }
        if fenced || without.contains(&number) {
            continue;
        }
        begin_line(&mut found, trimmed, number);
        let body = trimmed.trim_start_matches('#').trim_start();
        let body = body
            .strip_prefix(['-', '*', '+'])
            .filter(|rest| rest.starts_with(' '))
            .unwrap_or(body);
        for chunk in body
            .split_whitespace()
            .filter(|chunk| !chunk.contains("://"))
        {
            add_chunk(&mut found, chunk, number);
        }
    }
    found
}

/// A heading, a list item, an empty line and a line that ends in a colon begin something new.
fn begin_line(found: &mut Vec<Token>, line: &str, number: usize) {
    let hashes = line.chars().take_while(|c| *c == '#').count();
    let heading = match hashes {
        1..=6 if line[hashes..].starts_with(' ') => u8::try_from(hashes).ok(),
        _ if line.ends_with(':') && line.split_whitespace().count() <= 5 => Some(7),
        _ => None,
    };
    let numbered = line
        .split_once(['.', ')'])
        .is_some_and(|(number, _)| number.parse::<u32>().is_ok());
    let item = ["- ", "* ", "+ ", "> ", "|"]
        .iter()
        .any(|mark| line.starts_with(mark))
        || numbered;
    let after_heading = found
        .iter()
        .rev()
        .find(|token| token.is_break() && token.kind != Kind::Comma && token.kind != Kind::Colon);
    let after_heading = after_heading
        .is_some_and(|token| matches!(token.kind, Kind::Heading(_)) && token.line + 1 == number);
    if let Some(level) = heading {
        found.push(stop("#", number, Kind::Heading(level)));
    } else if item || line.is_empty() || after_heading {
        found.push(stop("", number, Kind::End));
    }
}

fn stop(sign: &str, line: usize, kind: Kind) -> Token {
    Token {
        word: sign.to_owned(),
        line,
        kind,
        unwanted: false,
        object: Object::No,
    }
}

/// A run without spaces: `node.js,` is two words and a comma.
fn add_chunk(found: &mut Vec<Token>, chunk: &str, line: usize) {
    if matches!(chunk, "-" | "–" | "—" | "--") {
        return found.push(stop("-", line, Kind::Colon));
    }
    let chunk = chunk.replace('’', "'").to_lowercase();
    let mut word = String::new();
    let mut chars = chunk.chars().peekable();
    while let Some(c) = chars.next() {
        if c.is_alphanumeric() || matches!(c, '+' | '\'') {
            word.push(c);
            continue;
        }
        add_word(found, &mut word, line);
        let inside = chars.peek().is_some_and(|next| next.is_alphanumeric());
        let kind = match c {
            ',' | '(' | ')' => Kind::Comma,
            ':' if !inside => Kind::Colon,
            '.' | '!' | '?' | ';' if !inside => Kind::End,
            _ => continue,
        };
        found.push(stop(&c.to_string(), line, kind));
    }
    add_word(found, &mut word, line);
}

fn add_word(found: &mut Vec<Token>, word: &mut String, line: usize) {
    let plain = word.trim_matches('\'');
    if !plain.is_empty() {
        found.push(Token {
            word: singular(plain),
            line,
            kind: Kind::Word,
            unwanted: false,
            object: Object::No,
        });
    }
    word.clear();
}
