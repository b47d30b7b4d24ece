//! `torch credit`.

use clap::Args;
use torch_api::credit::CreditView;
use torch_api::{Request, Response};

use super::JsonArgs;
use crate::connect;
use crate::error::{CommandError, Outcome};
use crate::exit;
use crate::offline;
use crate::output;
use crate::place::Place;
use crate::render;
use crate::render::time::Clock;

/// Shows how much of their usage limits the agents have used, what holds them, and when that is reset.
///
/// Agents of one program and login share their limits. An agent that hit one is held until its reset, woken once, and let go
/// on when it shows a sign of life.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  torch credit --team myapp")]
pub struct CreditArgs {
    /// One team, by name; default: all
    #[arg(long, value_name = "NAME")]
    team: Option<String>,
    #[command(flatten)]
    json: JsonArgs,
}

/// Runs the command.
pub(crate) fn run(args: CreditArgs, place: &Place) -> Outcome {
    let view = look(args.team, place)?;
    if args.json.json {
        output::json(&view)?;
    } else {
        output::data(&render::credit::credit(&view, &Clock::system()))?;
    }
    Ok(exit::OK)
}

fn look(team: Option<String>, place: &Place) -> Result<CreditView, CommandError> {
    let Some(mut client) = connect::running(place)? else {
        let view = offline::credit(place, team.as_deref())?;
        output::notice(offline::NOTICE);
        return Ok(view);
    };
    match connect::ask(&mut client, &Request::Credit { team })? {
        Response::Credit(view) => Ok(*view),
        other => Err(CommandError::unexpected(&other)),
    }
}
