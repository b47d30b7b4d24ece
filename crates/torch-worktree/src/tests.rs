//! Tests with real repositories, without any configuration of the user or the system for `git`.

mod broker;
mod clean;
mod commit;
mod hostile;
mod integrate;
mod keep;
mod ladder;
mod left;
mod lfs;
mod matrix;
mod merge;
mod projects;
mod radar;
mod refs;
mod removal;
mod request;
mod rollback;
mod roundtrip;
mod safety;
mod set_up;
mod submodules;
mod work;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;
use torch_core::RoleName;
use torch_process::{CommandSpec, Environment, Output, run};

use crate::*;

/// A repository in a temporary folder, with one commit on `main`, and a place for worktrees beside it.
struct Project {
    folder: TempDir,
    root: PathBuf,
}

thread_local! {
    /// The configuration of this test's user.
    static USERS_CONFIG: std::cell::RefCell<PathBuf> = PathBuf::from("/dev/null").into();
}

fn environment() -> Environment {
    let path = std::env::var_os("PATH").expect("a PATH");
    let config = USERS_CONFIG.with_borrow(|config| config.clone().into_os_string());
    [
        ("PATH", path),
        ("HOME", "/nonexistent".into()),
        ("GIT_CONFIG_GLOBAL", config),
        ("GIT_CONFIG_SYSTEM", "/dev/null".into()),
        ("GIT_CONFIG_NOSYSTEM", "1".into()),
        ("GIT_AUTHOR_NAME", "torch".into()),
        ("GIT_AUTHOR_EMAIL", "torch@example.org".into()),
        ("GIT_COMMITTER_NAME", "torch".into()),
        ("GIT_COMMITTER_EMAIL", "torch@example.org".into()),
    ]
    .map(|(name, value): (&str, OsString)| (name.into(), value))
    .into()
}

fn handle() -> Git {
    Git::new(environment())
}

/// Runs `git`, as a user would.
fn git_raw(cwd: &Path, args: &[&str]) -> Output {
    let spec = CommandSpec::new("git", cwd, environment(), Duration::from_secs(60)).args(args);
    run(&spec).expect("git runs")
}

fn git(cwd: &Path, args: &[&str]) -> String {
    let output = git_raw(cwd, args);
    output.success_or_error().expect("git succeeds").text()
}

fn role(name: &str) -> RoleName {
    RoleName::parse(name).expect("a role")
}

/// Has torch commit files of a worktree, none named: all of them, for the developer.
fn commit_work(
    git: &Git,
    repository: &Repository,
    added: &Added,
    (message, paths): (&str, &[PathBuf]),
) -> Result<Committed, CommitError> {
    let request = CommitRequest {
        repository,
        path: &added.path,
        branch: added.branch.as_deref(),
        prefix: None,
        author: "developer",
        email: "developer@example.org",
        message,
        paths,
        env: &Environment::new(),
        secrets: torch_core::policy::SecretCheck::Refuse,
    };
    crate::commit(git, &request)
}

/// A git that writes down in a file, a line each, what it is asked.
fn written_down(folder: &Path) -> (Git, PathBuf) {
    let bin = folder.join("bin");
    let asked = bin.join("asked");
    fs::create_dir(&bin).expect("made");
    let mut env = environment();
    let path = env["PATH".as_ref() as &std::ffi::OsStr].clone();
    let path = path.to_str().expect("UTF-8");
    let writes = format!(
        "#!/bin/sh\necho \"$@\" >> {}\nPATH={path} exec git \"$@\"\n",
        asked.display()
    );
    fs::write(bin.join("git"), writes).expect("written");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(bin.join("git"), mode).expect("set");
    env.insert("PATH".into(), format!("{}:{path}", bin.display()).into());
    (Git::new(env), asked)
}

impl Project {
    fn new() -> Self {
        Self::named("project", &[])
    }

    fn named(name: &str, init: &[&str]) -> Self {
        let project = Self::empty(name, init);
        fs::write(project.root.join("file"), "one\n").expect("written");
        project.commit("first");
        project
    }

    fn empty(name: &str, init: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().canonicalize().expect("canonical").join(name);
        fs::create_dir_all(&root).expect("made");
        git(&root, &[&["init", "-q", "-b", "main"], init].concat());
        Self { folder, root }
    }

    /// From here on the test's user trusts the project's own filters and hooks.
    fn trust(&self) {
        let config = self.folder.path().join("users-config");
        let text = format!("[torch]\n\ttrusted = {}\n", self.root.display());
        fs::write(&config, text).expect("written");
        USERS_CONFIG.set(config);
    }

    fn git(&self, args: &[&str]) -> String {
        git(&self.root, args)
    }

    fn commit(&self, message: &str) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
    }

    fn place(&self, name: &str) -> PathBuf {
        let folder = self.folder.path().canonicalize().expect("canonical");
        folder.join("registry/worktrees").join(name)
    }

    fn inspect(&self) -> Repository {
        inspect(&handle(), &self.root).expect("a repository")
    }

    fn refusal(&self) -> WorktreeError {
        inspect(&handle(), &self.root).expect_err("a refusal")
    }

    fn add(&self, name: &str, role_name: &str) -> Result<Added, WorktreeError> {
        let repository = self.inspect();
        let request = AddRequest {
            repository: &repository,
            path: &self.place(name),
            base_commit: &repository.head,
            base_branch: &repository.base_branch,
            role: &role(role_name),
        };
        add(&handle(), &request)
    }

    /// Adds a worktree whose branch and rung must be these.
    fn expect(&self, name: &str, branch: Option<&str>, rung: Rung) -> Added {
        let added = self.add(name, "developer").expect("added");
        assert_eq!((added.branch.as_deref(), added.rung), (branch, rung));
        assert_eq!(git(&added.path, &["status", "--porcelain"]), "");
        let current = git(&added.path, &["branch", "--show-current"]);
        assert_eq!(current, branch.unwrap_or_default());
        added
    }
}
