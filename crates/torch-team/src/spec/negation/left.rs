//! What is left behind: `remove Docker`, `replaces the old Django app`, `decided against a web service`, `migrate away from
//! React`.

use super::super::tokens::{Kind, Token};

/// What one does with something that is to go, where a statement begins with it.
const REMOVES: [&str; 6] = [
    "remove",
    "drop",
    "retire",
    "deprecate",
    "eliminate",
    "removing",
];
/// What one does with something that another thing takes the place of.
const REPLACES: [&str; 3] = ["replace", "replacing", "supersede"];
/// What is left behind is old.
const OLD: [&str; 7] = [
    "old", "existing", "legacy", "current", "previous", "former", "outdated",
];
/// Before what is old.
const ARTICLES: [&str; 5] = ["the", "our", "an", "a", "their"];
/// One goes away from something by these.
const LEAVES: [&str; 12] = [
    "migrate",
    "migrated",
    "migrating",
    "migration",
    "move",
    "moved",
    "moving",
    "switch",
    "switching",
    "port",
    "ported",
    "away",
];
/// One decides by these.
const DECIDES: [&str; 7] = [
    "decide", "decided", "decision", "advised", "chose", "vote", "voted",
];
/// Before a verb these leave it at the beginning of a statement.
const BEFORE_VERB: [&str; 7] = ["and", "to", "we", "will", "then", "must", "should"];
/// How many words lie at most between `replace` and the `with` of what comes instead.
const REPLACED_WORDS: usize = 5;

/// Where what is left behind begins, if the word at `at` says that something is.
pub(super) fn behind(tokens: &[Token], at: usize) -> Option<usize> {
    let word = |at: usize| {
        let token = tokens.get(at).filter(|token| token.kind == Kind::Word);
        token.map_or("", |token| token.word.as_str())
    };
    let before = at.checked_sub(1).map_or("", word);
    let begins = before.is_empty() || BEFORE_VERB.contains(&before);
    let this = word(at);
    // `remove a member` is about one of many, and not about a thing that the project has.
    let whole = !matches!(word(at + 1), "a" | "an" | "one" | "");
    let from = (begins && REMOVES.contains(&this) && whole)
        || (LEAVES.contains(&before) && this == "from")
        || (DECIDES.contains(&before) && this == "against")
        || (REPLACES.contains(&this) && (is_old(&word, at + 1) || is_followed(&word, at + 1)))
        || (this == "stop" && word(at + 1) == "using");
    from.then_some(at + 1)
}

fn is_old<'t>(word: &impl Fn(usize) -> &'t str, at: usize) -> bool {
    OLD.contains(&word(at)) || (ARTICLES.contains(&word(at)) && OLD.contains(&word(at + 1)))
}

/// Whether what comes instead is named.
fn is_followed<'t>(word: &impl Fn(usize) -> &'t str, at: usize) -> bool {
    (at + 1..=at + REPLACED_WORDS)
        .take_while(|at| !word(*at).is_empty())
        .any(|at| matches!(word(at), "with" | "by"))
}
