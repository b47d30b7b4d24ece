//! `torch resume`.

use clap::Args;
use torch_api::roster::{ResumeRequest, ResumeView};
use torch_api::{Request, Response};

use super::{JsonArgs, TeamArgs, steps};
use crate::connect;
use crate::error::{CommandError, Outcome};
use crate::exit;
use crate::offline;
use crate::output;
use crate::place::Place;
use crate::render::time::Clock;
use crate::render::{resume, team};

/// Brings a team back to where it was: after a crash, a reboot, or `torch stop`.
///
/// Agents that run are left alone; those that ended are started again in their windows and worktrees and told where
/// they were. Messages that waited follow in order.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  torch resume --status-only
  torch resume --team myapp
  torch resume --add-roles tester,devops")]
pub struct ResumeArgs {
    /// Only shows what is wanted, what is, and what would be done; changes nothing
    #[arg(long)]
    status_only: bool,
    /// Briefs every agent again, also those that run
    #[arg(long)]
    rebrief_all: bool,
    /// Roles to add to the team, separated by commas
    #[arg(long, value_name = "ROLES", value_delimiter = ',')]
    add_roles: Vec<String>,
    #[command(flatten)]
    team: TeamArgs,
    #[command(flatten)]
    json: JsonArgs,
}

/// The roles' files, as they are taken along; one that is the project's is named.
fn named_roles(wanted: &[String], place: &Place) -> std::collections::BTreeMap<String, String> {
    let catalog = crate::own_roles::told(&place.cwd);
    crate::own_roles::say_from_the_project(&catalog, wanted.iter().map(String::as_str));
    catalog.own_files()
}

/// Runs the command.
pub(crate) fn run(args: ResumeArgs, place: &Place) -> Outcome {
    let (config, _) = super::config::load(place)?;
    let mut request = ResumeRequest {
        team: place.team(args.team.team.clone()),
        status_only: true,
        rebrief_all: args.rebrief_all,
        add_roles: args
            .add_roles
            .iter()
            .map(|role| role.trim().to_owned())
            .filter(|role| !role.is_empty())
            .collect(),
        secrets: super::agent::passed_on(&config.agents).secret,
        role_files: match args.add_roles.is_empty() {
            true => std::collections::BTreeMap::new(),
            false => named_roles(&args.add_roles, place),
        },
    };
    if args.status_only {
        return status(request, args.json, place);
    }
    let mut client = connect::connect(place)?;
    if !args.json.json {
        let seen = seen(&mut client, request.clone())?;
        output::notice(resume::resume(&seen, crate::screen::error_width()).trim_end());
        client = connect::connect(place)?;
    }
    request.status_only = false;
    match steps::ask(&mut client, &Request::Resume(Box::new(request)), args.json)? {
        Response::Raised { team: view, .. } => {
            if !args.json.json {
                output::data(&team::raised(
                    &view,
                    team::Before::None,
                    &Clock::system(),
                    crate::screen::width(),
                ))?;
            }
            Ok(exit::OK)
        }
        Response::Done { text } => {
            output::notice(&text);
            Ok(exit::FAILURE)
        }
        other => Err(CommandError::unexpected(&other)),
    }
}

/// Works without a daemon, and starts none.
fn status(request: ResumeRequest, json: JsonArgs, place: &Place) -> Outcome {
    let view = match connect::running(place)? {
        Some(mut client) => seen(&mut client, request)?,
        None => {
            output::notice(offline::NOTICE);
            offline::resume(place, &request)?
        }
    };
    if json.json {
        output::json(&view)?;
    } else {
        output::data(&resume::resume(&view, crate::screen::width()))?;
    }
    Ok(exit::OK)
}

fn seen(
    client: &mut torch_api::Client,
    mut request: ResumeRequest,
) -> Result<ResumeView, CommandError> {
    request.status_only = true;
    match connect::ask(client, &Request::Resume(Box::new(request)))? {
        Response::Resume(view) => Ok(*view),
        other => Err(CommandError::unexpected(&other)),
    }
}
