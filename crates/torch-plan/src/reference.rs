//! What a task waits for, in the words of its spec: "depends on T1 and T2", "after phase 1".

use crate::phase;

/// Something that a text refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reference {
    /// `T3` or `#3`.
    Id(u32),
    /// `task 3`: an id, or a number in the same list.
    Number(u64),
    /// `REQ-12`, in lower case.
    Label(String),
    /// `phase 2`: its word and its mark.
    Phase(String, String),
    /// Other words, in lower case: a task whose title has them.
    Words(String),
}

/// Words that a reference follows, in lower case. After the first ones other words than ids are taken, too.
const STRONG: &[&[&str]] = &[
    &["depends", "on"],
    &["depend", "on"],
    &["depending", "on"],
    &["dependent", "on"],
    &["blocked", "by"],
    &["hängt", "ab", "von"],
    &["abhängig", "von"],
    &["dépend", "de"],
    &["depende", "de"],
];
const WEAK: &[&[&str]] = &[
    &["requires"],
    &["after"],
    &["needs"],
    &["once"],
    &["following"],
    &["nach"],
    &["benötigt"],
    &["braucht"],
    &["après"],
    &["dopo"],
];

/// The most tasks that a range such as `T1-T9` names.
const RANGE_MAX: u32 = 50;

/// A word in lower case, whether a clause ends behind it, and where it stands.
struct Word {
    text: String,
    ends: bool,
    from: usize,
    to: usize,
}

fn words(text: &str) -> Vec<Word> {
    text.split(|c: char| c.is_whitespace() || c == ',')
        .filter(|word| !word.is_empty())
        .map(|word| {
            let start = word.trim_start_matches(['(', '[', '"', '\'', '`', '*', '„', '“']);
            let bare = start.trim_end_matches([
                '.', ';', ':', ')', ']', '"', '\'', '`', '*', '“', '”', '!', '?',
            ]);
            Word {
                text: bare.to_lowercase(),
                ends: start[bare.len()..].contains(['.', ';', ')', ']', '!', '?']),
                from: word.as_ptr().addr() - text.as_ptr().addr(),
                to: word.as_ptr().addr() - text.as_ptr().addr() + word.len(),
            }
        })
        .collect()
}

/// What a sentence says that comes before it.
pub(crate) fn within(text: &str) -> Vec<Reference> {
    let words = words(text);
    let mut found = Vec::new();
    for at in 0..words.len() {
        if let Some(from) = follows(&words, at, STRONG) {
            found.extend(listed(&words[from..], true));
        } else if let Some(from) = follows(&words, at, WEAK) {
            found.extend(listed(&words[from..], false));
        }
    }
    found
}

/// Where the words behind a trigger begin, if one stands here.
fn follows(words: &[Word], at: usize, triggers: &[&[&str]]) -> Option<usize> {
    triggers.iter().find_map(|trigger| {
        let here = words.get(at..at + trigger.len())?;
        let fits = here
            .iter()
            .zip(*trigger)
            .all(|(word, want)| word.text == **want);
        (fits && !here.iter().any(|word| word.ends)).then_some(at + trigger.len())
    })
}

/// A sentence without the clauses that name what comes before it, where every name in them is `understood`. A clause in the
/// middle of a sentence stays, and so does one that says it in other words.
pub(crate) fn without(text: &str, understood: impl Fn(&Reference) -> bool) -> String {
    let words = words(text);
    let mut out = text.to_owned();
    for at in (0..words.len()).rev() {
        let here = follows(&words, at, STRONG).or_else(|| follows(&words, at, WEAK));
        let Some(first) = here else { continue };
        let (found, read) = listed_to(&words[first..], false);
        let Some(last) = read.checked_sub(1).and_then(|read| words.get(first + read)) else {
            continue;
        };
        let closed = last.ends
            || text[last.to..].trim_start().is_empty()
            || text[last.to..].starts_with(',');
        if found.is_empty() || !closed || !found.iter().all(&understood) {
            continue;
        }
        // What was cut off behind it before has taken its blanks along.
        let (Some(head), Some(tail)) =
            (out.get(..words[at].from), out.get(last.to.min(out.len())..))
        else {
            continue;
        };
        let head = head.trim_end_matches([' ', '(', '[', ',', ';', '-', '–', '—']);
        let tail = tail.trim_start_matches([')', ']']);
        out = match tail.trim().is_empty() || tail.starts_with([',', '.', ';']) {
            true => format!("{head}{}", tail.trim_end()),
            false => format!("{head} {}", tail.trim()),
        };
    }
    let out = out.trim().trim_end_matches([',', ';']).to_owned();
    if out.chars().any(char::is_alphanumeric) {
        out
    } else {
        text.to_owned()
    }
}

/// What is named behind `Depends on:`.
pub(crate) fn behind(text: &str) -> Vec<Reference> {
    let words = words(text);
    let numbers: Vec<u64> = words
        .iter()
        .filter_map(|word| word.text.parse().ok())
        .collect();
    if !numbers.is_empty() && numbers.len() == words.len() {
        return numbers.into_iter().map(Reference::Number).collect();
    }
    listed(&words, true)
}

/// The references at the beginning of these words; with `any`, other words when there are none.
fn listed(words: &[Word], any: bool) -> Vec<Reference> {
    listed_to(words, any).0
}

/// The same, and how many words they take.
fn listed_to(words: &[Word], any: bool) -> (Vec<Reference>, usize) {
    let mut found = Vec::new();
    let mut numbered = false;
    let mut at = 0;
    let mut read = 0;
    while let Some(word) = words.get(at) {
        at += 1;
        let before = found.len();
        let text = word.text.as_str();
        if let Some(ids) = ids(text) {
            found.extend(ids.into_iter().map(Reference::Id));
            numbered = true;
        } else if phase::is_word(text)
            && let Some(mark) = words.get(at).filter(|_| !word.ends)
            && is_mark(&mark.text)
        {
            found.push(Reference::Phase(text.to_owned(), mark.text.clone()));
            at += 1;
            read = at;
            if mark.ends {
                break;
            }
        } else if let (true, Ok(number)) = (numbered, text.parse()) {
            found.push(Reference::Number(number));
        } else if is_label(text) {
            found.push(Reference::Label(text.to_owned()));
        } else if matches!(
            text,
            "task"
                | "tasks"
                | "item"
                | "items"
                | "story"
                | "stories"
                | "point"
                | "aufgabe"
                | "aufgaben"
                | "punkt"
        ) {
            numbered = true;
        } else if !matches!(
            text,
            "" | "the"
                | "and"
                | "&"
                | "und"
                | "or"
                | "both"
                | "all"
                | "of"
                | "completion"
                | "issue"
                | "issues"
                | "-"
        ) {
            break;
        }
        if found.len() > before {
            read = at;
        }
        if word.ends {
            break;
        }
    }
    if found.is_empty() && any {
        let end = words
            .iter()
            .position(|word| word.ends)
            .map_or(words.len(), |end| end + 1);
        let phrase: Vec<&str> = words[..end].iter().map(|word| word.text.as_str()).collect();
        let phrase = phrase.join(" ");
        let nothing = matches!(
            phrase.as_str(),
            "" | "none" | "nothing" | "-" | "–" | "—" | "n/a" | "keine" | "nichts"
        );
        if !nothing {
            found.push(Reference::Words(phrase));
        }
    }
    (found, read)
}

/// `t3`, `#3` or a range of them.
fn ids(word: &str) -> Option<Vec<u32>> {
    let one = |text: &str| text.parse::<torch_core::TaskId>().ok().map(|id| id.0);
    if let Some(id) = one(word) {
        return Some(vec![id]);
    }
    let (first, last) = word.split_once(['-', '–', '…'])?;
    let (first, last) = (one(first)?, one(last)?);
    (first < last && last - first < RANGE_MAX).then(|| (first..=last).collect())
}

/// A phase's number or letter.
fn is_mark(word: &str) -> bool {
    let digits =
        word.len() <= 3 && !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    let roman = !word.is_empty() && word.len() <= 4 && word.chars().all(|c| "ivx".contains(c));
    digits || roman || (word.chars().count() == 1 && word.chars().all(char::is_alphabetic))
}

/// `req-12`, `us3`: letters, perhaps a dash, digits.
pub(crate) fn is_label(word: &str) -> bool {
    let letters = word.bytes().take_while(u8::is_ascii_alphabetic).count();
    let rest = &word[letters..];
    let digits = rest.strip_prefix('-').unwrap_or(rest);
    (1..=6).contains(&letters)
        && (1..=5).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
}
