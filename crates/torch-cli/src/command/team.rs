//! `torch team`: the team templates, what is wrong with them, and a new one. Works without the daemon.

mod new;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;
use torch_project::read_team;
use torch_team::{Catalog, Entry, Origin, TemplateError, parse};

use super::JsonArgs;
use super::wishes;
use crate::error::{CommandError, Outcome};
use crate::exit;
use crate::output;
use crate::place::{project_root, shown};
use crate::render;

/// Shows the team templates, checks them, and begins a new one.
///
/// Templates are TOML files: those that are built in, over them yours in ~/.config/torch/teams, and a project's in
/// .torch/teams. Each has the roles of a type of project and the signs by which the type is known.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  torch team list")]
pub struct TeamCommandArgs {
    #[command(subcommand)]
    command: Command,
}

/// The commands of `torch team`.
#[derive(Debug, Subcommand)]
enum Command {
    /// Lists the types of teams, and where their templates come from
    #[command(after_help = "Example:\n  torch team list")]
    List(ListArgs),
    /// Shows a template as it counts
    #[command(after_help = "Example:\n  torch team show web_application")]
    Show(ShowArgs),
    /// Checks templates: each file that is given, or all that there are
    #[command(
        after_help = "Examples:\n  torch team check\n  torch team check .torch/teams/shop.toml"
    )]
    Check(CheckArgs),
    /// Writes a new template, to be changed
    #[command(
        after_help = "Examples:\n  torch team new shop\n  torch team new shop --from web_application --project"
    )]
    New(new::NewArgs),
}

/// The arguments of `torch team list`.
#[derive(Debug, Args)]
struct ListArgs {
    #[command(flatten)]
    json: JsonArgs,
}

/// The arguments of `torch team show`.
#[derive(Debug, Args)]
struct ShowArgs {
    /// The type, by its name or an alias
    #[arg(value_name = "TYPE")]
    name: String,
    #[command(flatten)]
    json: JsonArgs,
}

/// The arguments of `torch team check`.
#[derive(Debug, Args)]
struct CheckArgs {
    /// Files [default: all templates of yours and of the project]
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    json: JsonArgs,
}

/// Runs the command.
pub(crate) fn run(args: TeamCommandArgs) -> Outcome {
    let cwd = std::env::current_dir().map_err(|error| {
        CommandError::other("failed to find the current directory")
            .because(&error)
            .hint("cd ~")
    })?;
    let root = project_root(&cwd);
    match args.command {
        Command::List(args) => list(&wishes::templates(&root)?, args.json),
        Command::Show(args) => show(&args, &wishes::templates(&root)?),
        Command::Check(args) => check(&args, &root, &cwd),
        Command::New(args) => new::run(&args, &root),
    }
}

fn list(catalog: &Catalog, json: JsonArgs) -> Outcome {
    if json.json {
        for entry in catalog.entries() {
            output::json(&as_json(entry))?;
        }
    } else {
        output::data(&render::templates::list(
            catalog,
            shown,
            crate::screen::width(),
        ))?;
    }
    Ok(exit::OK)
}

fn show(args: &ShowArgs, catalog: &Catalog) -> Outcome {
    let entry = find(catalog, &args.name, "torch team show")?;
    if args.json.json {
        output::json(&as_json(entry))?;
    } else {
        output::data(&render::templates::show(entry, shown))?;
    }
    Ok(exit::OK)
}

fn as_json(entry: &Entry) -> serde_json::Value {
    let origin =
        |origin: &torch_team::Origin| json!({"kind": origin.as_str(), "path": origin.path()});
    json!({
        "template": entry.template,
        "origin": origin(&entry.origin),
        "replaces": entry.replaces.as_ref().map(origin),
    })
}

/// The template that a word means; `command` is proposed for the nearest.
fn find<'c>(catalog: &'c Catalog, word: &str, command: &str) -> Result<&'c Entry, CommandError> {
    let found = catalog
        .called(word)
        .and_then(|template| catalog.entry(&template.name));
    found.ok_or_else(|| {
        let known: Vec<&str> = catalog.templates().map(|it| it.name.as_str()).collect();
        let near = catalog.near(word);
        let hint = near.first().map(|near| format!("{command} {near}"));
        CommandError::usage(format!("there is no team type {word:?}"))
            .cause(format!("known types: {}", known.join(", ")))
            .hint(hint.unwrap_or_else(|| "torch team list".to_owned()))
    })
}

fn check(args: &CheckArgs, root: &Path, cwd: &Path) -> Outcome {
    let mut faults = Vec::new();
    let mut unread = Vec::new();
    let mut good: Vec<(Option<PathBuf>, String)> = Vec::new();
    match args.files.is_empty() {
        true => {
            let teams = wishes::all_templates(root)?;
            faults.extend(teams.catalog.broken.iter().cloned());
            unread.extend(teams.unread.iter().map(unread_file));
            let entries = teams.catalog.entries();
            good.extend(entries.map(|entry| {
                let path = entry.origin.path().map(Path::to_owned);
                (path, entry.template.name.clone())
            }));
        }
        false => {
            let mut catalog = wishes::all_templates(root)?.catalog;
            for file in &args.files {
                match read_team(&cwd.join(file)) {
                    Ok(text) => match parse(file, &text, catalog.known()) {
                        Ok(template) => match catalog.circle(file, &template, &text) {
                            Some(error) => faults.push(error),
                            None => {
                                // The next ones may be made from it.
                                catalog.add(file, text, Origin::User(file.clone()));
                                good.push((Some(file.clone()), template.name));
                            }
                        },
                        Err(errors) => faults.extend(errors),
                    },
                    Err(error) => unread.push(unread_file(&error)),
                }
            }
        }
    }
    for (path, error) in &unread {
        match args.json.json {
            true => output::json(&json!({
                "path": path, "ok": false, "fault": error.message, "causes": error.causes,
            }))?,
            false => output::notice(render::error::error(error).trim_end()),
        }
    }
    told(&faults, args.json)?;
    if args.json.json {
        for (path, name) in &good {
            output::json(&json!({"path": path, "template": name, "ok": true}))?;
        }
    }
    if !faults.is_empty() || !unread.is_empty() {
        return Ok(exit::USAGE);
    }
    if !args.json.json {
        output::data(&format!(
            "{} sound\n",
            render::count(good.len() as u64, "template")
        ))?;
    }
    Ok(exit::OK)
}

fn unread_file(error: &torch_project::TeamFileError) -> (PathBuf, CommandError) {
    (error.path().to_owned(), unreadable(error))
}

fn unreadable(error: &torch_project::TeamFileError) -> CommandError {
    let failed = CommandError::usage(error.to_string());
    let failed = match std::error::Error::source(error) {
        Some(source) => failed.because(source),
        None => failed,
    };
    match error.path().exists() {
        true => failed.hint(format!(
            "ls -l {}",
            torch_process::quote::shell(error.path())
        )),
        false => failed.hint("torch team check"),
    }
}

fn told(faults: &[TemplateError], json: JsonArgs) -> Result<(), CommandError> {
    for error in faults {
        if json.json {
            output::json(&json!({
                "path": error.path,
                "line": error.line,
                "ok": false,
                "fault": error.fault.to_string(),
            }))?;
        } else {
            output::notice(render::error::error(&wishes::unusable(error)).trim_end());
        }
    }
    Ok(())
}
