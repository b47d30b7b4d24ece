//! `torch`: everything but the rules lives in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    torch_cli::torch(std::env::args_os())
}
