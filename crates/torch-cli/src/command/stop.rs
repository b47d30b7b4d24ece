//! `torch stop`.

use clap::Args;
use torch_api::view::TeamView;
use torch_api::{Request, Response};

use super::given::Given;
use super::{JsonArgs, TeamArgs, steps};
use crate::connect;
use crate::error::{CommandError, Outcome};
use crate::exit;
use crate::output;
use crate::place::Place;
use crate::render::worktree;

/// Ends a team's agents.
///
/// Worktrees, branches, messages and history stay; `torch resume` brings the team back. With --purge the team goes for
/// good: its worktrees and home branches are removed, and everything in them is kept under hidden references first
/// (`torch undelete`).
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  torch stop --team myapp\n  torch stop --all\n  torch stop --purge"
)]
pub struct StopArgs {
    /// Stops every team
    #[arg(long, conflicts_with = "team")]
    all: bool,
    /// Removes the team, its worktrees and home branches afterwards; asks first
    #[arg(long)]
    purge: bool,
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
    if args.purge && !args.yes && !output::can_ask() {
        let text = "torch stop --purge asks first, and nobody can be asked here";
        return Err(CommandError::usage(text)
            .cause("standard input or standard error is no terminal")
            .hint(Given::ours().and("--yes").line()));
    }
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
    let mut client = connect::connect(place)?;
    match connect::ask(&mut client, &Request::Status { team: None })? {
        Response::Status { teams, .. } => Ok(teams),
        other => Err(CommandError::unexpected(&other)),
    }
}

fn one(args: &StopArgs, team: Option<String>, place: &Place) -> Outcome {
    let mut client = connect::connect(place)?;
    let stop = Request::Stop {
        team: place.team(team.clone()),
    };
    steps::done(&mut client, &stop, args.json)?;
    if args.purge {
        purge(args, team, place)
    } else {
        Ok(exit::OK)
    }
}

/// Says what goes and what is kept, asks, and removes it.
fn purge(args: &StopArgs, team: Option<String>, place: &Place) -> Outcome {
    let ask = |dry_run| {
        let request = Request::Purge {
            team: place.team(team.clone()),
            dry_run,
        };
        connect::ask(&mut connect::connect(place)?, &request)
    };
    if !args.yes {
        match ask(true)? {
            Response::Worktrees { worktrees } => {
                for found in &worktrees {
                    output::notice(worktree::before(found, true).trim_end());
                }
            }
            other => return Err(CommandError::unexpected(&other)),
        }
        if !output::ask("Remove the team and all of this?")? {
            output::notice("the team is stopped; nothing was removed");
            return Ok(exit::FAILURE);
        }
    }
    let Response::WorktreesRemoved { worktrees } = ask(false)? else {
        return Err(CommandError::other(
            "the daemon gave another answer to a purge",
        ));
    };
    let failed = worktrees.iter().any(|removed| removed.failure.is_some());
    for removed in &worktrees {
        if args.json.json {
            output::json(removed)?;
        } else {
            output::data(&worktree::removed(removed))?;
        }
    }
    if failed {
        output::notice("the team stays, since not everything could be removed");
        return Ok(exit::FAILURE);
    }
    if !args.json.json {
        output::data(
            "the team is removed; its messages are kept, and torch undelete brings worktrees back\n",
        )?;
    }
    Ok(exit::OK)
}
