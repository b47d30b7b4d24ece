//! `torch spec`.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use torch_api::task::{SpecText, TasksOrder, TasksView};

use super::auto::spec::SPEC_MAX;
use super::plan::{ask, of_team, read_spec};
use super::{JsonArgs, TeamArgs};
use crate::error::{CommandError, Outcome};
use crate::exit;
use crate::output;
use crate::place::Place;
use crate::render;

/// Shows a team's specs, and takes in what changed in them while the team runs.
///
/// Tasks that are still there keep their ids and how far they are. The orchestrator is told once what differs.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  torch spec show\n  torch spec update --dry-run\n  torch spec add payment.md"
)]
pub struct SpecArgs {
    #[command(subcommand)]
    command: SpecCommand,
}

#[derive(Debug, Subcommand)]
enum SpecCommand {
    /// Shows the specs of a team's plan, and whether their files have changed since
    #[command(after_help = "Example:\n  torch spec show")]
    Show(ShowArgs),
    /// Reads a spec again, or all of the plan's, and takes in what differs
    #[command(after_help = "Examples:\n  torch spec update --dry-run\n  torch spec update spec.md")]
    Update(UpdateArgs),
    /// Adds another spec to the plan
    #[command(after_help = "Example:\n  torch spec add payment.md")]
    Add(FileArgs),
    /// Takes a spec and its tasks out of the plan
    #[command(after_help = "Example:\n  torch spec drop payment.md --dry-run")]
    Drop(FileArgs),
}

#[derive(Debug, Args)]
struct ShowArgs {
    #[command(flatten)]
    team: TeamArgs,
    #[command(flatten)]
    json: JsonArgs,
}

#[derive(Debug, Args)]
struct UpdateArgs {
    /// The spec; default: all of the plan
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Only says what would differ
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    team: TeamArgs,
    #[command(flatten)]
    json: JsonArgs,
}

#[derive(Debug, Args)]
struct FileArgs {
    /// The spec
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Only says what would differ
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    team: TeamArgs,
    #[command(flatten)]
    json: JsonArgs,
}

/// Runs the command.
pub(crate) fn run(args: SpecArgs, place: &Place) -> Outcome {
    match args.command {
        SpecCommand::Show(args) => show(args, place),
        SpecCommand::Update(args) => update(args, place),
        SpecCommand::Add(args) => {
            let specs = vec![text(canonical(&args.file, place)?)?];
            let dry_run = args.dry_run;
            let order = TasksOrder::Specs {
                specs,
                add: true,
                dry_run,
            };
            changed(&ask(args.team.team, order, place)?, args.json)
        }
        SpecCommand::Drop(args) => {
            // The file itself may be gone.
            let path = canonical(&args.file, place).unwrap_or_else(|_| place.cwd.join(&args.file));
            let order = TasksOrder::DropSpec {
                path: path.display().to_string(),
                dry_run: args.dry_run,
            };
            changed(&ask(args.team.team, order, place)?, args.json)
        }
    }
}

fn update(args: UpdateArgs, place: &Place) -> Outcome {
    let paths = match &args.file {
        Some(file) => vec![canonical(file, place)?],
        None => {
            let view = of_team(args.team.team.clone(), place)?;
            view.plan
                .specs
                .iter()
                .map(|spec| PathBuf::from(&spec.path))
                .collect()
        }
    };
    let specs = paths.into_iter().map(text).collect::<Result<Vec<_>, _>>()?;
    let order = TasksOrder::Specs {
        specs,
        add: false,
        dry_run: args.dry_run,
    };
    changed(&ask(args.team.team, order, place)?, args.json)
}

fn canonical(file: &Path, place: &Place) -> Result<PathBuf, CommandError> {
    let path = place.cwd.join(file);
    path.canonicalize().map_err(|error| {
        CommandError::usage(format!("the spec {} can't be found", path.display()))
            .because(&error)
            .hint("ls *.md")
    })
}

fn text(path: PathBuf) -> Result<SpecText, CommandError> {
    Ok(SpecText {
        text: read_spec(&path)?,
        path: path.display().to_string(),
    })
}

fn changed(view: &TasksView, json: JsonArgs) -> Outcome {
    if json.json {
        output::json(view)?;
    } else {
        output::prose(&render::tasks::change(view))?;
    }
    Ok(exit::OK)
}

fn show(args: ShowArgs, place: &Place) -> Outcome {
    let view = of_team(args.team.team, place)?;
    let rows: Vec<render::tasks::SpecRow> = view
        .plan
        .specs
        .iter()
        .enumerate()
        .map(|(n, spec)| {
            let tasks = view
                .plan
                .tasks
                .iter()
                .filter(|task| task.spec == Some(n as u32))
                .count();
            let now = torch_project::read_bytes(Path::new(&spec.path), SPEC_MAX);
            let state = match now {
                Ok(bytes) if torch_daemon::state::sha256(&bytes) == spec.sha256 => "as read",
                Ok(_) => "changed since",
                Err(_) => "can't be read",
            };
            render::tasks::SpecRow {
                path: spec.path.clone(),
                tasks,
                state: state.to_owned(),
                notes: spec.notes.clone(),
            }
        })
        .collect();
    if args.json.json {
        output::json(&serde_json::json!({"team": view.team, "specs": rows}))?;
    } else {
        output::prose(&render::tasks::specs(&view.team, &rows))?;
    }
    Ok(exit::OK)
}
