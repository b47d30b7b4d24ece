//! Running `git` with the repository's own programs switched off: a repository may be hostile.
//!
//! Filters are not switched off: without them a checkout would be wrong (LFS, git-crypt). A filter that `.git/config`
//! names is run, as it is by every `git checkout` there.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

use torch_process::{CommandSpec, Environment, Output, ProcessError, run};

use crate::WorktreeError;

/// How often, and after how long, a command is run again that met an unfinished worktree.
const SETTLE_TRIES: usize = 50;
/// As [`SETTLE_TRIES`].
const SETTLE: Duration = Duration::from_millis(10);

/// How long a command that only reads may take.
const READ_DEADLINE: Duration = Duration::from_secs(30);

/// How long a command that writes may take; a checkout of a large repository with filters is slow.
const WRITE_DEADLINE: Duration = Duration::from_secs(600);

/// Configuration that is given with every command and so overrides the repository's.
const OVERRIDES: [&str; 8] = [
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.pager=cat",
    "protocol.ext.allow=never",
    "protocol.file.allow=user",
    "submodule.recurse=false",
    "gc.auto=0",
    "maintenance.auto=false",
];

/// What is given with a command that runs hooks.
const WITH_HOOKS: [&str; 4] = [
    "core.fsmonitor=false",
    "core.pager=cat",
    "gc.auto=0",
    "maintenance.auto=false",
];

/// Variables that would point `git` to another repository.
const FOREIGN_NAMES: [&str; 9] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
    "GIT_EXTERNAL_DIFF",
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
    /// that would point `git` to another repository are dropped.
    pub fn new(mut env: Environment) -> Self {
        for name in FOREIGN_NAMES {
            env.remove(OsStr::new(name));
        }
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
        settled(
            &self
                .command(cwd, READ_DEADLINE)
                .env("GIT_OPTIONAL_LOCKS", "0")
                .args(args),
        )
    }

    /// Runs a command that writes, in `cwd`. A status other than 0 is the caller's to judge.
    pub(crate) fn write<A: Into<OsString>>(
        &self,
        cwd: &Path,
        args: impl IntoIterator<Item = A>,
    ) -> Result<Output, ProcessError> {
        settled(&self.command(cwd, WRITE_DEADLINE).args(args))
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

    /// A command that writes, without its arguments, for [`crate::call::Call`].
    pub(crate) fn command_to_write(&self, cwd: &Path) -> CommandSpec {
        self.command(cwd, WRITE_DEADLINE)
    }

    /// What, given as `-c`, makes every merge driver that a configuration names a program that merges nothing: such a
    /// file conflicts then, which is the careful answer, and the repository's program is not run.
    pub(crate) fn without_merge_drivers(&self, cwd: &Path) -> Result<Vec<String>, WorktreeError> {
        let args = [
            "config",
            "--null",
            "--name-only",
            "--get-regexp",
            r"^merge\..*\.driver$",
        ];
        let output = self
            .read(cwd, args)
            .map_err(failed("read the configuration", cwd))?;
        let names = crate::call::zero_terminated(&output.stdout);
        let off = names.map(|name| format!("{}=false", String::from_utf8_lossy(name)));
        Ok(off.collect())
    }

    /// A command as a person would run it there: with the repository's hooks, which may download and speak any language,
    /// and with `env` besides. Nobody is asked anything, and no upkeep of git's own is started.
    pub(crate) fn command_with_hooks(&self, cwd: &Path, env: &Environment) -> CommandSpec {
        let mut all = self.env.clone();
        for name in QUIET_NAMES {
            all.remove(OsStr::new(name));
        }
        all.extend(
            env.iter()
                .map(|(name, value)| (name.clone(), value.clone())),
        );
        for name in FOREIGN_NAMES {
            all.remove(OsStr::new(name));
        }
        all.insert("GIT_EDITOR".into(), ":".into());
        let overrides = WITH_HOOKS.iter().flat_map(|value| ["-c", value]);
        CommandSpec::new("git", cwd, all, WRITE_DEADLINE)
            .args(overrides)
            .unshown()
    }

    fn command(&self, cwd: &Path, deadline: Duration) -> CommandSpec {
        let overrides = OVERRIDES.iter().flat_map(|value| ["-c", value]);
        CommandSpec::new("git", cwd, self.env.clone(), deadline)
            .args(overrides)
            .unshown()
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
