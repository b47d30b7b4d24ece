//! Programs that take over the terminal: in place of this process, or as its child.

use std::ffi::OsStr;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command};

use crate::command::base;
use crate::{ProcessError, quote};

/// Which process group a foreground child is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProcessGroup {
    /// A new one that it leads. Its parent must make it the terminal's foreground group.
    Own,
    /// Its parent's.
    Inherited,
}

/// Starts a program on this process' own terminal: all three streams are inherited, the environment is `env` alone.
///
/// # Errors
/// [`ProcessError`] when `argv` is empty, `cwd` is no directory or the program can't be started.
pub fn spawn_foreground<A: AsRef<OsStr>, N: AsRef<OsStr>, V: AsRef<OsStr>>(
    argv: &[A],
    cwd: &Path,
    env: impl IntoIterator<Item = (N, V)>,
    group: ProcessGroup,
) -> Result<Child, ProcessError> {
    let (program, args) = argv.split_first().ok_or(ProcessError::Empty)?;
    let mut command = base(program.as_ref(), args, cwd)?;
    command.envs(env);
    if group == ProcessGroup::Own {
        command.process_group(0);
    }
    command.spawn().map_err(|source| ProcessError::Spawn {
        command: quote::shell(program),
        source,
    })
}

/// Replaces this process by another program, with this process' own environment but for `unset_env`. Returns only
/// when that failed. Buffered output must be flushed and locks released before.
pub fn exec<A: AsRef<OsStr>>(argv: &[A], unset_env: &[&str]) -> ProcessError {
    let Some((program, args)) = argv.split_first() else {
        return ProcessError::Empty;
    };
    #[expect(
        clippy::disallowed_methods,
        reason = "directory and environment stay this process' own"
    )]
    let mut command = Command::new(program);
    command.args(args);
    for name in unset_env {
        command.env_remove(name);
    }
    ProcessError::Spawn {
        command: quote::shell(program),
        source: command.exec(),
    }
}
