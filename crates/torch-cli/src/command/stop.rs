//! `torch stop`.

use clap::Args;
use torch_api::{Request, Response};

use super::{JsonArgs, TeamArgs};
use crate::connect;
use crate::error::{CommandError, Outcome};
use crate::exit;
use crate::output;
use crate::place::Place;
use crate::render;

/// Ends a team's agents.
///
/// Worktrees, branches, messages and history stay; `torch auto` raises the team again.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  torch stop --team myapp")]
pub struct StopArgs {
    #[command(flatten)]
    team: TeamArgs,
    #[command(flatten)]
    json: JsonArgs,
}

/// Runs the command.
pub(crate) fn run(args: StopArgs, place: &Place) -> Outcome {
    let mut client = connect::connect(place)?;
    client.send(&Request::Stop {
        team: place.team(args.team.team),
    })?;
    loop {
        let response = client.receive()?;
        if args.json.json && !matches!(response, Response::Failed(_)) {
            output::json(&response)?;
        }
        match response {
            Response::Progress {
                role,
                stage,
                detail,
            } if !args.json.json => {
                output::notice(&render::progress::line(&role, stage, &detail));
            }
            Response::Progress { .. } => {}
            Response::Done { text } => {
                if !args.json.json {
                    output::data(&format!("{text}\n"))?;
                }
                return Ok(exit::OK);
            }
            Response::Failed(failure) => return Err(failure.into()),
            other => return Err(CommandError::unexpected(&other)),
        }
    }
}
