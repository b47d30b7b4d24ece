//! `torch standup`, `torch standup answer`.

use std::io::{self, Read as _};

use clap::{Args, Subcommand};
use torch_api::{Request, Response};

use super::{JsonArgs, TeamArgs};
use crate::connect;
use crate::error::{CommandError, Outcome};
use crate::exit;
use crate::output;
use crate::place::Place;

/// The most that is read of an answer from standard input, in bytes.
const INPUT_MAX: u64 = 64 * 1024;

/// Asks each member of a team once how it stands; the answers are one message to the project manager, else to the
/// orchestrator.
///
/// Who has not answered in time is named in it, and so is who could not be asked: limited, paused, ended or asked something by its program.
/// Any message of a member to whoever gets the answers counts as its answer.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Examples:
  torch standup
  torch standup --team myapp --wait 5
  torch standup answer \"completed: the parser; now: its tests; blocked: no\""
)]
pub struct StandupArgs {
    #[command(subcommand)]
    command: Option<StandupCommand>,
    #[command(flatten)]
    team: TeamArgs,
    /// How many minutes the answers are waited for [default: check_ins.standup_wait, 15]
    #[arg(long, value_name = "MIN", value_parser = clap::value_parser!(u64).range(1..=1_440))]
    wait: Option<u64>,
    #[command(flatten)]
    json: JsonArgs,
}

#[derive(Debug, Subcommand)]
enum StandupCommand {
    /// Answers the standup that is under way, as the calling agent
    #[command(
        after_help = "Example:\n  torch standup answer \"completed: the parser; now: its tests; blocked: no\""
    )]
    Answer(AnswerArgs),
}

#[derive(Debug, Args)]
struct AnswerArgs {
    /// The answer
    #[arg(value_name = "TEXT", required_unless_present = "stdin")]
    text: Option<String>,
    /// Reads the answer from standard input, where no shell touches it
    #[arg(long, conflicts_with = "text")]
    stdin: bool,
    #[command(flatten)]
    json: JsonArgs,
}

/// Runs the command.
pub(crate) fn run(args: StandupArgs, place: &Place) -> Outcome {
    let (request, json) = match args.command {
        Some(StandupCommand::Answer(args)) => {
            let text = match args.text {
                Some(text) => text,
                None => from_stdin()?,
            };
            (Request::AnswerStandup { text }, args.json)
        }
        None => {
            let request = Request::Standup {
                team: place.team(args.team.team),
                wait_millis: args.wait.map(|minutes| minutes * 60_000),
            };
            (request, args.json)
        }
    };
    match connect::ask_by_any_door(place, &request)? {
        done @ Response::Done { .. } if json.json => output::json(&done)?,
        Response::Done { text } => output::data(&format!("{text}\n"))?,
        other => return Err(CommandError::unexpected(&other)),
    }
    Ok(exit::OK)
}

fn from_stdin() -> Result<String, CommandError> {
    let mut bytes = Vec::new();
    let read = io::stdin().lock().take(INPUT_MAX).read_to_end(&mut bytes);
    read.map_err(|error| CommandError::usage("failed to read standard input").because(&error))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
