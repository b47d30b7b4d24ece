//! Starting the daemon: a child that outlives its starter and says when it is ready.

use std::ffi::{OsStr, OsString};
use std::fs::OpenOptions;
use std::io::{self, Read as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::{Child, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, poll};

use crate::command::base;
use crate::exit::poll_timeout;
use crate::{Environment, ProcessError, quote};

/// The longest line that is read from a starting child, in bytes.
const LINE_MAX: usize = 4 << 10;

/// Starts a program that outlives this one: standard input is `/dev/null`, standard error is appended to `log`
/// (mode 0600), standard output is a pipe for the one line that says "ready". It stays in this process group until
/// it calls [`become_daemon`], so that a Ctrl-C before that ends it too.
///
/// # Errors
/// [`ProcessError`] when the log can't be opened or the program can't be started.
pub fn spawn_detached(
    program: &OsStr,
    args: &[OsString],
    cwd: &Path,
    env: &Environment,
    log: &Path,
) -> Result<DetachedChild, ProcessError> {
    let log = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(log)
        .map_err(|source| ProcessError::Log {
            path: log.to_owned(),
            source,
        })?;
    let mut command = base(program, args, cwd)?;
    command
        .envs(env)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log);
    let line = quote::shell(program);
    match command.spawn() {
        Ok(child) => Ok(DetachedChild {
            child,
            command: line,
        }),
        Err(source) => Err(ProcessError::Spawn {
            command: line,
            source,
        }),
    }
}

/// A started program that outlives this one; dropping it leaves it running.
#[derive(Debug)]
pub struct DetachedChild {
    child: Child,
    command: String,
}

impl DetachedChild {
    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its first line on standard output, without the newline; the pipe is closed afterwards.
    ///
    /// # Errors
    /// [`ProcessError::NotReady`] after `deadline`, [`ProcessError::EndedEarly`] when it closes the pipe before it
    /// has written a line: its log says why.
    pub fn first_line(&mut self, deadline: Duration) -> Result<String, ProcessError> {
        let until = Instant::now() + deadline;
        let command = self.command.clone();
        let Some(mut stdout) = self.child.stdout.take() else {
            return Err(ProcessError::EndedEarly { command });
        };
        let mut line = Vec::new();
        loop {
            let mut fds = [PollFd::new(stdout.as_fd(), PollFlags::POLLIN)];
            match poll(&mut fds, poll_timeout(until, None)) {
                Ok(0) => return Err(ProcessError::NotReady { command, deadline }),
                Ok(_) => {}
                Err(Errno::EINTR) => continue,
                Err(error) => {
                    let source = error.into();
                    return Err(ProcessError::Follow { command, source });
                }
            }
            let mut byte = [0];
            match stdout.read(&mut byte) {
                Ok(0) => return Err(ProcessError::EndedEarly { command }),
                Ok(_) if byte[0] == b'\n' || line.len() >= LINE_MAX => {
                    return Ok(String::from_utf8_lossy(&line).into_owned());
                }
                Ok(_) => line.push(byte[0]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(ProcessError::Follow { command, source }),
            }
        }
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        // A child that can't be asked for is not ours any more: nothing is known of its end.
        self.child.try_wait().ok().flatten()
    }

    /// Kills it, for a start that failed, and waits for its end.
    ///
    /// # Errors
    /// [`ProcessError::Follow`] when it can't be signalled or waited for.
    pub fn kill(&mut self) -> Result<ExitStatus, ProcessError> {
        let killed = self.child.kill().and_then(|()| self.child.wait());
        killed.map_err(|source| ProcessError::Follow {
            command: self.command.clone(),
            source,
        })
    }
}

/// Makes this process the leader of a session of its own, without a controlling terminal and with no signal blocked in this
/// thread: a command that waits for Ctrl-C starts it with that blocked, and so would be all that it starts, agents and all.
/// To be called before other threads are.
///
/// # Errors
/// [`ProcessError::Session`] when it already leads a process group.
pub fn become_daemon() -> Result<(), ProcessError> {
    // It fails for no set of signals.
    nix::sys::signal::SigSet::empty().thread_set_mask().ok();
    match nix::unistd::setsid() {
        Ok(_) => Ok(()),
        Err(error) => Err(ProcessError::Session(error.into())),
    }
}
