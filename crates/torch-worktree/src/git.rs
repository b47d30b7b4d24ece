//! How torch runs `git`: its environment, and the ways to ask it.
//!
//! The command itself is put together in [`crate::call`] alone, with the repository's own programs switched off: a
//! repository may be hostile.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

use torch_process::{CommandSpec, Environment, Output, ProcessError, run};

use crate::WorktreeError;
use crate::call::Call;

/// How often, and after how long, a command is run again that met an unfinished worktree.
const SETTLE_TRIES: usize = 50;
/// As [`SETTLE_TRIES`].
const SETTLE: Duration = Duration::from_millis(10);

/// Variables that would point `git` to another repository or to another program.
const FOREIGN_NAMES: [&str; 12] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
    "GIT_EXTERNAL_DIFF",
    "GIT_ATTR_SOURCE",
    "GIT_CONFIG",
    // What agents' git is told, if one of them started the daemon.
    "GIT_CONFIG_PARAMETERS",
    "LANGUAGE",
];

/// Variables of torch's own commands that a hook is to do without.
const QUIET_NAMES: [&str; 4] = [
    "GIT_ALLOW_PROTOCOL",
    "GIT_NO_LAZY_FETCH",
    "GIT_PAGER",
    "LC_ALL",
];

/// How `git` is run: the environment of all its commands.
#[derive(Debug, Clone)]
pub struct Git {
    env: Environment,
}

impl Git {
    /// Takes the environment for `git` (`PATH`, `HOME` and what else may pass, see [`torch_process::env`]). Variables
    /// that would point `git` to another repository are dropped, and so are places of `PATH` that are no absolute ones: they
    /// would lie in the repository.
    pub fn new(mut env: Environment) -> Self {
        clean(&mut env);
        for (name, value) in [
            ("GIT_TERMINAL_PROMPT", "0"),
            ("GIT_PAGER", "cat"),
            // Nothing here speaks to a remote; a partial clone's missing files are an error, not a download by
            // whatever program the repository names.
            ("GIT_ALLOW_PROTOCOL", "none"),
            ("GIT_NO_LAZY_FETCH", "1"),
            ("LC_ALL", "C"),
        ] {
            env.insert(name.into(), value.into());
        }
        Self { env }
    }

    /// The environment that a person's own commands have there, with nobody to ask.
    pub fn environment(&self) -> Environment {
        self.env_with_hooks(&Environment::new())
    }

    /// The environment of commands that run nothing of the repository's.
    pub(crate) fn env(&self) -> &Environment {
        &self.env
    }

    /// The environment of a command with the repository's hooks, which may download and speak any language, with `more`
    /// besides. Nobody is asked anything.
    pub(crate) fn env_with_hooks(&self, more: &Environment) -> Environment {
        let mut all = self.env.clone();
        for name in QUIET_NAMES {
            all.remove(OsStr::new(name));
        }
        all.extend(
            more.iter()
                .map(|(name, value)| (name.clone(), value.clone())),
        );
        clean(&mut all);
        all.insert("GIT_EDITOR".into(), ":".into());
        all
    }

    /// The environment of a command that speaks to a remote: over the usual protocols, never by a program that a URL names.
    pub(crate) fn env_to_remote(&self, more: &Environment) -> Environment {
        let mut all = self.env.clone();
        all.extend(
            more.iter()
                .map(|(name, value)| (name.clone(), value.clone())),
        );
        clean(&mut all);
        for (name, value) in [
            ("GIT_ALLOW_PROTOCOL", "file:git:http:https:ssh"),
            ("GIT_TERMINAL_PROMPT", "0"),
            ("LC_ALL", "C"),
        ] {
            all.insert(name.into(), value.into());
        }
        all
    }

    /// The file of the user's attributes where the configuration names none (gitattributes(5)).
    pub(crate) fn attributes_file(&self) -> Option<PathBuf> {
        let folder = |name: &str| self.env.get(OsStr::new(name)).map(PathBuf::from);
        folder("XDG_CONFIG_HOME")
            .or_else(|| Some(folder("HOME")?.join(".config")))
            .map(|config| config.join("git/attributes"))
    }

    /// Runs a command that only reads, in `cwd`. A status other than 0 is the caller's to judge.
    pub(crate) fn read<A: Into<OsString>>(
        &self,
        cwd: &Path,
        args: impl IntoIterator<Item = A>,
    ) -> Result<Output, ProcessError> {
        Call::to_read(self, cwd).run(args)
    }

    /// Runs a command that writes, in `cwd`. A status other than 0 is the caller's to judge.
    pub(crate) fn write<A: Into<OsString>>(
        &self,
        cwd: &Path,
        args: impl IntoIterator<Item = A>,
    ) -> Result<Output, ProcessError> {
        Call::to_write(self, cwd).run(args)
    }

    /// [`Self::read`] whose failure is an error: failed to `act`.
    pub(crate) fn ask<A: Into<OsString>>(
        &self,
        act: &'static str,
        cwd: &Path,
        args: impl IntoIterator<Item = A>,
    ) -> Result<Output, WorktreeError> {
        self.read(cwd, args)
            .and_then(Output::success_or_error)
            .map_err(failed(act, cwd))
    }
}

/// Drops what would lead `git` elsewhere.
fn clean(env: &mut Environment) {
    for name in FOREIGN_NAMES {
        env.remove(OsStr::new(name));
    }
    if let Some(path) = env.get(OsStr::new("PATH")) {
        let absolute = std::env::split_paths(path).filter(|place| place.is_absolute());
        // A place that can't be joined again has a `:` and can't come from a list of them.
        let joined = std::env::join_paths(absolute).unwrap_or_default();
        env.insert("PATH".into(), joined);
    }
}

/// Runs a command again that met somebody else's `git worktree add` half-way: its files are there and still empty, and
/// git (2.47) then ends with "failed to read …/commondir: Success" before it has done anything.
pub(crate) fn settled(spec: &CommandSpec) -> Result<Output, ProcessError> {
    let mut output = run(spec)?;
    for _ in 0..SETTLE_TRIES {
        if output.success() || !output.error_text().contains("/commondir: Success") {
            break;
        }
        // Nobody tells when the other git is further; its files are small.
        std::thread::park_timeout(SETTLE);
        output = run(spec)?;
    }
    Ok(output)
}

pub(crate) fn failed(act: &'static str, path: &Path) -> impl FnOnce(ProcessError) -> WorktreeError {
    move |source| WorktreeError::Git {
        act,
        path: path.to_owned(),
        source,
    }
}
