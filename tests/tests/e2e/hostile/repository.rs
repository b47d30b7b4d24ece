//! A repository that wants its own programs to run: hooks, a monitor, a pager, an editor. torch runs none of them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use torch_testing::{SCRIPTED, World};

use crate::place::{Place, git, repository};

/// The hooks that git knows and that any of torch's own commands could trigger.
const HOOKS: [&str; 8] = [
    "post-checkout",
    "post-commit",
    "pre-commit",
    "commit-msg",
    "prepare-commit-msg",
    "reference-transaction",
    "post-index-change",
    "post-merge",
];

/// A script that notes that it was run.
fn trap(path: &Path, log: &Path) {
    fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
    let text = format!(
        "#!/bin/sh\necho \"$0 $* by $PPID\" >> '{}'\nexit 0\n",
        log.display()
    );
    fs::write(path, text).expect("a script");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("executable");
}

/// Lays traps into a repository; each that goes off adds a line to `log`.
fn lay_traps(world: &World, project: &Path, log: &Path) {
    for hook in HOOKS {
        trap(&project.join(".git/hooks").join(hook), log);
    }
    let program = world.folder().join("trap");
    trap(&program, log);
    let program = program.display().to_string();
    for key in [
        "core.fsmonitor",
        "core.pager",
        "pager.log",
        "core.editor",
        "core.sshCommand",
        "core.askPass",
        "gpg.program",
        "credential.helper",
        "diff.external",
        "alias.worktree",
        "sequence.editor",
    ] {
        git(world, project, &["config", key, &program]);
    }
}

#[test]
fn nothing_of_a_hostile_repository_runs() {
    let world = World::new();
    let log = world.folder().join("sprung");
    lay_traps(&world, &world.project(), &log);
    world.team("orchestrator,developer", SCRIPTED);
    world.deliver("developer", "hello");
    world.status();
    world.torch(&["doctor"]).ok();
    world.torch(&["stop"]).ok();
    world.team("orchestrator,developer", SCRIPTED);
    world.torch(&["stop"]).ok();
    let sprung = fs::read_to_string(&log).unwrap_or_default();
    assert_eq!(sprung, "", "programs of the repository ran");
    // The traps are good: the same work by hand springs them.
    let other = world.folder().join("by-hand").display().to_string();
    git(
        &world,
        &world.project(),
        &["worktree", "add", "-q", "-b", "by-hand", &other],
    );
    let sprung = fs::read_to_string(&log).unwrap_or_default();
    assert!(sprung.contains("post-checkout"), "{sprung}");
}

#[test]
fn nothing_runs_where_git_itself_makes_the_worktrees() {
    let world = World::new();
    let log = world.folder().join("sprung");
    let project = world.project();
    // What libgit2 can't do goes through git.
    fs::write(project.join(".gitattributes"), "*.bin filter=lfs\n").expect("a file");
    git(&world, &project, &["add", "."]);
    git(&world, &project, &["commit", "-q", "-m", "attributes"]);
    lay_traps(&world, &project, &log);
    world.team("orchestrator,developer", SCRIPTED);
    world.torch(&["stop"]).ok();
    let sprung = fs::read_to_string(&log).unwrap_or_default();
    assert_eq!(sprung, "", "programs of the repository ran");
}

#[test]
fn a_symbolic_link_leads_nothing_outside() {
    let world = World::new();
    let project = world.project();
    let outside = world.folder().join("outside");
    fs::create_dir(&outside).expect("a folder");
    // A repository that ships torch's own folder as a link elsewhere.
    std::os::unix::fs::symlink(&outside, project.join(".torch")).expect("a link");
    git(&world, &project, &["add", "-f", ".torch"]);
    git(&world, &project, &["commit", "-q", "-m", "a link"]);
    let ran = world.torch(&[
        "auto",
        "--spec=spec.md",
        "--agent=demo",
        "--yes",
        "--roles=developer",
    ]);
    assert_ne!(ran.code, 0, "{ran}");
    ran.says("symbolic link");
    assert_eq!(fs::read_dir(&outside).expect("there").count(), 0);
    world.torch(&["stop"]).ok();
}

#[test]
fn settings_of_a_project_choose_no_program() {
    let world = World::new();
    let project = world.folder().join("other");
    repository(&world, &project);
    let log = world.folder().join("sprung");
    let program = world.folder().join("trap");
    trap(&program, &log);
    let place = Place::new(&world, project, world.home());
    for line in [
        format!("[tmux]\nprogram = {:?}\n", program.display().to_string()),
        "[identity]\nscripts = true\n".to_owned(),
    ] {
        fs::write(place.project.join("torch.toml"), line).expect("a file");
        let auto = ["auto", "--spec=spec.md", "--agent=demo", "--yes"];
        place.torch(&auto).code(2).says("Error:").says("torch.toml");
    }
    assert!(!log.exists());
    assert!(!world.home().join("projects").exists());
}
