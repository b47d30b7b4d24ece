//! What can't work is refused with a documented exit code, a cause and a hint, and leaves nothing behind.

mod interrupted;
mod machine;
mod order;
mod project;
mod registry;

use torch_testing::{Ran, World};

use crate::place::{branches, worktrees};
use crate::snapshot::Tree;

/// What must be the same after a refusal.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Untouched {
    project: Tree,
    projects: Tree,
    agents: Tree,
}

impl Untouched {
    /// Looks at the world's project, and at what a team would have in the registry.
    pub(crate) fn now(world: &World) -> Self {
        Self {
            project: Tree::of(&world.project()),
            projects: Tree::of(&world.home().join("projects")),
            agents: Tree::of(&world.home().join("run/agents")),
        }
    }

    /// Checks that nothing was left behind since: files, teams, windows or a server of tmux.
    #[track_caller]
    pub(crate) fn still(&self, world: &World) {
        let now = Self::now(world);
        assert_eq!(
            self.project.changes(&now.project),
            [""; 0],
            "the project was changed"
        );
        assert_eq!(
            self.projects.changes(&now.projects),
            [""; 0],
            "worktrees are left"
        );
        assert_eq!(self.agents.changes(&now.agents), [""; 0], "agents are left");
        no_team(world);
    }
}

/// Checks that there is no team, and no tmux server for one.
#[track_caller]
pub(crate) fn no_team(world: &World) {
    if world.home().join("torch.db").is_file() {
        assert_eq!(
            world.status()["teams"],
            serde_json::json!([]),
            "a team is left"
        );
    }
    let sockets = Tree::of(&world.folder().join("tmux"));
    assert!(
        !format!("{sockets:?}").contains("torch-"),
        "a tmux server was started: {sockets:?}"
    );
}

/// Checks that git knows of nothing but the project itself.
#[track_caller]
pub(crate) fn no_worktrees(world: &World) {
    assert_eq!(
        worktrees(world, &world.project()),
        [world.project().display().to_string()]
    );
    assert_eq!(branches(world, &world.project()), ["main"]);
}

/// The arguments of `torch auto` with the demo agent.
pub(crate) fn auto<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["auto", "--agent", "demo", "--yes"], more].concat()
}

/// Checks the form of an error: `Error:` with a cause in words, and at least one `Hint:` that a shell can read and
/// whose program is there. Returns the first hint.
#[track_caller]
pub(crate) fn explained(world: &World, ran: &Ran, words: &str) -> String {
    assert!(ran.stderr.contains("Error: "), "no error in {ran}");
    assert!(ran.stderr.contains(words), "no `{words}` in {ran}");
    let hints: Vec<&str> = ran
        .stderr
        .lines()
        .filter_map(|line| line.strip_prefix("Hint: "))
        .collect();
    assert!(!hints.is_empty(), "no hint in {ran}");
    for hint in &hints {
        let read = world.run(&world.command("sh").args(["-n", "-c", hint]));
        assert_eq!(read.code, 0, "a shell can't read the hint of {ran}");
        let program = hint.split([' ', ';']).next().unwrap_or_default();
        let found = world
            .command("sh")
            .args(["-c", &format!("command -v -- {program}")]);
        // What needs an editor is written with the user's own.
        assert!(
            program.starts_with("${") || world.run(&found).code == 0,
            "no program `{program}` for the hint of {ran}"
        );
    }
    hints[0].to_owned()
}

/// Runs a hint as a shell does, in the project, with an identity for git.
#[track_caller]
pub(crate) fn follow(world: &World, hint: &str) -> Ran {
    let mut command = world.command("sh").args(["-c", hint]);
    command = command.env("GIT_EDITOR", "true");
    for role in ["AUTHOR", "COMMITTER"] {
        command = command
            .env(format!("GIT_{role}_NAME"), "Tester")
            .env(format!("GIT_{role}_EMAIL"), "t@example.com");
    }
    world.run(&command).ok()
}
