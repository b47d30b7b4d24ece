//! `torch daemon run|start|stop|status|install|uninstall`.

mod install;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;
use torch_api::view::DaemonView;
use torch_api::{Client, Request, Response};
use torch_core::config::Config;

use super::doctor::probe::orphan::Owned;
use super::{JsonArgs, config};
use crate::connect::{self, autostart};
use crate::error::{CommandError, ErrorKind, Outcome};
use crate::exit;
use crate::output;
use crate::place::{Place, user_agents};
use crate::render::status;
use crate::render::time::Clock;
use install::InstallArgs;

/// Starts, stops or shows the daemon, which owns the state and does the work.
///
/// Commands that raise, change or speak to a team start it where it does not run; the agents go on without it. Those that only
/// look don't: status, credit, context, inbox, msg list, show, trace and stats, schedule list, resume --status-only and audit
/// verify read the registry then, doctor and config need no daemon, and logs and why end with 75 and say how to start it.
#[derive(Debug, Args)]
#[command(
    arg_required_else_help = true,
    after_help = "Example:\n  torch daemon status"
)]
pub struct DaemonArgs {
    #[command(subcommand)]
    command: DaemonCommand,
}

#[derive(Debug, Subcommand)]
enum DaemonCommand {
    /// Runs the daemon in this process, until it is told to end
    #[command(after_help = "Example:\n  torch daemon run")]
    Run(RunArgs),
    /// Starts the daemon in the background, unless it runs; replaces an older one
    #[command(after_help = "Example:\n  torch daemon start")]
    Start(JsonArgs),
    /// Ends the daemon; teams and agents go on
    #[command(after_help = "Example:\n  torch daemon stop")]
    Stop,
    /// Shows whether the daemon runs; exits with 1 if it does not
    #[command(after_help = "Example:\n  torch daemon status --json")]
    Status(JsonArgs),
    /// Makes the daemon a systemd user service: started at login or boot, again after a crash, watched
    #[command(after_help = "Example:\n  torch daemon install --boot")]
    Install(InstallArgs),
    /// Takes away what `install` made; teams and agents go on
    #[command(after_help = "Example:\n  torch daemon uninstall")]
    Uninstall(JsonArgs),
}

#[derive(Debug, Args)]
struct RunArgs {
    /// Reads this file instead of your own config file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Resumes the teams that ran before the machine was restarted
    #[arg(long)]
    resume_teams: bool,
}

/// Runs the command.
pub(crate) fn run(args: &DaemonArgs, place: &Place) -> Outcome {
    match &args.command {
        DaemonCommand::Run(args) => run_here(args, place),
        DaemonCommand::Start(json) => start(*json, place),
        DaemonCommand::Stop => stop(place),
        DaemonCommand::Status(json) => show(*json, place),
        DaemonCommand::Install(args) => install::install(args, place),
        DaemonCommand::Uninstall(json) => install::uninstall(*json, place),
    }
}

/// The one call into the daemon. What keeps it from running ends with 75, so that [`torch_daemon::EXIT_LOCKED`] says
/// just the one thing that it is for.
fn run_here(args: &RunArgs, place: &Place) -> Outcome {
    let config = config::load_own(place, args.config.as_deref())?;
    let owned = Owned::by_a_probe(place, &config.tmux.program);
    if let Some(owned) = &owned {
        if owned.is_left() {
            return owned.clear().map(|()| exit::OK);
        }
        owned.watch()?;
    }
    let ended = serve(args, place, config);
    if let Some(owned) = owned.filter(Owned::is_left) {
        owned.clear()?;
    }
    ended
}

fn serve(args: &RunArgs, place: &Place, config: Config) -> Outcome {
    let options = torch_daemon::Options {
        home: place.home.clone(),
        socket: place.socket.clone(),
        torch: autostart::torch_program()?,
        tmux_socket: config.tmux.socket.clone(),
        config,
        agents: user_agents(),
        env: autostart::environment(place),
        service: torch_daemon::Service::from_vars(
            |name| std::env::var_os(name),
            std::process::id(),
        ),
        resume_teams: args.resume_teams,
    };
    torch_daemon::run(options).map_err(|error| {
        let failed = CommandError::new(ErrorKind::Unreachable, "the daemon can't run")
            .because(error.as_ref());
        let failed = match torch_daemon::hint(&error) {
            Some(hint) => failed.hint(hint),
            None => failed,
        };
        failed.hint("torch doctor")
    })
}

fn start(json: JsonArgs, place: &Place) -> Outcome {
    let mut client = connect::connect(place)?;
    print(&ping(&mut client)?, json)?;
    Ok(exit::OK)
}

fn stop(place: &Place) -> Outcome {
    let Some(mut client) = connect::running(place)? else {
        output::data("the daemon was not running\n")?;
        return Ok(exit::OK);
    };
    let pid = client.greeting()?.pid;
    drop(client);
    connect::shut_down(place, pid)?;
    output::data("the daemon has ended; running teams and agents go on\n")?;
    Ok(exit::OK)
}

fn show(json: JsonArgs, place: &Place) -> Outcome {
    let Some(mut client) = connect::running(place)? else {
        if json.json {
            output::json(&json!(null))?;
        } else {
            output::data("the daemon is not running\n")?;
        }
        return Ok(exit::FAILURE);
    };
    print(&ping(&mut client)?, json)?;
    Ok(exit::OK)
}

fn ping(client: &mut Client) -> Result<DaemonView, CommandError> {
    match connect::ask(client, &Request::Ping)? {
        Response::Daemon(view) => Ok(view),
        other => Err(CommandError::unexpected(&other)),
    }
}

fn print(view: &DaemonView, json: JsonArgs) -> Result<(), CommandError> {
    if json.json {
        return output::json(view);
    }
    output::data(&status::daemon(view, &Clock::system()))
}
