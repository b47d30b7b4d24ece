//! `torch schedule MIN "note" [TARGET]`, `torch schedule list|cancel`, `torch schedule --check`.

mod ahead;
mod check;

use std::io::{self, Read as _};
use std::time::Duration;

use clap::{Args, Subcommand};
use torch_api::view::ScheduleView;
use torch_api::wire::ScheduleRequest;
use torch_api::{Body, Request, Response};

use super::JsonArgs;
use crate::connect;
use crate::error::{CommandError, ErrorKind, Outcome};
use crate::exit;
use crate::offline;
use crate::output;
use crate::place::Place;
use crate::render::{self, schedule, time::Clock};

/// The most that is read from standard input, in bytes; the daemon says what is too long.
const INPUT_MAX: u64 = 128 * 1024;

const EXAMPLES: &str = "Examples:
  torch schedule 15 \"Look at the build\"
  torch schedule 1h30m \"Regular oversight check\" orchestrator
  torch schedule 30 --stdin developer < note.md
  torch schedule --cron \"0 9 * * 1-5\" \"Morning round\" --to project_manager
  torch schedule --check

A note is said once, as a message, when that much real time has passed, whatever happens meanwhile
to the clock, to the daemon or to the machine. What could not be said in time is said in one
message, with how late it is. With --cron it comes again and again, by the wall clock of a zone: a
time that the clock jumps over or shows twice comes once. Agents plan notes for themselves; the orchestrator and the project
manager for everybody in the team.";

/// Plans a note to an agent for later.
///
/// Without TARGET the note goes to the calling agent itself, and from a person to the orchestrator of the team whose
/// project or worktree holds the current directory.
#[derive(Debug, Args)]
#[command(
    arg_required_else_help = true,
    args_conflicts_with_subcommands = true,
    after_help = EXAMPLES
)]
pub struct ScheduleArgs {
    #[command(subcommand)]
    command: Option<ScheduleCommand>,
    #[command(flatten)]
    plan: PlanArgs,
}

#[derive(Debug, Subcommand)]
enum ScheduleCommand {
    /// Lists the notes whose time has not come, the next one first, and the check-ins
    List(ListArgs),
    /// Takes a planned note back
    #[command(after_help = "Example:\n  torch schedule cancel s-7k3f9q2a")]
    Cancel(CancelArgs),
}

#[derive(Debug, Args)]
struct PlanArgs {
    /// How far ahead: minutes (15, 0.5), or with units (90s, 2h, 1h30m, 2d); 1 s to 366 days. With --cron the NOTE stands here
    #[arg(value_name = "MIN")]
    ahead: Option<String>,
    /// The note; with --stdin the TARGET stands here
    #[arg(value_name = "NOTE")]
    note: Option<String>,
    /// For whom: role, role:0, session:role, session:index, session:window.pane, %pane or human
    #[arg(value_name = "TARGET")]
    target: Option<String>,
    /// Says the note again and again: minute, hour, day of the month, month, day of the week; or @daily and the like
    #[arg(long, value_name = "EXPR")]
    cron: Option<String>,
    /// The zone that --cron is meant in, by its IANA name; default: that of this machine
    #[arg(long, value_name = "ZONE", requires = "cron")]
    zone: Option<String>,
    /// For whom: the same as TARGET
    #[arg(long, value_name = "TARGET", conflicts_with = "target")]
    to: Option<String>,
    /// Reads the note from standard input, where no shell touches it
    #[arg(long)]
    stdin: bool,
    /// Plans a test note one second ahead for the caller (or TARGET) and waits until it is proven to have arrived; no note
    /// stays behind, but the message stays in torch msg list
    #[arg(long, value_name = "TARGET", num_args = 0..=1, default_missing_value = "",
          conflicts_with_all = ["ahead", "note", "target", "stdin", "cron", "to"])]
    check: Option<String>,
    /// How long --check waits, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(2..=86_400))]
    timeout: u64,
    #[command(flatten)]
    json: JsonArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  torch schedule list --team myapp")]
struct ListArgs {
    /// Of one team; default: the calling agent's team, for a person all teams
    #[arg(long, value_name = "NAME")]
    team: Option<String>,
    #[command(flatten)]
    json: JsonArgs,
}

#[derive(Debug, Args)]
struct CancelArgs {
    /// The note, with or without s-
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    json: JsonArgs,
}

/// Runs the command.
pub(crate) fn run(args: ScheduleArgs, place: &Place) -> Outcome {
    match args.command {
        Some(ScheduleCommand::List(args)) => list(args, place),
        Some(ScheduleCommand::Cancel(args)) => cancel(args, place),
        None => match args.plan.check {
            Some(target) => {
                let target = Some(target).filter(|target| !target.is_empty());
                check::run(place, target, args.plan.timeout, args.plan.json)
            }
            None => plan(args.plan, place),
        },
    }
}

fn plan(args: PlanArgs, place: &Place) -> Outcome {
    let json = args.json.json;
    let request = match args.cron.clone() {
        Some(cron) => recurring(args, cron, place)?,
        None => once(args, place)?,
    };
    let answer = connect::ask_by_any_door(place, &request).map_err(|mut error| {
        if error.kind == ErrorKind::Unreachable {
            // The daemon ended over it; planning it once more might plan it twice.
            error
                .causes
                .push("whether the note is planned, the list tells".to_owned());
            error.hints = vec!["torch schedule list".to_owned()];
        }
        error
    })?;
    match answer {
        Response::Scheduled(view) => {
            if json {
                output::json(&view)?;
            } else {
                output::data(&schedule::planned(&view, &Clock::system()))?;
            }
            say_cleaned(&view);
            Ok(exit::OK)
        }
        other => Err(CommandError::unexpected(&other)),
    }
}

/// A note that is said once.
fn once(args: PlanArgs, place: &Place) -> Result<Request, CommandError> {
    let Some(words) = args.ahead else {
        return Err(CommandError::usage("it was not said how far ahead")
            .hint("torch schedule 15 \"Look at the build\""));
    };
    let ahead = ahead::parse(&words).map_err(|error| {
        CommandError::usage(format!("invalid value '{words}' for '[MIN]': {error}"))
            .hint("torch schedule --help")
    })?;
    let (note, target) = note(args.stdin, args.note, args.target)?;
    Ok(request(place, ahead, note, target.or(args.to), None))
}

/// A note that comes again: there is no time ahead among the words.
fn recurring(args: PlanArgs, cron: String, place: &Place) -> Result<Request, CommandError> {
    let hint = "torch schedule --cron \"0 9 * * 1-5\" \"Morning round\" --to project_manager";
    if args.target.is_some() || (args.stdin && args.note.is_some()) {
        return Err(CommandError::usage("there is a word too many").hint(hint));
    }
    if args.to.is_some() && args.note.is_some() {
        return Err(CommandError::usage("the target was given twice").hint(hint));
    }
    if args.ahead.is_none() && !args.stdin {
        return Err(CommandError::usage("no note was given").hint(hint));
    }
    let (note, target) = note(args.stdin, args.ahead, args.note)?;
    let zone = args.zone.or_else(|| {
        let own = jiff::tz::TimeZone::system();
        own.iana_name().map(str::to_owned)
    });
    let mut request = request(place, Duration::ZERO, note, target.or(args.to), None);
    if let Request::Schedule(plan) = &mut request {
        plan.cron = Some(cron);
        plan.zone = zone;
    }
    Ok(request)
}

/// The request for a note; with `check_millis` for the self-check.
fn request(
    place: &Place,
    ahead: Duration,
    note: Body,
    target: Option<String>,
    check_millis: Option<u64>,
) -> Request {
    Request::Schedule(Box::new(ScheduleRequest {
        after_millis: u64::try_from(ahead.as_millis()).unwrap_or(u64::MAX),
        note,
        target,
        cwd: place.said_cwd(),
        check_millis,
        cron: None,
        zone: None,
    }))
}

fn say_cleaned(view: &ScheduleView) {
    if !view.cleaned.is_empty() {
        let changes = view.cleaned.join(", ");
        output::notice(&format!("cleaned: {}", render::plain(&changes)));
    }
}

/// The note and its target: with `--stdin` there is no note among the words.
fn note(
    stdin: bool,
    first: Option<String>,
    second: Option<String>,
) -> Result<(Body, Option<String>), CommandError> {
    if !stdin {
        let note = first.ok_or_else(|| {
            CommandError::usage("no note was given").hint("torch schedule 15 \"Look at the build\"")
        })?;
        return Ok((Body::Text(note), second));
    }
    if second.is_some() {
        return Err(
            CommandError::usage("a note was given as a word and on standard input")
                .hint("torch schedule 15 --stdin developer < note.md"),
        );
    }
    let mut bytes = Vec::new();
    let read = io::stdin().lock().take(INPUT_MAX).read_to_end(&mut bytes);
    read.map_err(|error| CommandError::usage("failed to read standard input").because(&error))?;
    Ok((Body::from_bytes(bytes), first))
}

fn list(args: ListArgs, place: &Place) -> Outcome {
    let (rows, check_ins) = match connect::running(place)? {
        Some(mut client) => {
            let request = Request::Schedules { team: args.team };
            match connect::ask(&mut client, &request)? {
                Response::Schedules {
                    schedules,
                    check_ins,
                } => (schedules, check_ins),
                other => return Err(CommandError::unexpected(&other)),
            }
        }
        None => {
            let rows = offline::schedules(place, args.team.as_deref())?;
            output::notice(offline::NOTICE);
            rows
        }
    };
    if args.json.json {
        for row in &rows {
            output::json(row)?;
        }
        for row in &check_ins {
            output::json(row)?;
        }
    } else {
        let clock = Clock::system();
        let width = crate::screen::width();
        output::data(&schedule::list(&rows, &clock, width))?;
        output::data(&schedule::check_ins(&check_ins, &clock, width))?;
    }
    Ok(exit::OK)
}

fn cancel(args: CancelArgs, place: &Place) -> Outcome {
    let mut client = connect::connect(place)?;
    match connect::ask(&mut client, &Request::CancelSchedule { id: args.id })? {
        done @ Response::Done { .. } if args.json.json => {
            output::json(&done)?;
            Ok(exit::OK)
        }
        Response::Done { text } => {
            output::data(&format!("{text}\n"))?;
            Ok(exit::OK)
        }
        other => Err(CommandError::unexpected(&other)),
    }
}
