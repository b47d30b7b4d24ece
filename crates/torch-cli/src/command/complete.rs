//! `torch complete "text"`.

use clap::Args;
use torch_api::{Request, Response};

use super::JsonArgs;
use crate::connect;
use crate::error::{CommandError, Outcome};
use crate::exit;
use crate::output;
use crate::place::Place;
use crate::render;

/// Reports that the calling agent's task is complete; from the hub, that the whole spec is.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  torch complete \"parser done in 3f2c1aa, 42 tests pass\"")]
pub struct CompleteArgs {
    /// What was done, which commit, how it was checked
    #[arg(value_name = "TEXT", allow_hyphen_values = true)]
    text: String,
    #[command(flatten)]
    json: JsonArgs,
}

/// Runs the command.
pub(crate) fn run(args: CompleteArgs, place: &Place) -> Outcome {
    if args.text.trim().is_empty() {
        return Err(CommandError::usage("the report is empty")
            .hint("torch complete \"what was done, which commit, how it was checked\""));
    }
    let response = connect::ask_by_any_door(place, &Request::Complete { text: args.text })?;
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
