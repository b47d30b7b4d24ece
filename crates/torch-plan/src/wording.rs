//! Whether two texts ask for the same work in other words: what was done for one is then done for the other.

use torch_core::Task;

/// Words that change nothing of what is asked for.
const FILLERS: &[&str] = &[
    "a", "an", "the", "of", "for", "and", "please", "also", "die", "der", "das", "und", "ein",
    "eine", "bitte",
];

/// Signs that are read like words: with another one, something else is asked for.
const SIGNS: &[char] = &[
    '<', '>', '=', '≤', '≥', '≠', '%', '$', '€', '£', '±', '+', '&', '~',
];

/// The words that say what is asked for, in their order: in lower case, without plural, fillers, marks and punctuation.
pub(crate) fn content(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut chars = text.chars().flat_map(char::to_lowercase).peekable();
    let mut before = ' ';
    while let Some(c) = chars.next() {
        let next = chars.peek().copied().unwrap_or(' ');
        let negative = c == '-' && before.is_whitespace() && next.is_ascii_digit();
        let musical = c == '#' && before.is_alphanumeric();
        if c.is_alphanumeric() {
            if let Some(word) = words.last_mut() {
                word.push(c);
            }
        } else if SIGNS.contains(&c) || negative || musical {
            words.extend([c.to_string(), String::new()]);
        } else if !is_joint(before, c, next) {
            words.push(String::new());
        }
        before = c;
    }
    let words = words.into_iter().map(singular);
    words
        .filter(|word| !word.is_empty() && !FILLERS.contains(&word.as_str()))
        .collect()
}

/// Whether a sign within a word changes nothing: `log-in`, `user's`.
fn is_joint(before: char, c: char, next: char) -> bool {
    matches!(c, '-' | '\'' | '’') && before.is_alphabetic() && next.is_alphabetic()
}

/// A word without its plural's ending.
fn singular(mut word: String) -> String {
    let plural = word.len() > 3 && word.ends_with('s') && !word.ends_with("ss");
    if plural {
        word.pop();
    }
    word
}

/// Whether two texts say the same, but for case, punctuation, plurals and fillers.
pub(crate) fn is_same(one: &str, other: &str) -> bool {
    one == other || content(one) == content(other)
}

/// What a changed spec did to the work of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// The same is asked for.
    Same,
    /// More is asked for in the detail, or of when it is done.
    More,
    /// Something else is asked for.
    Other,
}

/// What is asked for by `now`, compared with what was by `before`. A title that a person set is the plan's own and stays.
pub(crate) fn work(before: &Task, now: &Task, has_own_title: bool) -> Work {
    let said = |task| crate::revise::bare(task).to_owned();
    let titled = has_own_title
        || is_same(&before.title, &now.title)
        || is_same(&said(&before.said), &said(&now.said));
    if !titled {
        return Work::Other;
    }
    let known = lines(before);
    let told = |line: &Vec<String>| line.is_empty() || known.contains(line);
    match lines(now).iter().all(told) {
        true => Work::Same,
        false => Work::More,
    }
}

/// What the lines below a title say.
fn lines(task: &Task) -> Vec<Vec<String>> {
    let all = task
        .detail
        .lines()
        .chain(task.done_when.iter().map(String::as_str));
    all.map(|line| {
        let line = line.trim_start_matches("- ");
        content(line.trim_start_matches("[ ] ").trim_start_matches("[x] "))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_words_for_the_same_work() {
        for (one, other) in [
            ("Encrypt the backups", "encrypt backups."),
            ("Write the login page", "Write the **log-in** page!"),
            ("Tests for the parser", "Tests of the parser"),
            ("Users' pages", "User pages"),
            ("", ""),
        ] {
            assert!(is_same(one, other), "{one} / {other}");
        }
        for (one, other) in [
            ("Encrypt the backups", "Decrypt the backups"),
            ("Write the login page", "Write the logout page"),
            ("Add the login page", "Remove the login page"),
            ("Log in with a key", "Log in without a key"),
            ("Convert EUR to USD", "Convert USD to EUR"),
            ("Keep latency < 5 ms", "Keep latency > 5 ms"),
            ("Answer in 1 s", "Answer in 10 s"),
            ("Answer in 1.5 s", "Answer in 15 s"),
            ("Write it in C", "Write it in C#"),
            ("Write it in C", "Write it in C++"),
            ("Keep it at 5", "Keep it at -5"),
            ("Rows 1-5", "Rows 15"),
            ("Internal tests", "International tests"),
            ("Store names", "Do not store names"),
            ("Passwords", "Password and keys"),
            ("备份", "恢复"),
        ] {
            assert!(!is_same(one, other), "{one} / {other}");
        }
    }
}
