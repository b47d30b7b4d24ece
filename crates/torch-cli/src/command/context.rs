//! `torch context`.

use clap::Args;
use serde_json::json;
use torch_api::view::TeamView;
use torch_api::{Request, Response};

use super::JsonArgs;
use crate::connect;
use crate::error::{CommandError, Outcome};
use crate::place::Place;
use crate::render::time::Clock;
use crate::{exit, offline, output, render};

/// Shows how much context each agent has left, and its tokens and cost, as its program tells them. torch only shows them.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  torch context\n  torch context --team myapp --json")]
pub struct ContextArgs {
    /// One team, by name; default: all
    #[arg(long, value_name = "NAME")]
    team: Option<String>,
    #[command(flatten)]
    json: JsonArgs,
}

/// Runs the command; without a daemon it shows what was told last.
pub(crate) fn run(args: &ContextArgs, place: &Place) -> Outcome {
    let teams = look(args, place)?;
    if args.json.json {
        for team in &teams {
            for agent in &team.agents {
                output::json(&json!({
                    "team": team.name, "role": agent.role, "program": agent.program,
                    "conversation": agent.conversation, "figures": agent.figures,
                    "tokens": agent.figures.tokens(), "cost_micros": agent.figures.cost(),
                }))?;
            }
        }
    } else {
        output::data(&render::context::list(&teams, &Clock::system()))?;
    }
    Ok(exit::OK)
}

fn look(args: &ContextArgs, place: &Place) -> Result<Vec<TeamView>, CommandError> {
    let Some(mut client) = connect::running(place)? else {
        return offline::status(place, args.team.as_deref());
    };
    let request = Request::Status {
        team: args.team.clone(),
    };
    match connect::ask(&mut client, &request)? {
        Response::Status { teams, .. } => Ok(teams),
        other => Err(CommandError::unexpected(&other)),
    }
}
