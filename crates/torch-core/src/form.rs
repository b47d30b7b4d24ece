//! The two forms that messages may have, STATUS and TASK: read, checked and written.
//!
//! ```text
//! STATUS developer 2026-11-21T18:00:00Z        TASK T-7: The parser
//! Completed:                                   Assigned to: developer
//! - the lexer                                  Objective: read every sample
//! Current: the parser                          Success Criteria:
//! Blocked: none                                - all samples parse
//! ETA: 30m                                     Priority: HIGH
//! ```

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::RoleName;

/// How soon a task is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Priority {
    /// Before anything else.
    High,
    /// In its turn.
    Med,
    /// When there is time.
    Low,
}

impl Priority {
    /// The word in a form.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::High => "HIGH",
            Self::Med => "MED",
            Self::Low => "LOW",
        }
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Priority {
    type Err = Fault;
    fn from_str(text: &str) -> Result<Self, Fault> {
        match text.trim().to_ascii_uppercase().as_str() {
            "HIGH" => Ok(Self::High),
            "MED" | "MEDIUM" => Ok(Self::Med),
            "LOW" => Ok(Self::Low),
            _ => Err(Fault::Priority(text.trim().to_owned())),
        }
    }
}

/// What is wrong with a form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The first line is not as it should be.
    #[error("its first line is not `{0}`")]
    Head(&'static str),
    /// A field is not there, or nothing stands in it.
    #[error("`{0}:` is missing or empty")]
    Missing(&'static str),
    /// A field stands there more than once.
    #[error("`{0}:` stands there more than once")]
    Twice(&'static str),
    /// A priority that is none.
    #[error("`{0}` is no priority; it takes HIGH, MED or LOW")]
    Priority(String),
    /// Lines that belong to no field.
    #[error("`{0}` belongs to no field")]
    Stray(String),
}

/// How an agent stands: `STATUS NAME TIME`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusForm {
    /// Whose status it is.
    pub name: String,
    /// When it was written, as it stands there.
    pub time: String,
    /// What is done.
    pub completed: Vec<String>,
    /// What is being done.
    pub current: String,
    /// What holds the agent up; `none` where nothing does.
    pub blocked: String,
    /// When the current work will be done, in the agent's words.
    pub eta: String,
}

/// An assignment: `TASK ID: title`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskForm {
    /// Its id, a word of the sender's.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// Whom it is for.
    pub assigned_to: String,
    /// What is wanted.
    pub objective: String,
    /// By what it is known to be done; at least one.
    pub criteria: Vec<String>,
    /// How soon.
    pub priority: Priority,
}

/// A message in one of the forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// A status.
    Status(StatusForm),
    /// An assignment.
    Task(TaskForm),
}

/// A message that means to be a form and is not right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadForm {
    /// `STATUS` or `TASK`.
    pub kind: &'static str,
    /// All that is wrong; never empty.
    pub faults: Vec<Fault>,
}

impl fmt::Display for BadForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a {} in the wrong form: ", self.kind)?;
        for (n, fault) in self.faults.iter().enumerate() {
            let comma = if n == 0 { "" } else { ", " };
            write!(f, "{comma}{fault}")?;
        }
        Ok(())
    }
}

/// Why a task can't be written as a form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteFormError {
    /// A field is empty or can't be used.
    #[error("{0}")]
    Wrong(BadForm),
    /// What is written would be read as something else.
    #[error(
        "the id has to be one word of at most 40 characters without a colon, and no text may begin like a field"
    )]
    Other,
}

const STATUS_HEAD: &str = "STATUS NAME TIME";
const TASK_HEAD: &str = "TASK ID: title";
const STATUS_FIELDS: [&str; 4] = ["Completed", "Current", "Blocked", "ETA"];
const TASK_FIELDS: [&str; 4] = ["Assigned to", "Objective", "Success Criteria", "Priority"];

impl Form {
    /// The form that a text has; `None` for free text.
    ///
    /// A text means to be a form when its first line begins with `STATUS` or `TASK` in capitals and either goes on as that
    /// form's first line does (and for a TASK, something follows), or one of the form's fields follows. `TASK 7 is done`,
    /// `TASK 7: the parser` on its one line, and `STATUS?` are free text.
    pub fn read(text: &str) -> Option<Result<Self, BadForm>> {
        let mut lines = text.trim().lines();
        let head = lines.next()?.trim();
        let body: Vec<&str> = lines.collect();
        if let Some(rest) = after_word(head, "STATUS") {
            let claims = rest.starts_with(':') || status_head(rest).is_some();
            return (claims || has_field(&body, &STATUS_FIELDS))
                .then(|| status(rest, &body).map(Self::Status));
        }
        let rest = after_word(head, "TASK")?;
        let goes_on = task_head(rest).is_some() && body.iter().any(|line| !line.trim().is_empty());
        (goes_on || has_field(&body, &TASK_FIELDS)).then(|| task(rest, &body).map(Self::Task))
    }
}

impl StatusForm {
    /// What holds the agent up, where anything does.
    pub fn blocker(&self) -> Option<&str> {
        let word = self.blocked.trim().trim_end_matches('.');
        let nothing = [
            "none",
            "no",
            "nothing",
            "-",
            "n/a",
            "not blocked",
            "no blockers",
        ];
        (!nothing.iter().any(|free| word.eq_ignore_ascii_case(free))).then_some(word)
    }
}

impl fmt::Display for StatusForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "STATUS {} {}", self.name, self.time)?;
        list(f, "Completed", &self.completed)?;
        writeln!(f, "Current: {}", self.current)?;
        writeln!(f, "Blocked: {}", self.blocked)?;
        write!(f, "ETA: {}", self.eta)
    }
}

impl TaskForm {
    /// The form's text, each field on one line, which is read as the same form again.
    ///
    /// # Errors
    /// [`WriteFormError`] for a form whose text would be none, or another one.
    pub fn written(mut self) -> Result<String, WriteFormError> {
        let line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        self.id = self.id.trim().to_owned();
        self.title = line(&self.title);
        self.objective = line(&self.objective);
        self.criteria = self.criteria.iter().map(|item| line(item)).collect();
        if self.criteria.is_empty() {
            // Written, that is the word `none`, which reads as a criterion.
            let faults = vec![Fault::Missing(TASK_FIELDS[2])];
            return Err(WriteFormError::Wrong(BadForm {
                kind: "TASK",
                faults,
            }));
        }
        let text = self.to_string();
        match Form::read(&text) {
            Some(Ok(Form::Task(read))) if read == self => Ok(text),
            Some(Err(bad)) => Err(WriteFormError::Wrong(bad)),
            _ => Err(WriteFormError::Other),
        }
    }
}

impl fmt::Display for TaskForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "TASK {}: {}", self.id, self.title)?;
        writeln!(f, "Assigned to: {}", self.assigned_to)?;
        writeln!(f, "Objective: {}", self.objective)?;
        list(f, "Success Criteria", &self.criteria)?;
        write!(f, "Priority: {}", self.priority)
    }
}

fn list(f: &mut fmt::Formatter<'_>, name: &str, items: &[String]) -> fmt::Result {
    if items.is_empty() {
        return writeln!(f, "{name}: none");
    }
    writeln!(f, "{name}:")?;
    items.iter().try_for_each(|item| writeln!(f, "- {item}"))
}

/// What follows a word that stands alone at the beginning.
fn after_word<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    let rest = line.strip_prefix(word)?;
    let alone = rest.is_empty() || rest.starts_with([' ', '\t', ':', '[']);
    alone.then(|| rest.trim_start())
}

fn bare(word: &str) -> &str {
    word.trim()
        .trim_start_matches('[')
        .trim_end_matches(']')
        .trim()
}

/// `NAME TIME`, each with or without brackets: a role's name, and something with a digit in it.
fn status_head(rest: &str) -> Option<(String, String)> {
    let (name, time) = rest.trim().split_once(char::is_whitespace)?;
    let (name, time) = (bare(name), bare(time));
    let named = RoleName::parse(name).is_ok();
    let timed = time.contains(|c: char| c.is_ascii_digit()) && time.len() <= 40;
    (named && timed).then(|| (name.to_owned(), time.to_owned()))
}

/// `ID: title`, the id one word with or without brackets.
fn task_head(rest: &str) -> Option<(String, String)> {
    let (id, title) = rest.split_once(':')?;
    let (id, title) = (bare(id), title.trim());
    let word = !id.is_empty() && id.len() <= 40 && !id.contains(char::is_whitespace);
    (word && !title.is_empty()).then(|| (id.to_owned(), title.to_owned()))
}

/// The field that a line begins, and what stands behind it.
fn field<'a>(line: &'a str, names: &[&'static str]) -> Option<(usize, &'a str)> {
    let (name, value) = line.split_once(':')?;
    let at = names
        .iter()
        .position(|known| name.trim().eq_ignore_ascii_case(known))?;
    Some((at, value.trim()))
}

fn has_field(lines: &[&str], names: &[&'static str]) -> bool {
    lines.iter().any(|line| field(line, names).is_some())
}

/// The fields of a form, each with its items, and what is wrong so far.
fn fields(lines: &[&str], names: &[&'static str; 4]) -> ([Vec<String>; 4], Vec<Fault>) {
    let mut found: [Option<Vec<String>>; 4] = Default::default();
    let mut faults = Vec::new();
    let mut current: Option<usize> = None;
    for line in lines
        .iter()
        .map(|line| line.trim())
        .filter(|line| !line.is_empty())
    {
        if let Some((at, value)) = field(line, names) {
            if found[at].is_some() {
                faults.push(Fault::Twice(names[at]));
            }
            let items = found[at].get_or_insert_with(Vec::new);
            items.extend((!value.is_empty()).then(|| value.to_owned()));
            current = Some(at);
            continue;
        }
        let item = line.trim_start_matches(['-', '*', '+']).trim().to_owned();
        match current.and_then(|at| found[at].as_mut()) {
            Some(items) => items.push(item),
            None => faults.push(Fault::Stray(line.chars().take(40).collect())),
        }
    }
    for (at, name) in names.iter().enumerate() {
        if found[at].as_ref().is_none_or(Vec::is_empty) && !faults.contains(&Fault::Twice(name)) {
            faults.push(Fault::Missing(name));
        }
    }
    (found.map(Option::unwrap_or_default), faults)
}

fn checked<T>(kind: &'static str, faults: Vec<Fault>, form: Option<T>) -> Result<T, BadForm> {
    match form {
        Some(form) if faults.is_empty() => Ok(form),
        _ => Err(BadForm { kind, faults }),
    }
}

fn status(head: &str, body: &[&str]) -> Result<StatusForm, BadForm> {
    let ([completed, current, blocked, eta], mut faults) = fields(body, &STATUS_FIELDS);
    let named = status_head(head);
    if named.is_none() {
        faults.insert(0, Fault::Head(STATUS_HEAD));
    }
    let none = completed.len() == 1 && completed[0].eq_ignore_ascii_case("none");
    let form = named.map(|(name, time)| StatusForm {
        name,
        time,
        completed: if none { Vec::new() } else { completed },
        current: current.join(" "),
        blocked: blocked.join(" "),
        eta: eta.join(" "),
    });
    checked("STATUS", faults, form)
}

fn task(head: &str, body: &[&str]) -> Result<TaskForm, BadForm> {
    let ([assigned_to, objective, criteria, priority], mut faults) = fields(body, &TASK_FIELDS);
    let named = task_head(head);
    if named.is_none() {
        faults.insert(0, Fault::Head(TASK_HEAD));
    }
    let priority = match priority.join(" ").parse::<Priority>() {
        Ok(priority) => Some(priority),
        Err(fault) => {
            faults.extend((!priority.is_empty()).then_some(fault));
            None
        }
    };
    let form = named.zip(priority).map(|((id, title), priority)| TaskForm {
        id,
        title,
        assigned_to: assigned_to.join(" "),
        objective: objective.join(" "),
        criteria,
        priority,
    });
    checked("TASK", faults, form)
}

#[cfg(test)]
mod tests;
