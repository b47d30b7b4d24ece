//! Ending processes by descriptors: a pid can't be mistaken and their end is waited for without looking.

use std::os::fd::{AsFd as _, OwnedFd};
use std::time::Instant;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use torch_core::Process;

use crate::exit::poll_timeout;
use crate::facts;

/// A process that is held by a descriptor.
#[derive(Debug)]
pub(super) struct Held {
    process: Process,
    fd: OwnedFd,
}

impl Held {
    /// Takes hold of a process, unless it has ended.
    pub(super) fn open(process: Process) -> Option<Self> {
        let pid = Pid::from_raw(i32::try_from(process.pid).ok()?)?;
        let fd = pidfd_open(pid, PidfdFlags::empty()).ok()?;
        // Looked at after the descriptor was opened: from here on it can't be another one.
        facts::is_alive(process).then_some(Self { process, fd })
    }

    pub(super) fn process(&self) -> Process {
        self.process
    }

    pub(super) fn terminate(&self) {
        self.send(Signal::TERM);
        self.send(Signal::CONT);
    }

    pub(super) fn kill(&self) {
        self.send(Signal::KILL);
    }

    pub(super) fn user_signal(&self) -> bool {
        self.send(Signal::USR1)
    }

    /// Whether the system let it be signalled.
    fn send(&self, signal: Signal) -> bool {
        let sent = pidfd_send_signal(&self.fd, signal);
        if let Err(error) = sent {
            tracing::debug!(pid = self.process.pid, ?signal, %error, "process not signalled");
        }
        sent.is_ok()
    }
}

/// Waits until all have ended or the time is over; only those that have not ended remain.
pub(super) fn wait(held: &mut Vec<Held>, until: Instant) {
    while !held.is_empty() {
        let mut fds: Vec<_> = held
            .iter()
            .map(|held| PollFd::new(held.fd.as_fd(), PollFlags::POLLIN))
            .collect();
        match poll(&mut fds, poll_timeout(until, None)) {
            Ok(0) => return,
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => {
                tracing::warn!(%error, "failed to wait for processes to end");
                return;
            }
        }
        let mut ended = fds
            .iter()
            .map(|fd| fd.any().unwrap_or(false))
            .collect::<Vec<_>>()
            .into_iter();
        held.retain(|_| !ended.next().unwrap_or(false));
    }
}
