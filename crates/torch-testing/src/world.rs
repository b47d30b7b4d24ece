//! One test's own machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use tempfile::TempDir;
use torch_process::{CommandSpec, Environment};

use crate::wait::{DEADLINE, poll};
use crate::{Ran, binaries, repository};

/// How long a command may run that says nothing else.
const COMMAND_DEADLINE: Duration = Duration::from_secs(40);

/// How many lines of the daemon's log a failed test shows.
const LOG_LINES: usize = 40;

/// A registry, a home, a project and tmux sockets in a folder of their own, and the programs under test.
#[derive(Debug)]
pub struct World {
    folder: TempDir,
    pub(crate) env: Environment,
    pub(crate) socket: OnceLock<String>,
}

impl World {
    /// A fresh world: a project with one commit and a spec, no daemon, no team.
    pub fn new() -> Self {
        // A short path, since sockets lie below it.
        Self::below(Path::new("/tmp"))
    }

    /// A fresh world in a folder below `place`, which should have a short path.
    pub fn below(place: &Path) -> Self {
        let folder = tempfile::Builder::new().prefix("te-").tempdir_in(place);
        let folder = folder.unwrap_or_else(|error| panic!("{}: {error}", place.display()));
        let env = environment(folder.path());
        for name in ["home", "tmux"] {
            fs::create_dir(folder.path().join(name)).expect("a folder");
        }
        repository::make(&folder.path().join("sample"), &env);
        Self {
            folder,
            env,
            socket: OnceLock::new(),
        }
    }

    /// A variable more in the environment of everything that this world runs from now on, such as a setting
    /// (`TORCH_DELIVERY_COPY_MODE_WAIT_SECONDS`).
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }

    /// The folder that everything lies in.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The registry (`TORCH_HOME`).
    pub fn home(&self) -> PathBuf {
        self.folder().join("torch")
    }

    /// The project: a git repository named `sample`, with `spec.md`. Commands run here.
    pub fn project(&self) -> PathBuf {
        self.folder().join("sample")
    }

    /// Runs `torch` in the project.
    #[track_caller]
    pub fn torch<A: AsRef<str>>(&self, args: &[A]) -> Ran {
        self.run(&self.command("torch").args(args.iter().map(AsRef::as_ref)))
    }

    /// Runs `scm` in the project.
    #[track_caller]
    pub fn scm<A: AsRef<str>>(&self, args: &[A]) -> Ran {
        self.run(&self.command("scm").args(args.iter().map(AsRef::as_ref)))
    }

    /// A command with the world's environment, in the project; the caller may change all of it before [`World::run`].
    pub fn command(&self, program: &str) -> CommandSpec {
        CommandSpec::new(program, self.project(), self.env.clone(), COMMAND_DEADLINE)
    }

    /// The path of one of the programs under test.
    pub fn program(&self, name: &str) -> std::ffi::OsString {
        binaries::pinned().join(name).into_os_string()
    }

    /// Runs a command to its end. It fails the test only if it can't be started or outlives its deadline.
    #[track_caller]
    pub fn run(&self, spec: &CommandSpec) -> Ran {
        match torch_process::run(spec) {
            Ok(output) => Ran::new(&output),
            Err(error) => {
                let source = std::error::Error::source(&error).map(ToString::to_string);
                panic!("{error}: {}\n{}", source.unwrap_or_default(), self.log())
            }
        }
    }

    /// Looks until `wanted` gives a value; at the deadline the test fails with `what`, the status, the screens and the
    /// daemon's log.
    #[track_caller]
    pub fn wait_for<T>(
        &self,
        deadline: Duration,
        what: &str,
        wanted: impl FnMut() -> Option<T>,
    ) -> T {
        match poll(deadline, wanted) {
            Some(value) => value,
            None => panic!("waited {deadline:?} for {what}\n{}", self.picture()),
        }
    }

    /// [`World::wait_for`] with the usual deadline, for a condition.
    #[track_caller]
    pub fn wait(&self, what: &str, mut wanted: impl FnMut() -> bool) {
        self.wait_for(DEADLINE, what, || wanted().then_some(()));
    }

    /// What there is to see: the status, the screens of all panes, the end of the daemon's log.
    pub fn picture(&self) -> String {
        let quick = |args: &[&str], program: &str| {
            let mut spec = self.command(program).args(args);
            spec.deadline = Duration::from_secs(5);
            match torch_process::run(&spec) {
                Ok(output) => format!("{}{}", output.text(), output.error_text()),
                Err(error) => error.to_string(),
            }
        };
        let mut picture = format!("--- torch status\n{}\n", quick(&["status"], "torch"));
        picture.push_str(&format!(
            "--- torch msg list\n{}\n",
            quick(&["msg", "list"], "torch")
        ));
        let all = quick(&["msg", "list", "-n", "500"], "torch");
        let waits = |line: &&str| {
            [
                "queued",
                "deferred",
                "claimed",
                "past",
                "enter",
                "uncertain",
            ]
            .iter()
            .any(|state| line.contains(state))
        };
        // The oldest message that waits is the one that holds the others up.
        if let Some(oldest) = all.lines().rev().find(waits) {
            let id = oldest.split(' ').next().unwrap_or_default();
            let trace = quick(&["msg", "trace", id], "torch");
            picture.push_str(&format!("--- torch msg trace {id}\n{trace}\n"));
        }
        if let Some(socket) = self.socket.get().or_else(|| self.guess_socket()) {
            let list = ["-L", socket, "list-panes", "-a", "-F", "#{pane_id}"];
            for pane in quick(&list, "tmux")
                .lines()
                .filter(|line| line.starts_with('%'))
            {
                let screen = quick(&["-L", socket, "capture-pane", "-p", "-t", pane], "tmux");
                let title = quick(
                    &[
                        "-L",
                        socket,
                        "display",
                        "-p",
                        "-t",
                        pane,
                        "#{session_name}:#{window_name} dead=#{pane_dead} mode=#{pane_mode}",
                    ],
                    "tmux",
                );
                picture.push_str(&format!("--- {pane} {title}\n{screen}\n"));
            }
        }
        picture.push_str(&self.log());
        picture
    }

    /// The end of the daemon's log.
    pub fn log(&self) -> String {
        let text = fs::read_to_string(self.home().join("logs/daemon.log")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let from = lines.len().saturating_sub(LOG_LINES);
        format!("--- daemon.log\n{}", lines[from..].join("\n"))
    }

    /// The tmux server's name by its socket file, for a world whose daemon was never asked.
    pub(crate) fn guess_socket(&self) -> Option<&String> {
        let users = fs::read_dir(self.folder().join("tmux")).ok()?.flatten();
        let files = users
            .filter_map(|user| fs::read_dir(user.path()).ok())
            .flatten()
            .flatten();
        let mut names = files.filter_map(|file| file.file_name().into_string().ok());
        let name = names.find(|name| name.starts_with("torch"))?;
        Some(self.socket.get_or_init(|| name))
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

/// The whole environment of a world: the programs under test first on `PATH`, everything else inside `folder`.
fn environment(folder: &Path) -> Environment {
    let mut path = binaries::pinned().into_os_string();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into()));
    let inside = |name: &str| folder.join(name).into_os_string();
    [
        ("PATH", path),
        ("HOME", inside("home")),
        ("TORCH_HOME", inside("torch")),
        ("TMUX_TMPDIR", inside("tmux")),
        ("LANG", "C.UTF-8".into()),
        ("TERM", "xterm-256color".into()),
        ("SHELL", "/bin/sh".into()),
        ("GIT_CONFIG_GLOBAL", "/dev/null".into()),
        ("GIT_CONFIG_SYSTEM", "/dev/null".into()),
    ]
    .into_iter()
    .map(|(name, value)| (name.into(), value))
    .collect()
}
