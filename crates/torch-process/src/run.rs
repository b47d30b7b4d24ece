//! Commands that end: started, fed, read and bounded by one `poll` loop, without threads of their own.

use std::io::{self, Read, Write as _};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::{Child, ChildStdin, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, poll};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::command::tail_text;
use crate::exit::{ExitWatch, LOOK, poll_timeout};
use crate::{CommandSpec, Output, ProcessError};

/// The most that a command may write to one of its streams, in bytes.
pub const OUTPUT_MAX: usize = 64 << 20;

/// How long a process group has between SIGTERM and SIGKILL.
const GRACE: Duration = Duration::from_millis(500);

/// Runs a command to its end, blocking. What it left running in the background is not waited for.
///
/// # Errors
/// [`ProcessError`] when it can't be started, outlives its deadline or writes too much (its whole process group is
/// ended then). A status other than 0 is no error: see [`Output::success_or_error`].
pub fn run(spec: &CommandSpec) -> Result<Output, ProcessError> {
    run_until(spec, None)
}

/// [`run`] on tokio's blocking pool. Dropping the future ends the command's process group.
///
/// # Errors
/// As [`run`].
pub async fn run_async(spec: &CommandSpec) -> Result<Output, ProcessError> {
    let follow = |source| ProcessError::Follow {
        command: spec.line(),
        source,
    };
    // The future holds one end: when it goes, the other one reports a hang-up.
    let (held, watched) = std::os::unix::net::UnixStream::pair().map_err(follow)?;
    let owned = spec.clone();
    let task =
        tokio::task::spawn_blocking(move || run_until(&owned, Some(&OwnedFd::from(watched))));
    let result = task.await;
    drop(held);
    result.map_err(|source| follow(io::Error::other(source)))?
}

/// [`run`] that ends early, with the command's process group, once the other end of the socket or pipe `held` is closed.
///
/// # Errors
/// As [`run`]; [`ProcessError::Cancelled`] when it was closed.
pub fn run_while(spec: &CommandSpec, held: &OwnedFd) -> Result<Output, ProcessError> {
    run_until(spec, Some(held))
}

fn run_until(spec: &CommandSpec, cancel: Option<&OwnedFd>) -> Result<Output, ProcessError> {
    let mut command = spec.to_std()?;
    command
        .stdin(if spec.stdin.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let started = Instant::now();
    let child = command.spawn().map_err(|source| spec.spawn_error(source))?;
    let mut running = Running::new(spec, child);
    let end = running.follow(started + spec.deadline, cancel);
    let result = running.finish(end);
    tracing::debug!(command = %spec.line(), elapsed = ?started.elapsed(), ok = result.is_ok(), "command ended");
    result
}

/// How following a command ended.
enum End {
    Exited,
    Deadline,
    TooMuchOutput,
    Cancelled,
    Failed(io::Error),
}

/// One of the two output streams; `pipe` is gone after its end.
struct Stream<P> {
    pipe: Option<P>,
    bytes: Vec<u8>,
}

impl<P: Read + AsFd> Stream<P> {
    fn new(pipe: Option<P>) -> Self {
        Self {
            pipe,
            bytes: Vec::new(),
        }
    }

    /// Reads what is there. `Ok(false)`: there is more than may be.
    fn drain(&mut self) -> io::Result<bool> {
        let mut chunk = [0; 16 << 10];
        while let Some(pipe) = &mut self.pipe {
            match pipe.read(&mut chunk) {
                Ok(0) => self.pipe = None,
                Ok(count) => self.bytes.extend_from_slice(&chunk[..count]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
            if self.bytes.len() > OUTPUT_MAX {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

struct Running<'a> {
    spec: &'a CommandSpec,
    child: Child,
    watch: ExitWatch,
    status: Option<ExitStatus>,
    stdin: Option<ChildStdin>,
    written: usize,
    stdout: Stream<std::process::ChildStdout>,
    stderr: Stream<std::process::ChildStderr>,
}

impl<'a> Running<'a> {
    fn new(spec: &'a CommandSpec, mut child: Child) -> Self {
        Self {
            watch: ExitWatch::open(child.id()),
            stdin: child.stdin.take(),
            stdout: Stream::new(child.stdout.take()),
            stderr: Stream::new(child.stderr.take()),
            spec,
            child,
            status: None,
            written: 0,
        }
    }

    fn follow(&mut self, until: Instant, cancel: Option<&OwnedFd>) -> End {
        match self.follow_io(until, cancel) {
            Ok(end) => end,
            Err(error) => End::Failed(error),
        }
    }

    fn follow_io(&mut self, until: Instant, cancel: Option<&OwnedFd>) -> io::Result<End> {
        for fd in self.descriptors() {
            set_nonblocking(fd)?;
        }
        loop {
            let ready = self.poll(until, cancel)?;
            if ready.cancelled {
                return Ok(End::Cancelled);
            }
            self.feed()?;
            // The order matters: all that the program itself wrote is in the pipes once it has ended.
            let exited = self.has_exited(ready.exited)?;
            if !self.stdout.drain()? || !self.stderr.drain()? {
                return Ok(End::TooMuchOutput);
            }
            if exited {
                return Ok(End::Exited);
            }
            if Instant::now() >= until {
                return Ok(End::Deadline);
            }
        }
    }

    /// The pipes that are still open.
    fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        let stdin = self.stdin.as_ref().map(AsFd::as_fd);
        let stdout = self.stdout.pipe.as_ref().map(AsFd::as_fd);
        let stderr = self.stderr.pipe.as_ref().map(AsFd::as_fd);
        stdin.into_iter().chain(stdout).chain(stderr).collect()
    }

    /// Waits until something can be read or written, the program ended, or the time is over.
    fn poll(&self, until: Instant, cancel: Option<&OwnedFd>) -> io::Result<Ready> {
        let watch = self.watch.fd();
        let flags = |fd: BorrowedFd<'_>| {
            let is_stdin = self.stdin.as_ref().is_some_and(|stdin| {
                std::os::fd::AsRawFd::as_raw_fd(stdin) == std::os::fd::AsRawFd::as_raw_fd(&fd)
            });
            if is_stdin {
                PollFlags::POLLOUT
            } else {
                PollFlags::POLLIN
            }
        };
        let mut fds: Vec<_> = self
            .descriptors()
            .into_iter()
            .map(|fd| PollFd::new(fd, flags(fd)))
            .collect();
        let pipes = fds.len();
        fds.extend(watch.map(|fd| PollFd::new(fd, PollFlags::POLLIN)));
        fds.extend(cancel.map(|fd| PollFd::new(fd.as_fd(), PollFlags::POLLIN)));
        let most = watch.is_none().then_some(LOOK);
        match poll(&mut fds, poll_timeout(until, most)) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        let mut rest = fds[pipes..]
            .iter()
            .map(|fd| fd.revents().is_some_and(|events| !events.is_empty()));
        Ok(Ready {
            exited: watch.and_then(|_| rest.next()),
            cancelled: cancel.is_some() && rest.next().unwrap_or(false),
        })
    }

    /// Writes what the pipe takes; a program that does not want its input is no error.
    fn feed(&mut self) -> io::Result<()> {
        let input = self.spec.stdin.as_deref().unwrap_or_default();
        while let Some(stdin) = &mut self.stdin {
            match stdin.write(&input[self.written..]) {
                Ok(count) => self.written += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => self.stdin = None,
                Err(error) => return Err(error),
            }
            if self.written == input.len() {
                self.stdin = None;
            }
        }
        Ok(())
    }

    /// Whether the program has ended. With a descriptor it is not reaped yet, so that its process group can't be
    /// another one's.
    fn has_exited(&mut self, seen: Option<bool>) -> io::Result<bool> {
        if let Some(seen) = seen {
            return Ok(seen);
        }
        self.status = self.child.try_wait()?;
        Ok(self.status.is_some())
    }

    fn finish(mut self, end: End) -> Result<Output, ProcessError> {
        let command = self.spec.line();
        if !matches!(end, End::Exited) {
            self.end_group();
        }
        let waited = self.child.wait();
        let error = match end {
            End::Exited => {
                return match waited {
                    Ok(status) => Ok(Output {
                        command,
                        status,
                        stdout: self.stdout.bytes,
                        stderr: self.stderr.bytes,
                    }),
                    Err(source) => Err(ProcessError::Follow { command, source }),
                };
            }
            End::Deadline => ProcessError::Deadline {
                deadline: self.spec.deadline,
                stderr: tail_text(&self.stderr.bytes),
                command,
            },
            End::TooMuchOutput => ProcessError::TooMuchOutput {
                command,
                limit: OUTPUT_MAX,
            },
            End::Cancelled => ProcessError::Cancelled { command },
            End::Failed(source) => ProcessError::Follow { command, source },
        };
        Err(error)
    }

    /// Ends the whole group: SIGTERM, a moment, SIGKILL.
    fn end_group(&mut self) {
        signal_group(self.child.id(), Signal::SIGTERM);
        // A full pipe must not keep it from ending.
        (self.stdin, self.stdout.pipe, self.stderr.pipe) = (None, None, None);
        let until = Instant::now() + GRACE;
        while Instant::now() < until {
            let exited = self
                .poll(until, None)
                .and_then(|ready| self.has_exited(ready.exited));
            if exited.unwrap_or(true) {
                break;
            }
        }
        signal_group(self.child.id(), Signal::SIGKILL);
    }
}

struct Ready {
    /// Whether the program has ended; `None` where the system has no descriptor that says so.
    exited: Option<bool>,
    cancelled: bool,
}

/// Signals all processes of the group that `leader` leads.
pub(crate) fn signal_group(leader: u32, signal: Signal) {
    let Ok(leader) = i32::try_from(leader) else {
        return;
    };
    if let Err(error) = killpg(Pid::from_raw(leader), signal) {
        // ESRCH: all of them are gone, which is what was wanted (macOS says EPERM for a zombie).
        tracing::trace!(leader, %signal, %error, "process group not signalled");
    }
}

fn set_nonblocking(fd: BorrowedFd<'_>) -> io::Result<()> {
    let flags = OFlag::from_bits_retain(fcntl(fd, FcntlArg::F_GETFL)?);
    fcntl(fd, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// Runs a script as a system without process descriptors does.
    fn run_blind(script: &str, deadline: Duration) -> Result<Output, ProcessError> {
        let spec = CommandSpec::new("/bin/sh", "/", crate::Environment::new(), deadline)
            .args(["-c", script]);
        let mut command = spec.to_std()?;
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut running = Running::new(&spec, command.spawn().expect("starts"));
        running.watch = ExitWatch::none();
        let end = running.follow(Instant::now() + deadline, None);
        running.finish(end)
    }

    #[test]
    fn it_works_without_process_descriptors() {
        let output = run_blind("echo a; exit 3", Duration::from_secs(20)).expect("runs");
        assert_eq!(
            (output.text().as_str(), output.status.code()),
            ("a", Some(3))
        );
        let error = run_blind("while :; do :; done", Duration::from_millis(50));
        assert!(matches!(error, Err(ProcessError::Deadline { .. })));
    }
}
