//! A team's plan: the tasks that its specs ask for, with their owners and how far they are.
//!
//! Not to be confused with [`crate::plan`], which says what torch itself does next.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{RoleName, Timestamp};

/// The number of a task in its team's plan, written `T3`. It is never given twice within a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct TaskId(pub u32);

/// A text that is no task's id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no task's id; one looks like T3")]
pub struct TaskIdError(pub String);

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "T{}", self.0)
    }
}

impl FromStr for TaskId {
    type Err = TaskIdError;

    /// `T3`, `t3` or `#3`; the number is 1 to 999,999.
    fn from_str(text: &str) -> Result<Self, TaskIdError> {
        let wrong = || TaskIdError(text.chars().take(40).collect());
        let digits = text
            .strip_prefix(['T', 't', '#'])
            .filter(|digits| !digits.is_empty() && digits.len() <= 6)
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
            .ok_or_else(wrong)?;
        match digits.parse() {
            Ok(0) | Err(_) => Err(wrong()),
            Ok(number) => Ok(Self(number)),
        }
    }
}

impl From<TaskId> for String {
    fn from(id: TaskId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for TaskId {
    type Error = TaskIdError;

    fn try_from(text: String) -> Result<Self, TaskIdError> {
        text.parse()
    }
}

/// How far a task is.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum TaskState {
    /// Nobody has begun.
    #[default]
    Todo,
    /// Somebody is at it.
    Doing,
    /// It can't go on.
    Blocked,
    /// It was reported done, or is ticked in the spec.
    Done,
}

impl TaskState {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Todo => "todo",
            Self::Doing => "doing",
            Self::Blocked => "blocked",
            Self::Done => "done",
        }
    }
}

impl fmt::Display for TaskState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a person or an analysis set in a task, so that a changed spec does not take it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskField {
    /// Its title.
    Title,
    /// What else is said of it.
    Detail,
    /// Its phase.
    Phase,
    /// Who does it.
    Owner,
    /// What it waits for.
    DependsOn,
    /// When it is done.
    DoneWhen,
}

/// A file that a plan was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedSpec {
    /// Its path, absolute.
    pub path: String,
    /// SHA-256 of what was read, lower-case hex.
    pub sha256: String,
    /// What must hold for the whole at the end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub criteria: Vec<String>,
    /// What everybody keeps to, and what is not to be done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub constraints: Vec<String>,
    /// What a reader should know of how it was read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// A part of the work that comes before or after others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskPhase {
    /// `P1`, `P2`, … in the order of the work.
    pub id: String,
    /// As the spec calls it.
    pub title: String,
}

/// One thing to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// What is to be done, in one line.
    pub title: String,
    /// What else the spec says of it; lines, may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// The id of its phase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    /// The heading that it stands under.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub section: String,
    /// The role that is to do it; none: the hub hands it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<RoleName>,
    /// Why it is that role, or why none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub owner_why: String,
    /// The tasks that come before it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<TaskId>,
    /// When it is done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub done_when: Vec<String>,
    /// How far it is.
    #[serde(default)]
    pub state: TaskState,
    /// Who said so: a role, `human`, `script`, or `spec` where it is ticked there; empty before anybody said anything.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub by: String,
    /// When that was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// The words that it was said with.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub words: String,
    /// Which of the plan's specs it comes from, counted from 0; none: a person added it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec: Option<u32>,
    /// Its line there, counted from 1; 0 without a spec.
    #[serde(default)]
    pub line: u32,
    /// Its title there, by which it is found again in a changed spec.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub said: String,
    /// What a changed spec leaves alone.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub pinned: BTreeSet<TaskField>,
    /// Since when its spec asks for something else than what agents may be at; none where it never did, or was done since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asks_anew: Option<AsksAnew>,
}

/// That a task's spec asks for something else than before, and who has heard of that by a report of theirs that came too late.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AsksAnew {
    /// When that was taken in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// Whose next report counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub told: Vec<RoleName>,
}

/// How many tasks of a plan are in which state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskCount {
    /// Done.
    pub done: u32,
    /// Somebody is at them.
    pub doing: u32,
    /// They can't go on.
    pub blocked: u32,
    /// All tasks.
    pub total: u32,
}

/// A team's plan.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskPlan {
    /// The spec's `PROJECT`, or its first heading.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub project: String,
    /// The spec's `TARGET`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub target: String,
    /// The spec's `TYPE`.
    #[serde(default, rename = "type", skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// What the plan was made from.
    #[serde(default)]
    pub specs: Vec<PlannedSpec>,
    /// The phases, in the order of the work.
    #[serde(default)]
    pub phases: Vec<TaskPhase>,
    /// The tasks, in the order of the specs.
    #[serde(default)]
    pub tasks: Vec<Task>,
    /// Titles of spec items that a person took out of the plan.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<String>,
    /// The number of the next new task.
    #[serde(default)]
    pub next: u32,
}

impl TaskPlan {
    /// A task by its id.
    pub fn task(&self, id: TaskId) -> Option<&Task> {
        self.tasks.iter().find(|task| task.id == id)
    }

    /// A task by its id, to be changed.
    pub fn task_mut(&mut self, id: TaskId) -> Option<&mut Task> {
        self.tasks.iter_mut().find(|task| task.id == id)
    }

    /// What must hold for the whole at the end, of all specs.
    pub fn criteria(&self) -> impl Iterator<Item = &str> {
        let specs = self.specs.iter();
        specs.flat_map(|spec| spec.criteria.iter().map(String::as_str))
    }

    /// What everybody keeps to, and what is not to be done, of all specs.
    pub fn constraints(&self) -> impl Iterator<Item = &str> {
        let specs = self.specs.iter();
        specs.flat_map(|spec| spec.constraints.iter().map(String::as_str))
    }

    /// How many tasks are in which state.
    pub fn count(&self) -> TaskCount {
        let of = |state| {
            let tasks = self.tasks.iter().filter(|task| task.state == state);
            u32::try_from(tasks.count()).unwrap_or(u32::MAX)
        };
        TaskCount {
            done: of(TaskState::Done),
            doing: of(TaskState::Doing),
            blocked: of(TaskState::Blocked),
            total: u32::try_from(self.tasks.len()).unwrap_or(u32::MAX),
        }
    }
}
