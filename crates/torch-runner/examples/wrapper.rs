//! The wrapper and the hook command as a program of their own, for the tests: `wrapper run SPEC`,
//! `wrapper hook SPOOL LAUNCH`.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        ["run", spec] => ExitCode::from(torch_runner::run(Path::new(spec))),
        ["hook", spool, launch] => {
            torch_runner::hook(Path::new(spool), launch, std::io::stdin());
            ExitCode::SUCCESS
        }
        _ => ExitCode::from(2),
    }
}
