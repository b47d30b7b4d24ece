//! Whether a plan can be worked by: known roles, known tasks, no rings.

use std::collections::{BTreeMap, BTreeSet};

use torch_core::{RoleName, Task, TaskId, TaskPlan};

use crate::build::back_links;
use crate::{DETAIL_MAX, LIST_MAX, TASKS_MAX, TITLE_MAX};

/// What is wrong with a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The place of the task among the plan's, counted from 0; none: the plan as a whole.
    pub task: Option<usize>,
    /// What.
    pub text: String,
    /// What to do about it.
    pub hint: String,
}

/// Everything that is wrong with a plan for a team of these roles; with no roles, owners are not checked.
pub fn faults(plan: &TaskPlan, roles: &[RoleName]) -> Vec<Fault> {
    let mut faults = Vec::new();
    if plan.tasks.is_empty() {
        faults.push(Fault {
            task: None,
            text: "the plan has no task".to_owned(),
            hint: "one [[task]] with a title is enough".to_owned(),
        });
    }
    if plan.tasks.len() > TASKS_MAX {
        faults.push(Fault {
            task: None,
            text: format!(
                "the plan has {} tasks, at most {TASKS_MAX} fit",
                plan.tasks.len()
            ),
            hint: "make several items one task".to_owned(),
        });
    }
    let ids: BTreeSet<TaskId> = plan.tasks.iter().map(|task| task.id).collect();
    let mut seen = BTreeSet::new();
    for (at, task) in plan.tasks.iter().enumerate() {
        let twice = (!seen.insert(task.id)).then(|| {
            let hint = format!("T{} is free", plan.next);
            ("the id is there twice".to_owned(), hint)
        });
        let found = twice
            .into_iter()
            .chain(texts(task))
            .chain(names(task, plan, roles))
            .chain(links(task, &ids));
        faults.extend(found.map(|(text, hint)| Fault {
            task: Some(at),
            text: format!("{}: {text}", task.id),
            hint,
        }));
    }
    faults.extend(phases(plan));
    faults.extend(rings(plan));
    faults
}

/// What is wrong, and what to do about it.
type Wrong = (String, String);

/// What is wrong with a task's own words.
fn texts(task: &Task) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    if task.title.trim().is_empty() {
        wrong.push((
            "it has no title".to_owned(),
            "title = \"what is to be done\"".to_owned(),
        ));
    }
    if task.title.chars().count() > TITLE_MAX || task.title.contains('\n') {
        let text = format!("its title is longer than one line of {TITLE_MAX} characters");
        wrong.push((text, "what is more belongs into detail".to_owned()));
    }
    if task.detail.chars().count() > DETAIL_MAX {
        let text = format!("its detail is longer than {DETAIL_MAX} characters");
        wrong.push((text, "the spec keeps the rest".to_owned()));
    }
    if task.done_when.len() > LIST_MAX || task.depends_on.len() > LIST_MAX {
        let text = format!("more than {LIST_MAX} entries in done_when or depends_on");
        wrong.push((text, "split the task".to_owned()));
    }
    wrong
}

/// Owners and phases that are not there.
fn names(task: &Task, plan: &TaskPlan, roles: &[RoleName]) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    let stranger = |owner: &&RoleName| !roles.is_empty() && !roles.contains(owner);
    if let Some(owner) = task.owner.as_ref().filter(stranger) {
        let names: Vec<&str> = roles.iter().map(RoleName::as_str).collect();
        let text = format!("its owner {owner} is not in the team");
        wrong.push((text, format!("one of {}", names.join(", "))));
    }
    let missing = |id: &&String| !plan.phases.iter().any(|phase| phase.id == **id);
    if let Some(phase) = task.phase.as_ref().filter(missing) {
        let known: Vec<&str> = plan.phases.iter().map(|phase| phase.id.as_str()).collect();
        let hint = match known.is_empty() {
            true => format!("add a [[phase]] with id = \"{phase}\" and a title"),
            false => format!("one of {}", known.join(", ")),
        };
        wrong.push((format!("there is no phase {phase}"), hint));
    }
    wrong
}

/// Tasks that it waits for and that are not there, or itself.
fn links(task: &Task, ids: &BTreeSet<TaskId>) -> Vec<Wrong> {
    let hint = |id: &TaskId| format!("take {id} out of depends_on");
    let wrong = task.depends_on.iter().filter_map(|id| match id {
        id if *id == task.id => Some(("it waits for itself".to_owned(), hint(id))),
        id if !ids.contains(id) => Some((
            format!("it waits for {id}, which is not in the plan"),
            hint(id),
        )),
        _ => None,
    });
    wrong.collect()
}

fn phases(plan: &TaskPlan) -> Vec<Fault> {
    let mut seen = BTreeSet::new();
    let wrong = plan.phases.iter().filter(|phase| {
        !seen.insert(&phase.id)
            || phase.id.trim().is_empty()
            || phase.title.trim().is_empty()
            || phase.title.contains('\n')
    });
    wrong
        .map(|phase| Fault {
            task: None,
            text: format!(
                "phase {:?} is there twice, or has no id or title of one line",
                phase.id
            ),
            hint: "[[phase]] id = \"P1\", title = \"…\"".to_owned(),
        })
        .collect()
}

fn rings(plan: &TaskPlan) -> Vec<Fault> {
    let at: BTreeMap<TaskId, usize> = plan
        .tasks
        .iter()
        .enumerate()
        .map(|(n, task)| (task.id, n))
        .collect();
    let links: Vec<Vec<usize>> = plan
        .tasks
        .iter()
        .enumerate()
        .map(|(n, task)| {
            task.depends_on
                .iter()
                .filter_map(|id| at.get(id).copied())
                .filter(|to| *to != n)
                .collect()
        })
        .collect();
    back_links(&links)
        .into_iter()
        .map(|(from, to)| {
            let (from_id, to_id) = (plan.tasks[from].id, plan.tasks[to].id);
            Fault {
                task: Some(from),
                text: format!("{from_id}: it waits for {to_id}, which waits for it"),
                hint: format!("take one of the two out of depends_on: {from_id} or {to_id}"),
            }
        })
        .collect()
}
