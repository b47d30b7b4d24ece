//! Process facts from `ps`, for systems without `/proc` (macOS).

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use torch_core::Process;
use torch_core::identity::Mark;

use super::Status;
use crate::{CommandSpec, Environment, run};

/// One process, unless it is gone.
pub(super) fn status(pid: u32) -> Option<Status> {
    list(&["-p", &pid.to_string()]).into_iter().next()
}

/// All processes.
pub(super) fn all() -> Vec<Status> {
    list(&["-A"])
}

/// `ps` does not say it.
pub(super) fn cwd(_pid: u32) -> Option<PathBuf> {
    None
}

/// `ps` does not tell one word from the next.
pub(super) fn command(_pid: u32) -> Option<Vec<OsString>> {
    None
}

/// `ps` does not say it.
pub(super) fn mark(_pid: u32) -> Option<Mark> {
    None
}

fn list(which: &[&str]) -> Vec<Status> {
    let env: Environment = [("LC_ALL".into(), "C".into()), ("TZ".into(), "UTC".into())].into();
    let spec = CommandSpec::new("/bin/ps", "/", env, Duration::from_secs(5))
        .args(["-o", "pid=,ppid=,stat=,tty=,lstart=,comm="])
        .args(which);
    match run(&spec) {
        // Status 1: no such process.
        Ok(output) => output.text().lines().filter_map(parse).collect(),
        Err(error) => {
            tracing::warn!(%error, "failed to ask ps");
            Vec::new()
        }
    }
}

/// Reads `PID PPID STAT TTY Sat Nov 21 02:38:55 2026 /path/to/name`.
fn parse(line: &str) -> Option<Status> {
    let mut words = line.split_ascii_whitespace();
    let pid = words.next()?.parse().ok()?;
    let parent = words.next()?.parse().ok()?;
    let zombie = words.next()?.starts_with('Z');
    let terminal = !matches!(words.next()?, "??" | "?" | "-");
    let start: Vec<&str> = words.by_ref().take(5).collect();
    let path = words.collect::<Vec<_>>().join(" ");
    let name = path.rsplit('/').next().unwrap_or_default();
    Some(Status {
        process: Process {
            pid,
            start: start_of(&start),
        },
        parent,
        name: name.chars().take(15).collect(),
        terminal,
        zombie,
    })
}

/// `Sat Nov 21 02:38:55 2026` as the number 20261121023855, which keeps the order; 0 if it is no such date.
fn start_of(words: &[&str]) -> u64 {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let [_, month, day, time, year] = words else {
        return 0;
    };
    let number = |text: &str| text.parse::<u64>().ok();
    let month = MONTHS.find(month).map(|at| at as u64 / 3 + 1);
    match (
        number(year),
        month,
        number(day),
        number(&time.replace(':', "")),
    ) {
        (Some(year), Some(month), Some(day), Some(time)) => {
            ((year * 100 + month) * 100 + day) * 1_000_000 + time
        }
        _ => 0,
    }
}
