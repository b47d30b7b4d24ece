//! Process facts from `/proc` (proc(5)): 13 µs per process.

use std::fs;

use torch_core::Process;

use super::Status;

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
