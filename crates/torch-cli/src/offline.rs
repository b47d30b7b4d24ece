//! What can be read from the registry without the daemon, one function per need.

use torch_api::credit::CreditView;
use torch_api::rules::{RulesRequest, RulesResponse};
use torch_api::task::TasksView;
use torch_api::view::{CheckInView, JournalView, MessageView, ScheduleView, TeamView};
use torch_api::wire::{MessageFilter, TeamSelector};
use torch_api::{Response, ResumeRequest, ResumeView};
use torch_core::analysis::TeamAnalysis;
use torch_core::observed::ProgramObserved;
use torch_core::policy::TeamPolicy;
use torch_core::{RoleName, Timestamp};
use torch_daemon::catalog::Catalog;
use torch_daemon::matrix::MatrixInForce;
use torch_daemon::offline::Registry;
use torch_daemon::replay::ReplayReport;

use crate::command::compliance::no_registry;
use crate::command::config;
use crate::error::CommandError;
use crate::place::{Place, user_agents};

/// What stands in place of a daemon's answer.
pub const NOTICE: &str = "the daemon is not running; this is what the registry says";

/// All teams, or the one named, as they were last written.
///
/// # Errors
/// When the registry can't be read, or has no team of that name.
pub fn status(place: &Place, team: Option<&str>) -> Result<Vec<TeamView>, CommandError> {
    let (mut teams, team) = match open(place)? {
        Some(registry) => {
            let named = registry.named(team, "status")?;
            (registry.teams().map_err(CommandError::from)?, named)
        }
        None => (Vec::new(), team.map(str::to_owned)),
    };
    let Some(name) = team else {
        return Ok(teams);
    };
    if !teams.iter().any(|team| team.name == name) {
        let names: Vec<&str> = teams.iter().map(|team| team.name.as_str()).collect();
        let there = match names.is_empty() {
            true => "there is no team".to_owned(),
            false => format!("teams: {}", names.join(", ")),
        };
        return Err(CommandError::usage(format!("no team is called {name:?}"))
            .cause(there)
            .hint("torch status"));
    }
    teams.retain(|team| team.name == name);
    Ok(teams)
}

/// What `torch resume` would do.
///
/// # Errors
/// When the registry can't be read, or has no such team.
pub fn resume(place: &Place, request: &ResumeRequest) -> Result<ResumeView, CommandError> {
    match open(place)? {
        Some(registry) => registry.resume(request).map_err(CommandError::from),
        None => Err(CommandError::usage("there is no team")
            .cause("none was raised in this registry yet")
            .hint("torch auto --spec spec.md --agent demo")),
    }
}

/// The briefing of an agent as it would be sent now, with its team's name; `None` where the team has no such role.
///
/// # Errors
/// When the registry can't be read, or no team is meant.
pub fn briefing(
    place: &Place,
    team: &TeamSelector,
    role: &RoleName,
) -> Result<Option<(String, String)>, CommandError> {
    let (config, _) = config::load(place)?;
    let catalog = Catalog::load(user_agents().as_deref(), None);
    match open(place)? {
        Some(registry) => registry
            .briefing(team, role, (&config, &catalog))
            .map_err(CommandError::from),
        None => Ok(None),
    }
}

/// The policy that a team was started with, and the team's name.
///
/// # Errors
/// When the registry can't be read, or no team is meant.
pub fn policy(
    place: &Place,
    team: &TeamSelector,
) -> Result<Option<(String, TeamPolicy)>, CommandError> {
    match open(place)? {
        Some(registry) => registry.policy(team).map(Some).map_err(CommandError::from),
        None => Ok(None),
    }
}

/// The communication matrix of a team as it is in force; `None` where no registry is there yet.
///
/// # Errors
/// When the registry can't be read, or no team is meant.
pub fn matrix(place: &Place, team: &TeamSelector) -> Result<Option<MatrixInForce>, CommandError> {
    let (config, _) = config::load(place)?;
    match open(place)? {
        Some(registry) => registry
            .matrix(team, &config.router)
            .map(Some)
            .map_err(CommandError::from),
        None => Ok(None),
    }
}

/// Messages, newest first.
///
/// # Errors
/// When the registry can't be read.
pub fn messages(place: &Place, filter: &MessageFilter) -> Result<Vec<MessageView>, CommandError> {
    let Some(registry) = open(place)? else {
        return Ok(Vec::new());
    };
    match registry.messages(filter) {
        Response::Messages { messages } => Ok(messages),
        other => Err(refused(other)),
    }
}

/// The numbers of the newest messages, team by team.
///
/// # Errors
/// When the registry can't be read.
pub fn stats(
    place: &Place,
    team: Option<&str>,
    limit: u32,
) -> Result<Vec<TeamAnalysis>, CommandError> {
    let Some(registry) = open(place)? else {
        return Ok(Vec::new());
    };
    match registry.stats(torch_process::clock::now(), team, limit) {
        Response::Stats { teams } => Ok(teams),
        other => Err(refused(other)),
    }
}

/// Planned notes, the next one first, and check-ins, of all teams or the one named.
///
/// # Errors
/// When the registry can't be read, or has no team of that name.
pub fn schedules(
    place: &Place,
    team: Option<&str>,
) -> Result<(Vec<ScheduleView>, Vec<CheckInView>), CommandError> {
    if team.is_some() {
        status(place, team)?;
    }
    let Some(registry) = open(place)? else {
        return Ok((Vec::new(), Vec::new()));
    };
    let mut rows = registry.schedules().map_err(CommandError::from)?;
    rows.retain(|row| team.is_none_or(|team| row.team == team));
    let mut check_ins = registry.check_ins().map_err(CommandError::from)?;
    check_ins.retain(|row| team.is_none_or(|team| row.team == team));
    Ok((rows, check_ins))
}

/// A team's plan as it was last written.
///
/// # Errors
/// When the registry can't be read, or has no such team, or the team no plan.
pub fn tasks(place: &Place, team: &TeamSelector) -> Result<TasksView, CommandError> {
    match open(place)? {
        Some(registry) => registry.tasks(team).map_err(CommandError::from),
        None => Err(CommandError::usage("there is no team").hint("torch plan show --spec spec.md")),
    }
}

/// What was seen of each agent program in use, as it was last written.
///
/// # Errors
/// When the registry can't be read.
pub fn observed(place: &Place) -> Result<Vec<ProgramObserved>, CommandError> {
    match open(place)? {
        Some(registry) => registry.observed().map_err(CommandError::from),
        None => Ok(Vec::new()),
    }
}

/// All agents' usage limits as they were last written, or those of one team.
///
/// # Errors
/// When the registry can't be read, or has no team of that name.
pub fn credit(place: &Place, team: Option<&str>) -> Result<CreditView, CommandError> {
    if team.is_some() {
        status(place, team)?;
    }
    match open(place)? {
        Some(registry) => {
            let now = torch_process::clock::now();
            registry.credit(team, now).map_err(CommandError::from)
        }
        None => Ok(CreditView {
            accounts: Vec::new(),
            agents: Vec::new(),
        }),
    }
}

/// Violations or assignments; none where no registry was made yet.
///
/// # Errors
/// When the registry can't be read or has no such team.
pub fn rules(place: &Place, request: &RulesRequest) -> Result<RulesResponse, CommandError> {
    match open(place)? {
        Some(registry) => registry.rules(request).map_err(CommandError::from),
        None if matches!(request, RulesRequest::InForce { .. }) => {
            Err(CommandError::usage("there is no team")
                .cause("none was raised in this registry yet")
                .hint("torch auto --spec spec.md --agent demo"))
        }
        None => Ok(match request {
            RulesRequest::Assignments { .. } => RulesResponse::Assignments {
                assignments: Vec::new(),
            },
            _ => RulesResponse::Violations {
                violations: Vec::new(),
            },
        }),
    }
}

/// A stretch of the journal, judged again.
///
/// # Errors
/// When the registry can't be read; one that was never made has no journal.
pub fn replay(
    place: &Place,
    from: Timestamp,
    until: Timestamp,
) -> Result<ReplayReport, CommandError> {
    let registry = open(place)?.ok_or_else(|| no_registry(place))?;
    registry.replay(from, until).map_err(CommandError::from)
}

/// One message by its id.
///
/// # Errors
/// When the registry can't be read or has no such message.
pub fn message(place: &Place, id: &str) -> Result<MessageView, CommandError> {
    let registry = open(place)?.ok_or_else(|| no_message(id))?;
    registry.message(id).map_err(CommandError::from)
}

/// A message with its journal, oldest first.
///
/// # Errors
/// When the registry can't be read or has no such message.
pub fn trace(place: &Place, id: &str) -> Result<(MessageView, Vec<JournalView>), CommandError> {
    let registry = open(place)?.ok_or_else(|| no_message(id))?;
    match registry.trace(id) {
        Response::Trace { message, events } => Ok((*message, events)),
        other => Err(refused(other)),
    }
}

/// What a person must see, newest first; nothing is marked as read.
///
/// # Errors
/// When the registry can't be read.
pub fn inbox(place: &Place, all: bool) -> Result<Vec<MessageView>, CommandError> {
    match open(place)? {
        Some(registry) => registry.inbox(all).map_err(CommandError::from),
        None => Ok(Vec::new()),
    }
}

/// The journal's hash chain, as [`Response::Audit`].
///
/// # Errors
/// When the registry can't be read; one that was never made has no journal to check.
pub fn audit(place: &Place) -> Result<Response, CommandError> {
    let registry = open(place)?.ok_or_else(|| {
        CommandError::other(format!("there is no journal in {}", place.home.display()))
            .hint("torch doctor")
    })?;
    match registry.audit() {
        audit @ Response::Audit { .. } => Ok(audit),
        other => Err(refused(other)),
    }
}

/// Lets only a person go on with what concerns the whole registry; `what` is that in words: `a backup`. A registry that can't be
/// read refuses nobody: its own errors are told by what follows.
///
/// # Errors
/// The refusal, where an agent of the registry asks.
pub fn for_a_person(place: &Place, what: &str) -> Result<(), CommandError> {
    match open(place) {
        Ok(Some(registry)) => registry.for_a_person(what).map_err(CommandError::from),
        Ok(None) | Err(_) => Ok(()),
    }
}

/// Whether a team works on the project here, or the current directory lies in an agent's worktree. A registry that can't be
/// read is one that may have it: its own errors are told by what asks it.
pub fn has_team_here(place: &Place) -> bool {
    let teams = match open(place).map(|registry| registry.map(|it| it.teams())) {
        Ok(Some(Ok(teams))) => teams,
        Ok(None) => return false,
        Ok(Some(Err(_))) | Err(_) => return true,
    };
    teams.iter().any(|team| {
        let worktrees = team.agents.iter().map(|agent| agent.worktree.as_path());
        let mut folders = worktrees.chain([team.project.as_path()]);
        folders.any(|folder| place.cwd.starts_with(folder))
    })
}

/// The registry, or `None` where none was ever made.
fn open(place: &Place) -> Result<Option<Registry>, CommandError> {
    // The socket's name stands in what is shown only: a config that can't be used is no reason to show nothing.
    let config = config::load_own(place, None).unwrap_or_else(|_| config::defaults(place));
    let caller = torch_process::facts::ancestry(std::process::id());
    let registry = Registry::open(&place.home, &config.tmux.socket, &caller);
    registry.map_err(CommandError::from)
}

fn refused(response: Response) -> CommandError {
    match response {
        Response::Failed(failure) => failure.into(),
        other => CommandError::unexpected(&other),
    }
}

fn no_message(id: &str) -> CommandError {
    CommandError::usage(format!("there is no message {id:?}")).hint("torch msg list")
}
