//! `torch windows rename`.

use clap::{Args, Subcommand};
use torch_api::roster::WindowRename;
use torch_api::{Client, Request, Response};

use super::{JsonArgs, TeamArgs};
use crate::connect;
use crate::error::{CommandError, Outcome};
use crate::exit;
use crate::output::{self, Enter};
use crate::place::Place;

/// Looks after the names of a team's tmux windows.
#[derive(Debug, Args)]
#[command(
    arg_required_else_help = true,
    after_help = "Example:\n  torch windows rename"
)]
pub struct WindowsArgs {
    #[command(subcommand)]
    command: WindowsCommand,
}

#[derive(Debug, Subcommand)]
enum WindowsCommand {
    /// Gives renamed windows their roles' names again; asks first, and never happens by itself
    #[command(after_help = "Example:\n  torch windows rename --yes")]
    Rename(RenameArgs),
}

#[derive(Debug, Args)]
struct RenameArgs {
    /// Renames without asking
    #[arg(long, short = 'y')]
    yes: bool,
    #[command(flatten)]
    team: TeamArgs,
    #[command(flatten)]
    json: JsonArgs,
}

/// Runs the command.
pub(crate) fn run(args: WindowsArgs, place: &Place) -> Outcome {
    let WindowsCommand::Rename(args) = args.command;
    let mut client = connect::connect(place)?;
    let team = place.team(args.team.team.clone());
    let ask = |client: &mut Client, dry_run| {
        let request = Request::RenameWindows {
            team: team.clone(),
            dry_run,
        };
        match connect::ask(client, &request)? {
            Response::Windows { renames } => Ok(renames),
            other => Err(CommandError::unexpected(&other)),
        }
    };
    let wrong: Vec<WindowRename> = ask(&mut client, true)?;
    if !args.yes && !wrong.is_empty() {
        output::notice(lines(&wrong).trim_end());
        if !output::can_ask() {
            return Err(CommandError::usage(
                "torch windows rename asks before it renames, and nobody can be asked here",
            )
            .hint("torch windows rename --yes"));
        }
        if !output::ask("Rename them?", Enter::Yes)? {
            output::notice("nothing was renamed");
            return Ok(exit::FAILURE);
        }
    }
    let renames = if wrong.is_empty() {
        wrong
    } else {
        ask(&mut connect::connect(place)?, false)?
    };
    if args.json.json {
        for rename in &renames {
            output::json(rename)?;
        }
    } else if renames.is_empty() {
        output::data("every window has its role's name\n")?;
    } else {
        output::data(&lines(&renames))?;
    }
    Ok(exit::OK)
}

fn lines(renames: &[WindowRename]) -> String {
    renames
        .iter()
        .map(|rename| {
            let name = crate::render::plain(&rename.name);
            format!("window {} {name:?} -> {}\n", rename.window, rename.role)
        })
        .collect()
}
