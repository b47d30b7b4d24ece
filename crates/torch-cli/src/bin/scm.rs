//! `scm TARGET "message"`: the same as `torch send`.

use std::process::ExitCode;

fn main() -> ExitCode {
    torch_cli::scm(std::env::args_os())
}
