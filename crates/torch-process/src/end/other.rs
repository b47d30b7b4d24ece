//! Ending processes where the system has no descriptors for them: by pid, looked at every 10 ms.

use std::time::Instant;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use torch_core::Process;

use crate::exit::{LOOK, poll_timeout};
use crate::facts;

/// A process that was alive when it was looked at.
#[derive(Debug)]
pub(super) struct Held {
    process: Process,
}

impl Held {
    /// Takes note of a process, unless it has ended.
    pub(super) fn open(process: Process) -> Option<Self> {
        facts::is_alive(process).then_some(Self { process })
    }

    pub(super) fn process(&self) -> Process {
        self.process
    }

    pub(super) fn terminate(&self) {
        self.send(Signal::SIGTERM);
        self.send(Signal::SIGCONT);
    }

    pub(super) fn kill(&self) {
        self.send(Signal::SIGKILL);
    }

    pub(super) fn user_signal(&self) -> bool {
        self.send(Signal::SIGUSR1)
    }

    /// Whether the system let it be signalled.
    fn send(&self, signal: Signal) -> bool {
        let pid = i32::try_from(self.process.pid).unwrap_or(0);
        if pid <= 0 || !facts::is_alive(self.process) {
            return false;
        }
        let sent = kill(Pid::from_raw(pid), signal);
        if let Err(error) = sent {
            tracing::debug!(pid, %signal, %error, "process not signalled");
        }
        sent.is_ok()
    }
}

/// Waits until all have ended or the time is over; only those that have not ended remain.
pub(super) fn wait(held: &mut Vec<Held>, until: Instant) {
    loop {
        held.retain(|held| facts::is_alive(held.process));
        if held.is_empty() || Instant::now() >= until {
            return;
        }
        // A poll of nothing is a bounded wait; an interrupted one only looks sooner.
        nix::poll::poll(&mut [], poll_timeout(until, Some(LOOK))).ok();
    }
}
