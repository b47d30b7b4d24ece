//! A command with all that it needs to run, and what it gave back.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use crate::{Environment, ProcessError, quote};

/// A command: nothing of it is inherited from the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandSpec {
    /// The program: a path, or a name looked up in the `PATH` of `env`.
    pub program: OsString,
    /// Its arguments; no shell is involved.
    pub args: Vec<OsString>,
    /// Its working directory, which must exist.
    pub cwd: PathBuf,
    /// Its whole environment.
    pub env: Environment,
    /// What it reads on standard input; `None` is `/dev/null`.
    pub stdin: Option<Vec<u8>>,
    /// How long it may run; a child of [`crate::spawn_piped`] has none, its owner ends it.
    pub deadline: Duration,
    /// How many of the first arguments texts leave out, because every such command has them.
    unshown: usize,
}

impl CommandSpec {
    /// A command without arguments, with the given directory, environment and deadline.
    pub fn new(
        program: impl Into<OsString>,
        cwd: impl Into<PathBuf>,
        env: Environment,
        deadline: Duration,
    ) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            cwd: cwd.into(),
            env,
            stdin: None,
            deadline,
            unshown: 0,
        }
    }

    /// Leaves the arguments so far out of texts: they would hide what the command is about.
    #[must_use]
    pub fn unshown(mut self) -> Self {
        self.unshown = self.args.len();
        self
    }

    /// Adds one argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets one variable of the environment.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }

    /// Gives it bytes on standard input.
    #[must_use]
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = Some(bytes.into());
        self
    }

    /// The command as one line that a shell would take, cut after 300 characters: for texts only.
    pub fn line(&self) -> String {
        let mut line = quote::shell(&self.program);
        for arg in self.args.iter().skip(self.unshown) {
            line.push(' ');
            line.push_str(&quote::shell(arg));
        }
        match line.char_indices().nth(300) {
            Some((cut, _)) => format!("{}…", &line[..cut]),
            None => line,
        }
    }

    /// The command for the standard library, in a process group of its own; the streams are still open questions.
    pub(crate) fn to_std(&self) -> Result<Command, ProcessError> {
        let mut command = base(&self.program, &self.args, &self.cwd)?;
        command.envs(&self.env).process_group(0);
        Ok(command)
    }

    pub(crate) fn spawn_error(&self, source: std::io::Error) -> ProcessError {
        ProcessError::Spawn {
            command: self.line(),
            source,
        }
    }
}

/// A command with an empty environment, after a check of its directory (a missing one would be reported by the
/// system with the same error as a missing program).
pub(crate) fn base(
    program: &OsStr,
    args: impl IntoIterator<Item = impl AsRef<OsStr>>,
    cwd: &Path,
) -> Result<Command, ProcessError> {
    if !cwd.is_dir() {
        return Err(ProcessError::Directory {
            program: program.to_string_lossy().into_owned(),
            cwd: cwd.to_owned(),
        });
    }
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that makes a command"
    )]
    let mut command = Command::new(program);
    command.args(args).current_dir(cwd).env_clear();
    Ok(command)
}

/// What a command that ended gave back; it may have failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The command as one line, for texts.
    pub command: String,
    /// How it ended.
    pub status: ExitStatus,
    /// All of its standard output, at most [`crate::OUTPUT_MAX`] bytes.
    pub stdout: Vec<u8>,
    /// All of its standard error, at most [`crate::OUTPUT_MAX`] bytes.
    pub stderr: Vec<u8>,
}

impl Output {
    /// Whether it ended with status 0.
    pub fn success(&self) -> bool {
        self.status.success()
    }

    /// Standard output as text, invalid UTF-8 replaced, without newlines at its end.
    pub fn text(&self) -> String {
        trimmed(&self.stdout)
    }

    /// Standard error as text, invalid UTF-8 replaced, without newlines at its end.
    pub fn error_text(&self) -> String {
        trimmed(&self.stderr)
    }

    /// The output, if the command ended with status 0.
    ///
    /// # Errors
    /// [`ProcessError::Failed`] with the command, its status and the end of its standard error.
    pub fn success_or_error(self) -> Result<Self, ProcessError> {
        if self.success() {
            return Ok(self);
        }
        Err(ProcessError::Failed {
            stderr: tail_text(&self.stderr),
            command: self.command,
            status: self.status,
        })
    }

    /// The output, if the command ended with status 0; `error` makes the caller's own error otherwise.
    ///
    /// # Errors
    /// What `error` gives.
    pub fn success_or<E>(self, error: impl FnOnce(Self) -> E) -> Result<Self, E> {
        if self.success() {
            Ok(self)
        } else {
            Err(error(self))
        }
    }
}

fn trimmed(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes)
        .trim_end_matches(['\n', '\r'])
        .to_owned()
}

/// The last 2,000 bytes or so of `bytes` as text, for errors.
pub(crate) fn tail_text(bytes: &[u8]) -> String {
    let from = bytes.len().saturating_sub(2_000);
    String::from_utf8_lossy(&bytes[from..]).trim().to_owned()
}
