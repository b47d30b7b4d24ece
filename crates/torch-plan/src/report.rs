//! Which tasks a report is about: `T3 done: …`, `T3, T4: …`.

use torch_core::TaskId;

/// The most tasks that one report names.
const NAMED_MAX: usize = 50;

/// Words behind the ids that say that a task is not done.
const UNDONE: &[&str] = &[
    "blocked",
    "started",
    "begun",
    "not",
    "waits",
    "waiting",
    "failed",
    "fails",
    "failing",
    "broken",
    "stuck",
    "open",
    "todo",
    "doing",
    "wip",
    "partly",
    "partially",
    "almost",
    "nearly",
    "half",
    "nicht",
    "blockiert",
    "begonnen",
    "isn't",
    "aren't",
    "can't",
    "cannot",
    "needs",
];

/// The same, behind "in".
const UNDONE_IN: &[&str] = &["progress", "work", "arbeit", "review"];

/// The same, as the first word behind a colon.
const UNDONE_BEHIND: &[&str] = &[
    "blocked",
    "not",
    "failed",
    "waiting",
    "stuck",
    "wip",
    "blockiert",
    "nicht",
];

/// The tasks that a report names at its head, in its order; none where it begins with other words.
///
/// `T3: …`, `T3 done: …`, `T3 and T4 are done`, `[T3] …`, `Task 3 done`, `#3 …` count; `T3 is blocked` and `T3 started`
/// do not, since they say that it is not done.
pub fn named(text: &str) -> Vec<TaskId> {
    let mut found: Vec<TaskId> = Vec::new();
    let mut numbered = false;
    let words = text.split(|c: char| c.is_whitespace() || c == ',');
    let mut follows = words.filter(|word| !word.is_empty()).peekable();
    while let Some(word) = follows.next() {
        let start = word.trim_start_matches(['[', '(', '*', '`']);
        let bare = start.trim_end_matches([':', '.', ';', ')', ']', '*', '`', '!', '-', '–', '—']);
        let id = match numbered && bare.bytes().all(|byte| byte.is_ascii_digit()) {
            true => format!("T{bare}").parse::<TaskId>(),
            false => bare.parse(),
        };
        numbered = false;
        if let Ok(id) = id {
            if !found.contains(&id) && found.len() < NAMED_MAX {
                found.push(id);
            }
            if start[bare.len()..].starts_with([':', '.', ';']) {
                // Behind a colon stand the report's own words, and some of them leave no doubt.
                let next = follows.peek().map(|next| bare_word(next));
                match next {
                    Some(next) if UNDONE_BEHIND.contains(&next.as_str()) => return Vec::new(),
                    _ => break,
                }
            }
            continue;
        }
        match bare.to_lowercase().as_str() {
            "task" | "tasks" if found.is_empty() => numbered = true,
            "and" | "&" | "und" | "" => {}
            _ if found.is_empty() => return Vec::new(),
            "is" | "are" | "now" | "ist" | "sind" => {}
            other if UNDONE.contains(&other) => return Vec::new(),
            // "in progress", and not "in 3f2c1aa".
            "in" if follows
                .peek()
                .is_some_and(|next| UNDONE_IN.contains(&bare_word(next).as_str())) =>
            {
                return Vec::new();
            }
            _ => break,
        }
    }
    found
}

fn bare_word(word: &str) -> String {
    word.trim_matches(|c: char| !c.is_alphanumeric())
        .to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(text: &str) -> Vec<u32> {
        named(text).into_iter().map(|id| id.0).collect()
    }

    #[test]
    fn a_report_names_tasks_at_its_head() {
        assert_eq!(ids("T3 done: parser in 3f2c1aa"), [3]);
        assert_eq!(ids("T3: parser"), [3]);
        assert_eq!(ids("[T3] parser"), [3]);
        assert_eq!(ids("t3 and T4 are done"), [3, 4]);
        assert_eq!(ids("T3, T4, #5 done"), [3, 4, 5]);
        assert_eq!(ids("Task 7 done"), [7]);
        assert_eq!(ids("T3"), [3]);
        // What comes behind the colon is the report's text.
        assert_eq!(ids("T3: T4 can begin"), [3]);
    }

    #[test]
    fn other_words_name_none() {
        assert!(ids("parser done, see T3").is_empty());
        assert!(ids("T3 is blocked by T2").is_empty());
        assert!(ids("T3 not done yet").is_empty());
        assert!(ids("T3 in progress").is_empty());
        assert!(ids("T3: blocked by T2").is_empty());
        assert_eq!(ids("T3 in 3f2c1aa, 42 tests pass"), [3]);
        assert!(ids("everything is done").is_empty());
        assert!(ids("").is_empty());
        assert!(ids("T 3").is_empty());
        assert!(ids("task force one").is_empty());
        assert!(ids("T0 done").is_empty());
    }
}
