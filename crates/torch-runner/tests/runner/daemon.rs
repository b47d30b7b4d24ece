//! The wrapper brings the daemon back. The daemon here is the example itself: it holds the lock, and no more.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::{Tmux, example, poll};
use serde_json::json;
use torch_core::Process;
use torch_process::facts;
use torch_process::traces::Traces;

const LAUNCH: &str = "01HF7YAT00000000000000000A";

/// A registry with wrappers on it.
struct Registry {
    wrappers: Vec<Tmux>,
    home: tempfile::TempDir,
    traces: Traces,
}

impl Registry {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        for folder in ["run", "logs"] {
            fs::create_dir(home.path().join(folder)).unwrap();
        }
        fs::write(home.path().join("torch.db"), "").unwrap();
        Self {
            wrappers: Vec::new(),
            traces: Traces::new(home.path()),
            home,
        }
    }

    fn path(&self, name: &str) -> String {
        self.home.path().join(name).display().to_string()
    }

    /// Wraps `sh -c script`, whose environment is an agent's.
    fn wrap(&mut self, script: &str) {
        let number = self.wrappers.len();
        let spec = json!({
            "agent": LAUNCH,
            "launch": LAUNCH,
            "role": "developer",
            "argv": ["sh", "-c", script],
            "env": {
                "PATH": std::env::var("PATH").unwrap(),
                "TORCH_HOME": self.home.path(),
                "TORCH_AGENT": LAUNCH,
                "TORCH_ROLE": "developer",
                "TORCH_TMUX_SOCKET": "mine",
            },
            "cwd": self.home.path(),
            "spool": self.path(&format!("spool.{number}")),
            "on_exit": [],
            "farewell": "The agent {end}.",
        });
        let file = self.path(&format!("spec.{number}"));
        fs::write(&file, spec.to_string()).unwrap();
        let wrapper = example("wrapper").display().to_string();
        let tmux = Tmux::start(self.home.path(), &[&wrapper, "run", &file]);
        self.wrappers.push(tmux);
    }

    /// The starts so far: the pid and the environment of each.
    fn starts(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path("starts")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// The daemon, once there is one.
    fn daemon(&self) -> Process {
        assert!(poll(|| self.traces.daemon().is_some()), "no daemon");
        self.traces.daemon().unwrap()
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        // Nobody shall start it again.
        self.traces.set_stopped().ok();
        let daemon: Vec<Process> = self.traces.daemon().into_iter().collect();
        torch_process::end(&daemon, Duration::ZERO);
    }
}

fn kill(process: Process) {
    assert!(torch_process::end(&[process], Duration::ZERO).is_empty());
}

/// The session that a process is in (field 6 of `/proc/PID/stat`, proc(5)).
fn session(pid: u32) -> u32 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let (_, rest) = stat.rsplit_once(')').unwrap();
    rest.split_whitespace().nth(3).unwrap().parse().unwrap()
}

#[test]
fn a_killed_daemon_is_back_and_is_nobodys() {
    let mut registry = Registry::new();
    registry.wrap("echo $$ > program; exec sleep 300");
    // Nobody holds the lock: it is as if it had just been killed.
    let first = registry.daemon();
    kill(first);
    assert!(poll(|| registry
        .traces
        .daemon()
        .is_some_and(|daemon| daemon != first)));
    let second = registry.daemon();
    let starts = registry.starts();
    assert_eq!(starts.len(), 2, "{starts:?}");
    let (pid, names) = starts[1].split_once(' ').unwrap();
    assert_eq!(pid, second.pid.to_string());
    let mut names: Vec<&str> = names.split(',').collect();
    names.sort_unstable();
    assert_eq!(names, ["PATH", "TORCH_HOME", "TORCH_TMUX_SOCKET"]);
    assert_eq!(session(second.pid), second.pid, "a session of its own");
    for stream in ["0", "1", "2"] {
        let target = fs::read_link(format!("/proc/{pid}/fd/{stream}")).unwrap();
        assert!(!target.starts_with("/dev/pts"), "{stream}: {target:?}");
    }
    // The agent's end ends what it left, and not the daemon.
    let program = fs::read_to_string(registry.path("program")).unwrap();
    kill(facts::process(program.trim().parse().unwrap()).unwrap());
    registry.wrappers[0].wait("the farewell", |screen| screen.contains("The agent was"));
    assert_eq!(registry.traces.daemon(), Some(second));
    // And the wrapper of an ended agent still does its duty.
    kill(second);
    assert!(poll(|| registry
        .traces
        .daemon()
        .is_some_and(|daemon| daemon != second)));
}

#[test]
fn the_wrappers_of_a_team_start_one() {
    let mut registry = Registry::new();
    for _ in 0..6 {
        registry.wrap("exec sleep 300");
    }
    for round in 1..=3 {
        let daemon = registry.daemon();
        // All have seen it, one way or another, once each has had its turn: the last to come finds it there.
        assert_eq!(registry.starts().len(), round);
        kill(daemon);
        assert!(poll(|| registry
            .traces
            .daemon()
            .is_some_and(|now| now != daemon)));
    }
}

#[test]
fn a_daemon_that_was_told_to_end_stays_away() {
    let mut registry = Registry::new();
    registry.wrap("exec sleep 300");
    let daemon = registry.daemon();
    registry.traces.set_stopped().unwrap();
    kill(daemon);
    // Longer than the pause before a try.
    assert!(!torch_process::await_end(
        facts::process(std::process::id()).unwrap(),
        Some(Duration::from_millis(600))
    ));
    assert_eq!(registry.starts().len(), 1);
    // It runs again by itself, or a person's command; then it is looked after as before.
    registry.traces.set_running(false).unwrap();
    assert!(poll(|| registry.traces.daemon().is_some()));
}

#[test]
fn a_start_that_fails_is_tried_again_later() {
    let mut registry = Registry::new();
    fs::write(registry.path("fail"), "").unwrap();
    registry.wrap("exec sleep 300");
    assert!(poll(|| registry.starts().len() == 2));
    fs::remove_file(registry.path("fail")).unwrap();
    registry.daemon();
    assert_eq!(registry.starts().len(), 3);
}

#[test]
fn a_service_manager_has_the_first_try() {
    let mut registry = Registry::new();
    registry.traces.set_running(true).unwrap();
    let began = Instant::now();
    registry.wrap("exec sleep 300");
    registry.daemon();
    // Nobody else started it.
    assert!(began.elapsed() >= Duration::from_secs(5));
}

#[test]
fn a_registry_that_is_gone_is_not_made_again() {
    let mut registry = Registry::new();
    registry.wrap("exec sleep 300");
    let daemon = registry.daemon();
    fs::remove_file(registry.path("torch.db")).unwrap();
    kill(daemon);
    let me = facts::process(std::process::id()).unwrap();
    assert!(!torch_process::await_end(
        me,
        Some(Duration::from_millis(600))
    ));
    assert_eq!(registry.starts().len(), 1);
    assert!(!Path::new(&registry.path("torch.db")).exists());
}
