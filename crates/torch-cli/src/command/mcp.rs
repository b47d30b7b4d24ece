//! `torch mcp`.

use std::sync::Arc;

use clap::Args;
use torch_api::wire::FailureKind;
use torch_api::{Client, Failure, Request, Response};

use crate::connect;
use crate::error::{CommandError, ErrorKind, Outcome};
use crate::exit;
use crate::place::Place;

/// Serves an agent's program as an MCP server on standard input and output: send, ask, ack, complete, commit, schedule, status,
/// reports, tasks, dependencies and the answer to a standup.
///
/// The program starts it, outside of the sandbox that its shell tool may have. It ends with its standard input. To add it by
/// hand: claude mcp add torch -- torch mcp; for Codex, in ~/.codex/config.toml: [mcp_servers.torch], command = "torch",
/// args = ["mcp"].
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  claude mcp add torch -- torch mcp")]
pub struct McpArgs {}

/// Runs the command.
pub(crate) fn run(_: &McpArgs, place: Place) -> Outcome {
    let cwd = place.said_cwd();
    let ask = move |request| asked(&place, request).map_err(failure);
    torch_mcp::serve(Arc::new(ask), cwd)
        .map(|()| exit::OK)
        .map_err(|error| {
            let failed = CommandError::other(error.to_string());
            match std::error::Error::source(&error) {
                Some(source) => failed.because(source),
                None => failed,
            }
            .hint("torch mcp --help")
        })
}

/// Asks as every command does: the daemon is started if need be.
fn asked(place: &Place, request: Request) -> Result<Response, CommandError> {
    match request {
        Request::Send(send) => connect::send_surely_with(place, *send, through),
        // That tools were listed is worth a note, and no daemon's start.
        Request::ThroughMcp { .. } => connect::ask(&mut connect::must_run(place)?, &request),
        other => {
            let mut client = connect::connect(place)?;
            through(&mut client);
            connect::ask(&mut client, &other)
        }
    }
}

/// Says that a tool asks. A daemon that does not know the word counts it as the shell's.
fn through(client: &mut Client) {
    let _noted = client.call(&Request::ThroughMcp { listed_by: None });
}

fn failure(error: CommandError) -> Failure {
    Failure {
        kind: match error.kind {
            ErrorKind::Usage => FailureKind::Usage,
            ErrorKind::Timeout => FailureKind::Timeout,
            ErrorKind::Refused => FailureKind::Refused,
            _ => FailureKind::Other,
        },
        error: error.message,
        causes: error.causes,
        hint: error.hints.into_iter().next(),
    }
}
