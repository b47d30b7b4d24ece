//! `torch complete "text"`.

use clap::Args;
use torch_api::{Request, Response};
use torch_plan::report;

use super::JsonArgs;
use crate::connect;
use crate::error::{CommandError, Outcome};
use crate::exit;
use crate::output;
use crate::place::Place;
use crate::render;

/// Reports that the calling agent's task is complete; from the hub, that the whole spec is.
///
/// A report that names tasks of the plan (torch plan) ends those, from the hub, too.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  torch complete \"parser done in 3f2c1aa, 42 tests pass\"\n  torch complete --task T3 \"in 3f2c1aa, 42 tests pass\""
)]
pub struct CompleteArgs {
    /// What was done, which commit, how it was checked
    #[arg(value_name = "TEXT", allow_hyphen_values = true)]
    text: String,
    /// The task of the plan that is done; the same as a text that begins with `T3 done:`
    #[arg(long, value_name = "TASK")]
    task: Option<String>,
    #[command(flatten)]
    json: JsonArgs,
}

/// Runs the command.
pub(crate) fn run(args: CompleteArgs, place: &Place) -> Outcome {
    if args.text.trim().is_empty() {
        return Err(CommandError::usage("the report is empty")
            .hint("torch complete \"what was done, which commit, how it was checked\""));
    }
    let text = match &args.task {
        Some(task) => of_task(task, &args.text)?,
        None => args.text,
    };
    let response = connect::ask_by_any_door(place, &Request::Complete { text })?;
    let Response::Sent { message, .. } = &response else {
        return Err(CommandError::unexpected(&response));
    };
    if args.json.json {
        output::json(&response)?;
    } else {
        output::data(&render::message::stored(message))?;
    }
    Ok(exit::OK)
}

/// The report of a task, as every door takes it.
fn of_task(task: &str, text: &str) -> Result<String, CommandError> {
    let id = report::form(task.trim()).ok_or_else(|| {
        CommandError::usage(format!("--task {task:?} names no task"))
            .cause("a task is called T3 or #3, or as the spec calls it: R10, REQ-12")
            .hint("torch plan show")
    })?;
    // It may say so itself.
    match report::ids(text).contains(&id) {
        true => Ok(text.to_owned()),
        false => Ok(format!("{id} done: {text}")),
    }
}
