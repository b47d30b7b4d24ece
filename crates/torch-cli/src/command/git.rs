//! `torch git`.

mod activity;
mod broker;
mod lane;

use clap::{Args, Subcommand};
use torch_api::git::{GitRequest, GitResponse};
use torch_api::{Request, Response};

use super::{JsonArgs, TeamArgs};
use crate::connect;
use crate::error::{CommandError, Outcome};
use crate::place::Place;
use crate::{exit, output, render};

/// Says how the work of a team's agents stands to each other in git.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  torch git radar\n  torch git lane")]
pub struct GitArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Shows which files two or more roles change now, committed or not, and which of it would conflict
    ///
    /// The changes are merged in memory; no file, index or branch is touched. With git 2.40 or newer.
    #[command(after_help = "Examples:\n  torch git radar\n  torch git radar --team myapp --json")]
    Radar(RadarArgs),
    /// Shows whose commits torch merges into whose worktree, what was merged last and what waits, or switches that off and on
    ///
    /// A person, the orchestrator and the project manager may switch it.
    #[command(
        after_help = "Examples:\n  torch git lane\n  torch git lane off --team myapp\n  torch git lane --json | jq '.pairs[].waiting'"
    )]
    Lane(lane::LaneArgs),
    /// Shows how each agent's branch stands: ahead, behind, pushed, what is due, and what came into the parent branch
    ///
    /// It reads the repository as it is and fetches nothing.
    #[command(after_help = "Examples:\n  torch git health\n  torch git health --team myapp --json")]
    Health(RadarArgs),
    /// Shows whose work is hardest to bring together, the riskiest first
    ///
    /// What each branch changes against the parent, which files two or more change, and which of them conflict.
    #[command(after_help = "Examples:\n  torch git risk\n  torch git risk --team myapp --json")]
    Risk(RadarArgs),
    /// Lists what was committed and pushed, the newest first
    #[command(
        after_help = "Examples:\n  torch git log\n  torch git log --role developer --since 2h\n  torch git log --since 7d -n 500 --json"
    )]
    Log(activity::LogArgs),
    /// A repository on this machine that agents push to; torch forwards what the policy lets, with your keys
    ///
    /// Agents then have no keys of their own at hand, and what may not be pushed does not come through. What that prevents, and what
    /// not: docs/broker.md.
    #[command(
        after_help = "Examples:\n  torch git broker on\n  torch git broker status\n  torch git broker log"
    )]
    Broker(broker::BrokerArgs),
    /// What the hooks of a broker run
    #[command(hide = true)]
    Receive(broker::ReceiveArgs),
}

#[derive(Debug, Args)]
struct RadarArgs {
    #[command(flatten)]
    team: TeamArgs,
    #[command(flatten)]
    json: JsonArgs,
}

/// Runs the command.
pub(crate) fn run(args: GitArgs, place: &Place) -> Outcome {
    match args.command {
        Command::Radar(args) => radar(&args, place),
        Command::Health(args) => activity::health(args, place),
        Command::Risk(args) => activity::risk(args, place),
        Command::Log(args) => activity::log(args, place),
        Command::Lane(args) => lane::run(args, place),
        Command::Broker(args) => broker::run(args, place),
        Command::Receive(args) => broker::receive(&args, place),
    }
}

fn radar(args: &RadarArgs, place: &Place) -> Outcome {
    let team = place.team(args.team.team.clone());
    let request = Request::Git(GitRequest::Radar { team });
    let GitResponse::Radar(view) = ask(place, &request)? else {
        return Err(CommandError::other("the daemon answered something else"));
    };
    match args.json.json {
        true => output::json(&view)?,
        false => output::data(&render::git::radar(&view))?,
    }
    Ok(exit::OK)
}

fn ask(place: &Place, request: &Request) -> Result<GitResponse, CommandError> {
    match connect::ask(&mut connect::connect(place)?, request)? {
        Response::Git(answer) => Ok(*answer),
        other => Err(CommandError::unexpected(&other)),
    }
}
