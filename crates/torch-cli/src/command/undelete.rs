//! `torch undelete`.

use std::path::PathBuf;

use clap::Args;
use torch_api::{Request, Response};

use super::{JsonArgs, TeamArgs};
use crate::connect;
use crate::error::{CommandError, Outcome};
use crate::exit;
use crate::output;
use crate::place::Place;
use crate::render::time::Clock;
use crate::render::worktree;

/// Brings a removed worktree back: its files, what was staged, its branch and its stashes, as they were.
///
/// Nothing is written over: where something is in the place, or the branch has moved on, another one is taken or asked for.
/// Without a name, or with --list, it shows what is kept.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  torch undelete --list\n  torch undelete developer\n  torch undelete developer/20261121T061412.345Z --to ../developer-before"
)]
pub struct UndeleteArgs {
    /// A role, whose newest is meant, or one of the list
    #[arg(value_name = "ROLE|REF")]
    what: Option<String>,
    /// Only shows what is kept, newest first
    #[arg(long)]
    list: bool,
    /// Where to put it [default: where it was]
    #[arg(long, value_name = "DIR", conflicts_with = "list")]
    to: Option<PathBuf>,
    #[command(flatten)]
    team: TeamArgs,
    #[command(flatten)]
    json: JsonArgs,
}

/// Runs the command.
pub(crate) fn run(args: UndeleteArgs, place: &Place) -> Outcome {
    match args.what.clone() {
        Some(what) if !args.list => undelete(args, what, place),
        role => list(args, role, place),
    }
}

fn list(args: UndeleteArgs, role: Option<String>, place: &Place) -> Outcome {
    if args.to.is_some() {
        let error = CommandError::usage("--to says where, and not what to bring back");
        return Err(error.hint("torch undelete --list"));
    }
    let request = Request::KeptList {
        team: place.team(args.team.team),
        role,
    };
    match connect::ask(&mut connect::connect(place)?, &request)? {
        Response::Kept { kept } if args.json.json => {
            for kept in &kept {
                output::json(kept)?;
            }
        }
        Response::Kept { kept } => {
            let text = worktree::kept(&kept, &Clock::system(), crate::screen::width());
            output::data(&text)?;
        }
        other => return Err(CommandError::unexpected(&other)),
    }
    Ok(exit::OK)
}

fn undelete(args: UndeleteArgs, what: String, place: &Place) -> Outcome {
    let request = Request::Undelete {
        team: place.team(args.team.team),
        what,
        to: args.to.map(|to| place.cwd.join(to)),
    };
    match connect::ask(&mut connect::connect(place)?, &request)? {
        Response::Undeleted(view) if args.json.json => output::json(&view)?,
        Response::Undeleted(view) => output::data(&worktree::undeleted(&view))?,
        other => return Err(CommandError::unexpected(&other)),
    }
    Ok(exit::OK)
}
