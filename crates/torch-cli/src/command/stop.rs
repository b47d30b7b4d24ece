//! `torch stop`.

use clap::Args;
use torch_api::{Request, Response};

use super::{JsonArgs, TeamArgs, steps};
use crate::connect;
use crate::error::{CommandError, Outcome};
use crate::exit;
use crate::output;
use crate::place::Place;

/// Ends a team's agents.
///
/// Worktrees, branches, messages and history stay; `torch resume` brings the team back.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  torch stop --team myapp\n  torch stop --all")]
pub struct StopArgs {
    /// Stops every team
    #[arg(long, conflicts_with = "team")]
    all: bool,
    #[command(flatten)]
    team: TeamArgs,
    #[command(flatten)]
    json: JsonArgs,
}

/// Runs the command.
pub(crate) fn run(args: StopArgs, place: &Place) -> Outcome {
    if args.all {
        return stop_all(args.json, place);
    }
    let mut client = connect::connect(place)?;
    let team = place.team(args.team.team);
    steps::done(&mut client, &Request::Stop { team }, args.json)
}

/// One after the other; what can't be stopped does not keep the others running.
fn stop_all(json: JsonArgs, place: &Place) -> Outcome {
    let mut client = connect::connect(place)?;
    let teams = match connect::ask(&mut client, &Request::Status { team: None })? {
        Response::Status { teams, .. } => teams,
        other => return Err(CommandError::unexpected(&other)),
    };
    let running: Vec<_> = teams
        .into_iter()
        .filter(|team| team.phase != "stopped")
        .collect();
    if running.is_empty() && !json.json {
        output::data("no team is running\n")?;
    }
    let mut failed = None;
    for team in running {
        let mut client = connect::connect(place)?;
        let team = place.team(Some(team.name));
        if let Err(error) = steps::done(&mut client, &Request::Stop { team }, json) {
            failed = failed.or(Some(error));
        }
    }
    failed.map_or(Ok(exit::OK), Err)
}
