//! `torch task assign`, `torch task list`.

use clap::{Args, Subcommand};
use torch_api::rules::{RulesRequest, RulesResponse};
use torch_api::wire::SendRequest;
use torch_api::{Body, Response};
use torch_core::form::{Priority, TaskForm};

use super::JsonArgs;
use super::violations::ask;
use crate::connect;
use crate::error::{CommandError, Outcome};
use crate::place::Place;
use crate::render::{self, rules, time::Clock};
use crate::{exit, output};

/// Assigns tasks in the TASK form, and lists which were acknowledged.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  torch task list --unacked")]
pub struct TaskArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Gives a role a task, as a message in the TASK form
    #[command(after_help = ASSIGN_EXAMPLE)]
    Assign(Box<AssignArgs>),
    /// Lists the tasks that were given, and who has not acknowledged which
    #[command(after_help = "Examples:\n  torch task list\n  torch task list --unacked --json")]
    List(ListArgs),
}

const ASSIGN_EXAMPLE: &str = "Example:
  torch task assign developer --id T-7 --title \"The parser\" --objective \"Read every sample\" \\
    --criterion \"all samples parse\" --criterion \"errors name the line\" --priority HIGH

The role acknowledges it with: scm orchestrator \"ACK T-7\", or torch ack and the message's id.";

#[derive(Debug, Args)]
struct AssignArgs {
    /// To whom: role, role:0, session:role, session:index, session:window.pane or %pane
    #[arg(value_name = "TARGET")]
    target: String,
    /// What the task is called in reports: one word, such as T-7
    #[arg(long, value_name = "ID")]
    id: String,
    /// Its title
    #[arg(long, value_name = "TEXT")]
    title: String,
    /// What is wanted
    #[arg(long, value_name = "TEXT")]
    objective: String,
    /// By what it is known to be done; may be given more than once
    #[arg(long = "criterion", value_name = "TEXT", required = true)]
    criteria: Vec<String>,
    /// HIGH, MED or LOW
    #[arg(long, value_name = "PRIORITY", default_value = "MED", value_parser = priority)]
    priority: Priority,
    #[command(flatten)]
    json: JsonArgs,
}

#[derive(Debug, Args)]
struct ListArgs {
    /// Only those without an acknowledgement
    #[arg(long)]
    unacked: bool,
    /// Of one team, by name
    #[arg(long, value_name = "NAME")]
    team: Option<String>,
    #[command(flatten)]
    json: JsonArgs,
}

fn priority(text: &str) -> Result<Priority, String> {
    text.parse().map_err(|error| format!("{error}"))
}

/// Runs the command.
pub(crate) fn run(args: TaskArgs, place: &Place) -> Outcome {
    match args.command {
        Command::Assign(args) => assign(*args, place),
        Command::List(args) => list(args, place),
    }
}

fn assign(args: AssignArgs, place: &Place) -> Outcome {
    let target = args.target.clone();
    let json = args.json;
    let text = form(args)?;
    let request = SendRequest {
        target,
        body: Body::Text(text),
        key: None,
        inline: false,
        urgent: false,
        ttl_seconds: None,
        wait: None,
        wait_millis: 0,
        cwd: place.said_cwd(),
        pane_hint: None,
    };
    let response = connect::send_surely(place, request)?;
    let Response::Sent { message, .. } = &response else {
        return Err(CommandError::unexpected(&response));
    };
    if json.json {
        output::json(&response)?;
    } else {
        output::data(&render::message::stored(message))?;
    }
    Ok(exit::OK)
}

/// The form's text, which torch reads as that form again.
fn form(args: AssignArgs) -> Result<String, CommandError> {
    let form = TaskForm {
        id: args.id,
        title: args.title,
        assigned_to: args.target,
        objective: args.objective,
        criteria: args.criteria,
        priority: args.priority,
    };
    form.written().map_err(|error| {
        CommandError::usage("the task can't be written as a form")
            .cause(error.to_string())
            .hint("torch task assign --help")
    })
}

fn list(args: ListArgs, place: &Place) -> Outcome {
    let request = RulesRequest::Assignments {
        team: args.team,
        unacked: args.unacked,
    };
    let RulesResponse::Assignments { assignments } = ask(place, request)? else {
        return Err(CommandError::other("the daemon answered something else"));
    };
    if args.json.json {
        for row in &assignments {
            output::json(row)?;
        }
    } else {
        output::data(&rules::assignments(&assignments, &Clock::system()))?;
    }
    Ok(exit::OK)
}
