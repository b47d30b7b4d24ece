//! `torch ack ID`.

use clap::Args;
use torch_api::{Request, Response};

use crate::connect;
use crate::error::{CommandError, Outcome};
use crate::exit;
use crate::output;
use crate::place::Place;

/// Confirms that the calling agent acted on a message.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  torch ack m-7k3f9q2a")]
pub struct AckArgs {
    /// The message, as its tag names it
    #[arg(value_name = "ID")]
    id: String,
}

/// Runs the command.
pub(crate) fn run(args: AckArgs, place: &Place) -> Outcome {
    match connect::ask_by_any_door(place, &Request::Ack { id: args.id })? {
        Response::Done { text } => output::data(&format!("{text}\n"))?,
        other => return Err(CommandError::unexpected(&other)),
    }
    Ok(exit::OK)
}
