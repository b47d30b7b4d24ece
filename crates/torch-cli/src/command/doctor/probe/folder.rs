//! The probe's folder in the registry, `probe`: a throw-away registry, a throw-away repository, and who holds them.
//!
//! There is one, so that a program which trusts folders has to be told once; two probes don't run at the same time.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use torch_api::path::home_hash;
use torch_core::Process;
use torch_process::traces::Traces;
use torch_process::{CommandSpec, Environment, facts, run};

use crate::connect;
use crate::error::CommandError;
use crate::place::Place;

/// How long git, or the end of the tmux server, may take.
const DEADLINE: Duration = Duration::from_secs(20);
/// How long the daemon may take to end the agents.
const STOP: Duration = Duration::from_secs(20);
/// What the name of the probe's tmux server begins with.
const SERVER: &str = "torch-probe";
/// A file of the repository with one line of text.
pub(super) const NOTE: &str = "note.md";
/// What a child of the probe must not take over from an agent that may be calling.
const NOT_INHERITED: [&str; 9] = [
    "TMUX",
    "TMUX_PANE",
    "TORCH_AGENT",
    "TORCH_AGENT_COMMITS",
    "TORCH_HOME",
    "TORCH_ROLE",
    "TORCH_SPEC",
    "TORCH_TEAM",
    "TORCH_TEAM_ROLES",
];

/// The probe's folder, held by a lock.
pub(super) struct Folder {
    root: PathBuf,
    tmux: String,
    socket: String,
    keep_project: AtomicBool,
    clearing: Mutex<()>,
    _lock: File,
}

impl Folder {
    /// Takes the folder, and clears away what a killed probe left.
    pub(super) fn take(place: &Place, tmux: &str) -> Result<Self, CommandError> {
        let root = place.home.join("probe");
        let socket = socket(&root, std::process::id());
        match Self::hold(root, tmux, socket)? {
            Some(folder) => Ok(folder),
            None => {
                let lock = place.home.join("probe/lock");
                Err(CommandError::other("another probe is under way")
                    .cause(format!("it holds {}", lock.display())))
            }
        }
    }

    /// Takes the folder that a killed probe left, for the daemon of its registry `home`, and clears it away; `None` where another probe
    /// has it already, which clears it away as well.
    pub(super) fn left_by(
        probe: Process,
        home: &Path,
        tmux: &str,
    ) -> Result<Option<Self>, CommandError> {
        let root = home.parent().unwrap_or(home).to_owned();
        let socket = socket(&root, probe.pid);
        Self::hold(root, tmux, socket)
    }

    /// Takes the folder, if nobody else has it, and clears it.
    fn hold(root: PathBuf, tmux: &str, socket: String) -> Result<Option<Self>, CommandError> {
        let failed = |error: &std::io::Error| {
            CommandError::other(format!(
                "failed to make the probe's folder {}",
                root.display()
            ))
            .because(error)
            .hint("torch doctor")
        };
        let mut builder = DirBuilder::new();
        let made = builder.recursive(true).mode(0o700).create(&root);
        made.map_err(|error| failed(&error))?;
        let mut options = OpenOptions::new();
        let lock = options
            .create(true)
            .append(true)
            .mode(0o600)
            .open(root.join("lock"));
        let lock = lock.map_err(|error| failed(&error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(failed(&error)),
        }
        let folder = Self {
            socket,
            root,
            tmux: tmux.to_owned(),
            keep_project: AtomicBool::new(false),
            clearing: Mutex::new(()),
            _lock: lock,
        };
        folder.clear();
        Ok(Some(folder))
    }

    /// The throw-away registry.
    pub(super) fn registry(&self) -> PathBuf {
        self.root.join("registry")
    }

    /// The throw-away repository.
    pub(super) fn project(&self) -> PathBuf {
        self.root.join("project")
    }

    /// What lies above both.
    pub(super) fn root(&self) -> PathBuf {
        self.root.clone()
    }

    /// The repository, which the next [`Folder::clear`] leaves: a person is to go there.
    pub(super) fn kept_project(&self) -> PathBuf {
        self.keep_project.store(true, Ordering::Relaxed);
        self.project()
    }

    /// How the probe's registry is reached.
    pub(super) fn place(&self) -> Result<Place, CommandError> {
        Place::at(self.registry(), self.project())
    }

    /// The environment of whatever is run here: the caller's, and for torch this registry and a tmux server of its own,
    /// whatever the caller's settings say. No dialog is answered, no ended program is started again.
    pub(super) fn env(&self) -> Environment {
        let mut env: Environment = std::env::vars_os()
            .filter(|(name, _)| !NOT_INHERITED.iter().any(|it| name == *it))
            .collect();
        for (name, value) in [
            ("TORCH_HOME", self.registry().into_os_string()),
            ("TORCH_TMUX_SOCKET", self.socket.clone().into()),
            ("TORCH_AGENTS_ANSWER", "".into()),
            ("TORCH_RESTART_POLICY", "never".into()),
            ("TORCH_BACKUP_HOURS", "0".into()),
        ] {
            env.insert(name.into(), value);
        }
        env
    }

    /// Takes down in the registry that it ends with this process, however that ends: see [`super::orphan`].
    pub(super) fn own_registry(&self) -> Result<(), CommandError> {
        let (registry, own) = (self.registry(), facts::process(std::process::id()));
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700);
        let made = builder.create(registry.join("run")).and_then(|()| {
            let own = own.ok_or(std::io::ErrorKind::NotFound)?;
            Traces::new(&registry).set_owner(own)
        });
        made.map_err(|error| {
            CommandError::other(format!(
                "failed to make the probe's registry {}",
                registry.display()
            ))
            .because(&error)
        })
    }

    /// Starts something that [`Folder::clear`] has to find: it waits meanwhile.
    pub(super) fn start<T>(&self, start: impl FnOnce() -> T) -> T {
        let _one = self.clearing.lock();
        start()
    }

    /// Makes the repository: one commit, and the spec in it.
    pub(super) fn make_project(&self, spec: &str) -> Result<(), CommandError> {
        let project = self.project();
        let failed = |error: &std::io::Error| {
            CommandError::other(format!(
                "failed to make the repository {}",
                project.display()
            ))
            .because(error)
        };
        // One that was kept for a person has the same files.
        fs::remove_dir_all(&project).ok();
        fs::create_dir_all(&project).map_err(|error| failed(&error))?;
        fs::write(project.join("spec.md"), spec).map_err(|error| failed(&error))?;
        let note = "a message, and a commit, that torch doctor asked for\n";
        fs::write(project.join(NOTE), note).map_err(|error| failed(&error))?;
        let own = [
            "-c",
            "user.name=torch",
            "-c",
            "user.email=probe@torch.invalid",
            "-c",
            "commit.gpgsign=false",
            "-c",
            "core.hooksPath=/dev/null",
        ];
        for words in [
            &["init", "--quiet", "--initial-branch=main", "--template="][..],
            &["add", "--all"],
            &[
                "commit",
                "--quiet",
                "--message",
                "what torch doctor probes with",
            ],
        ] {
            let spec = CommandSpec::new("git", &project, self.env(), DEADLINE)
                .args(own)
                .args(words.iter().copied());
            run(&spec)?.success_or_error()?;
        }
        Ok(())
    }

    /// Ends the agents, the daemon and the tmux server, and removes the folders. What is not there is no error; it may be
    /// called at any time, from any thread.
    pub(super) fn clear(&self) {
        let Ok(_one) = self.clearing.lock() else {
            return;
        };
        self.end_daemon();
        self.end_tmux();
        fs::remove_dir_all(self.registry()).ok();
        if !self.keep_project.swap(false, Ordering::Relaxed) {
            fs::remove_dir_all(self.project()).ok();
        }
    }

    fn end_daemon(&self) {
        let Ok(place) = self.place() else {
            return;
        };
        let Ok(Some(mut client)) = connect::running(&place) else {
            return;
        };
        let Ok(pid) = client.greeting().map(|hello| hello.pid) else {
            return;
        };
        client.set_deadline(Some(STOP)).ok();
        super::world::stop_all(&mut client);
        // A daemon that ends waits a while for those who still speak with it.
        drop(client);
        connect::shut_down(&place, pid).ok();
    }

    /// Also a server whose daemon is gone.
    fn end_tmux(&self) {
        let left = Traces::new(&self.registry()).tmux().filter(|trace| {
            let name = trace
                .socket
                .file_name()
                .unwrap_or_default()
                .to_string_lossy();
            name.starts_with(SERVER)
        });
        let by_path = left.map(|trace| vec!["-S".into(), trace.socket.into_os_string()]);
        let by_name = vec!["-L".into(), self.socket.clone().into()];
        for server in by_path.into_iter().chain([by_name]) {
            let spec = CommandSpec::new(&self.tmux, Path::new("/"), self.env(), DEADLINE)
                .args(server)
                .arg("kill-server");
            // None there: what is wanted.
            run(&spec).ok();
        }
    }
}

/// The name of a probe's tmux server.
fn socket(root: &Path, pid: u32) -> String {
    format!("{SERVER}-{}-{pid}", home_hash(root))
}

impl Drop for Folder {
    fn drop(&mut self) {
        self.clear();
    }
}
