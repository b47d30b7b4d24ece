//! `torch pause` and `torch unpause`.

use clap::Args;
use torch_api::Request;

use super::{JsonArgs, TeamArgs, steps};
use crate::connect;
use crate::error::Outcome;
use crate::place::Place;

/// Types nothing more into a team's agents, or one of them; messages wait, running turns and checks go on.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  torch pause\n  torch pause developer")]
pub struct PauseArgs {
    #[command(flatten)]
    what: WhatArgs,
}

/// Lets messages through again that `torch pause` held.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  torch unpause\n  torch unpause developer")]
pub struct UnpauseArgs {
    #[command(flatten)]
    what: WhatArgs,
}

#[derive(Debug, Args)]
struct WhatArgs {
    /// One role; default: the whole team
    #[arg(value_name = "ROLE")]
    role: Option<String>,
    #[command(flatten)]
    team: TeamArgs,
    #[command(flatten)]
    json: JsonArgs,
}

/// Runs `torch pause`.
pub(crate) fn pause(args: PauseArgs, place: &Place) -> Outcome {
    set(args.what, true, place)
}

/// Runs `torch unpause`.
pub(crate) fn unpause(args: UnpauseArgs, place: &Place) -> Outcome {
    set(args.what, false, place)
}

fn set(args: WhatArgs, paused: bool, place: &Place) -> Outcome {
    let mut client = connect::connect(place)?;
    let request = Request::Pause {
        team: place.team(args.team.team),
        role: args.role,
        paused,
    };
    steps::done(&mut client, &request, args.json)
}
