//! What a briefing says of the plan: a role's own tasks, and for the hub the whole in short.

use torch_core::{RoleName, Task, TaskPlan, TaskState};

use crate::alias;
use crate::source::shorten;

/// The most tasks that a briefing names.
const TASKS: usize = 12;

/// The most of a title, and of what says when a task is done, in characters.
const WORDS: usize = 110;

/// The most constraints that a briefing names.
const CONSTRAINTS: usize = 12;

/// The most phases that the hub's briefing names.
const PHASES: usize = 12;

/// The open tasks of a role, in the plan's order.
pub fn open<'a>(plan: &'a TaskPlan, role: &'a RoleName) -> impl Iterator<Item = &'a Task> {
    let tasks = plan
        .tasks
        .iter()
        .filter(|task| task.state != TaskState::Done);
    tasks.filter(move |task| task.owner.as_ref() == Some(role))
}

/// The plan's part in a role's briefing, at most about 3,500 characters; empty without tasks.
pub fn part(plan: &TaskPlan, role: &RoleName) -> String {
    if plan.tasks.is_empty() {
        return String::new();
    }
    let mut lines = Vec::new();
    if role.is_hub() || role.is_sub_hub() {
        lines.push(whole(plan));
        lines.extend(phases(plan));
    }
    let own: Vec<&Task> = open(plan, role).collect();
    list(&mut lines, "Your tasks", &own);
    if role.is_hub() {
        let free = |task: &&Task| task.owner.is_none() && task.state != TaskState::Done;
        let free: Vec<&Task> = plan.tasks.iter().filter(free).collect();
        list(&mut lines, "Without an owner, for you to hand out", &free);
    }
    if own.is_empty() && lines.is_empty() {
        lines.push(
            "No task of the plan names your role; the orchestrator gives you work.".to_owned(),
        );
    }
    lines.extend(kept(plan));
    let set = match role.is_hub() {
        true => {
            " `torch plan set T3 doing` says how far a task is; `torch complete \"T3 done: …\"` from you ends that task, not the spec."
        }
        false => "",
    };
    lines.push(format!(
        "Begin a report on a finished task with its id: `torch complete \"T3 done: …\"`. All tasks: `torch plan show`.{set}"
    ));
    lines.join("\n")
}

/// What everybody keeps to.
fn kept(plan: &TaskPlan) -> Vec<String> {
    let all: Vec<&str> = plan.constraints().collect();
    if all.is_empty() {
        return Vec::new();
    }
    let mut lines = vec!["What the spec wants everybody to keep to:".to_owned()];
    let told = all.iter().take(CONSTRAINTS);
    lines.extend(told.map(|line| format!("- {}", shorten(line, WORDS))));
    if all.len() > CONSTRAINTS {
        lines.push(format!(
            "- and {} more, in the spec",
            all.len() - CONSTRAINTS
        ));
    }
    lines
}

fn whole(plan: &TaskPlan) -> String {
    let count = plan.count();
    let blocked = match count.blocked {
        0 => String::new(),
        some => format!(", {some} blocked"),
    };
    format!(
        "{} tasks, {} done, {} under way{blocked}.",
        count.total, count.done, count.doing
    )
}

fn phases(plan: &TaskPlan) -> Vec<String> {
    let of = |id: &str| {
        plan.tasks
            .iter()
            .filter(|task| task.phase.as_deref() == Some(id))
            .collect::<Vec<_>>()
    };
    let mut lines: Vec<String> = plan
        .phases
        .iter()
        .take(PHASES)
        .map(|phase| {
            let tasks = of(&phase.id);
            let done = tasks
                .iter()
                .filter(|task| task.state == TaskState::Done)
                .count();
            format!(
                "- {} ({}): {done} of {} done",
                shorten(&phase.title, WORDS),
                phase.id,
                tasks.len()
            )
        })
        .collect();
    if plan.phases.len() > PHASES {
        lines.push(format!("- and {} more phases", plan.phases.len() - PHASES));
    }
    lines
}

fn list(lines: &mut Vec<String>, head: &str, tasks: &[&Task]) {
    if tasks.is_empty() {
        return;
    }
    lines.push(format!("{head}:"));
    lines.extend(tasks.iter().take(TASKS).map(|task| line(task)));
    if tasks.len() > TASKS {
        lines.push(format!(
            "- and {} more (`torch plan show`)",
            tasks.len() - TASKS
        ));
    }
}

fn line(task: &Task) -> String {
    let mut text = format!("- {} {}", alias::shown(task), shorten(&task.title, WORDS));
    if task.state != TaskState::Todo {
        text.push_str(&format!(" ({})", task.state));
    }
    if !task.depends_on.is_empty() {
        let ids: Vec<String> = task
            .depends_on
            .iter()
            .take(5)
            .map(ToString::to_string)
            .collect();
        let more = if task.depends_on.len() > 5 {
            " …"
        } else {
            ""
        };
        text.push_str(&format!(" (after {}{more})", ids.join(", ")));
    }
    if !task.done_when.is_empty() {
        text.push_str(&format!(
            "; done when {}",
            shorten(&task.done_when.join("; "), WORDS)
        ));
    }
    text
}
