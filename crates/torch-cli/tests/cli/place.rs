//! A place of its own for one test: home, registry, project, and the binaries run in it.

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

pub(crate) const TORCH: &str = env!("CARGO_BIN_EXE_torch");
pub(crate) const SCM: &str = env!("CARGO_BIN_EXE_scm");

/// A temporary home with a registry and a project in it.
pub(crate) struct Place {
    root: TempDir,
}

/// What a command printed, as text, with its exit code.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        let root = tempfile::Builder::new()
            .prefix("torch-cli")
            .tempdir()
            .expect("a directory");
        for dir in ["home", "registry/run", "project"] {
            fs::create_dir_all(root.path().join(dir)).expect("a directory");
        }
        Self { root }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.path("registry/run/torch.sock")
    }

    /// Writes a file into the project and returns its path.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path("project").join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(&path, content).expect("a file");
        path
    }

    pub(crate) fn command(&self, program: impl AsRef<OsStr>, args: &[&str]) -> Command {
        #[expect(
            clippy::disallowed_methods,
            reason = "the test starts the real binaries"
        )]
        let mut command = Command::new(program);
        command
            .args(args)
            .current_dir(self.path("project"))
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.path("home"))
            .env("TORCH_HOME", self.path("registry"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, program: impl AsRef<OsStr>, args: &[&str]) -> Ran {
        Ran::from(self.command(program, args).output().expect("runs"))
    }

    pub(crate) fn run_with(&self, program: impl AsRef<OsStr>, args: &[&str], stdin: &[u8]) -> Ran {
        let mut child = self
            .command(program, args)
            .stdin(Stdio::piped())
            .spawn()
            .expect("starts");
        child
            .stdin
            .take()
            .expect("a pipe")
            .write_all(stdin)
            .expect("reads");
        Ran::from(child.wait_with_output().expect("ends"))
    }

    pub(crate) fn spawn(&self, program: impl AsRef<OsStr>, args: &[&str]) -> Child {
        self.command(program, args).spawn().expect("starts")
    }

    /// A copy of `scm` beside a `torch` that is this shell script.
    pub(crate) fn scm_beside(&self, script: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt as _;
        let bin = self.path("bin");
        fs::create_dir_all(&bin).expect("a directory");
        let scm = bin.join("scm");
        // A hard link where that works: a copy that is still open for writing elsewhere can't be executed.
        if fs::hard_link(SCM, &scm).is_err() {
            fs::copy(SCM, &scm).expect("a copy");
        }
        let torch = bin.join("torch");
        fs::write(&torch, format!("#!/bin/sh\n{script}\n")).expect("a script");
        fs::set_permissions(&torch, fs::Permissions::from_mode(0o755)).expect("executable");
        scm
    }

    /// Whether somebody tried to start the daemon.
    pub(crate) fn daemon_was_started(&self) -> bool {
        self.path("registry/logs/daemon.log").exists()
    }
}

impl Ran {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).expect("text"),
            err: String::from_utf8(output.stderr).expect("text"),
        }
    }
}

/// Makes a named pipe.
pub(crate) fn fifo(path: &Path) {
    nix::unistd::mkfifo(path, nix::sys::stat::Mode::S_IRWXU).expect("a named pipe");
}
