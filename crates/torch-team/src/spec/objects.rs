//! What a spec's project deals with, as opposed to what it is: a tool *that reads Terraform files*, a client *for the REST
//! API*, a page on which users *upload a user guide*.
//!
//! A rule of thumb for English, as the one for what is not wanted. Such words say little about the type of the project.

use super::tokens::{Kind, Object, Token};

/// Behind these follows what the thing before them does.
const RELATIVES: [&str; 5] = ["that", "which", "who", "whose", "where"];
/// What one does with things that are there, in the singular of `reads`.
const USES: [&str; 39] = [
    "read",
    "upload",
    "download",
    "search",
    "export",
    "import",
    "show",
    "list",
    "browse",
    "print",
    "open",
    "parse",
    "check",
    "generate",
    "find",
    "compare",
    "view",
    "display",
    "render",
    "convert",
    "collect",
    "watch",
    "summarise",
    "summarize",
    "analyse",
    "analyze",
    "inspect",
    "validate",
    "lint",
    "format",
    "rename",
    "filter",
    "count",
    "visualise",
    "visualize",
    "explain",
    "has",
    "have",
    "include",
];
/// What one does with things that others made.
const CALLS: [&str; 10] = [
    "scan", "crawl", "call", "consume", "cover", "wrap", "scrape", "query", "querie", "talk",
];
/// `X for Y`: with one of these, Y is there already.
const ADAPTERS: [&str; 12] = [
    "client",
    "plugin",
    "extension",
    "wrapper",
    "binding",
    "provider",
    "sdk",
    "integration",
    "exporter",
    "linter",
    "addon",
    "adapter",
];
/// Phrases that begin so name what is done, not a thing.
const ACTS: [&str; 10] = [
    "deploy",
    "set",
    "provision",
    "install",
    "write",
    "rewrite",
    "train",
    "build",
    "transform",
    "ingest",
];
/// Before a verb that its subject has just been named for.
const SUBJECTS: [&str; 6] = ["user", "can", "to", "it", "and", "member"];

/// Whether a phrase that begins so names what is done.
pub(super) fn is_act(word: &str) -> bool {
    ACTS.contains(&word)
}

/// Marks, sentence by sentence, what the project deals with.
pub(super) fn mark(tokens: &mut [Token]) {
    let mut object = Object::No;
    let mut begins = true;
    for at in 0..tokens.len() {
        if matches!(tokens[at].kind, Kind::End | Kind::Heading(_)) {
            (object, begins) = (Object::No, true);
            continue;
        }
        if tokens[at].is_break() {
            continue;
        }
        tokens[at].object = object;
        let word = tokens[at].word.as_str();
        let before = at.checked_sub(1).map_or("", |it| tokens[it].word.as_str());
        let verb = begins || SUBJECTS.contains(&before) || RELATIVES.contains(&before);
        begins = false;
        let adapted = matches!(word, "for" | "around" | "of") && ADAPTERS.contains(&before);
        object = if adapted || (verb && CALLS.contains(&word)) {
            Object::Foreign
        } else if object == Object::No
            && (RELATIVES.contains(&word) || (verb && USES.contains(&word)))
        {
            Object::Used
        } else {
            object
        };
    }
}
