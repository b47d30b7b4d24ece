//! `torch deps set`, `torch deps list`.

use clap::{Args, Subcommand};
use torch_api::rules::{RulesRequest, RulesResponse};
use torch_api::{Request, Response};

use super::{JsonArgs, TeamArgs, steps};
use crate::connect;
use crate::error::{CommandError, Outcome};
use crate::place::Place;
use crate::render::rules;
use crate::{exit, output, sandbox};

/// Says which role waits for whose completion; it is told when that comes.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  torch deps set project_manager --on devops")]
pub struct DepsArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Sets for whom a role waits, in place of what was set before
    #[command(
        after_help = "Examples:\n  torch deps set project_manager --on devops,tester\n  torch deps set project_manager --none"
    )]
    Set(SetArgs),
    /// Lists who waits for whom, and who has completed
    #[command(after_help = "Example:\n  torch deps list --team myapp")]
    List(ListArgs),
}

#[derive(Debug, Args)]
struct SetArgs {
    /// The role that waits
    #[arg(value_name = "ROLE")]
    role: String,
    /// For whom, with commas
    #[arg(
        long,
        value_name = "ROLES",
        value_delimiter = ',',
        required_unless_present = "none"
    )]
    on: Vec<String>,
    /// For nobody
    #[arg(long, conflicts_with = "on")]
    none: bool,
    #[command(flatten)]
    team: TeamArgs,
    #[command(flatten)]
    json: JsonArgs,
}

#[derive(Debug, Args)]
struct ListArgs {
    #[command(flatten)]
    team: TeamArgs,
    #[command(flatten)]
    json: JsonArgs,
}

/// Runs the command.
pub(crate) fn run(args: DepsArgs, place: &Place) -> Outcome {
    match args.command {
        Command::Set(args) => {
            let request = RulesRequest::SetDependencies {
                team: place.team(args.team.team),
                role: args.role,
                on: args.on,
            };
            let request = Request::Rules(Box::new(request));
            let done = connect::connect(place)
                .and_then(|mut client| steps::done(&mut client, &request, args.json));
            done.map_err(|error| sandbox::advise(error, &request, &place.cwd))
        }
        Command::List(args) => list(args, place),
    }
}

fn list(args: ListArgs, place: &Place) -> Outcome {
    let team = place.team(args.team.team);
    let request = Request::Rules(Box::new(RulesRequest::Dependencies { team }));
    let response = connect::ask_by_any_door(place, &request)?;
    let Response::Rules(found) = &response else {
        return Err(CommandError::unexpected(&response));
    };
    let RulesResponse::Dependencies { team, dependencies } = &**found else {
        return Err(CommandError::unexpected(&response));
    };
    if args.json.json {
        for row in dependencies {
            output::json(row)?;
        }
    } else {
        output::data(&rules::dependencies(team, dependencies))?;
    }
    Ok(exit::OK)
}
