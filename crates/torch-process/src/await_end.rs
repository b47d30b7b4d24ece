//! Waiting for the end of a process that is no child.

use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use torch_core::Process;

use crate::exit::{ExitWatch, poll_timeout};
use crate::facts;

/// How often to look where the system has no descriptor for a process (macOS, Linux before 5.3): rarely, as each
/// look is a `ps` on macOS, and one wrapper for each agent waits here.
const LOOK: Duration = Duration::from_secs(5);

/// Waits, blocking, until exactly this process has ended (a zombie has), at most `deadline`; whether it has. On Linux
/// the wait costs nothing; on macOS the process is looked at every 5 s.
pub fn await_end(process: Process, deadline: Option<Duration>) -> bool {
    let until = deadline.map(|deadline| Instant::now() + deadline);
    let watch = ExitWatch::open(process.pid);
    // Looked at after the descriptor was opened: from here on it can't be another process'.
    while facts::is_alive(process) {
        let most = watch.fd().map_or(Some(LOOK), |_| None);
        let timeout = match (until, most) {
            (Some(until), most) => poll_timeout(until, most),
            (None, Some(look)) => poll_timeout(Instant::now() + look, None),
            (None, None) => PollTimeout::NONE,
        };
        let mut fds: Vec<PollFd<'_>> = watch
            .fd()
            .map(|fd| PollFd::new(fd, PollFlags::POLLIN))
            .into_iter()
            .collect();
        match poll(&mut fds, timeout) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => {
                tracing::warn!(%error, "failed to wait for a process to end");
                return false;
            }
        }
        if until.is_some_and(|until| Instant::now() >= until) {
            return !facts::is_alive(process);
        }
    }
    true
}
