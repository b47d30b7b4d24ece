//! A long-lived child that is spoken to over pipes, in bytes.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::sync::watch;

use crate::run::signal_group;
use crate::{CommandSpec, ProcessError};

/// How much of the end of standard error is kept, in bytes.
const TAIL_MAX: usize = 8 << 10;

/// Starts a child with standard input and output as pipes, in a process group of its own. The `stdin` and the
/// `deadline` of `spec` do not apply: its owner writes to it and ends it. Needs a tokio runtime.
///
/// # Errors
/// [`ProcessError`] when it can't be started.
pub fn spawn_piped(spec: &CommandSpec) -> Result<PipedChild, ProcessError> {
    let mut command = Command::from(spec.to_std()?);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|source| spec.spawn_error(source))?;
    let (tail, stderr_tail) = watch::channel(Vec::new());
    if let Some(stderr) = child.stderr.take() {
        drop(tokio::spawn(keep_tail(stderr, tail)));
    }
    Ok(PipedChild {
        command: spec.line(),
        stdin: child.stdin.take(),
        stdout: child.stdout.take(),
        pid: child.id().unwrap_or(0),
        child,
        stderr_tail,
    })
}

/// A running child with its pipes. Dropping it kills its process group.
#[derive(Debug)]
pub struct PipedChild {
    /// Where to write; take it to write from a task, drop it to tell the child that no more comes.
    pub stdin: Option<ChildStdin>,
    /// Where to read.
    pub stdout: Option<ChildStdout>,
    child: Child,
    command: String,
    pid: u32,
    stderr_tail: watch::Receiver<Vec<u8>>,
}

impl PipedChild {
    /// Its process id, which is its process group's too.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// The last lines of its standard error so far (at most 8 KiB), invalid UTF-8 replaced.
    pub fn stderr_tail(&self) -> String {
        String::from_utf8_lossy(&self.stderr_tail.borrow())
            .trim()
            .to_owned()
    }

    /// Waits until it ends. May be dropped and called again.
    ///
    /// # Errors
    /// [`ProcessError::Follow`] when its status can't be had.
    pub async fn wait(&mut self) -> Result<ExitStatus, ProcessError> {
        self.child
            .wait()
            .await
            .map_err(|source| ProcessError::Follow {
                command: self.command.clone(),
                source,
            })
    }

    /// Ends it: closes its standard input, waits for `grace`, then SIGTERM to its group, `grace` again, SIGKILL.
    /// A pipe that was taken out before must be dropped by its holder for the first step to work.
    ///
    /// # Errors
    /// [`ProcessError::Follow`] when its status can't be had.
    pub async fn end(mut self, grace: Duration) -> Result<ExitStatus, ProcessError> {
        drop(self.stdin.take());
        if let Ok(ended) = tokio::time::timeout(grace, self.wait()).await {
            return ended;
        }
        self.signal(Signal::SIGTERM);
        if let Ok(ended) = tokio::time::timeout(grace, self.wait()).await {
            return ended;
        }
        self.kill();
        self.wait().await
    }

    /// Kills its process group at once; [`Self::wait`] then returns soon.
    pub fn kill(&self) {
        self.signal(Signal::SIGKILL);
    }

    /// Signals the group while its leader has not been reaped: afterwards the number could be another one's.
    fn signal(&self, signal: Signal) {
        if let Some(pid) = self.child.id() {
            signal_group(pid, signal);
        }
    }
}

impl Drop for PipedChild {
    fn drop(&mut self) {
        self.kill();
    }
}

async fn keep_tail(mut stderr: ChildStderr, tail: watch::Sender<Vec<u8>>) {
    let mut chunk = [0; 2 << 10];
    loop {
        match stderr.read(&mut chunk).await {
            // An unreadable pipe is as good as a closed one: the child's end is seen elsewhere.
            Ok(0) | Err(_) => return,
            Ok(count) => tail.send_modify(|tail| {
                tail.extend_from_slice(&chunk[..count]);
                let excess = tail.len().saturating_sub(TAIL_MAX);
                tail.drain(..excess);
            }),
        }
    }
}
