//! `torch report status …`.

use clap::{Args, Subcommand};
use torch_api::rules::{RulesRequest, StatusReport};
use torch_api::wire::SendRequest;
use torch_api::{Body, Request, Response};
use torch_core::RoleName;

use super::JsonArgs;
use crate::connect;
use crate::error::{CommandError, Outcome};
use crate::place::Place;
use crate::{exit, output, render};

/// Reports in the forms that torch can read.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  torch report status --current \"the parser\" --eta 30m")]
pub struct ReportArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Reports the calling agent's status to the orchestrator, in the STATUS form
    #[command(after_help = STATUS_EXAMPLES)]
    Status(StatusArgs),
    /// Tells the orchestrator that something holds the calling agent up
    #[command(
        after_help = "Example:\n  torch report blocked \"no password for the database; devops has it\""
    )]
    Blocked(WordsArgs),
    /// Tells the orchestrator that it does so no longer
    #[command(after_help = "Example:\n  torch report unblocked \"devops sent the password\"")]
    Unblocked(WordsArgs),
}

const STATUS_EXAMPLES: &str = "Examples:
  torch report status --completed \"the lexer (3f2c1aa)\" --current \"the parser\" --eta 30m
  torch report status --current \"the schema\" --blocked \"no password for the database\" --eta unknown

An agent that says it is blocked and does not say otherwise within the set time (router.blocked_seconds,
10 minutes) is brought before the orchestrator.";

#[derive(Debug, Args)]
struct StatusArgs {
    /// What is done; may be given more than once
    #[arg(long, value_name = "TEXT")]
    completed: Vec<String>,
    /// What is being done
    #[arg(long, value_name = "TEXT")]
    current: String,
    /// What holds you up; left out: nothing
    #[arg(long, value_name = "TEXT")]
    blocked: Option<String>,
    /// When the current work will be done
    #[arg(long, value_name = "TEXT")]
    eta: String,
    /// To whom; default: the orchestrator
    #[arg(long, value_name = "TARGET")]
    to: Option<String>,
    #[command(flatten)]
    json: JsonArgs,
}

#[derive(Debug, Args)]
struct WordsArgs {
    /// What holds it up, or what helped
    #[arg(value_name = "TEXT", allow_hyphen_values = true)]
    text: String,
    #[command(flatten)]
    json: JsonArgs,
}

/// Runs the command.
pub(crate) fn run(args: ReportArgs, place: &Place) -> Outcome {
    match args.command {
        Command::Status(args) => status(args, place),
        Command::Blocked(args) => says("BLOCKED", args, place),
        Command::Unblocked(args) => says("UNBLOCKED", args, place),
    }
}

/// A message to the orchestrator that begins with a word that torch reads.
fn says(word: &str, args: WordsArgs, place: &Place) -> Outcome {
    let text = args.text.trim();
    if text.is_empty() {
        return Err(CommandError::usage("the report is empty").hint(format!(
            "torch report {} \"what, and who can help\"",
            word.to_lowercase()
        )));
    }
    let request = SendRequest {
        target: RoleName::HUB.to_owned(),
        body: Body::Text(format!("{word}: {text}")),
        key: None,
        inline: false,
        urgent: false,
        ttl_seconds: None,
        wait: None,
        wait_millis: 0,
        cwd: place.said_cwd(),
        pane_hint: None,
    };
    said(&connect::send_surely(place, request)?, args.json)
}

fn status(args: StatusArgs, place: &Place) -> Outcome {
    for (name, text) in [("current", &args.current), ("eta", &args.eta)] {
        if text.trim().is_empty() {
            return Err(CommandError::usage(format!("--{name} is empty"))
                .hint("torch report status --current \"the parser\" --eta 30m"));
        }
    }
    let report = StatusReport {
        completed: args.completed,
        current: args.current,
        blocked: args.blocked,
        eta: args.eta,
        to: args.to,
        cwd: place.said_cwd(),
    };
    let request = Request::Rules(Box::new(RulesRequest::Status(report)));
    let response = connect::ask_by_any_door(place, &request)?;
    said(&response, args.json)
}

fn said(response: &Response, json: JsonArgs) -> Outcome {
    let Response::Sent { message, .. } = response else {
        return Err(CommandError::unexpected(response));
    };
    if json.json {
        output::json(response)?;
    } else {
        output::data(&render::message::stored(message))?;
    }
    Ok(exit::OK)
}
