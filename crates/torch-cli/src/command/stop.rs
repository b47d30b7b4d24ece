//! `torch stop`.

mod purge;

use clap::Args;
use torch_api::view::TeamView;
use torch_api::{Request, Response};

use super::{JsonArgs, TeamArgs, steps};
use crate::connect;
use crate::error::{CommandError, Outcome};
use crate::exit;
use crate::output;
use crate::place::Place;

/// Ends a team's agents.
///
/// Worktrees, branches, messages and history stay; `torch resume` brings the team back. With --purge the team goes for
/// good: its worktrees, home branches and planned notes are removed, and everything in the worktrees is kept under hidden
/// references first (`torch undelete`).
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  torch stop --team myapp\n  torch stop --all\n  torch stop --purge --dry-run"
)]
pub struct StopArgs {
    /// Stops every team
    #[arg(long, conflicts_with = "team")]
    all: bool,
    /// Removes the team, its worktrees and home branches as well; shows what goes and asks before anything is changed
    #[arg(long)]
    purge: bool,
    /// Only shows what --purge would remove; the team goes on
    #[arg(long, requires = "purge", conflicts_with = "yes")]
    dry_run: bool,
    /// Purges without asking
    #[arg(long, short = 'y', requires = "purge")]
    yes: bool,
    #[command(flatten)]
    team: TeamArgs,
    #[command(flatten)]
    json: JsonArgs,
}

/// Runs the command.
pub(crate) fn run(args: StopArgs, place: &Place) -> Outcome {
    if !args.all {
        return one(&args, args.team.team.clone(), place);
    }
    let teams = teams(place)?;
    let wanted: Vec<_> = teams
        .into_iter()
        .filter(|team| args.purge || team.phase != "stopped")
        .collect();
    if wanted.is_empty() && !args.json.json {
        output::data("no team is running\n")?;
    }
    // What can't be stopped does not keep the others running.
    let mut ended = Ok(exit::OK);
    for team in wanted {
        let code = one(&args, Some(team.name), place);
        if matches!(ended, Ok(exit::OK)) {
            ended = code;
        }
    }
    ended
}

fn teams(place: &Place) -> Result<Vec<TeamView>, CommandError> {
    connect::looked(|| {
        let mut client = connect::connect(place)?;
        match connect::ask(&mut client, &Request::Status { team: None })? {
            Response::Status { teams, .. } => Ok(teams),
            other => Err(CommandError::unexpected(&other)),
        }
    })
}

/// Stopping twice is stopping.
const STOPPED: connect::Act<'static> = connect::Act {
    done: "the team is stopped",
    tells: "torch status",
};

fn one(args: &StopArgs, team: Option<String>, place: &Place) -> Outcome {
    if args.purge {
        return purge::run(args, team, place);
    }
    let stop = Request::Stop {
        team: place.team(team),
    };
    steps::done_surely(place, &stop, (STOPPED, args.json))
}
