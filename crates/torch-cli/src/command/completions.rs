//! `torch completions SHELL`.

use clap::{Args, ValueEnum};
use clap_complete::Shell;

use crate::cli;
use crate::error::{CommandError, Outcome};
use crate::exit;
use crate::output;

/// Prints a shell's completions for `torch`, or with `--program scm` for `scm`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  torch completions bash > ~/.local/share/bash-completion/completions/torch"
)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
    /// For which program
    #[arg(long, value_name = "PROGRAM", default_value = "torch")]
    program: Program,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Program {
    Torch,
    Scm,
}

/// Runs the command.
pub(crate) fn run(args: &CompletionsArgs) -> Outcome {
    let (mut command, name) = match args.program {
        Program::Torch => (cli::torch_command(), "torch"),
        Program::Scm => (cli::scm_command(), "scm"),
    };
    // Into memory first: a closed pipe would make the generator panic.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, name, &mut script);
    let script = String::from_utf8(script)
        .map_err(|error| CommandError::other("failed to write the completions").because(&error))?;
    output::data(&script)?;
    Ok(exit::OK)
}
