//! `torch credit`.

use clap::{Args, Subcommand};
use torch_api::credit::CreditView;
use torch_api::{Request, Response};

use super::{JsonArgs, TeamArgs, steps};
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
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  torch credit --team myapp\n  torch credit wake developer"
)]
pub struct CreditArgs {
    #[command(subcommand)]
    command: Option<CreditCommand>,
    /// One team, by name; default: all
    #[arg(long, value_name = "NAME")]
    team: Option<String>,
    #[command(flatten)]
    json: JsonArgs,
}

/// What a person may say of limits.
#[derive(Debug, Subcommand)]
enum CreditCommand {
    /// Says that a usage limit is over, because credits were bought or its time is not true: wakes the agent now
    #[command(after_help = "Examples:\n  torch credit wake\n  torch credit wake developer")]
    Wake(WakeArgs),
}

#[derive(Debug, Args)]
struct WakeArgs {
    /// One role; default: all agents of the team that a limit holds
    #[arg(value_name = "ROLE")]
    role: Option<String>,
    #[command(flatten)]
    team: TeamArgs,
    #[command(flatten)]
    json: JsonArgs,
}

/// Runs the command.
pub(crate) fn run(args: CreditArgs, place: &Place) -> Outcome {
    if let Some(CreditCommand::Wake(args)) = args.command {
        return wake(args, place);
    }
    let view = look(args.team, place)?;
    if args.json.json {
        output::json(&view)?;
    } else {
        let width = crate::screen::width();
        output::data(&render::credit::credit(&view, &Clock::system(), width))?;
    }
    Ok(exit::OK)
}

fn wake(args: WakeArgs, place: &Place) -> Outcome {
    let mut client = connect::connect(place)?;
    let request = Request::Wake {
        team: place.team(args.team.team),
        role: args.role,
    };
    steps::done(&mut client, &request, args.json)
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
