//! A team's plan of tasks: what is asked about it, and what is shown of it.

use serde::{Deserialize, Serialize};
use torch_core::{TaskPlan, TaskState};

use crate::wire::TeamSelector;

/// What is asked about a team's plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TasksRequest {
    /// Which team; an agent's own without a name.
    pub team: TeamSelector,
    /// What is to be done with its plan.
    pub order: TasksOrder,
}

/// What is to be done with a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "snake_case")]
pub enum TasksOrder {
    /// Nothing: it is answered. Anybody may ask.
    Show,
    /// A task has come to a state. A person or the team's hub or deputy hub may say so.
    Set {
        /// The task's id.
        task: String,
        /// The state.
        state: TaskState,
        /// Why, or what was done; may be empty.
        words: String,
    },
    /// A plan's file is taken in. A person may do that.
    Edit {
        /// The file.
        text: String,
        /// The file that the edit began with: what it did not touch stays as it is meanwhile.
        base: Option<String>,
        /// Only say what would differ.
        dry_run: bool,
    },
    /// Specs are read again, or added. A person may do that.
    Specs {
        /// The specs that are read, with their text.
        specs: Vec<SpecText>,
        /// Whether they are new to the plan; else they must be in it, unless the team has no plan yet.
        add: bool,
        /// Only say what would differ.
        dry_run: bool,
    },
    /// A spec is taken out, with its tasks. A person may do that.
    DropSpec {
        /// Its path as the plan has it.
        path: String,
        /// Only say what would differ.
        dry_run: bool,
    },
    /// The answer of an agent program that was asked to better the plan. A person may do that.
    Refine {
        /// Its words.
        answer: String,
        /// Only say what would differ.
        dry_run: bool,
    },
}

/// A spec's file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpecText {
    /// Its path, absolute.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// A team's plan, and what a request changed of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TasksView {
    /// The team's name.
    pub team: String,
    /// Its roles, the hub first.
    pub roles: Vec<String>,
    /// The plan as it is now; with `dry_run` as it would be.
    pub plan: TaskPlan,
    /// What the request changed, or with `dry_run` would.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<PlanChange>,
}

/// What differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanChange {
    /// In short: `2 added, 1 changed`.
    pub counts: String,
    /// One line for each task.
    pub lines: Vec<String>,
    /// Whether the hub is told of it.
    pub told: bool,
    /// Whether everybody else is told what they are to keep to now.
    #[serde(default)]
    pub told_all: bool,
    /// Whether nothing was changed because it was only asked what would differ.
    pub dry_run: bool,
}
