//! Waiting for a process to end without a polling loop, where the system can do that.

use std::os::fd::BorrowedFd;
#[cfg(target_os = "linux")]
use std::os::fd::{AsFd as _, OwnedFd};
use std::time::{Duration, Instant};

use nix::poll::PollTimeout;

/// How long to wait between two looks at a process where the system has no descriptor for it
/// (macOS, Linux before 5.3).
pub(crate) const LOOK: Duration = Duration::from_millis(10);

/// A descriptor that becomes readable when a process ends, even before it is reaped.
#[derive(Debug)]
pub(crate) struct ExitWatch {
    #[cfg(target_os = "linux")]
    fd: Option<OwnedFd>,
}

impl ExitWatch {
    /// Opens it for `pid`; on a system without such descriptors there is nothing to wait on.
    #[cfg(target_os = "linux")]
    pub(crate) fn open(pid: u32) -> Self {
        let pid = i32::try_from(pid)
            .ok()
            .and_then(rustix::process::Pid::from_raw);
        let fd = pid.and_then(|pid| {
            rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).ok()
        });
        Self { fd }
    }

    /// Opens it for `pid`; on a system without such descriptors there is nothing to wait on.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn open(_pid: u32) -> Self {
        Self {}
    }

    /// As on a system without such descriptors.
    #[cfg(all(test, target_os = "linux"))]
    pub(crate) fn none() -> Self {
        Self { fd: None }
    }

    /// The descriptor to poll, if the system has one.
    pub(crate) fn fd(&self) -> Option<BorrowedFd<'_>> {
        #[cfg(target_os = "linux")]
        {
            self.fd.as_ref().map(|fd| fd.as_fd())
        }
        #[cfg(not(target_os = "linux"))]
        {
            None
        }
    }
}

/// The time until `until` for `poll`, rounded up to whole milliseconds, at most `most`.
pub(crate) fn poll_timeout(until: Instant, most: Option<Duration>) -> PollTimeout {
    let left = until.saturating_duration_since(Instant::now());
    let left = most.map_or(left, |most| left.min(most));
    let millis = left.as_micros().div_ceil(1_000);
    PollTimeout::try_from(i32::try_from(millis).unwrap_or(i32::MAX)).unwrap_or(PollTimeout::MAX)
}
