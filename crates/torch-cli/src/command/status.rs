//! `torch status`.

use std::io::IsTerminal as _;
use std::time::Duration;

use clap::Args;
use serde_json::json;
use torch_api::view::{DaemonView, TeamView};
use torch_api::{Client, Request, Response};

use super::JsonArgs;
use crate::connect;
use crate::error::{CommandError, ErrorKind, Outcome};
use crate::exit;
use crate::offline;
use crate::output;
use crate::place::{Place, variable};
use crate::render;
use crate::render::fit;
use crate::render::time::Clock;
use crate::screen::{self, Screen};

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
    show(args, connect::looked(|| look(args, place))?)?;
    Ok(exit::OK)
}

struct Seen {
    daemon: Option<DaemonView>,
    teams: Vec<TeamView>,
    /// Messages in the person's inbox that were not read; `None` for a caller who may not look into it, or if nobody answered.
    unread: Option<u64>,
}

fn look(args: &StatusArgs, place: &Place) -> Result<Seen, CommandError> {
    let Some(mut client) = connect::running(place)? else {
        let teams = offline::status(place, args.team.as_deref())?;
        let unread = match offline::inbox(place, false) {
            Ok(unread) => u64::try_from(unread.len()).ok(),
            Err(error) if error.kind == ErrorKind::Refused => None,
            Err(error) => return Err(error),
        };
        return Ok(Seen {
            daemon: None,
            teams,
            unread,
        });
    };
    let request = Request::Status {
        team: args.team.clone(),
    };
    match connect::ask(&mut client, &request)? {
        Response::Status { daemon, mut teams } => {
            add_lines(args, place, &mut client, &mut teams)?;
            let unread = unread(&mut client);
            Ok(Seen {
                daemon: Some(daemon),
                teams,
                unread,
            })
        }
        other => Err(CommandError::unexpected(&other)),
    }
}

/// How many messages wait for the person; looking leaves them unread. An agent is refused, and a daemon may end after its
/// first answer: the teams are shown in any case.
fn unread(client: &mut Client) -> Option<u64> {
    let request = Request::Inbox {
        all: false,
        mark_read: false,
    };
    match connect::ask(client, &request) {
        Ok(Response::Messages { messages }) => u64::try_from(messages.len()).ok(),
        _ => None,
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

fn show(args: &StatusArgs, mut seen: Seen) -> Result<(), CommandError> {
    if seen.daemon.is_none() {
        output::notice(offline::NOTICE);
    }
    if args.json.json {
        let Seen {
            daemon,
            teams,
            unread,
        } = &seen;
        return output::json(&json!({ "daemon": daemon, "teams": teams, "unread": unread }));
    }
    if let Some((width, _)) = screen::size() {
        cut_lines(&mut seen.teams, width);
    }
    output::data(&text(&seen))
}

fn text(seen: &Seen) -> String {
    let daemon = seen.daemon.as_ref();
    let clock = Clock::system();
    let mut text = render::status::status(daemon, &seen.teams, &clock, screen::width());
    // An agent's own inbox is its prompt.
    if let Some(unread @ 1..) = seen.unread.filter(|_| variable("TORCH_AGENT").is_none()) {
        text.push_str(&render::status::inbox(unread));
    }
    text
}

/// The lines of the agents' screens in this width, with what stands before each.
fn cut_lines(teams: &mut [TeamView], width: usize) {
    let agents = teams.iter_mut().flat_map(|team| &mut team.agents);
    for line in agents.flat_map(|agent| &mut agent.last_lines) {
        *line = fit::line(
            &render::plain(line),
            width.saturating_sub(render::status::MARGIN),
        );
    }
}

/// On a terminal each look replaces the last on a screen of its own; elsewhere each follows the last.
fn watch(args: &StatusArgs, place: &Place) -> Outcome {
    let in_place = std::io::stdout().is_terminal() && !args.json.json && output::can_move_cursor();
    let screen = in_place.then(Screen::enter).transpose()?;
    loop {
        let seen = look(args, place)?;
        match &screen {
            Some(screen) => {
                let notice = match seen.daemon {
                    Some(_) => String::new(),
                    None => format!("{}\n", offline::NOTICE),
                };
                screen.show(&format!("{notice}{}", text(&seen)))?;
            }
            None => show(args, seen)?,
        }
        std::thread::park_timeout(PERIOD);
    }
}
