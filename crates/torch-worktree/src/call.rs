//! The one place that puts a command of `git` together, with all that it needs besides its arguments: a git directory, an
//! index, standard input; and without all that the repository would have it run.
//!
//! Switched off for every command: fsmonitor, pagers, external diffs, textconv, signatures, downloads over any protocol,
//! upkeep in the background, and looking into submodules, whose own configuration nobody has read. Hooks run in
//! [`Call::with_hooks`] alone. Before a command that handles files, the configuration is read, and the programs that only the
//! repository names are taken back: see [`crate::guard`].

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use torch_process::{CommandSpec, Environment, Output, ProcessError};

use crate::git::{failed, settled};
use crate::guard::{Config, Trust};
use crate::{Git, WorktreeError};

/// The program, and how its processes are called.
pub(crate) const PROGRAM: &str = "git";

/// How long a command that only reads may take.
const READ_DEADLINE: Duration = Duration::from_secs(30);

/// How long a command that writes may take; a checkout of a large repository with filters is slow.
const WRITE_DEADLINE: Duration = Duration::from_secs(600);

/// How long a command that speaks to a remote may take: a large push over a slow line.
const REMOTE_DEADLINE: Duration = Duration::from_secs(600);

/// Configuration that is given with every command and so overrides the repository's.
const ALWAYS: [&str; 7] = [
    "core.fsmonitor=false",
    "core.pager=cat",
    "submodule.recurse=false",
    "log.showSignature=false",
    "commit.gpgSign=false",
    "gc.auto=0",
    "maintenance.auto=false",
];

/// The same for commands without hooks.
const WITHOUT_HOOKS: [&str; 3] = [
    "core.hooksPath=/dev/null",
    "protocol.ext.allow=never",
    "protocol.file.allow=user",
];

/// Configuration for commands that keep or restore work: names are taken as they are, whatever another system would
/// make of them, no cache says which files there are, and what is written is on disk before the command ends.
const TO_KEEP: [&str; 8] = [
    "core.protectNTFS=false",
    "core.protectHFS=false",
    "core.untrackedCache=false",
    "core.splitIndex=false",
    "core.fsync=objects,reference",
    "core.quotePath=false",
    "i18n.commitEncoding=UTF-8",
    "index.sparse=false",
];

/// Commands that handle objects, references and names alone: none of them runs a program that the configuration names
/// once [`ALWAYS`] and [`WITHOUT_HOOKS`] hold (git 2.47; looked up in its sources, tried by the tests).
const PLAIN: [&str; 19] = [
    "--version",
    "cat-file",
    "check-attr",
    "check-ignore",
    "commit-tree",
    "config",
    "diff-tree",
    "for-each-ref",
    "log",
    "ls-files",
    "ls-tree",
    "merge-base",
    "rev-list",
    "rev-parse",
    "symbolic-ref",
    "unpack-file",
    "update-ref",
    "var",
    "write-tree",
];

/// Commands that may show differences, and take the options that do so without programs.
const DIFFS: [&str; 6] = [
    "diff",
    "diff-files",
    "diff-index",
    "diff-tree",
    "log",
    "show",
];

/// Commands that would look into submodules for changes that are not committed there.
const INTO_SUBMODULES: [&str; 4] = ["diff", "diff-files", "diff-index", "status"];

/// Who signs what torch commits; the user's own name may not be configured, and is not torch's to use.
const NAME: &str = "torch";
/// As [`NAME`].
const EMAIL: &str = "torch@localhost";

/// A command that is being put together.
pub(crate) struct Call {
    cwd: PathBuf,
    env: Environment,
    deadline: Duration,
    overrides: &'static [&'static str],
    /// `--git-dir` and `--work-tree`.
    place: Vec<OsString>,
    stdin: Option<Vec<u8>>,
    /// The common directory whose hooks run.
    hooks: Option<PathBuf>,
}

impl Git {
    /// A command in `cwd`, whose repository it looks for itself, that keeps or restores work.
    pub(crate) fn call(&self, cwd: &Path) -> Call {
        let mut call = Call::new(self.env().clone(), cwd, WRITE_DEADLINE);
        for who in ["AUTHOR", "COMMITTER"] {
            call = call.env(&format!("GIT_{who}_NAME"), NAME);
            call = call.env(&format!("GIT_{who}_EMAIL"), EMAIL);
        }
        call.overrides = &TO_KEEP;
        call.env("GIT_OPTIONAL_LOCKS", "0")
    }
}

impl Call {
    fn new(env: Environment, cwd: &Path, deadline: Duration) -> Self {
        Self {
            cwd: cwd.to_owned(),
            env,
            deadline,
            overrides: &[],
            place: Vec::new(),
            stdin: None,
            hooks: None,
        }
    }

    /// A command that only reads.
    pub(crate) fn to_read(git: &Git, cwd: &Path) -> Self {
        let call = Self::new(git.env().clone(), cwd, READ_DEADLINE);
        call.env("GIT_OPTIONAL_LOCKS", "0")
    }

    /// A command that writes.
    pub(crate) fn to_write(git: &Git, cwd: &Path) -> Self {
        Self::new(git.env().clone(), cwd, WRITE_DEADLINE)
    }

    /// A command as a person would run it there, with the hooks of this common directory or those that the user's
    /// configuration names, and with `env` besides. Those that only the repository's configuration names need the user's trust.
    pub(crate) fn with_hooks(git: &Git, cwd: &Path, (common, env): (&Path, &Environment)) -> Self {
        // Whatever a hook says to torch, it says for nobody.
        let mut call = Self::new(git.env_with_hooks(env), cwd, WRITE_DEADLINE)
            .env(torch_process::env::HOOK_VARIABLE, "git");
        call.hooks = Some(common.to_owned());
        call
    }

    /// A command between two repositories on this machine, named by their paths.
    pub(crate) fn between(git: &Git, cwd: &Path) -> Self {
        Self::new(git.env().clone(), cwd, WRITE_DEADLINE).env("GIT_ALLOW_PROTOCOL", "file")
    }

    /// A command that speaks to a remote, with `env` by which git finds the user's keys: the one kind that uses the network. It
    /// runs in a repository of torch's own, whose configuration torch has just written; no hook of it runs.
    pub(crate) fn to_remote(git: &Git, cwd: &Path, env: &Environment) -> Self {
        // A remote on this machine may run hooks of its own: whatever they say to torch, they say for nobody.
        Self::new(git.env_to_remote(env), cwd, REMOTE_DEADLINE)
            .env(torch_process::env::HOOK_VARIABLE, "git")
    }

    /// Of the worktree with this git directory and these files, whatever the file `.git` there says.
    #[must_use]
    pub(crate) fn of(mut self, git_dir: &Path, work_tree: &Path) -> Self {
        let options = [("--git-dir=", git_dir), ("--work-tree=", work_tree)];
        for (option, path) in options {
            let mut word = OsString::from(option);
            word.push(path);
            self.place.push(word);
        }
        self
    }

    /// With a variable of the environment.
    #[must_use]
    pub(crate) fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }

    /// With a value of the configuration.
    #[must_use]
    pub(crate) fn set(mut self, key: &str, value: &str) -> Self {
        self.say(vec![(key.into(), value.into())]);
        self
    }

    /// With standard input.
    #[must_use]
    pub(crate) fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = Some(bytes.into());
        self
    }

    /// Runs it; a status other than 0 is the caller's to judge.
    pub(crate) fn run<A: Into<OsString>>(
        mut self,
        args: impl IntoIterator<Item = A>,
    ) -> Result<Output, ProcessError> {
        let args: Vec<OsString> = args.into_iter().map(Into::into).collect();
        if !is_plain(&args) {
            self.guard()?;
        }
        let mut spec = self.spec().args(within(args));
        if let Some(stdin) = self.stdin {
            spec = spec.stdin(stdin);
        }
        settled(&spec)
    }

    /// Runs it; its failure is an error: failed to `act`.
    pub(crate) fn ask<A: Into<OsString>>(
        self,
        act: &'static str,
        args: impl IntoIterator<Item = A>,
    ) -> Result<Output, WorktreeError> {
        let cwd = self.cwd.clone();
        self.run(args)
            .and_then(Output::success_or_error)
            .map_err(failed(act, &cwd))
    }

    /// The configuration that holds here, and whether the user trusts the repository.
    pub(crate) fn config(&self) -> Result<(Config, Trust), ProcessError> {
        let read = |args: &[&str]| {
            let mut spec = self.spec().args(args);
            spec.deadline = READ_DEADLINE;
            settled(&spec)?.success_or_error()
        };
        let listed = read(&["config", "--list", "--show-scope", "-z"])?;
        let config = Config::parse(&listed.stdout);
        let mut trust = Trust::None;
        if config.trusts_any() && config.has_doubtful() {
            let found = read(&["rev-parse", "--path-format=absolute", "--git-common-dir"])?;
            let path = found.stdout.strip_suffix(b"\n").unwrap_or(&found.stdout);
            let path = PathBuf::from(OsString::from_vec(path.to_vec()));
            trust = config.trusts(&path.canonicalize().unwrap_or(path));
        }
        Ok((config, trust))
    }

    /// Takes back what the repository's configuration would have run.
    fn guard(&mut self) -> Result<(), ProcessError> {
        let (config, trust) = self.config()?;
        let mut guards = config.guards(trust, self.hooks.is_some());
        if let Some(common) = &self.hooks
            && trust == Trust::None
            && config.has_own_hooks_path()
        {
            let usual = || common.join("hooks").into_os_string();
            let path = config.users_hooks_path().unwrap_or_else(usual);
            guards.push(("core.hooksPath".into(), path));
        }
        self.say(guards);
        Ok(())
    }

    /// Gives configuration by the environment (git 2.31): on the command line a key with a `=` in it would end there.
    fn say(&mut self, settings: Vec<(OsString, OsString)>) {
        let count = self.env.get(OsStr::new("GIT_CONFIG_COUNT"));
        let before = count.and_then(|count| count.to_str()?.parse().ok());
        let mut count: usize = before.unwrap_or(0);
        for (key, value) in settings {
            self.env
                .insert(format!("GIT_CONFIG_KEY_{count}").into(), key);
            self.env
                .insert(format!("GIT_CONFIG_VALUE_{count}").into(), value);
            count += 1;
        }
        if count > 0 {
            self.env
                .insert("GIT_CONFIG_COUNT".into(), count.to_string().into());
        }
    }

    /// The command without its arguments.
    fn spec(&self) -> CommandSpec {
        let hooks: &[&str] = match self.hooks {
            Some(_) => &[],
            None => &WITHOUT_HOOKS,
        };
        let overrides = ALWAYS.iter().chain(hooks).chain(self.overrides);
        CommandSpec::new(PROGRAM, &self.cwd, self.env.clone(), self.deadline)
            .args(overrides.flat_map(|value| ["-c", value]))
            .unshown()
            .args(self.place.iter().cloned())
    }
}

/// Whether a command runs no program that the configuration names.
fn is_plain(args: &[OsString]) -> bool {
    let has = |word: &str| args.iter().any(|arg| arg == word);
    let name = args
        .first()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    PLAIN.contains(&name)
        || (name == "hash-object" && has("--no-filters"))
        // Compares objects alone (see [`within`] for its programs).
        || (name == "diff" && has("--cached"))
}

/// The arguments with the options that keep programs and submodules out.
fn within(mut args: Vec<OsString>) -> Vec<OsString> {
    let name = args.first().and_then(|name| name.to_str());
    let name = name.unwrap_or_default().to_owned();
    let mut more: Vec<OsString> = Vec::new();
    if DIFFS.contains(&name.as_str()) {
        more.extend(["--no-ext-diff", "--no-textconv"].map(OsString::from));
    }
    let says = |arg: &OsString| arg.to_string_lossy().starts_with("--ignore-submodules");
    if INTO_SUBMODULES.contains(&name.as_str()) && !args.iter().any(says) {
        more.push("--ignore-submodules=dirty".into());
    }
    if !more.is_empty() {
        args.splice(1..1, more);
    }
    args
}

/// A path as `git` takes it from lines: in double quotes, everything unusual as three octal digits.
pub(crate) fn quoted(path: &[u8]) -> String {
    let mut word = String::from("\"");
    for &byte in path {
        match byte {
            b'"' | b'\\' | 0..=0x1f | 0x7f.. => word.push_str(&format!("\\{byte:03o}")),
            _ => word.push(char::from(byte)),
        }
    }
    word.push('"');
    word
}

/// The parts of an output that end with NUL.
pub(crate) fn zero_terminated(output: &[u8]) -> impl Iterator<Item = &[u8]> {
    output
        .split(|&byte| byte == 0)
        .filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_command_that_handles_files_is_plain() {
        let words = |line: &str| line.split(' ').map(OsString::from).collect::<Vec<_>>();
        for line in [
            "hash-object -w --stdin",
            "status",
            "add --all",
            "worktree add x",
            "new",
        ] {
            assert!(!is_plain(&words(line)), "{line}");
        }
        assert!(is_plain(&words("hash-object --no-filters --stdin")));
        let diff = within(words("diff-index --cached HEAD"));
        let options =
            "diff-index --no-ext-diff --no-textconv --ignore-submodules=dirty --cached HEAD";
        assert_eq!(diff, words(options));
        assert_eq!(within(words("add --all")), words("add --all"));
    }

    #[test]
    fn unusual_bytes_are_octal() {
        assert_eq!(quoted(b"a b"), "\"a b\"");
        assert_eq!(quoted(b"q\"\\\n\xff1"), r#""q\042\134\012\3771""#);
    }
}
