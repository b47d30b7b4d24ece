//! The wrapper's second duty: where the daemon is gone, it is started again. (An agent without a daemon gets no
//! messages and nobody notices that it waits.)
//!
//! One thread watches the daemon's process and sleeps until that ends. Then, unless the daemon was told to end, this
//! wrapper or another one of the same registry runs `torch daemon start`, as a person would: it replaces nobody, and
//! the registry's lock decides where several try. One wrapper at a time tries, in the order of a lock of their own.

mod tries;

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use torch_core::launch::LaunchSpec;
use torch_process::traces::Traces;
use torch_process::{DetachedChild, ProcessError, await_end, env, facts, spawn_detached};

use crate::signals::Wake;
use tries::{Next, Tries};

/// How often a registry is looked at whose daemon was told to end, or would not start: nothing tells when a person
/// starts it again.
const RARELY: Duration = Duration::from_secs(5);
/// How long a service manager has to start the daemon before a wrapper does.
const SUPERVISOR: Duration = Duration::from_secs(5);
/// How long `torch daemon start` may take: it waits 10 s for the daemon itself, and 10 s for an older one's end.
const START_DEADLINE: Duration = Duration::from_secs(30);
/// How long a `torch daemon start` that takes longer has to end.
const END_GRACE: Duration = Duration::from_secs(1);

/// Finds the program `torch`, at the moment it is needed: it may have been replaced since the wrapper began.
pub type FindTorch = fn() -> Option<PathBuf>;

/// How a start went that the wrapper was asked for.
type Started = Result<DetachedChild, ProcessError>;

/// Starts the thread; the receiver of `wakes` is asked for each start with [`Wake::Daemon`] and answers with
/// [`Starter::start`]. Without a registry in the agent's environment there is no daemon to look after.
pub(crate) fn watch(spec: &LaunchSpec, torch: FindTorch, wakes: Sender<Wake>) -> Option<Starter> {
    let home = PathBuf::from(spec.env.get("TORCH_HOME")?);
    let (sender, started) = channel();
    let watch = Watch {
        traces: Traces::new(&home),
        home: home.clone(),
        role: spec.role.to_string(),
        tries: Tries::default(),
        wakes,
        started,
    };
    // Without the thread nothing is lost but this duty.
    std::thread::Builder::new()
        .name("daemon".to_owned())
        .spawn(move || watch.live())
        .ok()?;
    Some(Starter {
        env: env::for_daemon(
            spec.env
                .iter()
                .map(|(name, value)| (name.into(), value.into())),
        ),
        home,
        torch,
        started: sender,
        running: None,
    })
}

/// Starts the daemon from the wrapper's own thread: that one alone starts children and waits for them, so that their
/// statuses never meet the wrong reader.
#[derive(Debug)]
pub(crate) struct Starter {
    home: PathBuf,
    /// Nothing of the agent's own: the daemon is nobody's.
    env: env::Environment,
    torch: FindTorch,
    started: Sender<Started>,
    running: Option<u32>,
}

impl Starter {
    /// Runs `torch daemon start`, which ends by itself. Until it has, this process adopts nobody: its child, the daemon, is to
    /// be init's and no part of this agent. (What else loses its parent in that time is known by its environment.)
    pub(crate) fn start(&mut self) {
        // It fails on no system that let the wrapper begin.
        adopt(false).ok();
        let torch = (self.torch)().unwrap_or_else(|| "torch".into());
        let started = spawn_detached(
            torch.as_os_str(),
            &["daemon".into(), "start".into()],
            &self.home,
            &self.env,
            // The daemon has a log of its own; what goes on here is told there in one line.
            Path::new("/dev/null"),
        );
        self.running = started.as_ref().ok().map(DetachedChild::pid);
        if self.running.is_none() {
            adopt(true).ok();
        }
        // The thread that asked lives as long as this process.
        self.started.send(started).ok();
    }

    /// Takes note of a child's end.
    pub(crate) fn ended(&mut self, pid: u32) {
        if self.running == Some(pid) {
            self.running = None;
            adopt(true).ok();
        }
    }

    /// What is not the agent's, whoever its parent is: the daemon, torch's tmux server, a start under way.
    pub(crate) fn spared(&self) -> Vec<u32> {
        let mut spared = Traces::new(&self.home).spared();
        spared.extend(self.running);
        spared
    }
}

/// The thread.
struct Watch {
    home: PathBuf,
    traces: Traces,
    role: String,
    tries: Tries,
    wakes: Sender<Wake>,
    started: Receiver<Started>,
}

impl Watch {
    fn live(mut self) {
        loop {
            if let Some(daemon) = self.traces.daemon() {
                self.tries.daemon_lives();
                await_end(daemon, None);
            }
            if !self.wanted() {
                pause(RARELY);
                continue;
            }
            let time = match self.tries.next(Instant::now()) {
                Next::After(time) => time,
                Next::Quiet { first } => {
                    if first {
                        self.say_quiet();
                    }
                    pause(RARELY);
                    continue;
                }
            };
            let supervisor = if self.traces.is_supervised() {
                SUPERVISOR
            } else {
                Duration::ZERO
            };
            pause(time + supervisor);
            let Ok(_turn) = self.turn() else {
                // The registry is gone or can't be written.
                pause(RARELY);
                continue;
            };
            // While this one waited, another one may have started it, or a person may have stopped it.
            if self.traces.daemon().is_none() && self.wanted() && !self.start() {
                return;
            }
        }
    }

    /// Whether there is a registry whose daemon should live.
    fn wanted(&self) -> bool {
        self.home.join("torch.db").is_file() && !self.traces.is_stopped()
    }

    /// One wrapper's turn to try: the lock goes with the file.
    fn turn(&self) -> io::Result<File> {
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(self.home.join("run/daemon.revive"))?;
        file.lock()?;
        Ok(file)
    }

    /// Starts the daemon and waits until it listens or has failed. `false`: the wrapper is about to end.
    fn start(&mut self) -> bool {
        self.tries.begin(Instant::now());
        if self.wakes.send(Wake::Daemon).is_err() {
            return false;
        }
        let Ok(started) = self.started.recv() else {
            return false;
        };
        let Ok(mut child) = started else {
            return true;
        };
        let process = facts::process(child.pid());
        // It prints once the daemon listens. Why it failed stands in the daemon's log; the next try comes in any case.
        if child.first_line(START_DEADLINE).is_err()
            && let Some(process) = process
        {
            // Its end is awaited, so that a start never overlaps with the next one.
            torch_process::end(&[process], END_GRACE);
        }
        true
    }

    /// The one line in the daemon's log.
    fn say_quiet(&self) {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(self.home.join("logs/daemon.log"));
        let line = format!(
            "the wrapper of {} started the daemon {} times within {} minutes and lets it be until one lives again; to see why: torch daemon start\n",
            self.role,
            tries::MOST,
            tries::WINDOW.as_secs() / 60
        );
        // Without a log there is nobody to tell.
        log.and_then(|mut log| log.write_all(line.as_bytes())).ok();
    }
}

/// Whether what loses its parent below this process becomes its child. Systems without that leave it to init.
pub(crate) fn adopt(adopts: bool) -> nix::Result<()> {
    #[cfg(target_os = "linux")]
    nix::sys::prctl::set_child_subreaper(adopts)?;
    #[cfg(not(target_os = "linux"))]
    let _ = adopts;
    Ok(())
}

/// Waits for a time.
fn pause(time: Duration) {
    let until = Instant::now() + time;
    while let Some(left) = until.checked_duration_since(Instant::now()) {
        std::thread::park_timeout(left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_says_why_nobody_tries_any_more() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("logs")).unwrap();
        let (wakes, _) = channel();
        let (_, started) = channel();
        let watch = Watch {
            home: home.path().to_owned(),
            traces: Traces::new(home.path()),
            role: "tester".to_owned(),
            tries: Tries::default(),
            wakes,
            started,
        };
        watch.say_quiet();
        let log = std::fs::read_to_string(home.path().join("logs/daemon.log")).unwrap();
        assert_eq!(
            log,
            "the wrapper of tester started the daemon 5 times within 10 minutes and lets it be until one lives again; \
             to see why: torch daemon start\n"
        );
    }
}
