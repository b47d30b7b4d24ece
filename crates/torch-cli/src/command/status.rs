//! `torch status`.

use std::time::Duration;

use clap::Args;
use serde_json::json;
use torch_api::view::{DaemonView, TeamView};
use torch_api::{Client, Request, Response};

use super::JsonArgs;
use crate::connect;
use crate::error::{CommandError, Outcome};
use crate::exit;
use crate::offline;
use crate::output;
use crate::place::Place;
use crate::render;
use crate::render::time::Clock;

/// How often `--watch` looks.
const PERIOD: Duration = Duration::from_secs(1);

/// The height of a screen, whose lines may be blank.
const SCREEN: u32 = 50;

/// Shows the teams, their agents, and what wants a look.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  torch status --team myapp")]
pub struct StatusArgs {
    /// One team, by name; default: all
    #[arg(long, value_name = "NAME")]
    team: Option<String>,
    /// Goes on showing it, each second, until Ctrl-C
    #[arg(long)]
    watch: bool,
    /// Adds the last N lines of each agent's screen
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=200))]
    lines: u32,
    #[command(flatten)]
    json: JsonArgs,
}

/// Runs the command.
pub(crate) fn run(args: &StatusArgs, place: &Place) -> Outcome {
    if args.watch {
        return watch(args, place);
    }
    show(args, &look(args, place)?)?;
    Ok(exit::OK)
}

struct Seen {
    daemon: Option<DaemonView>,
    teams: Vec<TeamView>,
}

fn look(args: &StatusArgs, place: &Place) -> Result<Seen, CommandError> {
    let Some(mut client) = connect::running(place)? else {
        let teams = offline::status(place, args.team.as_deref())?;
        output::notice(offline::NOTICE);
        return Ok(Seen {
            daemon: None,
            teams,
        });
    };
    let request = Request::Status {
        team: args.team.clone(),
    };
    match connect::ask(&mut client, &request)? {
        Response::Status { daemon, mut teams } => {
            add_lines(args, place, &mut client, &mut teams)?;
            Ok(Seen {
                daemon: Some(daemon),
                teams,
            })
        }
        other => Err(CommandError::unexpected(&other)),
    }
}

/// Who is where, and what stands there.
fn add_lines(
    args: &StatusArgs,
    place: &Place,
    client: &mut Client,
    teams: &mut [TeamView],
) -> Result<(), CommandError> {
    if args.lines == 0 {
        return Ok(());
    }
    for agent in teams.iter_mut().flat_map(|team| &mut team.agents) {
        let Some(at) = agent.pane else { continue };
        // Its screen may have blank lines between and below.
        let wanted = args.lines.saturating_add(SCREEN);
        let mut lines = super::logs::fetch(client, place, None, &at.pane.to_string(), wanted)?;
        lines.retain(|line| !line.trim().is_empty());
        agent.last_lines = lines.split_off(lines.len().saturating_sub(args.lines as usize));
    }
    Ok(())
}

fn show(args: &StatusArgs, seen: &Seen) -> Result<(), CommandError> {
    if args.json.json {
        return output::json(&json!({ "daemon": seen.daemon, "teams": seen.teams }));
    }
    output::data(&text(seen))
}

fn text(seen: &Seen) -> String {
    render::status::status(seen.daemon.as_ref(), &seen.teams, &Clock::system())
}

/// On a terminal the screen is redrawn in place, in one write; elsewhere each look follows the last.
fn watch(args: &StatusArgs, place: &Place) -> Outcome {
    use std::io::IsTerminal as _;
    let in_place = std::io::stdout().is_terminal() && !args.json.json && output::can_redraw();
    loop {
        let seen = look(args, place)?;
        if in_place {
            // Home, each line cleared to its end, the rest of the screen cleared.
            let drawn = text(&seen).replace('\n', "\x1b[K\n");
            output::raw(&format!("\x1b[H{drawn}\x1b[J"))?;
        } else {
            show(args, &seen)?;
        }
        std::thread::park_timeout(PERIOD);
    }
}
