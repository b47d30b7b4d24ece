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
