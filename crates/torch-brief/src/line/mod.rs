//! The language of a role's lines: `{{ value }}` and `{% if %}`, and nothing by which a text could grow.
//!
//! A role's file comes from a repository, and its lines are rendered in the daemon. So they are not rendered by the template
//! engine, whose language can double a string with each word: there is no assignment, no loop, no joining, no filter and no
//! function here. Rendering takes time in proportion to the line and what it names, and every variable that a line names is
//! found when it is read, also in branches that no trial enters.

mod expression;
mod token;

use minijinja::value::{Value, ValueKind};

use self::expression::Expression;
use self::token::{Token, Tokens};
use crate::engine::TextError;

/// How deep conditions and parentheses may be nested; the shipped roles nest once.
const DEPTH: usize = 16;

/// A line, understood.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Line {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq)]
enum Part {
    Text(String),
    Value(Expression),
    /// The first arm whose condition holds; `else` has none.
    If(Vec<(Option<Expression>, Vec<Part>)>),
}

impl Line {
    /// Understands a line.
    ///
    /// # Errors
    /// [`TextError`] for what is not of this language, and for a variable that is not among `known`.
    pub(crate) fn parse(text: &str, known: &[&'static str]) -> Result<Self, TextError> {
        let mut parser = Parser {
            rest: text,
            known,
            trim: false,
        };
        let (parts, end) = parser.parts(0)?;
        match end {
            End::Text => Ok(Self { parts }),
            other => Err(syntax(format!("`{}` without an `if`", other.word()))),
        }
    }

    /// The line's text with these values.
    ///
    /// # Errors
    /// [`TextError::Undefined`] for a field that has no value there, and for one that is not text.
    pub(crate) fn render(&self, values: &Value) -> Result<String, TextError> {
        let mut out = String::new();
        put(&self.parts, values, &mut out)?;
        Ok(out)
    }
}

fn put(parts: &[Part], values: &Value, out: &mut String) -> Result<(), TextError> {
    for part in parts {
        match part {
            Part::Text(text) => out.push_str(text),
            Part::Value(expression) => out.push_str(&shown(&expression.value(values)?)?),
            Part::If(arms) => {
                for (condition, parts) in arms {
                    let holds = match condition {
                        Some(condition) => condition.holds(values)?,
                        None => true,
                    };
                    if holds {
                        put(parts, values, out)?;
                        break;
                    }
                }
            }
        }
    }
    Ok(())
}

/// A value as text: a list with commas between.
fn shown(value: &Value) -> Result<String, TextError> {
    match value.kind() {
        ValueKind::Seq => {
            let items = value.try_iter().map_err(|_| TextError::Undefined)?;
            let items: Vec<String> = items.map(|item| item.to_string()).collect();
            Ok(items.join(", "))
        }
        ValueKind::Map => Err(syntax(
            "it shows something that has several fields; name one of them".to_owned(),
        )),
        ValueKind::Undefined => Err(TextError::Undefined),
        _ => Ok(value.to_string()),
    }
}

fn syntax(text: String) -> TextError {
    TextError::Syntax(text)
}

/// What ended a run of parts.
enum End {
    Text,
    Elif(Expression),
    Else,
    Endif,
}

impl End {
    fn word(&self) -> &'static str {
        match self {
            Self::Text => "the end",
            Self::Elif(_) => "elif",
            Self::Else => "else",
            Self::Endif => "endif",
        }
    }
}

struct Parser<'text> {
    rest: &'text str,
    known: &'text [&'static str],
    /// Whether the tag before ended with `-`, which takes the space after it away.
    trim: bool,
}

impl<'text> Parser<'text> {
    fn parts(&mut self, depth: usize) -> Result<(Vec<Part>, End), TextError> {
        if depth > DEPTH {
            return Err(syntax(format!("it is nested deeper than {DEPTH} levels")));
        }
        let mut parts = Vec::new();
        loop {
            let open = ["{{", "{%", "{#"]
                .iter()
                .filter_map(|it| self.rest.find(it));
            let Some(at) = open.min() else {
                let rest = std::mem::take(&mut self.rest);
                self.text(rest, &mut parts);
                return Ok((parts, End::Text));
            };
            let (mut before, tag) = self.rest.split_at(at);
            let (kind, inside) = tag.split_at(2);
            let inside = match inside.strip_prefix('-') {
                Some(inside) => {
                    before = before.trim_end();
                    inside
                }
                None => inside,
            };
            self.text(before, &mut parts);
            self.rest = inside;
            match kind {
                "{#" => self.comment()?,
                "{{" => {
                    let mut tokens = self.tag("}}")?;
                    let expression = Expression::parse(&mut tokens, self.known)?;
                    tokens.end()?;
                    parts.push(Part::Value(expression));
                }
                _ => match self.statement(depth)? {
                    Statement::If(part) => parts.push(part),
                    Statement::End(end) => return Ok((parts, end)),
                },
            }
        }
    }

    fn text(&mut self, text: &str, parts: &mut Vec<Part>) {
        let text = match std::mem::take(&mut self.trim) {
            true => text.trim_start(),
            false => text,
        };
        if !text.is_empty() {
            parts.push(Part::Text(text.to_owned()));
        }
    }

    fn comment(&mut self) -> Result<(), TextError> {
        let Some(at) = self.rest.find("#}") else {
            return Err(syntax("a `{#` without its `#}`".to_owned()));
        };
        self.trim = self.rest[..at].ends_with('-');
        self.rest = &self.rest[at + 2..];
        Ok(())
    }

    /// The tokens up to the tag's end.
    fn tag(&mut self, close: &'static str) -> Result<Tokens<'text>, TextError> {
        let (tokens, rest) = Tokens::read(self.rest, close)?;
        self.trim = tokens.trims;
        self.rest = rest;
        Ok(tokens)
    }

    fn statement(&mut self, depth: usize) -> Result<Statement, TextError> {
        let mut tokens = self.tag("%}")?;
        let end = match tokens.next() {
            Some(Token::Name("if")) => {
                let condition = Expression::parse(&mut tokens, self.known)?;
                tokens.end()?;
                return self.arms(condition, depth).map(Statement::If);
            }
            Some(Token::Name("elif")) => End::Elif(Expression::parse(&mut tokens, self.known)?),
            Some(Token::Name("else")) => End::Else,
            Some(Token::Name("endif")) => End::Endif,
            Some(other) => {
                return Err(syntax(format!(
                    "`{{% {other} %}}`: a role's line takes if, elif, else and endif, and no other statement"
                )));
            }
            None => return Err(syntax("`{% %}` with nothing in it".to_owned())),
        };
        tokens.end()?;
        Ok(Statement::End(end))
    }

    /// The arms of an `if`, up to its `endif`.
    fn arms(&mut self, condition: Expression, depth: usize) -> Result<Part, TextError> {
        let mut arms = Vec::new();
        let mut condition = Some(condition);
        loop {
            let is_else = condition.is_none();
            let (parts, end) = self.parts(depth + 1)?;
            arms.push((condition, parts));
            condition = match end {
                End::Endif => return Ok(Part::If(arms)),
                End::Elif(next) if !is_else => Some(next),
                End::Else if !is_else => None,
                End::Text => return Err(syntax("an `if` without its `endif`".to_owned())),
                other => return Err(syntax(format!("`{}` after an `else`", other.word()))),
            };
        }
    }
}

enum Statement {
    If(Part),
    End(End),
}
