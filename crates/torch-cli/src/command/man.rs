//! `torch man`.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli;
use crate::error::{CommandError, Outcome};
use crate::exit;
use crate::output;

/// Prints the manual page of `torch`, or writes the pages of all commands into a directory.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  torch man --dir ~/.local/share/man/man1")]
pub struct ManArgs {
    /// The directory for the pages; it is made if it is not there
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(args: &ManArgs) -> Outcome {
    let Some(dir) = &args.dir else {
        let mut page = Vec::new();
        // The page goes into memory, where writing can't fail but for a fault of the generator.
        clap_mangen::Man::new(cli::torch_command())
            .render(&mut page)
            .map_err(|error| {
                CommandError::other("failed to make the manual page").because(&error)
            })?;
        output::data(&String::from_utf8_lossy(&page))?;
        return Ok(exit::OK);
    };
    write(dir).map_err(|error| {
        CommandError::other(format!(
            "failed to write the manual pages to {}",
            dir.display()
        ))
        .because(&error)
    })?;
    output::notice(&format!("wrote the manual pages to {}", dir.display()));
    Ok(exit::OK)
}

fn write(dir: &Path) -> std::io::Result<()> {
    fs::create_dir_all(dir)?;
    for command in [cli::torch_command(), cli::scm_command()] {
        clap_mangen::generate_to(command, dir)?;
    }
    Ok(())
}
