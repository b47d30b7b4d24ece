//! The words that rules look for, all of them found in one pass over a text.

use aho_corasick::AhoCorasick;
use torch_core::project_rules::{ProjectRule, RuleKind};

use crate::fold::fold;

/// The words of all rules.
#[derive(Debug, Clone)]
pub(super) struct Words {
    /// None where there are no words.
    finder: Option<AhoCorasick>,
    /// Which word each of the finder's patterns is: one that is drawn like another has two.
    word: Vec<usize>,
    /// Per rule, the place of its first word; they follow one another.
    first: Vec<usize>,
    count: usize,
}

/// Which of the words a text has.
#[derive(Debug)]
pub(super) struct FoundWords<'w> {
    words: &'w Words,
    has: Vec<bool>,
}

impl Words {
    pub(super) fn new(rules: &[ProjectRule]) -> Self {
        let (mut patterns, mut word) = (Vec::new(), Vec::new());
        let mut first = Vec::with_capacity(rules.len());
        let mut count = 0;
        for rule in rules {
            first.push(count);
            if let RuleKind::ForbiddenWords { words, .. } | RuleKind::RequiredWords { words, .. } =
                &rule.ask
            {
                for text in words {
                    for form in fold(text.trim()).forms() {
                        patterns.push(form.to_owned());
                        word.push(count);
                    }
                    count += 1;
                }
            }
        }
        let is_constant = "a megabyte of words has fewer than 2^31 states";
        let finder =
            (!patterns.is_empty()).then(|| AhoCorasick::new(&patterns).expect(is_constant));
        Self {
            finder,
            word,
            first,
            count,
        }
    }

    /// Finds them: whole words, where no letter or digit belongs to them on either side. The work grows with the text alone: no
    /// more words can end at one place than a word has characters.
    pub(super) fn find(&self, text: &str) -> FoundWords<'_> {
        let mut has = vec![false; self.count];
        if let Some(finder) = &self.finder {
            for text in fold(text).forms() {
                for hit in finder.find_overlapping_iter(text) {
                    let at = self.word[hit.pattern().as_usize()];
                    has[at] =
                        has[at] || (!hit.is_empty() && is_whole(text, hit.start(), hit.end()));
                }
            }
        }
        FoundWords { words: self, has }
    }
}

impl FoundWords<'_> {
    /// Whether the text has the word at this place of the rule at that place.
    pub(super) fn has(&self, rule: usize, word: usize) -> bool {
        let first = self.words.first.get(rule);
        first.is_some_and(|first| self.has.get(first + word).copied().unwrap_or_default())
    }
}

fn is_whole(text: &str, start: usize, end: usize) -> bool {
    let joins = |a: Option<char>, b: Option<char>| {
        let is = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        is(a) && is(b)
    };
    let (before, hit, after) = (&text[..start], &text[start..end], &text[end..]);
    !joins(before.chars().next_back(), hit.chars().next())
        && !joins(hit.chars().next_back(), after.chars().next())
}
