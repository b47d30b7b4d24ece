//! What is said about plans: refusals, and the notice to the hub.

use torch_api::Failure;
use torch_core::{TaskId, TaskPlan};
use torch_plan::Difference;
use torch_plan::analysis::AnalysisError;
use torch_plan::check::Fault;
use torch_plan::file::FileFault;

use crate::failure::{causes, usage};

/// How many faults of a plan are told.
const FAULTS: usize = 10;

/// How many lines of a difference the hub is told.
const LINES: usize = 40;

/// The id of a task that is in the plan.
pub(super) fn task_id(plan: &TaskPlan, text: &str) -> Result<TaskId, Box<Failure>> {
    let hint = Some("torch plan show");
    let id: TaskId = text
        .trim()
        .parse()
        .map_err(|error: torch_core::task::TaskIdError| {
            Box::new(usage(&error.to_string(), "", hint))
        })?;
    match plan.task(id) {
        Some(_) => Ok(id),
        None => {
            let cause = format!(
                "the plan has {} tasks, the next one will be T{}",
                plan.tasks.len(),
                plan.next
            );
            Err(Box::new(usage(
                &format!("there is no task {id}"),
                &cause,
                hint,
            )))
        }
    }
}

/// What is wrong with a plan's file.
pub(super) fn faults(faults: &[FileFault]) -> Box<Failure> {
    let lines = faults.iter().take(FAULTS).map(|fault| {
        let line = fault
            .line
            .map(|line| format!("line {line}: "))
            .unwrap_or_default();
        format!("{line}{} ({})", fault.text, fault.hint)
    });
    not_taken(lines.collect(), faults.len())
}

/// An edit of tasks that somebody else changed since it began.
pub(super) fn clash(tasks: &[TaskId]) -> Box<Failure> {
    let shown: Vec<String> = tasks.iter().take(FAULTS).map(ToString::to_string).collect();
    let more = match tasks.len().saturating_sub(FAULTS) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Box::new(usage(
        "the edit was not taken in",
        &format!(
            "somebody else changed what it changes as well: {}{more}",
            shown.join(", ")
        ),
        Some("torch plan show"),
    ))
}

/// What is wrong with a plan that a file would make of this one.
pub(super) fn plan_faults(faults: &[Fault]) -> Box<Failure> {
    let lines = faults
        .iter()
        .take(FAULTS)
        .map(|fault| format!("{} ({})", fault.text, fault.hint));
    not_taken(lines.collect(), faults.len())
}

fn not_taken(lines: Vec<String>, count: usize) -> Box<Failure> {
    let mut failure = usage(
        "the plan's file is not in order; nothing was changed",
        "",
        Some("torch plan edit"),
    );
    failure.causes = lines;
    if count > FAULTS {
        failure.causes.push(format!("and {} more", count - FAULTS));
    }
    Box::new(failure)
}

/// Why an answer of an agent program is not taken.
pub(super) fn answer(error: &AnalysisError) -> Box<Failure> {
    let mut failure = usage(&error.to_string(), "", Some("torch plan show"));
    failure.causes = causes(error);
    failure
        .causes
        .push("the plan stays as the spec's words make it".to_owned());
    Box::new(failure)
}

/// What the hub is told of a changed spec.
pub(super) fn for_the_hub(between: &Difference) -> String {
    let mut lines = between.lines();
    let more = lines.len().saturating_sub(LINES);
    lines.truncate(LINES);
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    format!(
        "The spec changed, and with it the plan: {}. + is new, - is gone, ~ is changed, > stands elsewhere.\n{}\n\
         Tell those whose tasks these are; stop work on what is gone. `torch plan show` has the whole plan.",
        between.counts(),
        lines.join("\n")
    )
}
