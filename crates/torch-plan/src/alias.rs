//! The ids that a spec itself gives its tasks, beside those of the plan: shown, and accepted wherever a task is named.

use torch_core::{Task, TaskId, TaskPlan};

use crate::revise::mark;

/// The id that the spec gives a task, in capitals, where the plan calls it otherwise: `R10`, `REQ-12`.
pub fn of(task: &Task) -> Option<String> {
    let alias = mark(&task.said)?.to_uppercase();
    (alias != task.id.to_string()).then_some(alias)
}

/// The task that a word names: by its id in the plan, else by the one that its spec gives it.
pub fn find(plan: &TaskPlan, word: &str) -> Option<TaskId> {
    let word = word.trim();
    let id = word.parse::<TaskId>().ok();
    if let Some(id) = id.filter(|id| plan.task(*id).is_some()) {
        return Some(id);
    }
    let alias = word.to_uppercase();
    let mut tasks = plan.tasks.iter();
    let found = tasks.find(|task| of(task).as_deref() == Some(alias.as_str()));
    found.map(|task| task.id)
}

/// A task's id as it is shown: `T1`, or `T1 (R10)` where the spec has another.
pub fn shown(task: &Task) -> String {
    match of(task) {
        Some(alias) => format!("{} ({alias})", task.id),
        None => task.id.to_string(),
    }
}
