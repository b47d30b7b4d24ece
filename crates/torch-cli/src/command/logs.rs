//! `torch logs ROLE`.

use clap::Args;
use torch_api::{Client, Request, Response};

use super::{JsonArgs, TeamArgs};
use crate::connect;
use crate::error::{CommandError, Outcome};
use crate::exit;
use crate::output;
use crate::place::Place;
use crate::render;

/// Shows the last lines of an agent's pane, with what has scrolled out of it.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  torch logs developer -n 200")]
pub struct LogsArgs {
    /// The role, or any other target (session:role, session:index, %pane)
    #[arg(value_name = "ROLE")]
    role: String,
    /// How many lines at most
    #[arg(short = 'n', long, value_name = "N", default_value_t = 50,
          value_parser = clap::value_parser!(u32).range(1..=50_000))]
    lines: u32,
    #[command(flatten)]
    team: TeamArgs,
    #[command(flatten)]
    json: JsonArgs,
}

/// Runs the command.
pub(crate) fn run(args: LogsArgs, place: &Place) -> Outcome {
    let mut client = connect::must_run(place)?;
    let lines = fetch(&mut client, place, args.team.team, &args.role, args.lines)?;
    if args.json.json {
        output::json(&lines)?;
    } else {
        output::data(&text(&lines))?;
    }
    Ok(exit::OK)
}

/// The last lines of a target's pane.
pub(super) fn fetch(
    client: &mut Client,
    place: &Place,
    team: Option<String>,
    target: &str,
    lines: u32,
) -> Result<Vec<String>, CommandError> {
    let request = Request::Logs {
        team: place.team(team),
        target: target.to_owned(),
        lines,
    };
    match connect::ask(client, &request)? {
        Response::Lines { lines } => Ok(lines),
        other => Err(CommandError::unexpected(&other)),
    }
}

/// Lines as text, harmless for a terminal.
pub(super) fn text(lines: &[String]) -> String {
    lines
        .iter()
        .map(|line| format!("{}\n", render::plain(line)))
        .collect()
}
