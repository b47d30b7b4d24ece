//! `torch git health`, `torch git risk`, `torch git log`.

use std::time::Duration;

use clap::Args;
use torch_api::Request;
use torch_api::git::{GitRequest, GitResponse, LogFilter};
use torch_core::Timestamp;

use super::super::send::duration;
use super::super::{JsonArgs, TeamArgs};
use super::{RadarArgs, ask};
use crate::error::{CommandError, Outcome};
use crate::place::Place;
use crate::render::git::activity as render;
use crate::render::time::Clock;
use crate::screen::width;
use crate::{exit, output};

#[derive(Debug, Args)]
pub(super) struct LogArgs {
    #[command(flatten)]
    team: TeamArgs,
    /// Only what this role did
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,
    /// Only what was seen within this time: 90s, 10m, 2h, 7d
    #[arg(long, value_name = "DURATION", default_value = "1d", value_parser = duration::parse)]
    since: Duration,
    /// At most so many
    #[arg(short = 'n', long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    #[command(flatten)]
    json: JsonArgs,
}

pub(super) fn health(args: RadarArgs, place: &Place) -> Outcome {
    let team = place.team(args.team.team);
    let request = Request::Git(GitRequest::Health { team });
    let GitResponse::Health(view) = ask(place, &request)? else {
        return Err(CommandError::other("the daemon answered something else"));
    };
    match args.json.json {
        true => output::json(&view)?,
        false => output::data(&render::health(&view, &Clock::system(), width()))?,
    }
    Ok(exit::OK)
}

pub(super) fn risk(args: RadarArgs, place: &Place) -> Outcome {
    let team = place.team(args.team.team);
    let request = Request::Git(GitRequest::Risk { team });
    let GitResponse::Risk(view) = ask(place, &request)? else {
        return Err(CommandError::other("the daemon answered something else"));
    };
    match args.json.json {
        true => output::json(&view)?,
        false => output::data(&render::risk(&view, width()))?,
    }
    Ok(exit::OK)
}

pub(super) fn log(args: LogArgs, place: &Place) -> Outcome {
    let clock = Clock::system();
    let length = u64::try_from(args.since.as_millis()).unwrap_or(u64::MAX);
    let filter = LogFilter {
        team: place.team(args.team.team),
        role: args.role,
        since: Some(Timestamp(clock.now.0.saturating_sub(length))),
        limit: args.limit,
    };
    let request = Request::Git(GitRequest::Log(filter));
    let GitResponse::Log {
        entries,
        more,
        unread,
    } = ask(place, &request)?
    else {
        return Err(CommandError::other("the daemon answered something else"));
    };
    if let Some(unread) = &unread {
        output::notice(&render::unread(unread, &clock));
    }
    if args.json.json {
        for entry in &entries {
            output::json(entry)?;
        }
        return Ok(exit::OK);
    }
    output::data(&render::log(&entries, &clock, width()))?;
    if more {
        output::notice("there are older ones: --limit N");
    }
    Ok(exit::OK)
}
