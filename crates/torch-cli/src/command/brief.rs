//! `torch brief ROLE --print`: what an agent is told, or would be. Works without the daemon.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use torch_brief::{DEFAULT_TEAM, Facts, Member};
use torch_core::config::Config;
use torch_core::matrix::Matrix;
use torch_core::{RoleName, SessionName};
use torch_daemon::brief::{partners, would_be_matrix};
use torch_daemon::role_files::RoleCatalog;

use super::roles::find;
use super::{JsonArgs, TeamArgs};
use crate::error::{CommandError, Outcome};
use crate::exit;
use crate::offline;
use crate::output;
use crate::own_roles::told;
use crate::place::{Place, project_root};

/// Prints a role's briefing: of the team that is there, as it would be sent now, else of one that might be started.
///
/// What an agent is told of its own past, after a restart, is not part of it. Of a team that is not there yet, names in capitals
/// (BASE, PROGRAM) stand for what is only known once it is started. An agent is briefed again by
/// torch resume --rebrief-all.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  torch brief developer --print\n  torch brief developer --print --spec spec.md\n  torch brief securityops --print --roles orchestrator,sysadmin,securityops --policy review-only"
)]
pub struct BriefArgs {
    /// The role
    #[arg(value_name = "ROLE")]
    role: String,
    /// Prints the briefing; nothing is sent
    #[arg(long, required = true)]
    print: bool,
    /// Of a team with these roles, separated by commas, whatever there is
    #[arg(
        long,
        value_name = "ROLES",
        value_delimiter = ',',
        conflicts_with = "team"
    )]
    roles: Vec<String>,
    /// Of a team for this spec, with the tasks that it would get there
    #[arg(long, value_name = "FILE", conflicts_with = "team")]
    spec: Option<PathBuf>,
    /// Under this policy, whatever the settings say: team, review-only or supervised
    #[arg(long, value_name = "NAME", conflicts_with = "team")]
    policy: Option<String>,
    #[command(flatten)]
    team: TeamArgs,
    #[command(flatten)]
    json: JsonArgs,
}

/// Runs the command.
pub(crate) fn run(args: &BriefArgs, place: &Place) -> Outcome {
    let catalog = told(&place.cwd);
    let supposed = !args.roles.is_empty() || args.policy.is_some() || args.spec.is_some();
    let found = match supposed {
        true => None,
        false => of_the_team(args, place)?,
    };
    let (team, text) = match found {
        Some((team, text)) => (Some(team), text),
        None => (None, would_be(args, place, &catalog)?),
    };
    if args.json.json {
        let words = torch_brief::words(&text);
        let team = team.as_deref();
        output::json(&json!({"role": args.role, "team": team, "words": words, "text": text}))?;
    } else {
        output::data(&text)?;
        if team.is_none() && !supposed {
            output::notice(
                "note: no team here has this role; this is what one would be told in a new team",
            );
        }
    }
    Ok(exit::OK)
}

/// The briefing of an agent that is there, with its team's name; a team that was named has to have it.
fn of_the_team(args: &BriefArgs, place: &Place) -> Result<Option<(String, String)>, CommandError> {
    let Ok(role) = RoleName::parse(&args.role) else {
        return Ok(None);
    };
    let found = offline::briefing(place, &place.team(args.team.team.clone()), &role);
    match (found, &args.team.team) {
        (Ok(None), Some(name)) => Err(CommandError::usage(format!(
            "team {name} has no role {role}"
        ))
        .hint(format!("torch status --team {name}"))),
        (Err(error), Some(_)) => Err(error),
        (Ok(found), _) => Ok(found),
        // No team is meant here, or not clearly.
        (Err(_), None) => Ok(None),
    }
}

/// The briefing in a team that might be started here.
fn would_be(
    args: &BriefArgs,
    place: &Place,
    catalog: &RoleCatalog,
) -> Result<String, CommandError> {
    let entry = find(catalog, &args.role, "torch brief --print")?;
    let (config, _) = super::config::load_under(place, args.policy.as_deref())?;
    let mut team: Vec<String> = Vec::new();
    let spec = args.spec.as_ref().map(|file| place.cwd.join(file));
    let chosen: Vec<String> = match &spec {
        Some(spec) if args.roles.is_empty() => {
            let roles = super::plan::detected(spec, place)?;
            roles.iter().map(ToString::to_string).collect()
        }
        _ => args.roles.clone(),
    };
    let written = chosen.iter().map(String::as_str);
    let default = DEFAULT_TEAM.iter().copied().filter(|_| chosen.is_empty());
    let named = written.chain(default).chain([entry.role.name.as_str()]);
    for name in named.map(str::trim).filter(|name| !name.is_empty()) {
        let role = &find(catalog, name, "torch roles show")?.role.name;
        if !team.contains(role) {
            team.push(role.clone());
        }
    }
    if !team.iter().any(|role| role == RoleName::HUB) {
        team.insert(0, RoleName::HUB.to_owned());
    }
    let mut facts = facts(
        &project_root(&place.cwd),
        place,
        (&entry.role.name, &team),
        catalog,
        &config,
    );
    if let Some(spec) = &spec {
        let roles = super::plan::roles(&team)?;
        let (_, plan) = super::plan::of_file(spec, &roles)?;
        if let Ok(role) = RoleName::parse(&entry.role.name) {
            facts.plan = torch_plan::brief::part(&plan, &role);
        }
        facts.spec = spec.display().to_string();
    }
    let matrix = chosen_matrix(&chosen, spec.as_deref(), place, &config);
    facts.direct = direct(&entry.role.name, &team, matrix.as_ref(), (catalog, &config));
    let rules = torch_daemon::project_files::read(&project_root(&place.cwd));
    if let (Ok(rules), Ok(role)) = (rules, RoleName::parse(&entry.role.name)) {
        torch_daemon::brief::stated::apply(&mut facts, &role, rules);
    }
    torch_brief::briefing(&entry.role, &facts).map_err(|error| {
        CommandError::other(error.to_string())
            .because(&error.source)
            .hint("torch roles check")
    })
}

/// The matrix of the template that `torch auto` would choose here, for these roles where some are named.
fn chosen_matrix(
    roles: &[String],
    spec: Option<&Path>,
    place: &Place,
    config: &Config,
) -> Option<Matrix> {
    let wishes = super::wishes::WishArgs {
        roles: roles.to_vec(),
        ..Default::default()
    };
    let wishes = wishes.wishes(&config.team).ok()?;
    let spec = match spec {
        Some(spec) => Some(super::plan::read_spec(spec).ok()?),
        None => None,
    };
    let project = project_root(&place.cwd);
    // Where no type is certain, or the tree can't be listed, the shipped matrix is what such a team would have.
    let chosen = super::wishes::chosen(&project, spec.as_deref(), &wishes).ok()?;
    chosen.choice.matrix
}

/// Whom the role may write to directly there; `own` is the matrix of the team's template.
fn direct(
    role: &str,
    team: &[String],
    own: Option<&Matrix>,
    (catalog, config): (&RoleCatalog, &Config),
) -> Vec<String> {
    let roles = team.iter().filter_map(|name| catalog.entries.get(name));
    let roles: Vec<_> = roles.map(|entry| &entry.role).collect();
    match (RoleName::parse(role), torch_daemon::templates::roles()) {
        (Ok(from), Ok(templates)) => {
            let matrix = would_be_matrix(&roles, own, &templates, &config.router);
            partners(&from, &roles, matrix, config.router.mode)
        }
        // What is built in is held by tests, and a role of the catalog has a name.
        _ => Vec::new(),
    }
}

fn facts(
    project: &Path,
    place: &Place,
    (role, team): (&str, &[String]),
    catalog: &RoleCatalog,
    config: &Config,
) -> Facts {
    let folder = project.file_name().map(|name| name.to_string_lossy());
    let name = SessionName::slug(&folder.unwrap_or_default());
    let program = match config.agents.default.as_str() {
        "" => "PROGRAM",
        program => program,
    };
    let member = |name: &String| Member {
        role: name.clone(),
        summary: catalog
            .entries
            .get(name)
            .map_or_else(String::new, |entry| entry.role.summary.clone()),
        program: program.to_owned(),
        branch: Some(format!("BASE-{name}")),
    };
    let worktrees = place.home.join("projects").join(name.as_str());
    Facts {
        team: name.to_string(),
        project: project.display().to_string(),
        spec: project.join("spec.md").display().to_string(),
        worktree: worktrees.join("worktrees").join(role).display().to_string(),
        branch: Some(format!("BASE-{role}")),
        base_branch: "BASE".to_owned(),
        members: team.iter().map(member).collect(),
        policy: config.team_policy(),
        router: config.router.mode,
        exchanges: config.router.exchanges,
        blocked_minutes: config.router.blocked_seconds.div_ceil(60),
        ..Facts::default()
    }
}
