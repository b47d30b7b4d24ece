//! `torch status`.

use std::time::Duration;

use clap::Args;
use serde_json::json;
use torch_api::view::{DaemonView, TeamView};
use torch_api::{Request, Response};

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
        Response::Status { daemon, teams } => Ok(Seen {
            daemon: Some(daemon),
            teams,
        }),
        other => Err(CommandError::unexpected(&other)),
    }
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
