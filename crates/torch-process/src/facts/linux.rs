//! Process facts from `/proc` (proc(5)): 13 µs per process.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;

use torch_core::Process;
use torch_core::identity::Mark;

use super::Status;
use crate::env::HOOK_VARIABLE;
use crate::launch::AGENT_VARIABLE;

/// One process, unless it is gone or hidden.
pub(super) fn status(pid: u32) -> Option<Status> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    parse(pid, &stat)
}

/// All processes that can be seen.
pub(super) fn all() -> Vec<Status> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(status)
        .collect()
}

/// Where it works. Of other users' processes it can't be read.
pub(super) fn cwd(pid: u32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/cwd")).ok()
}

/// The words that it was started with.
pub(super) fn command(pid: u32) -> Option<Vec<OsString>> {
    let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let line = line.strip_suffix(b"\0").unwrap_or(&line);
    let words = line.split(|&byte| byte == 0);
    Some(
        words
            .map(|word| OsString::from_vec(word.to_vec()))
            .collect(),
    )
}

/// What the environment that it was started with says of its origin. Of other users' processes it can't be read.
pub(super) fn mark(pid: u32) -> Option<Mark> {
    marked(&fs::read(format!("/proc/{pid}/environ")).ok()?)
}

/// The mark in an environment of `NAME=value`, each ended by a NUL.
fn marked(environ: &[u8]) -> Option<Mark> {
    let value = |name: &str| {
        environ
            .split(|&b| b == 0)
            .find_map(|variable| variable.strip_prefix(name.as_bytes())?.strip_prefix(b"="))
    };
    if value(HOOK_VARIABLE).is_some() {
        return Some(Mark::Daemons);
    }
    let agent = std::str::from_utf8(value(AGENT_VARIABLE)?).ok()?;
    agent.parse().ok().map(Mark::Named)
}

/// Reads `PID (NAME) STATE PPID PGRP SESSION TTY …`; the name may hold spaces, parentheses and any bytes.
fn parse(pid: u32, stat: &[u8]) -> Option<Status> {
    let open = stat.iter().position(|&b| b == b'(')?;
    let close = stat.iter().rposition(|&b| b == b')')?;
    let name = stat.get(open + 1..close)?;
    let rest = std::str::from_utf8(stat.get(close + 1..)?).ok()?;
    // The state is field 3 of proc(5), so field n stands at n - 3.
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    let state = *fields.first()?;
    Some(Status {
        process: Process {
            pid,
            start: fields.get(19)?.parse().ok()?,
        },
        parent: fields.get(1)?.parse().ok()?,
        name: String::from_utf8_lossy(name).into_owned(),
        terminal: fields.get(4)?.parse::<i32>().ok()? != 0,
        zombie: matches!(state, "Z" | "X" | "x"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_says_where_its_process_came_from() {
        let id = torch_core::AgentId::new(7, 7);
        let agent = format!("PATH=/bin\0TORCH_AGENT={id}\0TORCH_ROLE=tester\0");
        assert_eq!(marked(agent.as_bytes()), Some(Mark::Named(id)));
        let hook = format!("{agent}TORCH_HOOK=commit\0");
        assert_eq!(marked(hook.as_bytes()), Some(Mark::Daemons));
        assert_eq!(
            marked(b"TORCH_AGENT=x\0XTORCH_HOOK=1\0TORCH_HOOKS=1\0"),
            None
        );
        assert_eq!(marked(b""), None);
    }

    #[test]
    fn a_name_may_look_like_the_rest_of_the_line() {
        let line =
            b"42 (a) Z 1 (\xff b) S 7 42 42 34817 42 4194304 1 0 0 0 0 0 0 0 20 0 1 0 9876 1 2 3\n";
        let status = parse(42, line).expect("a line of proc(5)");
        assert_eq!(
            status,
            Status {
                process: Process {
                    pid: 42,
                    start: 9876
                },
                parent: 7,
                name: "a) Z 1 (\u{fffd} b".to_owned(),
                terminal: true,
                zombie: false,
            }
        );
        assert_eq!(parse(42, b"42 (cut"), None);
        assert_eq!(parse(42, b"42 ) S ("), None);
    }
}
