//! The ids that a spec itself gives its tasks, beside those of the plan: shown, and accepted wherever a task is named.

use torch_core::{Task, TaskId, TaskPlan};

use crate::revise::mark;

/// The id that the spec gives a task, in capitals, where the plan calls it otherwise: `R10`, `REQ-12`.
pub fn of(task: &Task) -> Option<String> {
    let alias = mark(&task.said)?.to_uppercase();
    (alias != task.id.to_string()).then_some(alias)
}

/// Why a word names no task.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AliasError {
    /// None is called so.
    #[error("no task of the plan is called {0:?}")]
    Unknown(
        /// The word.
        String,
    ),
    /// The specs call several so.
    #[error("{word:?} names {} tasks of the plan", tasks.len())]
    Ambiguous {
        /// The word.
        word: String,
        /// The tasks, in the plan's order.
        tasks: Vec<TaskId>,
    },
}

/// The task that a word names: by its id in the plan, else by the one that its spec gives it.
///
/// # Errors
/// [`AliasError`]; by its id in the plan, a task can always be named.
pub fn resolve(plan: &TaskPlan, word: &str) -> Result<TaskId, AliasError> {
    let word = word.trim();
    let id = word.parse::<TaskId>().ok();
    if let Some(id) = id.filter(|id| plan.task(*id).is_some()) {
        return Ok(id);
    }
    let alias = word.to_uppercase();
    let tasks = plan.tasks.iter();
    let called = tasks.filter(|task| of(task).as_deref() == Some(alias.as_str()));
    let tasks: Vec<TaskId> = called.map(|task| task.id).collect();
    match tasks.as_slice() {
        [] => Err(AliasError::Unknown(word.to_owned())),
        [one] => Ok(*one),
        _ => Err(AliasError::Ambiguous {
            word: word.to_owned(),
            tasks,
        }),
    }
}

/// A task's id as it is shown: `T1`, or `T1 (R10)` where the spec has another.
pub fn shown(task: &Task) -> String {
    match of(task) {
        Some(alias) => format!("{} ({alias})", task.id),
        None => task.id.to_string(),
    }
}

/// A task's id with its title, as a candidate is shown.
pub fn titled(plan: &TaskPlan, id: TaskId) -> String {
    let title = plan.task(id).map_or("", |task| task.title.as_str());
    format!("{id} {title}").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_two_specs_use_names_neither() {
        let spec = |path: &str, text: &str| crate::Spec {
            path: path.to_owned(),
            sha256: String::new(),
            text: text.to_owned(),
        };
        let first = spec("/p/a.md", "- R1: Import orders\n- R2: Export orders\n");
        let second = spec("/p/b.md", "- R1: Show invoices\n");
        let plan = crate::plan(&first, &[]);
        let plan = crate::revise(&plan, &[second], &[]);
        assert_eq!(resolve(&plan, " r2 "), Ok(TaskId(2)));
        let error = resolve(&plan, "R1").expect_err("two tasks");
        assert_eq!(error.to_string(), "\"R1\" names 2 tasks of the plan");
        let AliasError::Ambiguous { tasks, .. } = error else {
            panic!("{error}");
        };
        let shown: Vec<String> = tasks.iter().map(|id| titled(&plan, *id)).collect();
        assert_eq!(shown, ["T1 Import orders", "T3 Show invoices"]);
        // By its id in the plan either can be named.
        assert_eq!(resolve(&plan, "T3"), Ok(TaskId(3)));
        let error = resolve(&plan, "R9").expect_err("none");
        assert_eq!(error.to_string(), "no task of the plan is called \"R9\"");
    }
}
