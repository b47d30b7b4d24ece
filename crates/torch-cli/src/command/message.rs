//! `torch msg list|show|trace|retry|cancel`.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use torch_api::wire::MessageFilter;
use torch_api::{Request, Response};
use torch_core::DeliveryState;

use super::JsonArgs;
use crate::connect;
use crate::error::{CommandError, Outcome};
use crate::exit;
use crate::offline;
use crate::output;
use crate::place::Place;
use crate::render::time::Clock;
use crate::render::{message, stats};
use crate::screen;

/// Lists messages, shows one, traces its delivery, tries it again or gives it up.
#[derive(Debug, Args)]
#[command(
    arg_required_else_help = true,
    after_help = "Example:\n  torch msg trace m-7k3f9q2a"
)]
pub struct MessageArgs {
    #[command(subcommand)]
    command: MessageCommand,
}

#[derive(Debug, Subcommand)]
enum MessageCommand {
    /// Lists messages, newest first
    List(ListArgs),
    /// Shows one message in full
    #[command(after_help = "Example:\n  torch msg show m-7k3f9q2a")]
    Show(OneArgs),
    /// Shows each step of a delivery, with times and evidence
    #[command(after_help = "Example:\n  torch msg trace m-7k3f9q2a")]
    Trace(OneArgs),
    /// Shows where messages are slow, which rules refused or rerouted, and how much the hub sees
    Stats(StatsArgs),
    /// Looks at a waiting message at once; queues one again that has expired or was given up
    #[command(after_help = "Example:\n  torch msg retry m-7k3f9q2a")]
    Retry(IdArgs),
    /// Gives up a message that was not typed yet
    #[command(after_help = "Example:\n  torch msg cancel m-7k3f9q2a")]
    Cancel(IdArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  torch msg list --role developer --state deferred")]
struct ListArgs {
    /// Of one team
    #[arg(long, value_name = "NAME")]
    team: Option<String>,
    /// To or from this role
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,
    /// In this state
    #[arg(long, value_name = "STATE", value_parser = states())]
    state: Option<DeliveryState>,
    /// How many at most
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    #[command(flatten)]
    json: JsonArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  torch msg stats --team myapp")]
struct StatsArgs {
    /// Of one team
    #[arg(long, value_name = "NAME")]
    team: Option<String>,
    /// How many of the newest messages are counted
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    #[command(flatten)]
    json: JsonArgs,
}

#[derive(Debug, Args)]
struct IdArgs {
    /// The message, with or without m-
    #[arg(value_name = "ID")]
    id: String,
}

#[derive(Debug, Args)]
struct OneArgs {
    #[command(flatten)]
    id: IdArgs,
    #[command(flatten)]
    json: JsonArgs,
}

/// A delivery's state by its word; the words stand in the help, in mistakes and in completions.
fn states() -> impl TypedValueParser<Value = DeliveryState> {
    PossibleValuesParser::new(DeliveryState::ALL.map(DeliveryState::as_str))
        .try_map(|word| word.parse::<DeliveryState>())
}

/// Runs the command.
pub(crate) fn run(args: MessageArgs, place: &Place) -> Outcome {
    match args.command {
        MessageCommand::List(args) => list(args, place),
        MessageCommand::Show(args) => show(args, place),
        MessageCommand::Trace(args) => trace(args, place),
        MessageCommand::Stats(args) => stats(args, place),
        MessageCommand::Retry(args) => act(&Request::Retry { id: args.id }, place),
        MessageCommand::Cancel(args) => act(&Request::CancelMessage { id: args.id }, place),
    }
}

fn list(args: ListArgs, place: &Place) -> Outcome {
    let filter = MessageFilter {
        team: args.team,
        role: args.role,
        state: args.state,
        limit: args.limit,
    };
    let messages = match connect::running(place)? {
        Some(mut client) => match connect::ask(&mut client, &Request::Messages(filter))? {
            Response::Messages { messages } => messages,
            other => return Err(CommandError::unexpected(&other)),
        },
        None => said(offline::messages(place, &filter)?),
    };
    if args.json.json {
        for message in &messages {
            output::json(message)?;
        }
    } else {
        output::data(&message::list(&messages, &Clock::system(), screen::width()))?;
    }
    Ok(exit::OK)
}

fn stats(args: StatsArgs, place: &Place) -> Outcome {
    let StatsArgs { team, limit, json } = args;
    let teams = match connect::running(place)? {
        Some(mut client) => match connect::ask(&mut client, &Request::Stats { team, limit })? {
            Response::Stats { teams } => teams,
            other => return Err(CommandError::unexpected(&other)),
        },
        None => said(offline::stats(place, team.as_deref(), limit)?),
    };
    if json.json {
        for team in &teams {
            output::json(team)?;
        }
    } else {
        output::data(&stats::stats(&teams, screen::width()))?;
    }
    Ok(exit::OK)
}

fn show(args: OneArgs, place: &Place) -> Outcome {
    let id = args.id.id;
    let message = match connect::running(place)? {
        Some(mut client) => match connect::ask(&mut client, &Request::Message { id })? {
            Response::Message(message) => *message,
            other => return Err(CommandError::unexpected(&other)),
        },
        None => said(offline::message(place, &id)?),
    };
    if args.json.json {
        output::json(&message)?;
    } else {
        output::data(&message::show(&message, &Clock::system()))?;
    }
    Ok(exit::OK)
}

fn trace(args: OneArgs, place: &Place) -> Outcome {
    let id = args.id.id;
    let (message, events) = match connect::running(place)? {
        Some(mut client) => match connect::ask(&mut client, &Request::Trace { id })? {
            Response::Trace { message, events } => (*message, events),
            other => return Err(CommandError::unexpected(&other)),
        },
        None => said(offline::trace(place, &id)?),
    };
    if args.json.json {
        output::json(&serde_json::json!({ "message": message, "events": events }))?;
    } else {
        let text = message::trace(&message, &events, &Clock::system(), screen::width());
        output::data(&text)?;
    }
    Ok(exit::OK)
}

fn act(request: &Request, place: &Place) -> Outcome {
    let mut client = connect::connect(place)?;
    match connect::ask(&mut client, request)? {
        Response::Done { text } => output::data(&format!("{text}\n"))?,
        other => return Err(CommandError::unexpected(&other)),
    }
    Ok(exit::OK)
}

/// What the registry gave, after saying that it was the registry.
fn said<T>(answer: T) -> T {
    output::notice(offline::NOTICE);
    answer
}
