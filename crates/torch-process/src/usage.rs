//! What a process uses, for the benchmarks. Linux only.

use std::fs;
use std::time::Duration;

/// Its resident memory in bytes (`VmRSS` of `/proc/PID/status`, which the kernel keeps in kB).
pub fn resident_memory(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.split_ascii_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}

/// How many descriptors it has open (`/proc/PID/fd`).
pub fn descriptors(pid: u32) -> Option<usize> {
    entries(pid, "fd")
}

/// How many threads it has (`/proc/PID/task`).
pub fn threads(pid: u32) -> Option<usize> {
    entries(pid, "task")
}

/// How many child processes it has, those included that have ended and were not waited for
/// (`/proc/PID/task/*/children`).
pub fn children(pid: u32) -> Option<usize> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).ok()?.flatten();
    // A thread that ended meanwhile has handed its children on.
    let lists = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    Some(
        lists
            .map(|list| list.split_ascii_whitespace().count())
            .sum(),
    )
}

/// The time that all its threads have run, children aside (`/proc/PID/task/*/schedstat`, in nanoseconds; exact where
/// `/proc/PID/stat` counts in ticks of 10 ms). Threads that have ended are not counted.
pub fn cpu_time(pid: u32) -> Option<Duration> {
    let mut nanos = 0;
    for task in fs::read_dir(format!("/proc/{pid}/task")).ok()? {
        // A thread may end while its siblings are read.
        let Some(time) = task.ok().and_then(|task| {
            let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
            text.split_ascii_whitespace().next()?.parse::<u64>().ok()
        }) else {
            continue;
        };
        nanos += time;
    }
    Some(Duration::from_nanos(nanos))
}

fn entries(pid: u32, folder: &str) -> Option<usize> {
    Some(fs::read_dir(format!("/proc/{pid}/{folder}")).ok()?.count())
}
