//! `torch shell ROLE`.

use clap::Args;
use torch_api::{Request, Response};

use super::{TeamArgs, attach};
use crate::connect;
use crate::error::{CommandError, Outcome};
use crate::place::Place;

/// Opens a window with your own shell in an agent's worktree, beside the agent's own window, and attaches to it.
///
/// When the shell ends, your terminal is where it was before.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  torch shell developer")]
pub struct ShellArgs {
    /// The role whose worktree it is
    #[arg(value_name = "ROLE")]
    role: String,
    #[command(flatten)]
    team: TeamArgs,
}

/// Runs the command.
pub(crate) fn run(args: ShellArgs, place: &Place) -> Outcome {
    attach::need_terminal(|command| format!("{}    # in a terminal", command.line()))?;
    let mut client = connect::connect(place)?;
    let request = Request::Shell {
        team: place.team(args.team.team),
        role: args.role,
        tmux: attach::tmux(),
    };
    match connect::ask(&mut client, &request)? {
        Response::Attach { argv, unset } => attach::exec(&argv, &unset),
        other => Err(CommandError::unexpected(&other)),
    }
}
