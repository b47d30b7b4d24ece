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
use crate::place::{Place, in_repository, project_root, user_config};

/// Writes a config file in which every setting stands as a comment with its default.
///
/// An existing file stays as it is.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  torch init --project")]
pub struct InitArgs {
    /// Writes torch.toml at the top of the git repository you are in instead of your own file
    #[arg(long)]
    project: bool,
}

/// Runs the command.
pub(crate) fn run(args: &InitArgs, place: &Place) -> Outcome {
    let (path, scope, whose) = if args.project {
        if !in_repository(&place.cwd) {
            return Err(no_project(&place.cwd));
        }
        let path = project_root(&place.cwd).join("torch.toml");
        (path, Scope::Project, "the project's")
    } else {
        let path = user_config().ok_or_else(|| {
            CommandError::usage(
                "no place for a config file: neither XDG_CONFIG_HOME nor HOME is set",
            )
            .hint("torch init --project")
        })?;
        (path, Scope::User, "your")
    };
    write(&path, &template(&defaults(place), scope))?;
    output::notice(&format!(
        "wrote {whose} settings, each as a comment with its default, to"
    ));
    output::data(&format!("{}\n", path.display()))?;
    Ok(exit::OK)
}

/// torch's projects are git repositories: no team would ever work with a file that lies anywhere else.
fn no_project(cwd: &Path) -> CommandError {
    CommandError::usage(format!(
        "{} is in no git repository, so it is no project",
        cwd.display()
    ))
    .cause("torch.toml lies at the top of a project; your own settings are written by torch init")
    .hint("git init && torch init --project")
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
