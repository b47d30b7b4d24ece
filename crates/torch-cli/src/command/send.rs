//! `scm TARGET "message"`, the same as `torch send`.

mod body;
pub(super) mod duration;
mod mistyped;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::json;
use torch_api::view::MessageView;
use torch_api::wire::SendRequest;
use torch_api::{Client, Request, Response};
use torch_core::screen::ScreenKind;
use torch_core::{DeferReason, DeliveryState};
use torch_daemon::catalog::Catalog;

use super::given::Given;
use super::{JsonArgs, logs};
use crate::connect;
use crate::error::{CommandError, ErrorKind, Outcome};
use crate::exit;
use crate::interrupt::on_interrupt;
use crate::output;
use crate::place::{Place, user_agents, variable};
use crate::render::{self, message};

/// What stands below the help of the program with this name.
macro_rules! examples {
    ($program:literal) => {
        concat!(
            "Examples:\n  ",
            $program,
            " developer \"Run the tests, please\"\n  ",
            $program,
            " myapp:developer \"Run the tests\" --wait\n  ",
            $program,
            " developer --stdin < report.md\n  ",
            $program,
            " developer -- \"--a message that begins with a dash\"\n\n\
A word that begins with a dash is the message unless it is one of the options above; put -- before a\n\
message that you don't control. Options may stand before and after TARGET."
        )
    };
}

/// What stands below the help of `scm`.
pub const SCM_EXAMPLES: &str = examples!("scm");

/// What stands below the help of `torch send`.
const SEND_EXAMPLES: &str = examples!("torch send");

/// How long a program's screen may take to show that its turn is over.
const DRAWN: Duration = Duration::from_secs(3);
/// The pause between two looks at it.
const LOOK: Duration = Duration::from_millis(100);
/// How many lines tell it, whatever the person wants to see.
const SCREEN: u32 = 60;

/// Sends a message to an agent, and proves that it arrived.
///
/// Returns once the message is durable and judged, with --wait once it has reached the awaited state.
#[derive(Debug, Args)]
#[command(after_help = SEND_EXAMPLES)]
pub struct SendArgs {
    /// To whom: role, role:0, session:role, session:index, session:window.pane, %pane or human
    #[arg(value_name = "TARGET")]
    target: String,
    /// The message
    #[arg(value_name = "MESSAGE", allow_hyphen_values = true)]
    message: Option<String>,
    /// Reads the message from standard input, where no shell touches it
    #[arg(long, conflicts_with_all = ["message", "file"])]
    stdin: bool,
    /// Reads the message from a file
    #[arg(long, value_name = "FILE", conflicts_with = "message")]
    file: Option<PathBuf>,
    /// Waits until the message has reached this state (accepted, consumed, acked)
    #[arg(long, value_name = "STATE", num_args = 0..=1, require_equals = true,
          default_missing_value = "consumed", value_parser = awaited)]
    wait: Option<DeliveryState>,
    /// Waits for the agent's turn to end, then shows its last lines
    #[arg(long, value_name = "LINES", num_args = 0..=1, require_equals = true, default_missing_value = "50",
          value_parser = clap::value_parser!(u32).range(1..=50_000))]
    reply: Option<u32>,
    /// How long --wait and --reply wait, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=604_800))]
    timeout: u64,
    /// A repeated call with the same key is the same message
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// Types a long message (up to 16 KB) instead of putting it into a file
    #[arg(long)]
    inline: bool,
    /// Hands it into a running turn, at the end of the next tool, instead of after the turn
    #[arg(long)]
    urgent: bool,
    /// After this time it is no longer worth delivering: 90s, 10m, 2h, 1d
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    ttl: Option<Duration>,
    #[command(flatten)]
    json: JsonArgs,
}

/// Runs the command.
pub(crate) fn run(args: SendArgs, place: &Place) -> Outcome {
    mistyped::check(args.message.as_deref(), Given::ours())?;
    let request = SendRequest {
        body: body::read(&args)?,
        target: args.target,
        key: args.key,
        inline: args.inline,
        urgent: args.urgent,
        ttl_seconds: args.ttl.map(|ttl| ttl.as_secs()),
        wait: args.wait.or(args.reply.map(|_| DeliveryState::Consumed)),
        wait_millis: args.timeout * 1000,
        cwd: place.said_cwd(),
        pane_hint: variable("TMUX_PANE").and_then(|pane| pane.into_string().ok()),
    };
    let wait = request.wait;
    if wait.is_some() {
        on_interrupt(|| {
            let text = "\nno longer waiting; what was stored stays on its way (torch msg list)";
            output::notice(text);
            std::process::exit(i32::from(exit::INTERRUPTED));
        })?;
    }
    let response = connect::send_surely(place, request)?;
    let Response::Sent { message, reached } = response else {
        return Err(CommandError::unexpected(&response));
    };
    let failed = verdict(&message, reached, wait, args.timeout).err();
    let reply = match (args.reply, &failed) {
        (Some(lines), None) => Some(reply(place, &message, lines, args.timeout)?),
        _ => None,
    };
    let json = args.json.json;
    print(&message, reached, wait, reply.as_ref(), args.json)?;
    match failed.or(reply.and_then(|reply| reply.late)) {
        // What was printed says already how far it came.
        Some(error) if json => Ok(output::report(&error, output::Shape::Text)),
        Some(error) => Err(error),
        None => Ok(exit::OK),
    }
}

fn print(
    message: &MessageView,
    reached: bool,
    wait: Option<DeliveryState>,
    reply: Option<&Reply>,
    json: JsonArgs,
) -> Result<(), CommandError> {
    if json.json {
        let lines = reply.map(|reply| &reply.lines);
        return output::json(&json!({ "message": message, "reached": reached, "lines": lines }));
    }
    // A refusal is said by the error; it is no data.
    if message.state != DeliveryState::Refused {
        output::data(&match wait {
            Some(_) => message::sent(message),
            // How far it has come by now is chance; that it is stored is not.
            None => message::stored(message),
        })?;
    }
    if !message.cleaned.is_empty() {
        output::notice(&format!(
            "cleaned: {}",
            render::plain(&message.cleaned.join(", "))
        ));
    }
    reply.map_or(Ok(()), |reply| output::data(&logs::text(&reply.lines)))
}

/// Whether it worked, by the exit codes of `scm`.
fn verdict(
    message: &MessageView,
    reached: bool,
    wait: Option<DeliveryState>,
    timeout: u64,
) -> Result<(), CommandError> {
    let trace = format!("torch msg trace {}", message.id);
    if message.state == DeliveryState::Refused || message.decision == "refuse" {
        let text = format!("{} to {} was refused", message.id, message.to);
        let reason = format!("{} (rule {})", message.reason, message.rule);
        return Err(CommandError::new(ErrorKind::Refused, text)
            .cause(reason)
            .hint(trace));
    }
    let Some(wait) = wait.filter(|_| !reached) else {
        return Ok(());
    };
    // A consumed message can still be confirmed.
    let over = match message.state {
        DeliveryState::Consumed => wait != DeliveryState::Acked,
        state => state.is_final(),
    };
    if over {
        let text = format!(
            "{} ended as {} and will not be {wait}",
            message.id, message.state
        );
        return Err(CommandError::other(text)
            .cause(message.evidence.clone())
            .hint(trace));
    }
    let text = format!(
        "{} was not {wait} within {timeout} s; it is {}",
        message.id, message.state
    );
    let failed = CommandError::new(ErrorKind::Timeout, text);
    let queued = message.state == DeliveryState::Queued;
    let failed = match message.waits.map(message::waits_for) {
        Some(words) if queued => failed.cause(format!("it waits behind another: {words}")),
        Some(words) => failed.cause(format!("it waits: {words}")),
        None if message.state.is_proven() => {
            failed.cause("it was delivered, and its recipient has not said so yet")
        }
        None => failed.cause("it stays in the queue and is delivered as soon as that is possible"),
    };
    // A person's word, or a cap, holds everything: the agent says more than the message.
    let agent = matches!(
        message.waits,
        Some(
            DeferReason::Paused | DeferReason::Capped | DeferReason::NoAgent | DeferReason::NoLogin
        )
    );
    let why = format!("torch why {} --team {}", message.to, message.team);
    Err(failed.hint(if agent { why } else { trace }))
}

struct Reply {
    lines: Vec<String>,
    late: Option<CommandError>,
}

/// The recipient's last lines, once the turn that the message began has ended or the time is over.
fn reply(
    place: &Place,
    message: &MessageView,
    lines: u32,
    timeout: u64,
) -> Result<Reply, CommandError> {
    let mut client: Client = connect::connect(place)?;
    let request = Request::AwaitTurn {
        id: message.id.clone(),
        wait_millis: timeout * 1000,
    };
    let late = match connect::ask(&mut client, &request) {
        Ok(Response::Done { .. }) => None,
        Ok(other) => return Err(CommandError::unexpected(&other)),
        Err(error) if error.kind == ErrorKind::Timeout => Some(error),
        Err(error) => return Err(error),
    };
    let lines = drawn(place, message, lines)?;
    Ok(Reply { lines, late })
}

/// The last lines of the recipient's screen, once it shows that the turn is over: a hook is quicker than the screen.
fn drawn(place: &Place, message: &MessageView, lines: u32) -> Result<Vec<String>, CommandError> {
    let mut client = connect::connect(place)?;
    let program = program_of(&mut client, message)?;
    let catalog = Catalog::load(user_agents().as_deref(), None);
    let entry = program.and_then(|program| catalog.entries.get(&program));
    let until = Instant::now() + DRAWN;
    loop {
        let team = Some(message.team.clone());
        let mut seen = logs::fetch(&mut client, place, team, &message.to, lines.max(SCREEN))?;
        let reading = entry.map(|entry| entry.read(seen.join("\n").as_bytes(), "").reading);
        let busy = reading.is_some_and(|reading| reading.kind == ScreenKind::Busy);
        if !busy || Instant::now() >= until {
            let more = seen.len().saturating_sub(lines as usize);
            return Ok(seen.split_off(more));
        }
        std::thread::park_timeout(LOOK);
    }
}

/// The program that the recipient of a message runs.
fn program_of(client: &mut Client, message: &MessageView) -> Result<Option<String>, CommandError> {
    let team = Some(message.team.clone());
    let Response::Status { teams, .. } = connect::ask(client, &Request::Status { team })? else {
        return Ok(None);
    };
    let mut agents = teams.into_iter().flat_map(|team| team.agents);
    let found = agents.find(|agent| agent.role == message.to);
    Ok(found.map(|agent| agent.program))
}

/// A word that names no state that can be waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("can be waited for: accepted, consumed, acked")]
struct NotAwaited;

/// A state that can be waited for.
fn awaited(text: &str) -> Result<DeliveryState, NotAwaited> {
    use DeliveryState::{Accepted, Acked, Consumed};
    match text.parse() {
        Ok(state @ (Accepted | Consumed | Acked)) => Ok(state),
        _ => Err(NotAwaited),
    }
}

#[cfg(test)]
mod tests;
