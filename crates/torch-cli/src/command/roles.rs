//! `torch roles`: the roles that torch knows, one of them, and files that mean to be one. Works without the daemon.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;
use torch_daemon::role_files::{RoleCatalog, RoleEntry, RoleFileError, read};

use super::JsonArgs;
use crate::error::{CommandError, Outcome};
use crate::exit;
use crate::offline;
use crate::output;
use crate::own_roles::{catalog, told, unusable};
use crate::place::{Place, shown};
use crate::render;

/// Shows the roles that torch knows, and checks files that add one.
///
/// Roles are TOML files: those that are built in, over them yours in ~/.config/torch/roles, and a project's in .torch/roles.
/// A file takes the place of a role of its name, or adds one.
#[derive(Debug, Args)]
#[command(
    arg_required_else_help = true,
    after_help = "Example:\n  torch roles list"
)]
pub struct RolesArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Lists the roles, where each comes from, and whom those of the team here may write to directly
    #[command(after_help = "Example:\n  torch roles list")]
    List(ListArgs),
    /// Shows a role's file as it counts
    #[command(
        after_help = "Examples:\n  torch roles show developer\n  torch roles show developer --output ~/.config/torch/roles/developer.toml"
    )]
    Show(ShowArgs),
    /// Checks files that mean to be a role, each of their texts too
    #[command(
        after_help = "Examples:\n  torch roles check\n  torch roles check .torch/roles/analyst.toml"
    )]
    Check(CheckArgs),
}

#[derive(Debug, Args)]
struct ListArgs {
    #[command(flatten)]
    json: JsonArgs,
}

#[derive(Debug, Args)]
struct ShowArgs {
    /// The role
    #[arg(value_name = "ROLE")]
    role: String,
    /// Writes the file there, with the folders above it, instead of showing it; one that is there stays as it is
    #[arg(long, value_name = "FILE", conflicts_with = "json")]
    output: Option<PathBuf>,
    #[command(flatten)]
    json: JsonArgs,
}

#[derive(Debug, Args)]
struct CheckArgs {
    /// Files; default: yours and the project's
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    json: JsonArgs,
}

/// Runs the command.
pub(crate) fn run(args: RolesArgs, place: &Place) -> Outcome {
    match args.command {
        Command::List(args) => list(args.json, place),
        Command::Show(args) => show(&args),
        Command::Check(args) => check(&args),
    }
}

/// The current directory.
pub(super) fn here() -> Result<PathBuf, CommandError> {
    std::env::current_dir().map_err(|error| {
        CommandError::other("failed to find the current directory")
            .because(&error)
            .hint("cd ~")
    })
}

fn list(json: JsonArgs, place: &Place) -> Outcome {
    let catalog = told(&here()?);
    // Where no team is meant there is nothing to tell of one.
    let matrix = offline::matrix(place, &place.team(None)).unwrap_or_default();
    let matrix = matrix.as_ref();
    if json.json {
        for entry in catalog.entries.values() {
            let mut row = render::roles::json(entry);
            if let Some(direct) = matrix.and_then(|it| render::roles::direct(it, &entry.role.name))
            {
                row["direct"] = direct;
            }
            output::json(&row)?;
        }
    } else {
        output::data(&render::roles::list(
            &catalog,
            matrix,
            shown,
            crate::screen::width(),
        ))?;
        if let Some(matrix) = matrix {
            let words = render::policy::matrix(matrix);
            output::notice(&render::fit::prose(
                &words,
                crate::screen::width(),
                output::HANG,
            ));
        }
    }
    Ok(exit::OK)
}

fn show(args: &ShowArgs) -> Outcome {
    let catalog = told(&here()?);
    let entry = find(&catalog, &args.role, "torch roles show")?;
    if let Some(file) = &args.output {
        let path = here()?.join(file);
        crate::new_file::write(&path, &entry.text)?;
        output::notice("wrote the role; torch roles check tells what is wrong with it:");
        output::data(&format!("{}\n", path.display()))?;
    } else if args.json.json {
        output::json(&render::roles::json(entry))?;
    } else {
        output::data(&entry.text)?;
    }
    Ok(exit::OK)
}

/// The role of this name or alias; `command` is proposed for the nearest.
pub(super) fn find<'c>(
    catalog: &'c RoleCatalog,
    name: &str,
    command: &str,
) -> Result<&'c RoleEntry, CommandError> {
    let role = torch_core::RoleName::parse(name);
    let id = role.as_ref().map_or(name, torch_core::RoleName::as_str);
    catalog.entries.get(id).ok_or_else(|| {
        let known: Vec<&str> = catalog.entries.keys().map(String::as_str).collect();
        let near = torch_core::spelling::near(id, known.iter().copied());
        let hint = near.first().map(|near| format!("{command} {near}"));
        CommandError::usage(format!("there is no role {name:?}"))
            .cause(format!("known roles: {}", known.join(", ")))
            .hint(hint.unwrap_or_else(|| "torch roles list".to_owned()))
    })
}

fn check(args: &CheckArgs) -> Outcome {
    let (good, broken): (Vec<(PathBuf, String)>, Vec<RoleFileError>) = if args.files.is_empty() {
        let catalog = catalog(&here()?);
        let own = catalog.entries.values();
        let own = own.filter_map(|it| Some((it.origin.path()?.to_owned(), it.role.name.clone())));
        (own.collect(), catalog.broken)
    } else {
        let (mut good, mut broken) = (Vec::new(), Vec::new());
        for file in &args.files {
            match read(file) {
                Ok(role) => good.push((file.clone(), role.name)),
                Err(error) => broken.push(error),
            }
        }
        (good, broken)
    };
    if args.json.json {
        for (path, name) in &good {
            output::json(&json!({"path": path, "role": name, "ok": true}))?;
        }
        for error in &broken {
            let failed = unusable(error);
            output::json(&json!({
                "path": error.path(), "ok": false, "line": error.line(), "error": failed.message,
                "causes": failed.causes,
            }))?;
        }
    } else {
        // Of files that were named, each is told by itself.
        if args.files.is_empty() || !good.is_empty() {
            output::prose(&render::roles::checked(&good, shown))?;
        }
        for error in &broken {
            output::notice(render::error::error(&unusable(error)).trim_end());
        }
    }
    Ok(match broken.is_empty() {
        true => exit::OK,
        false => exit::USAGE,
    })
}
