//! The wrapper and the hook command as a program of their own, for the tests: `wrapper run SPEC`,
//! `wrapper hook SPOOL LAUNCH`. `wrapper daemon start` stands for torch's: it is the daemon itself.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        ["run", spec] => {
            let this = || std::env::current_exe().ok();
            ExitCode::from(torch_runner::run(Path::new(spec), this))
        }
        ["hook", spool, launch] => {
            torch_runner::hook(Path::new(spool), launch, std::io::stdin());
            ExitCode::SUCCESS
        }
        ["daemon", "start"] => match daemon() {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        },
        _ => ExitCode::from(2),
    }
}

/// Notes its pid and the names in its environment in `starts`; fails while there is a file `fail`; else holds the lock
/// until it is killed.
fn daemon() -> std::io::Result<()> {
    let home = PathBuf::from(std::env::var_os("TORCH_HOME").unwrap_or_default());
    let names: Vec<String> = std::env::vars().map(|(name, _)| name).collect();
    let mut starts = OpenOptions::new()
        .create(true)
        .append(true)
        .open(home.join("starts"))?;
    starts.write_all(format!("{} {}\n", std::process::id(), names.join(",")).as_bytes())?;
    if home.join("fail").exists() {
        return Err(std::io::Error::other("told to"));
    }
    torch_process::become_daemon().map_err(std::io::Error::other)?;
    let path = home.join("run/daemon.lock");
    let mut lock = File::create(&path)?;
    lock.lock()?;
    lock.write_all(format!("{}\n", std::process::id()).as_bytes())?;
    fs::remove_file(home.join("run/daemon.stopped")).ok();
    std::io::stdout().write_all(b"ready\n")?;
    loop {
        std::thread::park();
    }
}
