//! Words that the hub must hear of: whole words, not negated ("no errors", "not blocked", "0 failed" pass by).

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use regex::{Regex, RegexBuilder};
use torch_core::form::StatusForm;
use torch_core::ledger::Severity;

use crate::fold::fold;
use crate::speech::Speech;

/// The largest pattern of words, in bytes: that of the most words that a project's rules may add takes a tenth of it.
const PATTERN_MAX: usize = 256 << 20;

/// What may stand before a word and turn it round.
const NEGATION: &str = concat!(
    r"(?P<negation>\b(?:no|not|never|without|zero|0|non|nothing|none|cannot|can't|isn't|wasn't|aren't|weren't|hasn't|haven't",
    r"|don't|doesn't|didn't|won't|free\s+of|un)[\s-]+(?:(?:any|a|the|yet|been|more|of|further|new|be|to|is|are|was|single|longer)\s+){0,3})?"
);

/// The words that are looked for without a setting.
const WORDS: &str = concat!(
    r"complet(?:e|ed|es|ion)|deploy(?:s|ed|ing|ment|ments)?|fail(?:s|ed|ing|ure|ures)?|errors?",
    r"|block(?:s|ed|ing|er|ers)?"
);

/// How all of [`WORDS`] begin.
const STEMS: [&str; 5] = ["complet", "deploy", "fail", "error", "block"];

/// What may stand behind a word and turn it round: `errors: 0`, `failed=0`, `blockers: none`.
/// `Error: no such file` tells of one.
const NOTHING: &str = concat!(
    r"(?P<nothing>\s*[:=]\s*(?:0(?:[\s,;)]|\.?$|\.\s)",
    r"|(?:none|no|nothing|zero|n/a|-)[ \t]*(?:[,.;)\n]|$)))?"
);

/// A word is whole where no letter, digit, `_` or `-` belongs to it, so that `fail-safe` and `error_log` pass by.
const AROUND: &str = r"[\p{L}\p{N}_-]";

static BUILT_IN: LazyLock<Words> = LazyLock::new(|| Words::new([]));

/// The words to look for.
#[derive(Debug, Clone)]
pub struct Words {
    pattern: Regex,
    /// What each hit of the pattern has in it: a text without any has no hit. None where a word's case is not told by its letters
    /// alone, as Greek has two small sigmas.
    stems: Option<AhoCorasick>,
    around: Regex,
    /// Each form of a further word, and the word.
    further: Vec<(String, String)>,
}

impl Words {
    /// The built-in words and these.
    pub fn new<'a>(further: impl IntoIterator<Item = &'a str>) -> Self {
        let mut words = Vec::new();
        for word in further.into_iter().map(fold) {
            let name = word.forms().next().unwrap_or_default().to_owned();
            words.extend(word.forms().map(|form| (form.to_owned(), name.clone())));
        }
        let mut further = words;
        further.retain(|(word, _)| !word.is_empty());
        // Of two that begin alike the longer one is found first.
        further.sort_by_key(|(word, _)| std::cmp::Reverse(word.len()));
        let mut words = format!(r"(?:{WORDS})\b");
        for (word, _) in &further {
            words.push('|');
            words.push_str(&regex::escape(word));
        }
        let own = further.iter().map(|(word, _)| word.as_str());
        let stems = further.iter().all(|(word, _)| word.is_ascii());
        let stems = stems.then(|| AhoCorasick::new(STEMS.into_iter().chain(own)));
        let pattern = format!("(?i){NEGATION}(?P<word>{words}){NOTHING}");
        let is_constant = "escaped words and constants make a pattern";
        Self {
            pattern: RegexBuilder::new(&pattern)
                .size_limit(PATTERN_MAX)
                .build()
                .expect(is_constant),
            stems: stems.and_then(Result::ok),
            around: Regex::new(AROUND).expect(is_constant),
            further,
        }
    }

    /// The critical words of a text, each once, in their basic form: complete, deploy, fail, error, block, or a further one.
    pub fn find(&self, text: &str) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for text in fold(text).forms() {
            self.find_folded(text, &mut found);
        }
        found
    }

    fn find_folded(&self, text: &str, found: &mut Vec<String>) {
        // The pattern begins with what may turn a word round, so that it has to try each place of a text.
        if self
            .stems
            .as_ref()
            .is_some_and(|stems| !stems.is_match(text))
        {
            return;
        }
        let mut at = 0;
        while let Some(hit) = self.pattern.captures_at(text, at) {
            let Some(word) = hit.name("word") else { break };
            // A word within another: the search goes on behind its first letter.
            at = word.start()
                + text[word.start()..]
                    .chars()
                    .next()
                    .map_or(1, char::len_utf8);
            let joins = |c: Option<char>| {
                c.is_some_and(|c| self.around.is_match(c.encode_utf8(&mut [0; 4])))
            };
            let whole = !joins(text[..word.start()].chars().next_back())
                && !joins(text[word.end()..].chars().next());
            if !whole {
                continue;
            }
            at = word.end();
            if hit.name("negation").is_some() || hit.name("nothing").is_some() {
                continue;
            }
            let word = word.as_str().to_lowercase();
            let basic = self.basic(&word);
            if !found.iter().any(|known| known == basic) {
                found.push(basic.to_owned());
            }
        }
    }

    /// Likewise of a text that may be a form: the labels of a right STATUS are no words of its sender's.
    pub fn find_in(&self, text: &str, speech: &Speech) -> Vec<String> {
        match speech {
            Speech::Status(form) => self.find(&said_in(form)),
            _ => self.find(text),
        }
    }

    fn basic<'a>(&'a self, word: &'a str) -> &'a str {
        if let Some((_, own)) = self.further.iter().find(|(form, _)| form == word) {
            return own;
        }
        let basics = [
            ("compl", "complete"),
            ("deplo", "deploy"),
            ("fail", "fail"),
            ("error", "error"),
        ];
        let known = basics.iter().find(|(stem, _)| word.starts_with(stem));
        known.map_or("block", |(_, basic)| basic)
    }
}

/// What a status says, without its labels. What blocks its sender is a block, whatever words it has.
fn said_in(form: &StatusForm) -> String {
    let mut lines = form.completed.clone();
    lines.push(form.current.clone());
    lines.extend(form.blocker().map(|by| format!("blocked: {by}")));
    lines.push(form.eta.clone());
    lines.join("\n")
}

/// The built-in critical words of a text.
pub fn words(text: &str) -> Vec<String> {
    BUILT_IN.find(text)
}

/// How much a text with these words matters: trouble is high, a further word of the user's medium, good news low.
pub fn severity(words: &[String]) -> Option<Severity> {
    let of = |word: &String| match word.as_str() {
        "fail" | "error" | "block" => Severity::High,
        "complete" | "deploy" => Severity::Low,
        _ => Severity::Medium,
    };
    words.iter().map(of).max()
}

#[cfg(test)]
mod tests;
