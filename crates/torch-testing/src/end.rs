//! The end of a world: nothing of it may go on.

use std::fs;
use std::time::Duration;

use torch_core::Process;
use torch_process::facts;

use crate::World;
use crate::terminal::SERVER;
use crate::wait::poll;

/// How long each of the steps of an orderly end may take.
const STEP: Duration = Duration::from_secs(15);

impl Drop for World {
    fn drop(&mut self) {
        let failing = std::thread::panicking();
        let mut complaints = Vec::new();
        if self.home().join("torch.db").is_file() {
            self.step(&["torch", "stop"], &mut complaints);
            self.step(&["torch", "daemon", "stop"], &mut complaints);
        }
        if let Some(socket) = self.guess_socket().cloned() {
            self.step(&["tmux", "-L", &socket, "kill-server"], &mut complaints);
        }
        // Most worlds have no person in them.
        self.step(&["tmux", "-L", SERVER, "kill-server"], &mut Vec::new());
        let mut left = Vec::new();
        poll(STEP, || {
            left = self.processes();
            left.is_empty().then_some(())
        });
        for (process, command) in &left {
            complaints.push(format!("process {} is left: {command}", process.pid));
        }
        let processes: Vec<Process> = left.into_iter().map(|(process, _)| process).collect();
        torch_process::end(&processes, Duration::from_secs(1));
        if !failing && !complaints.is_empty() {
            panic!(
                "the world did not end well:\n{}\n{}",
                complaints.join("\n"),
                self.log()
            );
        }
    }
}

impl World {
    /// Runs one step of the end; a failure other than "there is no team" is a complaint.
    fn step(&self, words: &[&str], complaints: &mut Vec<String>) {
        let mut spec = self.command(words[0]).args(&words[1..]);
        spec.deadline = STEP;
        match torch_process::run(&spec) {
            Ok(output) if output.success() || output.status.code() == Some(2) => {}
            // The daemon ends a tmux server without sessions by itself.
            Ok(output) if output.error_text().contains("no server running") => {}
            Ok(output) => {
                complaints.push(format!("{} failed: {}", spec.line(), output.error_text()))
            }
            Err(error) => complaints.push(error.to_string()),
        }
    }

    /// The processes that live in this world: those whose environment names its folder, but for this one.
    #[cfg(target_os = "linux")]
    pub fn processes(&self) -> Vec<(Process, String)> {
        processes_of(self.folder())
    }

    /// Only Linux tells other processes' environments; elsewhere the daemon is looked for by its lock.
    #[cfg(not(target_os = "linux"))]
    pub fn processes(&self) -> Vec<(Process, String)> {
        let lock = fs::read_to_string(self.home().join("run/daemon.lock")).unwrap_or_default();
        let daemon = lock.trim().parse().ok().and_then(facts::process);
        daemon
            .filter(|process| facts::is_alive(*process))
            .map(|process| (process, "the daemon".to_owned()))
            .into_iter()
            .collect()
    }
}

/// The processes whose environment or command line names this folder, each with its command line; this one is none of
/// them.
#[cfg(target_os = "linux")]
pub fn processes_of(folder: &std::path::Path) -> Vec<(Process, String)> {
    let needle = folder.display().to_string().into_bytes();
    let holds = |bytes: &[u8]| bytes.windows(needle.len()).any(|part| part == needle);
    let pids = fs::read_dir("/proc").into_iter().flatten().flatten();
    pids.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter(|pid| *pid != std::process::id())
        .filter_map(|pid| {
            // One that has ended meanwhile can't be read.
            let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
            let command = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
            if !holds(&environment) && !holds(&command) {
                return None;
            }
            let process = facts::process(pid).filter(|process| facts::is_alive(*process))?;
            let command = String::from_utf8_lossy(&command).replace('\0', " ");
            Some((process, command))
        })
        .collect()
}
