//! `torch auto --spec FILE`.

mod choice;
pub(super) mod follow;
mod progress;
pub(super) mod spec;

pub(crate) use spec::check as read_spec;

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use clap::Args;
use torch_api::view::{PlanView, TeamView};
use torch_api::wire::{AutoRequest, Failure};
use torch_api::{Request, Response};
use torch_core::lane::TeamLane;
use torch_daemon::catalog::Catalog;
use torch_process::quote;

use super::JsonArgs;
use super::given::Given;
use super::wishes::WishArgs;
use crate::connect;
use crate::error::{CommandError, Outcome};
use crate::exit;
use crate::output::{self, Enter};
use crate::own_roles::{catalog, from_the_project, told};
use crate::place::{Place, user_agents};
use crate::render::{self, fit};
use crate::search::on_path;

/// What the daemon proposes where no agent program, or one that it does not drive, was named.
const DEMO_HINT: &str = "torch auto --spec spec.md --agent demo";

/// Raises a team of agents on a spec: one git worktree and one tmux window per role, each briefed.
///
/// Which roles, is told by the project's files and the spec (torch detect), unless flags say so. Started again on the same project it changes nothing and says what runs.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  torch auto --spec spec.md
  torch auto --spec spec.md --agent claude --agent developer=codex
  torch auto --spec spec.md --team-type web_application --add-roles devops --plan max20 --dry-run
  torch auto --spec spec.md --roles orchestrator,developer,tester --agent demo --yes --wait")]
pub struct AutoArgs {
    /// The spec: what the team is to build
    #[arg(long, value_name = "FILE")]
    spec: PathBuf,
    /// The project, a git repository [default: the current directory]
    #[arg(long, value_name = "DIR")]
    project: Option<PathBuf>,
    #[command(flatten)]
    wishes: WishArgs,
    /// The agent program: NAME for all roles, ROLE=NAME for one; several with commas [default: what the team's template says,
    /// agents.default of the config, or the best that is installed]
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    agent: Vec<String>,
    /// The policy: team, review-only or supervised [default: policy of the config; see torch policy show]
    #[arg(long, value_name = "NAME")]
    policy: Option<String>,
    /// Only shows the plan; asks the daemon, which knows the teams that are there, and is started where none runs
    #[arg(long)]
    dry_run: bool,
    /// Starts without asking
    #[arg(long, short = 'y')]
    yes: bool,
    /// Follows the team until the spec is complete
    #[arg(long)]
    wait: bool,
    /// Lets an agent program better the plan of the spec, by one call without tools, before the team is raised: NAME, or
    /// the best that is installed
    #[arg(long, value_name = "NAME", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    analyse: Option<String>,
    /// A file that scripts the demo agents
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
    #[command(flatten)]
    json: JsonArgs,
}

/// Runs the command.
pub(crate) fn run(args: AutoArgs, place: &Place) -> Outcome {
    let mut request = request(&args, place)?;
    if args.dry_run {
        return dry_run(request, args.json, place);
    }
    // Who is asked reads it in the plan.
    let unread = request.choice.clone().filter(|_| args.yes);
    if !args.yes {
        request.dry_run = true;
        let plan = plan(request.clone(), place)?;
        // A team that is there is not changed, so there is nothing to agree to.
        if !plan.exists {
            output::notice(&render::plan::plan(&plan, crate::screen::width()));
            say_policy(&request, &plan);
            if !output::can_ask() {
                return Err(unasked());
            }
            if !output::ask("Start?", Enter::Yes)? {
                output::notice("nothing was started");
                return Ok(exit::FAILURE);
            }
        }
        request.dry_run = false;
    } else {
        // Nobody is asked, and nothing is known of the plan: whatever the project brings along is said.
        let roles = request.role_files.keys().map(String::as_str);
        for line in from_the_project(&catalog(&request.project), roles) {
            output::notice(&line);
        }
        say_rules(&request);
    }
    follow::raise(place, request, unread.as_deref(), (args.wait, args.json))
}

/// The request, after every check that needs no daemon.
fn request(args: &AutoArgs, place: &Place) -> Result<AutoRequest, CommandError> {
    let project = place
        .cwd
        .join(args.project.as_deref().unwrap_or(Path::new("")));
    let project = project.canonicalize().map_err(|error| {
        let text = format!("the project {} can't be found", project.display());
        here(CommandError::usage(text).because(&error))
    })?;
    if !project.is_dir() {
        let text = format!("the project {} is no directory", project.display());
        return Err(here(CommandError::usage(text)));
    }
    let scenario = args.scenario.as_ref().map(|file| place.cwd.join(file));
    if let Some(file) = scenario.as_ref().filter(|file| !file.is_file()) {
        return Err(
            CommandError::usage(format!("the scenario {} is no file", file.display()))
                .hint(format!("ls -l {}", quote::shell(file))),
        );
    }
    let (spec, text) = spec::check(&place.cwd.join(&args.spec))?;
    for path in [Some(&project), Some(&spec), scenario.as_ref()]
        .into_iter()
        .flatten()
    {
        is_text(path)?;
    }
    let there = Place {
        cwd: project.clone(),
        ..place.clone()
    };
    let (config, origins) = super::config::load_under(&there, args.policy.as_deref())?;
    let limits = super::config::tightened(&there, &config, &origins);
    super::config::say_passed(&origins);
    super::in_force::say(&there, &config);
    let passed_on = super::agent::passed_on(&config.agents);
    let wishes = args.wishes.wishes(&config.team)?;
    let policy = config.team_policy();
    let lane_off = choice::lane_off(&config);
    let configured = Some(config.agents.default).filter(|name| !name.is_empty());
    let team = choice::team(&project, &text, &wishes)?;
    let lane = TeamLane {
        pairs: Some(team.lanes),
        off: lane_off,
    };
    let mut agents = args.agent.clone();
    if !agents.iter().any(|agent| !agent.contains('=')) {
        let named = |role: &str| args.agent.iter().any(|agent| is_for(agent, role));
        let of_team = team
            .agents
            .into_iter()
            .filter(|agent| !named(role_of(agent)));
        agents.extend(of_team);
        agents.extend(configured);
    }
    let refined = match &args.analyse {
        Some(name) => refined(&team.roles, &spec, name, place)?,
        None => None,
    };
    Ok(AutoRequest {
        refined,
        spec,
        project,
        roles: team.roles,
        choice: Some(Box::new(team.view)),
        agents,
        router: Some(config.router.mode),
        limits,
        policy: Some(policy),
        lane,
        role_files: told(&there.cwd).own_files(),
        dry_run: args.dry_run,
        alone: false,
        paused: false,
        scenario,
        env: passed_on.plain,
        secrets: passed_on.secret,
    })
}

/// An agent program's answer that betters the spec's plan; none where it does not fit, which is said.
fn refined(
    roles: &[String],
    spec: &Path,
    name: &str,
    place: &Place,
) -> Result<Option<String>, CommandError> {
    let roles = super::plan::roles(roles)?;
    let (text, plan) = super::plan::of_file(spec, &roles)?;
    let asked = Some(name).filter(|name| !name.is_empty());
    let answer = super::plan::answer(&text, &plan, &roles, asked, place)?;
    match torch_plan::analysis::refined(&plan, &answer, &roles) {
        Ok(_) => Ok(Some(answer)),
        Err(error) => {
            let words = super::plan::not_taken(&error);
            output::notice(render::error::error(&words).trim_end());
            Ok(None)
        }
    }
}

/// Under which policy the team will work, and which of its roles the project's own files decide.
fn say_policy(request: &AutoRequest, plan: &PlanView) {
    if let Some(policy) = &request.policy {
        let summary = policy.profile.file().summary;
        let name = policy.profile.as_str();
        let line = format!("Policy {name}: {summary} (torch policy show)");
        let line = fit::prose(&line, crate::screen::width(), output::HANG);
        output::notice(line.trim_end());
    }
    let roles = plan.agents.iter().map(|agent| agent.role.as_str());
    for line in from_the_project(&catalog(&request.project), roles) {
        output::notice(&line);
    }
    say_rules(request);
}

/// The rules that the project's files will put in force.
fn say_rules(request: &AutoRequest) {
    let rules = torch_daemon::project_files::read(&request.project);
    for line in render::project_rules::before(&rules) {
        output::notice(&line);
    }
}

/// torch keeps and shows paths as text, and agents are told them.
fn is_text(path: &Path) -> Result<(), CommandError> {
    match path.to_str() {
        Some(_) => Ok(()),
        None => Err(CommandError::usage(format!(
            "the path {path:?} is not valid UTF-8, and torch keeps paths as text"
        ))
        .cause("its name must be changed before a team can work there")),
    }
}

/// The role of `ROLE=PROGRAM`.
fn role_of(agent: &str) -> &str {
    agent.split_once('=').map_or("", |(role, _)| role)
}

/// Whether this names the program of a role, whatever alias it is written by.
fn is_for(agent: &str, role: &str) -> bool {
    torch_core::RoleName::parse(role_of(agent)).is_ok_and(|named| named.as_str() == role)
}

pub(super) fn plan(request: AutoRequest, place: &Place) -> Result<PlanView, CommandError> {
    let mut client = connect::connect(place)?;
    client.send(&Request::Auto(Box::new(request)))?;
    loop {
        match client.receive()? {
            Response::Progress { .. } => {}
            Response::Planned(plan) => return Ok(*plan),
            Response::Failed(failure) => return Err(failed(failure)),
            other => return Err(CommandError::unexpected(&other)),
        }
    }
}

fn dry_run(request: AutoRequest, json: JsonArgs, place: &Place) -> Outcome {
    let plan = plan(request.clone(), place)?;
    if json.json {
        output::json(&Response::Planned(Box::new(plan)))?;
    } else if plan.exists {
        let team = there(&plan.team, place)?;
        let roles = request.roles.iter().map(String::as_str).collect::<Vec<_>>();
        let text = render::plan::exists(&team, &plan.base_branch, &roles);
        output::prose(&fit::prose(&text, crate::screen::width(), output::HANG))?;
    } else {
        output::data(&render::plan::plan(&plan, crate::screen::width()))?;
        say_policy(&request, &plan);
    }
    Ok(exit::OK)
}

/// The team that is there already.
fn there(name: &str, place: &Place) -> Result<TeamView, CommandError> {
    let request = Request::Status {
        team: Some(name.to_owned()),
    };
    match connect::ask(&mut connect::connect(place)?, &request)? {
        Response::Status { teams, .. } => teams.into_iter().next().ok_or_else(|| {
            CommandError::other(format!("team {name} is not there any more"))
                .hint("torch auto --dry-run")
        }),
        other => Err(CommandError::unexpected(&other)),
    }
}

/// The hint is the same command for the project in the current directory.
fn here(failed: CommandError) -> CommandError {
    proposing(failed, Given::ours().with("--project", "."))
}

/// The hint is this command; where no agent program was named and none is installed, with the built-in one, which is said.
fn proposing(failed: CommandError, given: Given) -> CommandError {
    let given = match given.is("detect") {
        true => given,
        false => agreed(given),
    };
    if given.has("--agent") || given.is("detect") || is_one_installed() {
        return failed.hint(given.line());
    }
    failed
        .cause("no agent program is on your PATH; the built-in demo agent only plays")
        .hint(given.with_an_agent().line())
}

/// Whether an agent program is on the caller's `PATH`.
fn is_one_installed() -> bool {
    let programs = Catalog::load(user_agents().as_deref(), None).entries;
    let commands = programs
        .values()
        .filter_map(|entry| Some(entry.program.install.as_ref()?.command.as_str()));
    commands
        .into_iter()
        .any(|command| on_path(command).is_some())
}

/// The daemon's refusal. It knows the request and not the command: where it proposes the demo agent, the hint is the
/// command that was given, with that agent.
fn failed(failure: Failure) -> CommandError {
    rephrased(failure, agreed(Given::ours()))
}

/// The command with `--yes` where nobody can be asked: the next mistake would be just that.
fn agreed(given: Given) -> Given {
    let asks = !["--yes", "-y", "--dry-run"]
        .iter()
        .any(|switch| given.has(switch));
    match asks && !output::can_ask() {
        true => given.and("--yes"),
        false => given,
    }
}

fn rephrased(failure: Failure, given: Given) -> CommandError {
    let mut failed = CommandError::from(failure);
    for hint in &mut failed.hints {
        if hint == DEMO_HINT {
            *hint = given.clone().with("--agent", "demo").line();
        }
    }
    failed
}

/// Nobody can be asked, and all else is in order: the same command with `--yes`.
fn unasked() -> CommandError {
    let which = if io::stdin().is_terminal() {
        "standard error"
    } else {
        "standard input"
    };
    CommandError::usage("torch auto asks before it starts a team, and nobody can be asked here")
        .cause(format!("{which} is no terminal"))
        .hint(Given::ours().and("--yes").line())
}

#[cfg(test)]
mod tests;
