//! Projects and registries at other places than a world's own, and what `git` says of them.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use torch_process::CommandSpec;
use torch_testing::{Ran, World};

/// A project and a registry at places of the test's choice. Its team and its daemon end with it.
pub(crate) struct Place<'a> {
    world: &'a World,
    pub(crate) project: PathBuf,
    pub(crate) home: PathBuf,
}

impl<'a> Place<'a> {
    /// The project must be there; the registry need not.
    pub(crate) fn new(world: &'a World, project: PathBuf, home: PathBuf) -> Self {
        Self {
            world,
            project,
            home,
        }
    }

    /// A command in the project, with the registry in its environment.
    pub(crate) fn command(&self, program: &str) -> CommandSpec {
        let mut command = self.world.command(program).env("TORCH_HOME", &self.home);
        command.cwd.clone_from(&self.project);
        command
    }

    /// Runs `torch` in the project.
    #[track_caller]
    pub(crate) fn torch<A: AsRef<OsStr>>(&self, args: &[A]) -> Ran {
        let args = args.iter().map(AsRef::as_ref);
        self.world.run(&self.command("torch").args(args))
    }

    /// Runs `scm` in the project.
    #[track_caller]
    pub(crate) fn scm<A: AsRef<OsStr>>(&self, args: &[A]) -> Ran {
        let args = args.iter().map(AsRef::as_ref);
        self.world.run(&self.command("scm").args(args))
    }

    /// The text of all ledgers of this registry's agents.
    pub(crate) fn ledgers(&self) -> String {
        let agents = fs::read_dir(self.home.join("run/agents"))
            .into_iter()
            .flatten()
            .flatten();
        let files = agents
            .filter_map(|agent| fs::read_dir(agent.path()).ok())
            .flatten()
            .flatten();
        let ledgers = files
            .map(|file| file.path())
            .filter(|path| path.to_string_lossy().ends_with(".ledger.jsonl"));
        ledgers
            .filter_map(|path| fs::read_to_string(path).ok())
            .collect()
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if self.home.join("torch.db").is_file() {
            for args in [&["stop"][..], &["daemon", "stop"]] {
                let ran = torch_process::run(&self.command("torch").args(args));
                // The world complains of what is left; a failing test shall not fail twice.
                drop(ran);
            }
        }
    }
}

/// Runs `git` in a folder, which must succeed; what it printed, without the newline at its end.
#[track_caller]
pub(crate) fn git<A: AsRef<OsStr>>(world: &World, folder: &Path, args: &[A]) -> String {
    let mut command = world.command("git").args(args.iter().map(AsRef::as_ref));
    folder.clone_into(&mut command.cwd);
    let ran = world.run(&command).ok();
    ran.stdout.trim_end_matches('\n').to_owned()
}

/// Makes a repository with one commit on `main` and a spec in `spec.md`.
#[track_caller]
pub(crate) fn repository(world: &World, folder: &Path) {
    fs::create_dir_all(folder).expect("a folder for the project");
    fs::write(folder.join("spec.md"), "- greet by name\n").expect("a file");
    for line in [
        "init -q -b main",
        "config user.name Tester",
        "config user.email tester@example.com",
        "add .",
        "commit -q -m start",
    ] {
        git(world, folder, &line.split(' ').collect::<Vec<_>>());
    }
}

/// The branches of a repository, sorted.
#[track_caller]
pub(crate) fn branches(world: &World, folder: &Path) -> Vec<String> {
    let list = git(
        world,
        folder,
        &["for-each-ref", "--format=%(refname:short)", "refs/heads"],
    );
    list.lines().map(str::to_owned).collect()
}

/// The folders of a repository's worktrees, the project's own first.
#[track_caller]
pub(crate) fn worktrees(world: &World, folder: &Path) -> Vec<String> {
    let list = git(world, folder, &["worktree", "list", "--porcelain"]);
    let paths = list
        .lines()
        .filter_map(|line| line.strip_prefix("worktree "));
    paths.map(str::to_owned).collect()
}
