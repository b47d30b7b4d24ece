//! The tokens between a tag's braces.

use std::collections::VecDeque;
use std::fmt;

use super::syntax;
use crate::engine::TextError;

/// What an expression is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'text> {
    /// A name or a word such as `if`.
    Name(&'text str),
    /// A text between quotes, without escapes.
    Text(&'text str),
    /// A whole number.
    Number(i64),
    /// A sign.
    Sign(&'static str),
}

impl fmt::Display for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Text(text) => write!(f, "'{text}'"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Sign(sign) => f.write_str(sign),
        }
    }
}

/// The signs there are, the longer ones first.
const SIGNS: [&str; 11] = ["==", "!=", "<=", ">=", "<", ">", "(", ")", "[", "]", "."];

/// The tokens of one tag.
#[derive(Debug)]
pub(super) struct Tokens<'text> {
    left: VecDeque<Token<'text>>,
    /// Whether the tag ends with `-`, which takes the space after it away.
    pub(super) trims: bool,
}

impl<'text> Tokens<'text> {
    /// The tokens up to `close`, and the text after it.
    pub(super) fn read(
        text: &'text str,
        close: &'static str,
    ) -> Result<(Self, &'text str), TextError> {
        let mut left = VecDeque::new();
        let mut rest = text.trim_start();
        loop {
            let (trims, bare) = match rest.strip_prefix('-') {
                Some(bare) => (true, bare),
                None => (false, rest),
            };
            if let Some(after) = bare.strip_prefix(close) {
                return Ok((Self { left, trims }, after));
            }
            let (token, after) = token(rest, close)?;
            left.push_back(token);
            rest = after.trim_start();
        }
    }

    /// The next token, taken.
    pub(super) fn next(&mut self) -> Option<Token<'text>> {
        self.left.pop_front()
    }

    /// Takes the next token if it is this one.
    pub(super) fn take(&mut self, token: Token<'_>) -> bool {
        let is = self.left.front() == Some(&token);
        if is {
            self.left.pop_front();
        }
        is
    }

    /// Takes the next two tokens if they are these.
    pub(super) fn take_both(&mut self, one: Token<'_>, two: Token<'_>) -> bool {
        let are = self.left.front() == Some(&one) && self.left.get(1) == Some(&two);
        if are {
            self.left.drain(..2);
        }
        are
    }

    /// Nothing may be left.
    pub(super) fn end(&mut self) -> Result<(), TextError> {
        match self.next() {
            None => Ok(()),
            Some(token) => Err(syntax(format!("`{token}` was not expected there"))),
        }
    }
}

fn token<'text>(
    rest: &'text str,
    close: &'static str,
) -> Result<(Token<'text>, &'text str), TextError> {
    let Some(first) = rest.chars().next() else {
        return Err(syntax(format!("a tag without its `{close}`")));
    };
    if first == '\'' || first == '"' {
        return quoted(rest, first);
    }
    if first.is_ascii_alphabetic() || first == '_' {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let (name, after) = rest.split_at(end.unwrap_or(rest.len()));
        return Ok((Token::Name(name), after));
    }
    if first.is_ascii_digit() {
        let end = rest.find(|c: char| !c.is_ascii_digit());
        let (digits, after) = rest.split_at(end.unwrap_or(rest.len()));
        let number = digits.parse();
        let number = number.map_err(|_| syntax(format!("the number {digits} is too large")))?;
        return Ok((Token::Number(number), after));
    }
    for sign in SIGNS {
        if let Some(after) = rest.strip_prefix(sign) {
            return Ok((Token::Sign(sign), after));
        }
    }
    Err(syntax(match first {
        '|' => "it has a filter (`|`), and a role's line takes none".to_owned(),
        other => format!(
            "it has `{other}`, and between braces a role's line takes names, texts, numbers and comparisons"
        ),
    }))
}

/// A text between quotes. An escape could hide where it ends.
fn quoted(rest: &str, quote: char) -> Result<(Token<'_>, &str), TextError> {
    let inside = &rest[1..];
    let Some(end) = inside.find(quote) else {
        return Err(syntax(format!("a text without its closing {quote}")));
    };
    let text = &inside[..end];
    match text.contains('\\') {
        true => Err(syntax(
            "a text between quotes has a `\\`, and takes none".to_owned(),
        )),
        false => Ok((Token::Text(text), &inside[end + 1..])),
    }
}
