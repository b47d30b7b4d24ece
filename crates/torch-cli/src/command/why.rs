//! `torch why ROLE`.

use clap::Args;
use torch_api::{Request, Response};

use super::{JsonArgs, TeamArgs};
use crate::connect;
use crate::error::{CommandError, Outcome};
use crate::exit;
use crate::output;
use crate::place::Place;
use crate::render::time::Clock;
use crate::render::why::why;

/// How many lines of what happened to an agent are shown without `--all`.
const LINES: usize = 6;

/// Says what torch believes of an agent, on what evidence, since when, and what it waits for.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  torch why developer")]
pub struct WhyArgs {
    /// The role
    #[arg(value_name = "ROLE")]
    role: String,
    /// Shows all that is known of what happened to it, instead of six lines
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    team: TeamArgs,
    #[command(flatten)]
    json: JsonArgs,
}

/// Runs the command.
pub(crate) fn run(args: WhyArgs, place: &Place) -> Outcome {
    let mut client = connect::must_run(place)?;
    let request = Request::Why {
        team: place.team(args.team.team),
        role: args.role,
    };
    let response = connect::ask(&mut client, &request)?;
    let Response::Why {
        agent,
        waits_for,
        rules,
        history,
    } = &response
    else {
        return Err(CommandError::unexpected(&response));
    };
    if args.json.json {
        output::json(&response)?;
    } else {
        let states = if args.all { usize::MAX } else { LINES };
        output::data(&why(
            agent,
            (waits_for, rules),
            history,
            states,
            &Clock::system(),
        ))?;
    }
    Ok(exit::OK)
}
