//! Processes that get away from an agent, on real ones.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::*;
use crate::{CommandSpec, Environment, run};

/// A folder, and an agent's id that no other test uses.
struct Agent {
    folder: tempfile::TempDir,
    id: String,
}

impl Agent {
    fn new(name: &str) -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
            id: format!("{name}-{}", std::process::id()),
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a script whose environment names the agent; what it leaves behind is adopted by somebody else.
    fn leave(&self, script: &str) {
        let env: Environment = [
            ("PATH".into(), std::env::var_os("PATH").expect("a PATH")),
            (AGENT_VARIABLE.into(), self.id.clone().into()),
        ]
        .into();
        let spec = CommandSpec::new("sh", self.folder.path(), env, Duration::from_secs(10))
            .args(["-c", script]);
        run(&spec)
            .and_then(crate::Output::success_or_error)
            .expect("runs");
    }

    /// The process whose pid a script wrote to a file.
    fn process(&self, name: &str) -> Process {
        let pid = wait_for(name, || {
            let text = fs::read_to_string(self.file(name)).ok()?;
            text.strip_suffix('\n')?.parse().ok()
        });
        facts::process(pid).expect("it runs")
    }

    fn look(&self) -> LaunchProcesses {
        LaunchProcesses {
            agents: vec![self.id.clone()],
            recorded: Vec::new(),
            spared: Vec::new(),
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // Whatever a failed test leaves.
        self.look().end(Duration::ZERO);
    }
}

fn wait_for<T>(what: &str, mut wanted: impl FnMut() -> Option<T>) -> T {
    let until = std::time::Instant::now() + Duration::from_secs(10);
    while std::time::Instant::now() < until {
        if let Some(value) = wanted() {
            return value;
        }
        std::thread::park_timeout(Duration::from_millis(5));
    }
    panic!("waited for {what}")
}

/// A process in a session of its own that nothing but SIGKILL ends, adopted by another one.
fn stubborn(file: &Path) -> String {
    format!(
        "setsid sh -c 'trap \"\" HUP TERM INT; env -i sleep 300 & echo $$ > {}; while :; do wait; done' >/dev/null 2>&1 &",
        file.display()
    )
}

#[test]
fn what_got_away_is_found_and_ended() {
    let agent = Agent::new("away");
    agent.leave(&stubborn(&agent.file("pid")));
    let stray = agent.process("pid");
    // Until it has begun its program, the child is found by its environment, before its parent.
    let found = wait_for("it and its child, whose environment is empty", || {
        Some(agent.look().find()).filter(|found| found.len() == 2 && found[0] == stray)
    });
    assert_eq!(agent.look().end(Duration::from_millis(50)), []);
    assert!(found.iter().all(|&process| !facts::is_alive(process)));
    assert_eq!(agent.look().find(), []);
}

#[test]
fn another_agents_processes_are_not_touched() {
    let (one, other) = (Agent::new("two"), Agent::new("tw"));
    one.leave(&stubborn(&one.file("pid")));
    let mut look = other.look();
    // An id that begins like the other one's.
    look.agents[0].truncate(one.id.len() - 1);
    assert_eq!(look.find(), []);
    assert_eq!(look.end(Duration::ZERO), []);
    assert!(facts::is_alive(one.process("pid")));
}

#[test]
fn a_spared_process_hands_the_variable_on_to_no_avail() {
    let agent = Agent::new("spared");
    // As a tmux server that was started from inside: its windows have its environment.
    let script = format!(
        "setsid sh -c 'sleep 300 & echo $! > {}; echo $$ > {}; wait' >/dev/null 2>&1 &",
        agent.file("window").display(),
        agent.file("server").display()
    );
    agent.leave(&script);
    agent.leave(&stubborn(&agent.file("pid")));
    let (server, window) = (agent.process("server"), agent.process("window"));
    let stray = agent.process("pid");
    let mut look = agent.look();
    look.spared.push(server.pid);
    let found = look.find();
    assert!(found.contains(&stray), "{found:?}");
    assert!(
        !found.contains(&server) && !found.contains(&window),
        "{found:?}"
    );
    // A window that is recorded is the agent's own.
    look.recorded.push(window);
    assert!(look.find().contains(&window));
    // Recorded with another start time, it is another process.
    look.recorded = vec![Process {
        start: window.start + 1,
        ..window
    }];
    assert!(!look.find().contains(&window));
    look.recorded.clear();
    assert_eq!(look.end(Duration::ZERO), []);
    assert!(facts::is_alive(server) && facts::is_alive(window));
}

#[test]
fn a_daemon_is_known_by_its_command_line() {
    let agent = Agent::new("daemon");
    // A shell named torch that reads its script from a file named `daemon`, as `torch daemon run` is called.
    fs::write(agent.file("daemon"), "echo $$ > $2; sleep 300; :").expect("written");
    fs::copy("/bin/sh", agent.file("torch")).expect("copied");
    agent.leave("setsid ./torch daemon run daemon.pid >/dev/null 2>&1 &");
    agent.leave("setsid ./torch daemon walk other.pid >/dev/null 2>&1 &");
    let (daemon, other) = (agent.process("daemon.pid"), agent.process("other.pid"));
    let found = agent.look().find();
    assert!(found.contains(&other), "{found:?}");
    assert!(!found.contains(&daemon), "{found:?}");
    // The test's own end: nothing else knows it.
    end(&facts::descendants(daemon.pid), Duration::ZERO);
    end(&[daemon], Duration::ZERO);
}

#[test]
fn nothing_of_this_process_is_ever_found() {
    let agent = Agent::new("me");
    let mut look = agent.look();
    look.recorded = facts::process(std::process::id()).into_iter().collect();
    assert_eq!(look.find(), []);
}
