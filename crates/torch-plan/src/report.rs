//! Which tasks a report is about: `T3 done: …`, `T3, T4: …`.

use torch_core::{TaskId, TaskPlan};

use crate::alias::{self, AliasError};

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

/// What a report names at its head.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Named {
    /// Tasks of the plan, in the report's order.
    pub tasks: Vec<TaskId>,
    /// Ids that no task of the plan has, as they are written.
    pub unknown: Vec<String>,
    /// Ids that several tasks have in their specs.
    pub ambiguous: Vec<AliasError>,
}

impl Named {
    /// How many ids it named.
    pub fn count(&self) -> usize {
        self.tasks.len() + self.unknown.len() + self.ambiguous.len()
    }
}

/// The tasks of a plan that a report names at its head, by their ids in the plan or in the spec; none where it begins with other
/// words, or says that they are not done.
///
/// `T3: …`, `T3 done: …`, `R10 done`, `T3 and T4 are done`, `[T3] …`, `Task 3 done`, `#3 …` count; `T3 is blocked` and `T3 started`
/// do not. A word that only looks like an id, as in `UTF-8 works`, is unknown only where the plan has ids of that kind.
pub fn named_in(plan: &TaskPlan, text: &str) -> Named {
    resolved(plan, ids(text))
}

/// The tasks of a plan that a line names at its head, whatever it says of them: `T3, R10: the parser`.
pub fn headed(plan: &TaskPlan, text: &str) -> Named {
    let words = text.split(|c: char| c.is_whitespace() || c == ',');
    let words = words.filter(|word| !word.is_empty());
    let ids = words.map_while(|word| match word {
        "and" | "&" | "und" => Some(None),
        word => form(bare_id(word)).map(Some),
    });
    resolved(plan, ids.flatten().take(NAMED_MAX).collect())
}

fn resolved(plan: &TaskPlan, words: Vec<String>) -> Named {
    let mut named = Named::default();
    for word in words {
        match alias::resolve(plan, &word) {
            Ok(id) if !named.tasks.contains(&id) => named.tasks.push(id),
            Ok(_) => {}
            Err(AliasError::Unknown(_)) if is_meant(plan, &word) => named.unknown.push(word),
            Err(AliasError::Unknown(_)) => {}
            Err(error) => named.ambiguous.push(error),
        }
    }
    named
}

/// A word without what may stand around an id.
fn bare_id(word: &str) -> &str {
    let start = word.trim_start_matches(['[', '(', '*', '`']);
    start.trim_end_matches([':', '.', ';', ')', ']', '*', '`', '!', '-', '–', '—'])
}

/// Whether a word that no task has was meant as an id: a number of the plan's own, or one of a kind that its spec uses.
fn is_meant(plan: &TaskPlan, word: &str) -> bool {
    word.parse::<TaskId>().is_ok()
        || plan
            .tasks
            .iter()
            .filter_map(alias::of)
            .any(|known| kind(&known) == kind(word))
}

/// The letters that an id begins with.
fn kind(id: &str) -> String {
    let letters = id.chars().take_while(char::is_ascii_alphabetic);
    letters.collect::<String>().to_uppercase()
}

/// The ids that a report names at its head where no plan is at hand: those of the form `T3`.
pub fn named(text: &str) -> Vec<TaskId> {
    let found = ids(text).into_iter();
    found.filter_map(|word| word.parse().ok()).collect()
}

/// The words at a report's head that have the form of an id: `T3`, `R10`, `REQ-12`; none where it says that they are not done.
pub fn ids(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut numbered = false;
    let words = text.split(|c: char| c.is_whitespace() || c == ',');
    let mut follows = words.filter(|word| !word.is_empty()).peekable();
    while let Some(word) = follows.next() {
        let start = word.trim_start_matches(['[', '(', '*', '`']);
        let bare = bare_id(word);
        let id = match numbered && bare.bytes().all(|byte| byte.is_ascii_digit()) {
            true => Some(format!("T{bare}")).filter(|id| id.parse::<TaskId>().is_ok()),
            false => form(bare),
        };
        numbered = false;
        if let Some(id) = id {
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

/// A word as an id, where it has the form of one: `T3`, `t3` and `#3` are `T3`; `R10` and `REQ-12` are themselves.
pub fn form(word: &str) -> Option<String> {
    if let Ok(id) = word.parse::<TaskId>() {
        return Some(id.to_string());
    }
    let label = crate::reference::is_label(&word.to_lowercase());
    label.then(|| word.to_uppercase())
}

fn bare_word(word: &str) -> String {
    word.trim_matches(|c: char| !c.is_alphanumeric())
        .to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(text: &str) -> Vec<u32> {
        named(text).into_iter().map(|id| id.0).collect()
    }

    #[test]
    fn a_report_names_tasks_at_its_head() {
        assert_eq!(numbers("T3 done: parser in 3f2c1aa"), [3]);
        assert_eq!(numbers("T3: parser"), [3]);
        assert_eq!(numbers("[T3] parser"), [3]);
        assert_eq!(numbers("t3 and T4 are done"), [3, 4]);
        assert_eq!(numbers("T3, T4, #5 done"), [3, 4, 5]);
        assert_eq!(numbers("Task 7 done"), [7]);
        assert_eq!(numbers("T3"), [3]);
        // What comes behind the colon is the report's text.
        assert_eq!(numbers("T3: T4 can begin"), [3]);
    }

    #[test]
    fn other_words_name_none() {
        assert!(numbers("parser done, see T3").is_empty());
        assert!(numbers("T3 is blocked by T2").is_empty());
        assert!(numbers("T3 not done yet").is_empty());
        assert!(numbers("T3 in progress").is_empty());
        assert!(numbers("T3: blocked by T2").is_empty());
        assert_eq!(numbers("T3 in 3f2c1aa, 42 tests pass"), [3]);
        assert!(numbers("everything is done").is_empty());
        assert!(numbers("").is_empty());
        assert!(numbers("T 3").is_empty());
        assert!(numbers("task force one").is_empty());
        assert!(numbers("T0 done").is_empty());
    }

    #[test]
    fn the_ids_of_the_spec_count_as_well() {
        let text = "- R10: Import orders\n- R3: Export orders\n- REQ-7: Show progress\n";
        let spec = crate::Spec {
            path: "/p/spec.md".to_owned(),
            sha256: String::new(),
            text: text.to_owned(),
        };
        let plan = crate::plan(&spec, &[]);
        let check = |text: &str, tasks: &[u32], unknown: &[&str]| {
            let found = named_in(&plan, text);
            let ids: Vec<u32> = found.tasks.iter().map(|id| id.0).collect();
            assert_eq!(
                (ids.as_slice(), found.unknown),
                (tasks, unknown.iter().map(ToString::to_string).collect()),
                "{text}"
            );
        };
        check("R10 done: in 3f2c1aa", &[1], &[]);
        check("r3, req-7 and T1 are done", &[2, 3, 1], &[]);
        check("R4 done", &[], &["R4"]);
        check("R10 and R4: both work", &[1], &["R4"]);
        check("T9 done", &[], &["T9"]);
        check("R4 is blocked", &[], &[]);
        let heads =
            |text: &str| -> Vec<u32> { headed(&plan, text).tasks.iter().map(|id| id.0).collect() };
        assert_eq!(heads("R10 in progress, then T2"), [1]);
        assert_eq!(heads("[T3] and R10: not yet"), [3, 1]);
        assert!(heads("the parser of R10").is_empty());
        // It looks like an id, and the plan has none of that kind.
        check("UTF-8 works now", &[], &[]);
        check("everything is done", &[], &[]);
    }
}
