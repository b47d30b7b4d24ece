//! `torch init`.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use torch_core::config::{Scope, template};

use super::config::defaults;
use crate::error::{CommandError, Outcome};
use crate::exit;
use crate::output;
use crate::place::{Place, project_root, user_config};

/// Writes a config file in which every setting stands as a comment with its default.
///
/// An existing file stays as it is.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  torch init --project")]
pub struct InitArgs {
    /// Writes torch.toml into the current project instead of your own file
    #[arg(long)]
    project: bool,
}

/// Runs the command.
pub(crate) fn run(args: &InitArgs, place: &Place) -> Outcome {
    let (path, scope) = if args.project {
        (project_root(&place.cwd).join("torch.toml"), Scope::Project)
    } else {
        let path = user_config().ok_or_else(|| {
            CommandError::usage(
                "no place for a config file: neither XDG_CONFIG_HOME nor HOME is set",
            )
            .hint("torch init --project")
        })?;
        (path, Scope::User)
    };
    write(&path, &template(&defaults(place), scope))?;
    output::data(&format!("{}\n", path.display()))?;
    Ok(exit::OK)
}

fn write(path: &PathBuf, text: &str) -> Result<(), CommandError> {
    let dir = path.parent().unwrap_or(Path::new("/"));
    let made = fs::create_dir_all(dir).and_then(|()| {
        // `create_new` refuses an existing file and any symlink in one step.
        OpenOptions::new().write(true).create_new(true).open(path)
    });
    let written = made.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => CommandError::usage(format!(
            "{} is there already and was left as it is",
            path.display()
        ))
        .hint("torch config"),
        _ => CommandError::other(format!("failed to write {}", path.display())).because(&error),
    })
}
