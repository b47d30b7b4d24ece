//! `torch inbox`.

use clap::Args;
use torch_api::{Request, Response};

use super::JsonArgs;
use crate::connect;
use crate::error::{CommandError, Outcome};
use crate::exit;
use crate::offline;
use crate::output;
use crate::place::Place;
use crate::render::message;
use crate::render::time::Clock;

/// Shows the messages to `human`, newest first, and marks them as read.
///
/// With --json, which programs read, nothing is marked.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  torch inbox --all")]
pub struct InboxArgs {
    /// Also what was read before
    #[arg(long)]
    all: bool,
    /// Leaves them unread
    #[arg(long)]
    keep: bool,
    #[command(flatten)]
    json: JsonArgs,
}

/// Runs the command.
pub(crate) fn run(args: &InboxArgs, place: &Place) -> Outcome {
    let messages = match connect::running(place)? {
        Some(mut client) => {
            let request = Request::Inbox {
                all: args.all,
                // What a program takes no person has seen.
                mark_read: !args.keep && !args.json.json,
            };
            match connect::ask(&mut client, &request)? {
                Response::Messages { messages } => messages,
                other => return Err(CommandError::unexpected(&other)),
            }
        }
        None => {
            let messages = offline::inbox(place, args.all)?;
            output::notice(offline::NOTICE);
            messages
        }
    };
    if args.json.json {
        for message in &messages {
            output::json(message)?;
        }
    } else {
        let clock = Clock::system();
        let seen = (&clock, crate::screen::width());
        output::data(&message::inbox(&messages, args.all, seen))?;
    }
    Ok(exit::OK)
}
