//! A spec as it is read: its header fields, and its words with what is said not to be wanted.

mod negation;
mod objects;
mod owners;
mod tokens;

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

pub use owners::Owner;
use tokens::{Object, Token, singular, tokens};

/// In how many lines from the top header fields are looked for.
const HEADER_LINES: usize = 60;

/// A header field of a spec.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Field {
    /// What stands behind the colon.
    pub value: String,
    /// In which line, from 1.
    pub line: usize,
}

/// Where a spec speaks of something.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// The lines in which it is wanted, from 1.
    pub wanted: Vec<usize>,
    /// The lines in which it is said not to be.
    pub unwanted: Vec<usize>,
    /// Whether it is wanted as the project itself, and not only as what the project deals with.
    pub own: bool,
    /// Whether it is told as something that others made.
    pub foreign: bool,
}

/// A spec.
#[derive(Debug, Clone, Default)]
pub struct Spec {
    fields: BTreeMap<String, Field>,
    tokens: Vec<Token>,
    /// Where each word stands.
    index: HashMap<String, Vec<usize>>,
    /// The largest number of services that it names.
    services: Option<(u64, usize)>,
    /// Whom it gives work to.
    owners: Vec<Owner>,
}

impl Spec {
    /// Reads a spec: Markdown or plain text. Header fields are `PROJECT:`, `TARGET:` and `TYPE:` near its top; code
    /// blocks and addresses are no words of it.
    pub fn read(text: &str) -> Self {
        let text = text.trim_start_matches('\u{feff}');
        let (fields, field_lines) = fields(text);
        let mut tokens = tokens(text, &field_lines);
        negation::mark(&mut tokens);
        objects::mark(&mut tokens);
        let mut index: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, token) in tokens.iter().enumerate() {
            if !token.is_break() {
                index.entry(token.word.clone()).or_default().push(at);
            }
        }
        let services = services(&tokens);
        Self {
            fields,
            tokens,
            index,
            services,
            owners: owners::owners(text),
        }
    }

    /// Those whom it gives work to, each once.
    pub fn owners(&self) -> &[Owner] {
        &self.owners
    }

    /// A header field, by its name in capitals.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.get(name)
    }

    /// Where it speaks of a phrase; case, plural and hyphens don't matter.
    pub fn said(&self, phrase: &str) -> Said {
        let words: Vec<String> = words(phrase);
        let mut said = Said::default();
        let Some(first) = words.first() else {
            return said;
        };
        for &at in self.index.get(first).into_iter().flatten() {
            let run = self.tokens.get(at..at + words.len());
            let Some(run) = run.filter(|run| {
                run.iter()
                    .zip(&words)
                    .all(|(token, word)| token.word == *word)
            }) else {
                continue;
            };
            let first = &run[0];
            if !run.iter().any(|token| token.unwanted) {
                let own = first.object == Object::No
                    || (first.object == Object::Used && objects::is_act(&first.word));
                said.own |= own;
                said.foreign |= first.object == Object::Foreign;
            }
            let lines = match run.iter().any(|token| token.unwanted) {
                true => &mut said.unwanted,
                false => &mut said.wanted,
            };
            if lines.last() != Some(&run[0].line) {
                lines.push(run[0].line);
            }
        }
        said
    }

    /// The largest number of services that it names, and in which line.
    pub fn services(&self) -> Option<(u64, usize)> {
        self.services
    }
}

/// A phrase's words as they are compared.
fn words(phrase: &str) -> Vec<String> {
    let found = tokens(phrase, &[])
        .into_iter()
        .filter(|token| !token.is_break());
    found.map(|token| token.word).collect()
}

/// The header fields, and the lines in which they stand.
fn fields(text: &str) -> (BTreeMap<String, Field>, Vec<usize>) {
    let (mut found, mut lines) = (BTreeMap::new(), Vec::new());
    let mut fenced = false;
    for (number, line) in text.lines().take(HEADER_LINES).enumerate() {
        let line = line.trim();
        if line.starts_with("```") || line.starts_with("~~~") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        let line = line.trim_start_matches(['#', '-', '*', '_', ' ']);
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        let name = name.trim_end_matches(['*', '_', ' ']).to_uppercase();
        let value = value.trim_matches(['*', '_', ' ', '`', '"', '\t']);
        if matches!(name.as_str(), "PROJECT" | "TARGET" | "TYPE") && !value.is_empty() {
            lines.push(number + 1);
            found.entry(name).or_insert_with(|| Field {
                value: value.to_owned(),
                line: number + 1,
            });
        }
    }
    // What a project is called and where it goes are words of the spec like others.
    let only_type = found.get("TYPE").map(|field: &Field| field.line);
    lines.retain(|line| Some(*line) == only_type);
    (found, lines)
}

/// `6 services`, `12 microservices`.
fn services(tokens: &[Token]) -> Option<(u64, usize)> {
    let named = tokens.windows(3).filter_map(|run| {
        let count: u64 = run[0].word.parse().ok()?;
        let first = run[1].word.as_str();
        let service = singular("services");
        let is_service = first == service
            || first == singular("microservices")
            || (first == "micro" && run[2].word == service);
        (is_service && !run[0].unwanted).then_some((count, run[0].line))
    });
    named.max_by_key(|(count, _)| *count)
}

#[cfg(test)]
mod tests;
