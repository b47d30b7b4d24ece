//! Values and conditions between a tag's braces.

use std::cmp::Ordering;

use minijinja::value::{Value, ValueKind};

use super::token::{Token, Tokens};
use super::{DEPTH, syntax};
use crate::engine::TextError;

/// A value or a condition. None of them makes a text that is longer than what it names.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expression {
    Constant(Value),
    /// A variable, and the fields of it.
    Path(&'static str, Vec<String>),
    Not(Box<Self>),
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
    Compare(Box<Self>, Comparison, Box<Self>),
    In(Box<Self>, Box<Self>),
    /// `a if condition else b`; without an `else` it is empty.
    Choice {
        then: Box<Self>,
        condition: Box<Self>,
        otherwise: Option<Box<Self>>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

const COMPARISONS: [(&str, Comparison); 6] = [
    ("==", Comparison::Equal),
    ("!=", Comparison::NotEqual),
    ("<=", Comparison::LessOrEqual),
    (">=", Comparison::GreaterOrEqual),
    ("<", Comparison::Less),
    (">", Comparison::Greater),
];

/// Words that can't be variables.
const WORDS: [&str; 6] = ["if", "else", "and", "or", "not", "in"];

impl Expression {
    /// Reads one; names are checked against `known`.
    pub(super) fn parse(
        tokens: &mut Tokens<'_>,
        known: &[&'static str],
    ) -> Result<Self, TextError> {
        Reader {
            tokens,
            known,
            depth: 0,
        }
        .choice()
    }

    /// What it is worth; [`TextError::Undefined`] where a field has no value.
    pub(super) fn value(&self, values: &Value) -> Result<Value, TextError> {
        match self {
            Self::Constant(value) => Ok(value.clone()),
            Self::Path(name, fields) => {
                let mut value = field(values, name)?;
                for name in fields {
                    value = field(&value, name)?;
                }
                Ok(value)
            }
            Self::Choice {
                then,
                condition,
                otherwise,
            } => match (condition.holds(values)?, otherwise) {
                (true, _) => then.value(values),
                (false, Some(otherwise)) => otherwise.value(values),
                (false, None) => Ok(Value::from("")),
            },
            condition => condition.holds(values).map(Value::from),
        }
    }

    /// Whether it holds.
    pub(super) fn holds(&self, values: &Value) -> Result<bool, TextError> {
        match self {
            Self::Not(one) => Ok(!one.holds(values)?),
            Self::And(one, two) => Ok(one.holds(values)? && two.holds(values)?),
            Self::Or(one, two) => Ok(one.holds(values)? || two.holds(values)?),
            Self::Compare(one, how, two) => Ok(how.holds(&one.value(values)?, &two.value(values)?)),
            Self::In(one, two) => contains(&two.value(values)?, &one.value(values)?),
            value => Ok(value.value(values)?.is_true()),
        }
    }
}

impl Comparison {
    fn holds(self, one: &Value, two: &Value) -> bool {
        let order = one.cmp(two);
        match self {
            Self::Equal => one == two,
            Self::NotEqual => one != two,
            Self::Less => order == Ordering::Less,
            Self::LessOrEqual => order != Ordering::Greater,
            Self::Greater => order == Ordering::Greater,
            Self::GreaterOrEqual => order != Ordering::Less,
        }
    }
}

fn field(value: &Value, name: &str) -> Result<Value, TextError> {
    match value.get_attr(name) {
        Ok(value) if !value.is_undefined() => Ok(value),
        _ => Err(TextError::Undefined),
    }
}

fn contains(all: &Value, one: &Value) -> Result<bool, TextError> {
    match all.kind() {
        ValueKind::Seq => {
            let mut items = all.try_iter().map_err(|_| TextError::Undefined)?;
            Ok(items.any(|item| item == *one))
        }
        ValueKind::Map => Ok(one.as_str().is_some_and(|name| field(all, name).is_ok())),
        ValueKind::String => {
            let (all, one) = (all.as_str(), one.as_str());
            Ok(all.zip(one).is_some_and(|(all, one)| all.contains(one)))
        }
        _ => Err(syntax(
            "`in` is asked of something that holds nothing".to_owned(),
        )),
    }
}

struct Reader<'a, 'text> {
    tokens: &'a mut Tokens<'text>,
    known: &'a [&'static str],
    depth: usize,
}

impl Reader<'_, '_> {
    fn word(&mut self, word: &str) -> bool {
        self.tokens.take(Token::Name(word))
    }

    fn choice(&mut self) -> Result<Expression, TextError> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(syntax(format!("it is nested deeper than {DEPTH} levels")));
        }
        let then = self.or()?;
        if !self.word("if") {
            self.depth -= 1;
            return Ok(then);
        }
        let condition = Box::new(self.or()?);
        let otherwise = match self.word("else") {
            true => Some(Box::new(self.choice()?)),
            false => None,
        };
        self.depth -= 1;
        Ok(Expression::Choice {
            then: Box::new(then),
            condition,
            otherwise,
        })
    }

    fn or(&mut self) -> Result<Expression, TextError> {
        let mut all = self.and()?;
        while self.word("or") {
            all = Expression::Or(Box::new(all), Box::new(self.and()?));
        }
        Ok(all)
    }

    fn and(&mut self) -> Result<Expression, TextError> {
        let mut all = self.not()?;
        while self.word("and") {
            all = Expression::And(Box::new(all), Box::new(self.not()?));
        }
        Ok(all)
    }

    fn not(&mut self) -> Result<Expression, TextError> {
        let mut turned = false;
        while self.word("not") {
            turned = !turned;
        }
        let one = self.comparison()?;
        Ok(match turned {
            true => Expression::Not(Box::new(one)),
            false => one,
        })
    }

    fn comparison(&mut self) -> Result<Expression, TextError> {
        let one = self.atom()?;
        for (sign, how) in COMPARISONS {
            if self.tokens.take(Token::Sign(sign)) {
                return Ok(Expression::Compare(
                    Box::new(one),
                    how,
                    Box::new(self.atom()?),
                ));
            }
        }
        if self.word("in") {
            return Ok(Expression::In(Box::new(one), Box::new(self.atom()?)));
        }
        if self.tokens.take_both(Token::Name("not"), Token::Name("in")) {
            let all = Box::new(self.atom()?);
            return Ok(Expression::Not(Box::new(Expression::In(
                Box::new(one),
                all,
            ))));
        }
        Ok(one)
    }

    fn atom(&mut self) -> Result<Expression, TextError> {
        match self.tokens.next() {
            Some(Token::Text(text)) => Ok(Expression::Constant(Value::from(text))),
            Some(Token::Number(number)) => Ok(Expression::Constant(Value::from(number))),
            Some(Token::Name("true" | "True")) => Ok(Expression::Constant(Value::from(true))),
            Some(Token::Name("false" | "False")) => Ok(Expression::Constant(Value::from(false))),
            Some(Token::Name(name)) if !WORDS.contains(&name) => self.path(name),
            Some(Token::Sign("(")) => {
                let inside = self.choice()?;
                match self.tokens.take(Token::Sign(")")) {
                    true => Ok(inside),
                    false => Err(syntax("a `(` without its `)`".to_owned())),
                }
            }
            Some(token) => Err(syntax(format!("`{token}` stands where a value belongs"))),
            None => Err(syntax("a value is missing".to_owned())),
        }
    }

    fn path(&mut self, name: &str) -> Result<Expression, TextError> {
        let Some(name) = self.known.iter().find(|known| **known == name) else {
            let near = torch_core::spelling::near(name, self.known.iter().copied());
            return Err(TextError::Unknown {
                name: name.to_owned(),
                near: near.first().copied(),
            });
        };
        let mut fields = Vec::new();
        loop {
            if self.tokens.take(Token::Sign(".")) {
                match self.tokens.next() {
                    Some(Token::Name(field)) => fields.push(field.to_owned()),
                    _ => return Err(syntax(format!("`{name}.` without a field's name"))),
                }
            } else if self.tokens.take(Token::Sign("[")) {
                match self.tokens.next() {
                    Some(Token::Text(field)) if self.tokens.take(Token::Sign("]")) => {
                        fields.push(field.to_owned());
                    }
                    _ => return Err(syntax(format!("`{name}[` takes a name in quotes and `]`"))),
                }
            } else {
                break;
            }
        }
        Ok(Expression::Path(name, fields))
    }
}
