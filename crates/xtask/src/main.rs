//! Checks of the workspace that no compiler makes: `cargo run -p xtask -- arrows|folders|lines`.

mod arrows;
mod folders;
mod lines;
mod programs;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

const USAGE: &str = "usage: cargo run -p xtask -- COMMAND

  arrows    which crate may depend on which, and who may use an outside library, or start git
  folders   the top-level folders are the agreed ones
  lines     no file is too long; lists the longest";

#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool speaks through its output"
)]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [command] = arguments.as_slice() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match run(command) {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: &str) -> Result<String> {
    let root = workspace_root()?;
    match command {
        "arrows" => Ok([arrows::check(&root)?, programs::check(&root)?].join("\n")),
        "folders" => folders::check(&root),
        "lines" => lines::check(&root),
        other => bail!("no such command: `{other}`\n{USAGE}"),
    }
}

/// The workspace's folder: two above this crate's, which cargo names at run time.
fn workspace_root() -> Result<std::path::PathBuf> {
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
        .context("CARGO_MANIFEST_DIR is not set; start this through `cargo run -p xtask`")?;
    let manifest = Path::new(&manifest);
    let root = manifest
        .ancestors()
        .nth(2)
        .with_context(|| format!("`{}` has no folder two levels above it", manifest.display()))?;
    Ok(root.to_owned())
}
