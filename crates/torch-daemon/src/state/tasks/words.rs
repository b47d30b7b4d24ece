//! What is said about plans: refusals, and the notice to the hub.

use torch_api::Failure;
use torch_core::{TaskId, TaskPlan};
use torch_plan::Difference;
use torch_plan::alias::{self, AliasError};
use torch_plan::analysis::AnalysisError;
use torch_plan::check::Fault;
use torch_plan::file::{Clash, FileFault};
use torch_plan::report::Named;

use crate::failure::{causes, usage};

/// How many faults of a plan are told.
const FAULTS: usize = 10;

/// How many lines of a difference the hub is told.
const LINES: usize = 40;

/// How many of a plan's ids are told to somebody who named none of them.
const IDS: usize = 12;

/// The id of a task that is in the plan, by that or by the one that the spec gives it.
pub(super) fn task_id(plan: &TaskPlan, text: &str) -> Result<TaskId, Box<Failure>> {
    alias::resolve(plan, text).map_err(|error| unresolved(plan, &error))
}

/// What is said to somebody who names no task, or several at once.
pub(super) fn unresolved(plan: &TaskPlan, error: &AliasError) -> Box<Failure> {
    let mut failure = usage(&error.to_string(), "", Some("torch plan show"));
    failure.causes = match error {
        AliasError::Unknown(_) => vec![ids(plan)],
        AliasError::Ambiguous { tasks, .. } => {
            let tasks = tasks.iter().take(FAULTS);
            tasks.map(|id| alias::titled(plan, *id)).collect()
        }
    };
    Box::new(failure)
}

/// What a plan's tasks are called.
fn ids(plan: &TaskPlan) -> String {
    let shown = plan.tasks.iter().take(IDS).map(alias::shown);
    let more = match plan.tasks.len().saturating_sub(IDS) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(
        "its tasks are {}{more}",
        shown.collect::<Vec<_>>().join(", ")
    )
}

/// What somebody is told whose report names ids that no task has.
pub(super) fn unknown(plan: &TaskPlan, named: &Named) -> String {
    let done: Vec<String> = named.tasks.iter().map(ToString::to_string).collect();
    let done = match done.as_slice() {
        [] => "Your report ended no task".to_owned(),
        done => format!("Your report ended {}, and nothing else", done.join(", ")),
    };
    let mut text = format!("{done}:");
    if !named.unknown.is_empty() {
        let unknown = named.unknown.join(", ");
        let ids = ids(plan);
        text.push_str(&format!(" no task of the plan is called {unknown}; {ids}."));
    }
    for error in &named.ambiguous {
        if let AliasError::Ambiguous { tasks, .. } = error {
            let tasks: Vec<String> = tasks.iter().map(|id| alias::titled(plan, *id)).collect();
            text.push_str(&format!(" {error}: {}.", tasks.join("; ")));
        }
    }
    text + " If a task of these is done: `torch complete \"T3 done: …\"` with its id; all of them: `torch plan show`."
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

/// An edit of what somebody else changed since it began.
pub(super) fn clash(parts: &[Clash]) -> Box<Failure> {
    let shown: Vec<String> = parts.iter().take(FAULTS).map(ToString::to_string).collect();
    let more = match parts.len().saturating_sub(FAULTS) {
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

/// What an agent is told whose report is about the words that tasks had before.
pub(super) fn late<'a>(tasks: impl Iterator<Item = &'a torch_core::Task>) -> String {
    let lines: Vec<String> = tasks
        .map(|task| format!("- {} now asks for: {}", task.id, task.title))
        .collect();
    format!(
        "Your report did not end what follows: its spec has changed since you were given it, and your report may be about the old \
         words.\n{}\nCompare (`torch plan show`). What you have done for the new words as well, report again: \
         `torch complete \"T3 done: …\"`; else go on with it.",
        lines.join("\n")
    )
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
         Tell those whose tasks these are; stop work on what is gone.{}{} `torch plan show` has the whole plan.",
        between.counts(),
        lines.join("\n"),
        match between.again().count() {
            0 => "",
            _ =>
                " What is to do again counts as not done: what was made for its old words may have to go or change.",
        },
        match between.constraints.is_empty() {
            true => "",
            false => " All others are told what they are to keep to.",
        },
    )
}

/// What everybody else is told, where something differs of what they are to keep to.
pub(super) fn for_all(between: &Difference) -> Option<String> {
    let mut lines = between.constraint_lines();
    if lines.is_empty() {
        return None;
    }
    let more = lines.len().saturating_sub(LINES);
    lines.truncate(LINES);
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    Some(format!(
        "The spec changed in what everybody keeps to. + is new, - no longer holds, ~ says something else.\n{}\n\
         Keep to it from now on, in what you have begun as well. `torch plan show` has all of it.",
        lines.join("\n")
    ))
}
