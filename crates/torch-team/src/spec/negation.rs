//! What a spec says that it does not want: `no Docker`, `Docker is not needed`, `Docker: no`, a section of non-goals.
//!
//! A rule of thumb for English. It goes by clauses, so that `no login page, a REST API is enough` wants the API.

mod left;

use super::tokens::{Kind, Token};

/// Words that begin a negation of what follows.
const BEFORE: [&str; 12] = [
    "no",
    "not",
    "without",
    "never",
    "avoid",
    "don't",
    "doesn't",
    "won't",
    "cannot",
    "can't",
    "nor",
    "excluding",
];
/// Behind a negation these make it none: `not only`, `no more than`, `don't forget`.
const AFTER_ALL: [&str; 12] = [
    "only",
    "just",
    "merely",
    "more",
    "les",
    "less",
    "later",
    "forget",
    "skip",
    "omit",
    "necessarily",
    "matter",
];
/// Words that end a negation: what follows is another statement.
const TURNS: [&str; 14] = [
    "but", "however", "though", "although", "because", "since", "so", "while", "unless", "then",
    "only", "instead", "until", "whereas",
];
/// After a comma or `and` these begin another statement.
const BEGINS: [&str; 24] = [
    "use", "using", "run", "running", "deploy", "build", "write", "is", "are", "should", "must",
    "need", "we", "it", "the", "with", "add", "make", "keep", "there", "this", "they", "a", "an",
];
/// `no X with Y` says nothing against Y, nor does `remove X from Y`.
const MEANS: [&str; 12] = [
    "with", "using", "via", "through", "by", "on", "in", "for", "from", "to", "into", "onto",
];
/// `X is not …` these: not wanted.
const WANTED: [&str; 14] = [
    "needed",
    "need",
    "required",
    "used",
    "use",
    "wanted",
    "allowed",
    "necessary",
    "part",
    "scope",
    "desired",
    "planned",
    "permitted",
    "involved",
];
/// How many words of a list's further item: more is a statement of its own.
const ITEM_WORDS: usize = 3;
/// How far back `is not needed` reaches, in words.
const BACK_WORDS: usize = 6;

/// Marks every word that the spec says it does not want.
pub(super) fn mark(tokens: &mut [Token]) {
    mark_sections(tokens);
    for at in 0..tokens.len() {
        if tokens[at].is_break() {
            continue;
        }
        let two = |n: usize| tokens.get(at + n).map_or("", |token| token.word.as_str());
        let word = tokens[at].word.as_str();
        if (word == "instead" && two(1) == "of") || (word == "rather" && two(1) == "than") {
            mark_forward(tokens, at + 2, false);
        } else if BEFORE.contains(&word) && !AFTER_ALL.contains(&two(1)) {
            let bare = matches!(word, "no" | "without");
            let alone = tokens.get(at + 1).is_none_or(Token::is_break);
            match alone {
                true => mark_answered(tokens, at),
                false => mark_forward(tokens, at + 1, bare),
            }
        }
        if is_not_wanted(tokens, at) {
            mark_backward(tokens, at);
        }
        if let Some(from) = left::behind(tokens, at) {
            mark_forward(tokens, from, true);
        }
    }
}

/// Sections under `Non-goals`, `Out of scope` and the like, up to the next heading of their level.
fn mark_sections(tokens: &mut [Token]) {
    let mut inside: Option<u8> = None;
    for at in 0..tokens.len() {
        if let Kind::Heading(level) = tokens[at].kind {
            let line = tokens[at].line;
            let words = tokens[at + 1..]
                .iter()
                .take_while(|token| token.line == line)
                .filter(|token| !token.is_break());
            let words: Vec<&str> = words.map(|token| token.word.as_str()).collect();
            if inside.is_none_or(|outer| level <= outer) {
                inside = is_exclusion(&words).then_some(level);
            }
        }
        tokens[at].unwanted |= inside.is_some() && !tokens[at].is_break();
    }
}

fn is_exclusion(words: &[&str]) -> bool {
    let text = words.join(" ");
    let known = [
        "non goal",
        "nongoal",
        "out of scope",
        "not in scope",
        "exclusion",
        "excluded",
        "won't do",
        "not included",
        "not wanted",
        "not needed",
        "anti goal",
    ];
    known.iter().any(|known| {
        text == *known
            || text.starts_with(&format!("{known} "))
            || text.ends_with(&format!(" {known}"))
    })
}

/// `no A, B or C`: up to the end of the list.
fn mark_forward(tokens: &mut [Token], from: usize, bare: bool) {
    let mut at = from;
    while let Some(token) = tokens.get(at) {
        match token.kind {
            Kind::Word => {}
            Kind::Comma if goes_on(tokens, at + 1) => {
                at += 1;
                continue;
            }
            _ => return,
        }
        let word = token.word.as_str();
        let next = tokens.get(at + 1).map_or("", |token| token.word.as_str());
        let turns = TURNS.contains(&word) || (bare && at > from && MEANS.contains(&word));
        if turns || (word == "and" && BEGINS.contains(&next)) {
            return;
        }
        tokens[at].unwanted = true;
        at += 1;
    }
}

/// Whether what follows a comma is a further item of the list.
fn goes_on(tokens: &[Token], from: usize) -> bool {
    let item = tokens[from..]
        .iter()
        .take_while(|token| token.kind == Kind::Word);
    let words: Vec<&str> = item.map(|token| token.word.as_str()).collect();
    let first = words.first().copied().unwrap_or_default();
    let listed = matches!(first, "or" | "nor" | "and")
        && !BEGINS.contains(&words.get(1).copied().unwrap_or_default());
    let short = words.len() <= ITEM_WORDS && !BEGINS.contains(&first) && !TURNS.contains(&first);
    !words.is_empty() && (short || (listed && words.len() <= ITEM_WORDS + 1))
}

/// `Docker: no`: what stands before the colon in this line.
fn mark_answered(tokens: &mut [Token], at: usize) {
    let line = tokens[at].line;
    let Some(before) = at
        .checked_sub(1)
        .filter(|before| tokens[*before].kind == Kind::Colon)
    else {
        return;
    };
    for token in tokens[..before].iter_mut().rev() {
        if token.kind != Kind::Word || token.line != line {
            return;
        }
        token.unwanted = true;
    }
}

/// `is not needed`, `must not be used`, `isn't part of`, at the negating word.
fn is_not_wanted(tokens: &[Token], at: usize) -> bool {
    let word = tokens[at].word.as_str();
    let verb = at
        .checked_sub(1)
        .map_or("", |before| tokens[before].word.as_str());
    let negated = matches!(word, "isn't" | "aren't" | "won't" | "shouldn't" | "mustn't")
        || (matches!(word, "not" | "never")
            && matches!(
                verb,
                "is" | "are" | "be" | "must" | "should" | "shall" | "will" | "may"
            ));
    let out = word == "out" && matches!(verb, "is" | "are");
    let after = tokens[at + 1..]
        .iter()
        .take_while(|token| token.kind == Kind::Word)
        .take(4);
    let mut after = after.map(|token| token.word.as_str());
    let forbidden =
        matches!(word, "forbidden" | "unnecessary" | "prohibited") && matches!(verb, "is" | "are");
    forbidden || ((negated || out) && after.any(|word| WANTED.contains(&word)))
}

fn mark_backward(tokens: &mut [Token], at: usize) {
    let verbs = ["is", "are", "be", "must", "should", "shall", "will", "may"];
    let mut left = BACK_WORDS;
    for token in tokens[..at].iter_mut().rev() {
        if token.kind != Kind::Word || left == 0 || TURNS.contains(&token.word.as_str()) {
            return;
        }
        if !verbs.contains(&token.word.as_str()) {
            token.unwanted = true;
        }
        left -= 1;
    }
}
