//! `torch git lane`.

use clap::{Args, ValueEnum};
use torch_api::git::{GitRequest, GitResponse, LaneSwitch};
use torch_api::{Request, Response};

use crate::command::{JsonArgs, TeamArgs};
use crate::error::{CommandError, Outcome};
use crate::place::Place;
use crate::render::time::Clock;
use crate::screen::width;
use crate::{connect, exit, output, render};

#[derive(Debug, Args)]
pub(super) struct LaneArgs {
    /// Switches it, or has it look at every pair now; without this it is only shown
    #[arg(value_name = "on|off|sync")]
    switch: Option<Switch>,
    #[command(flatten)]
    team: TeamArgs,
    #[command(flatten)]
    json: JsonArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Switch {
    /// torch merges
    On,
    /// Nothing is merged by torch
    Off,
    /// Every pair is looked at now, if it is on
    Sync,
}

/// Runs the command.
pub(super) fn run(args: LaneArgs, place: &Place) -> Outcome {
    let team = place.team(args.team.team);
    let request = Request::Git(match args.switch {
        None => GitRequest::Lane { team },
        Some(switch) => GitRequest::SwitchLane {
            team,
            to: match switch {
                Switch::On => LaneSwitch::On,
                Switch::Off => LaneSwitch::Off,
                Switch::Sync => LaneSwitch::Sync,
            },
        },
    });
    match connect::ask(&mut connect::connect(place)?, &request)? {
        Response::Git(answer) => {
            let GitResponse::Lane(view) = *answer else {
                return Err(CommandError::unexpected(&Response::Git(answer)));
            };
            match args.json.json {
                true => output::json(&view)?,
                false => {
                    let text = render::git::lane(&view, &Clock::system(), width());
                    output::data(&text)?;
                }
            }
            Ok(exit::OK)
        }
        other => Err(CommandError::unexpected(&other)),
    }
}
