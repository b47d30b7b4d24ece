//! The wrapper's life: start the program, follow it, and hold its pane when it is gone.

use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, getpgid};
use torch_core::Process;
use torch_core::launch::LaunchSpec;
use torch_core::spool::SpoolEvent;
use torch_process::{CommandSpec, ProcessGroup, facts};

use crate::daemon::{self, FindTorch, Starter};
use crate::ended::Ended;
use crate::signals::{self, Wake};
use crate::terminal::Terminal;
use crate::{RunnerError, spool};

/// What the program takes over from the pane.
const PANE_VARIABLES: [&str; 3] = ["TERM", "TMUX", "TMUX_PANE"];
/// How long the program has to end when the wrapper is told to.
const END_GRACE: Duration = Duration::from_secs(2);
/// How long what it left behind has between SIGTERM and SIGKILL.
const LEFTOVER_GRACE: Duration = Duration::from_secs(1);
/// How often leftovers are looked for: each look may find children of the ones just ended.
const LEFTOVER_LOOKS: usize = 5;
/// How long `on_exit` may take.
const ON_EXIT_DEADLINE: Duration = Duration::from_secs(5);

/// Reads the orders and carries them out.
pub(crate) fn run(path: &Path, torch: FindTorch) -> Result<(), RunnerError> {
    let text = std::fs::read(path).map_err(|source| RunnerError::ReadSpec {
        path: path.to_owned(),
        source,
    })?;
    let spec: LaunchSpec =
        serde_json::from_slice(&text).map_err(|source| RunnerError::ParseSpec {
            path: path.to_owned(),
            source,
        })?;
    // Each launch has a spool of its own, empty until its wrapper starts.
    if std::fs::metadata(&spec.spool).is_ok_and(|spool| spool.len() > 0) {
        return Err(RunnerError::RunBefore {
            path: path.to_owned(),
        });
    }
    let (sender, wakes) = signals::catch().map_err(RunnerError::Signals)?;
    daemon::adopt(true).map_err(|errno| RunnerError::Signals(errno.into()))?;
    Wrapper {
        daemon: daemon::watch(&spec, torch, sender.clone()),
        spec,
        terminal: Terminal,
        sender,
        wakes,
        notes: Vec::new(),
    }
    .live();
    Ok(())
}

struct Wrapper {
    spec: LaunchSpec,
    /// Starts the daemon where it is gone; absent where there is none to look after.
    daemon: Option<Starter>,
    terminal: Terminal,
    sender: Sender<Wake>,
    wakes: Receiver<Wake>,
    /// What went wrong on the way, for the farewell.
    notes: Vec<String>,
}

impl Wrapper {
    fn live(mut self) {
        let (ended, told) = match self.start() {
            Ok(child) => self.follow(child),
            Err(why) => {
                self.hold();
                (Ended::NotStarted(why), Told::No)
            }
        };
        self.on_exit();
        self.record(ended.event());
        self.end_leftovers();
        // A leftover that ignored SIGTTOU may have changed the terminal meanwhile.
        self.terminal.take_back().ok();
        if told == Told::No {
            self.farewell(&ended);
            self.stay();
        }
    }

    /// Starts the program in the terminal's foreground.
    fn start(&mut self) -> Result<Pid, String> {
        let mut env = self.spec.env.clone();
        for name in PANE_VARIABLES {
            match std::env::var(name) {
                Ok(value) => env.insert(name.to_owned(), value),
                Err(_) => env.remove(name),
            };
        }
        for name in &self.spec.inherit {
            if let Ok(value) = std::env::var(name) {
                env.insert(name.clone(), value);
            }
        }
        let child = torch_process::spawn_foreground(
            &self.spec.argv,
            &self.spec.cwd,
            &env,
            ProcessGroup::Own,
        )
        .map_err(|error| {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
            format!("{error}{}", cause.unwrap_or_default())
        })?;
        let pid = child.id();
        let group = Pid::from_raw(i32::try_from(pid).unwrap_or(0));
        // It may have ended already; or there is no terminal. A program that reads too early is stopped and resumed.
        self.terminal.give_to(group).ok();
        let process = facts::process(pid).unwrap_or(Process { pid, start: 0 });
        self.record(SpoolEvent::Started { process });
        Ok(group)
    }

    /// Waits for the program's end; once it has come, nothing typed reaches anybody any more.
    fn follow(&mut self, child: Pid) -> (Ended, Told) {
        let mut told: Option<Instant> = None;
        loop {
            let wake = match told {
                None => self
                    .wakes
                    .recv()
                    .map_err(|_| RecvTimeoutError::Disconnected),
                Some(since) => self
                    .wakes
                    .recv_timeout(END_GRACE.saturating_sub(since.elapsed())),
            };
            match wake {
                Ok(Wake::Child) => {
                    if let Some(ended) = self.reap(Some(child)) {
                        return (ended, told.map_or(Told::No, |_| Told::Yes));
                    }
                }
                Ok(Wake::End(signal)) => {
                    signal_group(child, signal);
                    signal_group(child, Signal::SIGCONT);
                    told = told.or_else(|| Some(Instant::now()));
                }
                Ok(Wake::Hangup) => {}
                Ok(Wake::Daemon) => self.start_daemon(),
                // The grace is over (the signals' thread never ends before): nothing else is waited for but the end.
                Err(_) => {
                    signal_group(child, Signal::SIGKILL);
                    return (self.wait_killed(child), Told::Yes);
                }
            }
        }
    }

    /// Waits for the end of a program that was killed.
    fn wait_killed(&self, child: Pid) -> Ended {
        // It may have left its group, so that the signal to the group did not reach it.
        nix::sys::signal::kill(child, Signal::SIGKILL).ok();
        loop {
            match waitpid(child, None) {
                Err(Errno::EINTR) => {}
                status => {
                    self.hold();
                    let ended = status.ok().and_then(ended);
                    return ended.unwrap_or(Ended::Signal(Signal::SIGKILL));
                }
            }
        }
    }

    /// Takes note of all children that ended or stopped. An agent that was stopped (Ctrl-Z) goes on in the foreground.
    fn reap(&mut self, child: Option<Pid>) -> Option<Ended> {
        let flags = WaitPidFlag::WNOHANG | WaitPidFlag::WUNTRACED;
        let mut end = None;
        loop {
            match waitpid(Pid::from_raw(-1), Some(flags)) {
                Ok(WaitStatus::StillAlive) | Err(Errno::ECHILD) => return end,
                Ok(WaitStatus::Stopped(pid, _)) if Some(pid) == child => {
                    let group = getpgid(Some(pid)).unwrap_or(pid);
                    // Without a terminal it only has to go on.
                    self.terminal.give_to(group).ok();
                    signal_group(group, Signal::SIGCONT);
                }
                Ok(status) if status.pid() == child && child.is_some() => {
                    if let Some(how) = ended(status) {
                        self.hold();
                        end = Some(how);
                    }
                }
                Ok(status) => self.note_other(status),
                Err(Errno::EINTR) => {}
                Err(error) => {
                    self.notes
                        .push(format!("failed to wait for children: {error}"));
                    return end;
                }
            }
        }
    }

    /// From here on input goes nowhere.
    fn hold(&self) {
        // Without a terminal there is no input to keep from anybody.
        self.terminal.take_back().ok();
        self.terminal.discard(self.sender.clone());
    }

    fn on_exit(&mut self) {
        let pane = std::env::var("TMUX_PANE").unwrap_or_default();
        let mut argv = self
            .spec
            .on_exit
            .iter()
            .map(|arg| arg.replace("{pane}", &pane));
        let Some(program) = argv.next() else { return };
        let env = std::env::vars_os().collect();
        let command = CommandSpec::new(program, "/", env, ON_EXIT_DEADLINE).args(argv);
        let done = torch_process::run(&command).and_then(|output| output.success_or_error());
        if let Err(error) = done {
            self.notes.push(error.to_string());
        }
    }

    /// Takes note of the end of a child that is not the program.
    fn note_other(&mut self, status: WaitStatus) {
        let pid = status
            .pid()
            .filter(|_| ended(status).is_some())
            .and_then(|pid| u32::try_from(pid.as_raw()).ok());
        if let (Some(pid), Some(daemon)) = (pid, &mut self.daemon) {
            daemon.ended(pid);
        }
    }

    fn start_daemon(&mut self) {
        if let Some(daemon) = &mut self.daemon {
            daemon.start();
        }
    }

    /// Ends everything that descends from the wrapper, adopted orphans included, but for what is torch's own.
    fn end_leftovers(&mut self) {
        for _ in 0..LEFTOVER_LOOKS {
            // An agent's `scm` may have started the daemon, and that the tmux server.
            let spared = self.daemon.as_ref().map(Starter::spared);
            let left = facts::descendants_but(std::process::id(), &spared.unwrap_or_default());
            if left.is_empty() {
                break;
            }
            let stuck = torch_process::end(&left, LEFTOVER_GRACE);
            if !stuck.is_empty() {
                let pids: Vec<_> = stuck
                    .iter()
                    .map(|process| process.pid.to_string())
                    .collect();
                self.notes
                    .push(format!("still running: {}", pids.join(", ")));
                break;
            }
            self.reap(None);
        }
        self.reap(None);
    }

    fn farewell(&self, ended: &Ended) {
        let words: String = ended.words().chars().filter(|c| !c.is_control()).collect();
        let mut text = self.spec.farewell.replace("{end}", &words);
        for note in &self.notes {
            text.push_str("\n(");
            text.extend(note.chars().filter(|c| !c.is_control()));
            text.push(')');
        }
        // Nobody looks at a terminal that is gone.
        self.terminal.farewell(&text).ok();
    }

    /// Stays until torch, or the pane's end, ends it.
    fn stay(&mut self) {
        while let Ok(wake) = self.wakes.recv() {
            match wake {
                Wake::Child => {
                    self.reap(None);
                }
                Wake::Daemon => self.start_daemon(),
                Wake::End(_) | Wake::Hangup => return,
            }
        }
    }

    fn record(&mut self, event: SpoolEvent) {
        if let Err(error) = spool::append(&self.spec.spool, self.spec.launch, event) {
            let path = self.spec.spool.display();
            self.notes
                .push(format!("failed to append to the spool {path}: {error}"));
        }
    }
}

/// Whether the wrapper was told to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Yes,
    No,
}

fn ended(status: WaitStatus) -> Option<Ended> {
    match status {
        WaitStatus::Exited(_, status) => Some(Ended::Status(status)),
        WaitStatus::Signaled(_, signal, _) => Some(Ended::Signal(signal)),
        _ => None,
    }
}

/// Signals a process group; one that is gone has no need of it.
fn signal_group(group: Pid, signal: Signal) {
    killpg(group, signal).ok();
}
