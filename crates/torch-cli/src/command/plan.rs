//! `torch plan`.

mod analyse;
mod edit;
mod kept;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use torch_api::task::{TasksOrder, TasksRequest, TasksView};
use torch_api::{Request, Response};
use torch_core::{RoleName, TaskPlan, TaskState};
use torch_plan::Spec;

use super::auto::spec::{SPEC_MAX, bounded};
use super::{JsonArgs, TeamArgs};
use crate::connect;
use crate::error::{CommandError, Outcome};
use crate::exit;
use crate::offline;
use crate::output;
use crate::place::Place;
use crate::render;

pub(super) use analyse::{answer, not_taken};

/// Shows and changes a team's plan: the tasks that its spec asks for, who does them, and how far they are.
///
/// The plan is made of the spec's words, without a model. A report that begins with a task's id (`torch complete "T3 done: …"`)
/// ends that task.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Examples:
  torch plan
  torch plan show --spec spec.md
  torch plan set T3 blocked --why \"waits for the schema\"
  torch plan --analyse --dry-run"
)]
pub struct PlanArgs {
    #[command(subcommand)]
    command: Option<PlanCommand>,
    #[command(flatten)]
    show: ShowArgs,
    /// Lets an agent program better the plan, by one call without tools; its answer is checked, and left if it does not fit
    #[arg(long)]
    analyse: bool,
    /// The agent program for --analyse [default: agents.default of the config, or the best that is installed]
    #[arg(long, value_name = "NAME", requires = "analyse")]
    agent: Option<String>,
    /// With --analyse: only says what would differ
    #[arg(long, requires = "analyse")]
    dry_run: bool,
}

#[derive(Debug, Subcommand)]
enum PlanCommand {
    /// Shows the plan of a team, or with --spec the one that a spec would get
    #[command(
        after_help = "Examples:\n  torch plan show\n  torch plan show --spec spec.md --roles orchestrator,developer"
    )]
    Show(ShowArgs),
    /// Checks a plan's file, or the plan of a team
    #[command(after_help = "Examples:\n  torch plan check\n  torch plan check plan.toml")]
    Check(CheckArgs),
    /// Opens the plan in $VISUAL or $EDITOR and takes it in if it is in order
    ///
    /// What is not in order changes nothing, and neither does an edit of tasks that somebody else changed meanwhile: the edit is kept,
    /// and --from takes it up.
    #[command(
        after_help = "Examples:\n  torch plan edit\n  torch plan edit --from plan.toml --dry-run"
    )]
    Edit(edit::EditArgs),
    /// Says how far a task is
    #[command(
        after_help = "Examples:\n  torch plan set T3 doing\n  torch plan set T3 blocked --why \"waits for the schema\""
    )]
    Set(SetArgs),
}

#[derive(Debug, Args)]
struct ShowArgs {
    /// A spec whose plan is shown as it would be; no team and no daemon is needed
    #[arg(long, value_name = "FILE", conflicts_with = "team")]
    spec: Option<PathBuf>,
    /// With --spec: the roles of the team, separated by commas [default: those that torch auto would choose]
    #[arg(long, value_name = "ROLES", value_delimiter = ',', requires = "spec")]
    roles: Vec<String>,
    #[command(flatten)]
    team: TeamArgs,
    #[command(flatten)]
    json: JsonArgs,
}

#[derive(Debug, Args)]
struct CheckArgs {
    /// The file; without one, the plan of the team
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    team: TeamArgs,
    #[command(flatten)]
    json: JsonArgs,
}

#[derive(Debug, Args)]
struct SetArgs {
    /// The task's id
    #[arg(value_name = "TASK")]
    task: String,
    /// How far it is
    #[arg(value_name = "STATE")]
    state: StateWord,
    /// Why, or what was done
    #[arg(long, value_name = "TEXT", default_value = "")]
    why: String,
    #[command(flatten)]
    team: TeamArgs,
    #[command(flatten)]
    json: JsonArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum StateWord {
    /// Nobody has begun
    Todo,
    /// Somebody is at it
    Doing,
    /// It can't go on
    Blocked,
    /// It is done
    Done,
}

/// Runs the command.
pub(crate) fn run(args: PlanArgs, place: &Place) -> Outcome {
    match args.command {
        Some(PlanCommand::Show(args)) => show(args, place),
        Some(PlanCommand::Check(args)) => check(args, place),
        Some(PlanCommand::Edit(args)) => edit::run(args, place),
        Some(PlanCommand::Set(args)) => set(args, place),
        None if args.analyse => analyse::run(args.show, args.agent.as_deref(), args.dry_run, place),
        None => show(args.show, place),
    }
}

fn show(args: ShowArgs, place: &Place) -> Outcome {
    let view = match &args.spec {
        Some(file) => {
            let path = place.cwd.join(file);
            let roles = match args.roles.as_slice() {
                [] => detected(&path, place)?,
                written => known_roles(written, place)?,
            };
            if args.roles.is_empty() && !args.json.json {
                let names: Vec<&str> = roles.iter().map(RoleName::as_str).collect();
                let names = names.join(", ");
                let line = format!(
                    "note: for the team that torch auto would choose here: {names} (--roles names others)"
                );
                let width = crate::screen::width();
                output::notice(render::fit::prose(&line, width, output::HANG).trim_end());
            }
            TasksView {
                team: String::new(),
                plan: of_file(&path, &roles)?.1,
                roles: roles.iter().map(ToString::to_string).collect(),
                change: None,
            }
        }
        None => of_team(args.team.team, place)?,
    };
    print(&view, args.json)
}

pub(super) fn print(view: &TasksView, json: JsonArgs) -> Outcome {
    if json.json {
        output::json(view)?;
    } else {
        output::prose(&render::tasks::tasks(view, crate::screen::width()))?;
    }
    Ok(exit::OK)
}

/// A team's plan, from the daemon or, where none runs, from the registry.
pub(super) fn of_team(team: Option<String>, place: &Place) -> Result<TasksView, CommandError> {
    let team = place.team(team);
    match connect::running(place)? {
        Some(mut client) => {
            let request = TasksRequest {
                team,
                order: TasksOrder::Show,
            };
            answered(connect::ask(
                &mut client,
                &Request::Tasks(Box::new(request)),
            )?)
        }
        None => {
            let view = offline::tasks(place, &team)?;
            output::notice(offline::NOTICE);
            Ok(view)
        }
    }
}

/// What is not known where the daemon stays away over a change of a plan.
const CHANGED: connect::Act<'static> = connect::Act {
    done: "the plan is changed",
    tells: "torch plan show",
};

/// Asks the daemon about a plan, and again where it went away: the same order changes nothing twice. A model's answer is only
/// taken into the plan that it was made from, so it is not sent again.
pub(super) fn ask(
    team: Option<String>,
    order: TasksOrder,
    place: &Place,
) -> Result<TasksView, CommandError> {
    let once = matches!(order, TasksOrder::Refine { .. });
    let request = TasksRequest {
        team: place.team(team),
        order,
    };
    let request = Request::Tasks(Box::new(request));
    let mut times = 0;
    let ask = || {
        times += 1;
        connect::ask(&mut connect::connect(place)?, &request)
    };
    let answer = match once {
        true => connect::once(CHANGED, ask),
        false => connect::surely(CHANGED, ask),
    };
    let view = answered(answer?)?;
    let changes = view.change.as_ref().is_some_and(|change| !change.dry_run);
    if times > 1 && changes {
        output::notice(
            "note: what it had taken in before it went away is not counted here (torch plan show)",
        );
    }
    Ok(view)
}

fn answered(response: Response) -> Result<TasksView, CommandError> {
    match response {
        Response::Tasks(view) => Ok(*view),
        other => Err(CommandError::unexpected(&other)),
    }
}

/// The roles that `torch auto` would choose for a spec, in the project that holds the working directory.
pub(super) fn detected(spec: &Path, place: &Place) -> Result<Vec<RoleName>, CommandError> {
    let (config, _) = super::config::load_under(place, None)?;
    let wishes = super::wishes::WishArgs::default().wishes(&config.team)?;
    let project = crate::place::project_root(&place.cwd);
    let chosen = super::wishes::chosen(&project, Some(&read_spec(spec)?), &wishes)?;
    let names: Vec<String> = chosen.choice.roles().map(ToString::to_string).collect();
    roles(&names)
}

/// The roles as written, or the default ones.
pub(super) fn roles(written: &[String]) -> Result<Vec<RoleName>, CommandError> {
    let default: Vec<String> = torch_core::roles::DEFAULT_NAMES
        .iter()
        .map(ToString::to_string)
        .collect();
    let written = if written.is_empty() {
        &default
    } else {
        written
    };
    let names = written
        .iter()
        .map(|role| role.trim())
        .filter(|role| !role.is_empty());
    names
        .map(|role| {
            RoleName::parse(role).map_err(|error| {
                CommandError::usage(format!("{role:?} can be no role"))
                    .because(&error)
                    .hint("torch plan show --spec spec.md --roles orchestrator,developer,tester")
            })
        })
        .collect()
}

/// The roles as written, each of which there is here; the second of a role, `developer-2`, is one too.
fn known_roles(written: &[String], place: &Place) -> Result<Vec<RoleName>, CommandError> {
    let roles = roles(written)?;
    let catalog = crate::own_roles::told(&place.cwd);
    for role in &roles {
        let name = role.as_str();
        let first = match name.rsplit_once('-') {
            Some((first, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => first,
            _ => name,
        };
        super::roles::find(&catalog, first, "torch roles show")?;
    }
    Ok(roles)
}

/// The text of a spec, and the plan that it would get.
pub(super) fn of_file(path: &Path, roles: &[RoleName]) -> Result<(String, TaskPlan), CommandError> {
    let text = read_spec(path)?;
    let spec = Spec {
        path: path.display().to_string(),
        sha256: String::new(),
        text: text.clone(),
    };
    Ok((text, torch_plan::plan(&spec, roles)))
}

/// A spec's text, whatever it says, if it is text.
pub(in crate::command) fn read_spec(path: &Path) -> Result<String, CommandError> {
    let bytes = torch_project::read_start(path, SPEC_MAX + 1).map_err(|error| {
        CommandError::usage(format!("the spec {} can't be read", path.display()))
            .because(&error)
            .hint("ls *.md")
    })?;
    if bytes.len() as u64 > SPEC_MAX {
        let whole = std::fs::metadata(path).map_or(bytes.len() as u64, |meta| meta.len());
        bounded(path, whole)?;
    }
    let text = torch_plan::source::text(&bytes).map_err(|error| {
        CommandError::usage(format!("{} can be no spec", path.display()))
            .because(&error)
            .hint(format!("file {}", torch_process::quote::shell(path)))
    })?;
    if text.trim_start_matches('\u{feff}').trim().is_empty() {
        return Err(
            CommandError::usage(format!("the spec {} is empty", path.display()))
                .cause("it must say what the team is to build")
                .hint(format!(
                    "${{EDITOR:-vi}} {}",
                    torch_process::quote::shell(path)
                )),
        );
    }
    Ok(text.to_owned())
}

fn check(args: CheckArgs, place: &Place) -> Outcome {
    let Some(file) = args.file else {
        let view = of_team(args.team.team, place)?;
        let roles = view
            .roles
            .iter()
            .filter_map(|role| RoleName::parse(role).ok())
            .collect::<Vec<_>>();
        let faults = torch_plan::check::faults(&view.plan, &roles);
        if let Some(first) = faults.first() {
            let mut failed =
                CommandError::other(format!("the plan of team {} is not in order", view.team))
                    .hint("torch plan edit");
            failed.causes = faults
                .iter()
                .take(10)
                .map(|fault| fault.text.clone())
                .collect();
            return Err(failed.cause(first.hint.clone()));
        }
        return in_order(
            &format!("the plan of team {}", view.team),
            view.plan.tasks.len(),
            args.json,
        );
    };
    let path = place.cwd.join(&file);
    let text = edit::read(&path)?;
    // The roles of the team count where there is one.
    let view = of_team(args.team.team, place).ok();
    let roles = view
        .iter()
        .flat_map(|view| &view.roles)
        .filter_map(|role| RoleName::parse(role).ok())
        .collect::<Vec<_>>();
    match torch_plan::file::read(&text, &roles) {
        Ok(read) => in_order(&file.display().to_string(), read.task.len(), args.json),
        Err(faults) => Err(edit::faulty(&path, &faults)),
    }
}

fn in_order(what: &str, tasks: usize, json: JsonArgs) -> Outcome {
    if json.json {
        output::json(&serde_json::json!({"plan": what, "tasks": tasks, "in_order": true}))?;
    } else {
        let tasks = render::count(tasks as u64, "task");
        output::data(&format!("{what} is in order: {tasks}\n"))?;
    }
    Ok(exit::OK)
}

fn set(args: SetArgs, place: &Place) -> Outcome {
    let order = TasksOrder::Set {
        task: args.task,
        state: match args.state {
            StateWord::Todo => TaskState::Todo,
            StateWord::Doing => TaskState::Doing,
            StateWord::Blocked => TaskState::Blocked,
            StateWord::Done => TaskState::Done,
        },
        words: args.why,
    };
    let view = ask(args.team.team, order, place)?;
    if args.json.json {
        output::json(&view)?;
    } else if let Some(change) = &view.change {
        output::data(&format!(
            "{}; {}\n",
            change.counts,
            render::tasks::count(view.plan.count())
        ))?;
    }
    Ok(exit::OK)
}
