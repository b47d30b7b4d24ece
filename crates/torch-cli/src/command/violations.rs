//! `torch violations`, `torch violations resolve ID`.

use clap::{Args, Subcommand};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use torch_api::rules::{RulesRequest, RulesResponse, ViolationFilter};
use torch_api::{Request, Response};
use torch_core::Timestamp;

use super::{JsonArgs, steps};
use crate::connect;
use crate::error::{CommandError, Outcome};
use crate::place::Place;
use crate::render::rules;
use crate::render::time::Clock;
use crate::{exit, offline, output, sandbox};

const EXAMPLES: &str = "Examples:
  torch violations
  torch violations --open
  torch violations --date 2026-11-21 --json
  torch violations resolve v-7k3f9q2a";

/// Lists who broke which rule of communication, with what to do instead.
///
/// Without --date and --open: today's, and all that are open. A violation is open until a person or the orchestrator
/// resolves it, something settles it by itself (a form that is right), or it was not repeated for a day.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, after_help = EXAMPLES)]
pub struct ViolationsArgs {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    list: ListArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Settles an open violation: for people and orchestrators
    #[command(after_help = "Example:\n  torch violations resolve v-7k3f9q2a")]
    Resolve(ResolveArgs),
}

#[derive(Debug, Args)]
struct ListArgs {
    /// Only those of this day: 2026-11-21
    #[arg(long, value_name = "DATE", value_parser = date)]
    date: Option<Date>,
    /// Only those that are open
    #[arg(long)]
    open: bool,
    /// Of one team, by name
    #[arg(long, value_name = "NAME")]
    team: Option<String>,
    #[command(flatten)]
    json: JsonArgs,
}

#[derive(Debug, Args)]
struct ResolveArgs {
    /// The violation, with or without v-
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    json: JsonArgs,
}

/// Runs the command.
pub(crate) fn run(args: ViolationsArgs, place: &Place) -> Outcome {
    match args.command {
        Some(Command::Resolve(args)) => {
            let request = RulesRequest::Resolve { id: args.id };
            let mut client = connect::connect(place)?;
            steps::done(&mut client, &Request::Rules(Box::new(request)), args.json)
        }
        None => list(args.list, place),
    }
}

fn list(args: ListArgs, place: &Place) -> Outcome {
    let clock = Clock::system();
    let (from, until) = match args.date {
        Some(date) => day(date, &clock.zone)?,
        None => (None, None),
    };
    let filter = ViolationFilter {
        team: args.team,
        open: args.open,
        from,
        until,
    };
    let request = RulesRequest::Violations(filter);
    let RulesResponse::Violations { mut violations } = ask(place, request)? else {
        return Err(CommandError::other("the daemon answered something else"));
    };
    if args.date.is_none() && !args.open {
        let (begin, _) = day(clock.today(), &clock.zone)?;
        violations.retain(|row| row.state == "open" || begin.is_none_or(|at| row.last >= at));
    }
    if args.json.json {
        for row in &violations {
            output::json(row)?;
        }
    } else {
        output::prose(&rules::violations(&violations, &clock))?;
    }
    Ok(exit::OK)
}

/// A day as it is written on the command line.
pub(super) fn date(text: &str) -> Result<Date, String> {
    text.parse()
        .map_err(|_| "a day is written 2026-11-21".to_owned())
}

/// When a day begins and ends in a zone.
pub(super) fn day(
    date: Date,
    zone: &TimeZone,
) -> Result<(Option<Timestamp>, Option<Timestamp>), CommandError> {
    let begin = |date: Date| -> Result<Option<Timestamp>, CommandError> {
        let zoned = date.to_zoned(zone.clone());
        let zoned = zoned.map_err(|error| {
            CommandError::usage(format!("{date} is no day of this zone")).because(&error)
        })?;
        let millis = u64::try_from(zoned.timestamp().as_millisecond());
        Ok(Some(Timestamp(millis.unwrap_or(0))))
    };
    let next = date.tomorrow().map_err(|error| {
        CommandError::usage(format!("{date} has no day after it")).because(&error)
    })?;
    Ok((begin(date)?, begin(next)?))
}

/// Asks the daemon, or reads the registry where none runs.
pub(super) fn ask(place: &Place, request: RulesRequest) -> Result<RulesResponse, CommandError> {
    let asked = Request::Rules(Box::new(request.clone()));
    let boxed = |error| sandbox::advise(error, &asked, &place.cwd);
    match connect::running(place).map_err(boxed)? {
        Some(mut client) => match connect::ask(&mut client, &asked)? {
            Response::Rules(response) => Ok(*response),
            other => Err(CommandError::unexpected(&other)),
        },
        None => {
            let response = offline::rules(place, &request)?;
            output::notice(offline::NOTICE);
            Ok(response)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_as_long_as_its_zone_says() {
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a zone");
        let hours = |date: Date| {
            let (from, until) = day(date, &zone).expect("a day");
            until
                .expect("an end")
                .since(from.expect("a begin"))
                .as_secs()
                / 3_600
        };
        assert_eq!(hours(jiff::civil::date(2026, 11, 21)), 24);
        assert_eq!(hours(jiff::civil::date(2026, 3, 29)), 23);
        assert_eq!(hours(jiff::civil::date(2026, 10, 25)), 25);
    }
}
