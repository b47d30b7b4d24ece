//! What the figures were measured on, as the machine itself tells it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use torch_process::{CommandSpec, Environment};

/// Facts as lines of Markdown; `bin` is the folder of torch's programs, `registry` a place as the measured ones have.
pub(crate) fn describe(bin: &Path, registry: &Path) -> String {
    let env = &torch_process::env::inherited(std::env::vars_os());
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let lines = [
        ("cores", format!("{cores} ({})", cpu())),
        ("memory", memory()),
        ("kernel", first_line("/proc/sys/kernel/osrelease")),
        ("registry on", filesystem(registry)),
        ("tmux", version(env, "tmux", "-V")),
        ("git", version(env, "git", "--version")),
        ("rustc", version(env, "rustc", "--version")),
        (
            "torch",
            version(env, &bin.join("torch").to_string_lossy(), "--version"),
        ),
    ];
    let lines: Vec<_> = lines
        .iter()
        .map(|(name, value)| format!("- {name}: {value}"))
        .collect();
    lines.join("\n")
}

/// The load averages over 1, 5 and 15 minutes, this benchmark's own load included.
pub(crate) fn load() -> String {
    let line = first_line("/proc/loadavg");
    line.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

fn cpu() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    model.map_or_else(unknown, |model| {
        model.trim_start_matches([' ', '\t', ':']).to_owned()
    })
}

fn memory() -> String {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    total.map_or_else(unknown, |total| total.trim().to_owned())
}

fn first_line(path: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().next().map_or_else(unknown, str::to_owned)
}

/// The type of the filesystem that holds `path` (proc(5), `mountinfo`): a commit's cost is its `fsync`.
fn filesystem(path: &Path) -> String {
    let text = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let mount = |line: &str| {
        let (before, after) = line.split_once(" - ")?;
        let point = before.split(' ').nth(4)?.to_owned();
        let kind = after.split(' ').next()?.to_owned();
        path.starts_with(&point).then_some((point.len(), kind))
    };
    let longest = text
        .lines()
        .filter_map(mount)
        .max_by_key(|(length, _)| *length);
    longest.map_or_else(unknown, |(_, kind)| kind)
}

fn version(env: &Environment, program: &str, flag: &str) -> String {
    let spec = CommandSpec::new(program, "/", env.clone(), Duration::from_secs(20)).arg(flag);
    torch_process::run(&spec)
        .ok()
        .filter(|output| output.success())
        .map_or_else(unknown, |output| output.text())
}

fn unknown() -> String {
    "unknown".to_owned()
}
